"""A verification as a card: one line a rule, with its counts; what is wrong below; and the verdict in one word."""

from collections import Counter
from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from flows.verify_verdict import Outcome, outcome
from operators.analysis.verification import Verification, percentile

GOOD, BAD, UNSURE, DIM = "green", "bold red", "yellow", "dim"
RULES = {
    "counter": "numbers without a hole",
    "chain": "every message names the one before",
    "range": "ranges of ids that join",
    "checksum": "the venue's checksum of our book",
    "none": "nothing: this venue gives no means to see a loss",
}
MOST_LINES = 8


def card(found: Verification, title: str) -> RenderableType:
    """The whole card."""
    return Group(Text.assemble((title, "bold"), f"  {found.venue.name}"), *body(found), *verdict_lines(outcome(found)))


def rule_of(found: Verification) -> str:
    """How a loss shows on the venue, in words."""
    capability = found.venue.capability
    also = capability.checksum and capability.detection != "checksum"
    scope = " on each connection" if capability.scope == "connection" else ""
    return f"{RULES[capability.detection]}{scope}{', and its checksum where it sends one' if also else ''}"


def two_columns() -> Table:
    """What the facts of a card stand in: a name, and what there is to say."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(justify="left", style=DIM, no_wrap=True)
    table.add_column()
    return table


def body(found: Verification, table: Table | None = None) -> Iterator[RenderableType]:
    """Counts, below what is in the table already, and what is wrong."""
    table = table or two_columns()
    _add_counts(table, found)
    yield table
    yield from _limited(
        [Text(f"  gap: {channel}, {cause}: {count:,}", BAD) for (channel, cause), count in sorted(found.gaps.items())]
        + [Text(f"  still open: {gap.instrument} {gap.channel}, {gap.cause}", BAD) for gap in sorted(found.open_gaps)]
    )
    yield from _limited(
        [Text(f"  unread: {count:,} × {reason}", BAD) for reason, count in found.dead_letters.most_common()]
    )
    drift = found.drift
    for what, names in (("unknown", drift.added), ("missing", drift.removed), ("of another type", drift.retyped)):
        yield from _limited(
            [Text(f"  field {what}: {name} in {count:,} messages", UNSURE) for name, count in names.most_common()]
        )


def verdict_lines(said: Outcome) -> Iterator[Text]:
    """The word, and why it is not a better one."""
    style = {"verified": f"bold {GOOD}", "contradicted": BAD}.get(said.word, f"bold {UNSURE}")
    shown = said.reasons[:MOST_LINES]
    more = f"; and {len(said.reasons) - MOST_LINES:,} more" if len(said.reasons) > MOST_LINES else ""
    yield Text.assemble((said.word, style), f": {'; '.join(shown)}{more}" if shown else "")


def _limited(lines: list[Text]) -> list[Text]:
    more = len(lines) - MOST_LINES
    return lines if more <= 0 else [*lines[:MOST_LINES], Text(f"  and {more:,} more like these", DIM)]


def _add_counts(table: Table, found: Verification) -> None:
    table.add_row("rule", rule_of(found))
    about = found.frames - found.data
    table.add_row("frames", f"{found.data:,} of market data, {fast_share(found)} on the fast path; {about:,} others")
    table.add_row("messages", _kinds(found) or "none")
    if found.book_messages:
        table.add_row("books", _books(found))
    if found.checksums:
        doubted = f"; {found.doubted.total():,} unverifiable" if found.doubted.total() else ""
        table.add_row("checksums", Text.assemble(_share(found.matched, found.checksums, "match"), doubted))
    if found.tickers:
        where = "at the same update id" if found.has_ids else "of a touch of ours within a second"
        table.add_row("best quotes", _share(found.agreed, found.tickers, f"of the venue are equal, {where}"))
    if found.trade_ids:
        missing = f"{found.trade_ids_missing.total():,} missing between them" if found.trade_ids_missing.total() else ""
        table.add_row("trade ids", f"{found.trade_ids.total():,}, {missing or 'none missing'}")
    if found.duplicates:
        twice = ", ".join(f"{count:,} of {channel}" for channel, count in sorted(found.duplicates.items()))
        table.add_row("came twice", f"{twice}: counted once")
    late = found.latencies_ms or found.trade_latencies_ms
    if late:
        low, median, high = (percentile(late, share) for share in (0.0, 0.5, 0.99))
        what = "book" if found.latencies_ms else "trade"
        table.add_row(f"{what} latency", f"p50 {median:,.1f} ms, p99 {high:,.1f} ms, least {low:,.1f} ms")


def _books(found: Verification) -> Text:
    what = "valid" if found.venue.capability.detection != "none" else "shown, unverifiable"
    early = f", {found.early.total():,} older than the first full book" if found.early.total() else ""
    after = Counter(found.book_messages)
    after.subtract(found.early)
    return Text.assemble(_share(found.valid, after, what), f"; {found.snapshots.total():,} full ones{early}")


def fast_share(found: Verification) -> str:
    """The share of data frames that the scanner took."""
    return f"{found.scanned / found.data:.1%}" if found.data else "none"


def _kinds(found: Verification) -> str:
    counts = {**found.messages, "mark": found.marks, **found.tables}
    return ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in sorted(counts.items()) if count)


def _share(part: Counter[str], whole: Counter[str], what: str) -> Text:
    some, all_ = part.total(), whole.total()
    return Text(f"{some:,} of {all_:,} {what}", GOOD if some == all_ else UNSURE)
