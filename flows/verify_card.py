"""A verification as a card: one line a rule, with its counts, and what is wrong below."""

from collections import Counter
from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from operators.analysis.verification import Verification, percentile

GOOD, BAD, UNSURE, DIM = "green", "bold red", "yellow", "dim"
RULES = {
    "counter": "numbers without a hole",
    "chain": "every message names the one before",
    "range": "ranges of ids that join",
    "checksum": "the venue's checksum of our book",
    "none": "nothing: this venue gives no means to see a loss",
}
MOST_REASONS = 8


def card(found: Verification, title: str) -> RenderableType:
    """The whole card."""
    return Group(*_parts(found, title))


def is_clean(found: Verification) -> bool:
    """Whether nothing is missing, unread or contradicted; never true of what cannot be verified."""
    whole = not found.gaps and not found.open_gaps and not found.dead_letters
    return whole and found.venue.capability.detection != "none" and found.checksums == found.matched


def _parts(found: Verification, title: str) -> Iterator[RenderableType]:
    yield Text.assemble((title, "bold"), f"  {found.venue.name}", (f"  verified by {_rule(found)}", DIM))
    yield _counts(found)
    for (channel, cause), count in sorted(found.gaps.items()):
        yield Text(f"  gap: {channel}, {cause}: {count:,}", UNSURE)
    for instrument, channel, cause in sorted(found.open_gaps):
        yield Text(f"  still open: {instrument} {channel}, {cause}", BAD)
    for reason, count in found.dead_letters.most_common(MOST_REASONS):
        yield Text(f"  unread: {count:,} × {reason}", UNSURE)
    if len(found.dead_letters) > MOST_REASONS:
        yield Text(f"  unread for {len(found.dead_letters) - MOST_REASONS:,} more reasons", UNSURE)


def _rule(found: Verification) -> str:
    capability = found.venue.capability
    scope = " on each connection" if capability.scope == "connection" else ""
    return f"{RULES[capability.detection]}{scope}"


def _counts(found: Verification) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(justify="left", style=DIM, no_wrap=True)
    table.add_column()
    table.add_row("frames", f"{found.frames:,}, {found.scanned:,} of them on the fast path")
    kinds = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in sorted(found.messages.items()))
    table.add_row("messages", f"{kinds or 'none'}{f', {found.marks:,} mark' if found.marks else ''}")
    table.add_row("valid books", _share(found.verified, found.book_messages, "after book messages"))
    if found.checksums:
        table.add_row("checksums", _share(found.matched, found.checksums, "match"))
    if found.tickers:
        table.add_row("venue's best quote", _share(found.agreed, found.tickers, "equal our touch"))
    if found.latencies_ms:
        low, median, high = (percentile(found.latencies_ms, share) for share in (0.0, 0.5, 0.99))
        table.add_row("receipt after stamp", f"least {low:,.1f} ms, p50 {median:,.1f} ms, p99 {high:,.1f} ms")
    return table


def _share(part: Counter[str], whole: Counter[str], what: str) -> Text:
    some, all_ = part.total(), whole.total()
    return Text(f"{some:,} of {all_:,} {what}", GOOD if some == all_ else UNSURE)
