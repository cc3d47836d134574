"""What every recorded capture proves by its venue's own rules: counts, and 1 at the end where anything contradicts.

What the numbers stand for: frames of market data, and the share of them that the scanner took; book messages, and after
how many of them the book was valid by the venue's rule (numbers, chain, ranges, checksum), or only shown where a venue
has no rule; checksums that match; the venue's own best quotes that equal the touch of our book. Everything goes the way
of `barograph verify`: import, decoding, books. A recording of a venue that is not supported is named as such.

    BAROGRAPH_CAPTURES=folder python benchmarks/venue_rules.py
"""

import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from benchmarks.venue_captures import Capture, captures
from flows.verify import verify_captures
from flows.verify_card import RULES, fast_share
from flows.verify_verdict import Outcome, outcome
from market.errors import BarographError
from operators.analysis.verification import Verification

MOST_REASONS = 4


def main() -> int:
    folder = os.environ.get("BAROGRAPH_CAPTURES")
    if not folder or not Path(folder).is_dir():
        sys.exit("BAROGRAPH_CAPTURES names no folder of captures")
    failed, words = [], Counter[str]()
    with tempfile.TemporaryDirectory(prefix="barograph-") as made:
        for capture in captures(Path(folder), Path(made)):
            word = report(capture)
            words[word] += 1
            failed += [capture.name] if word in ("contradicted", "unreadable") else []
    if not words:
        sys.exit(f"{folder} holds no capture of a known kind")
    print(", ".join(f"{count} {word}" for word, count in sorted(words.items())))
    if failed:
        print(f"contradicted: {', '.join(failed)}")
    return 1 if failed else 0


def report(capture: Capture) -> str:
    """Print what a capture proves; the word of it."""
    note = f" ({capture.note})" if capture.note else ""
    print(f"{capture.name}{note}")
    if not capture.supported:
        print(f"  {capture.venue}: not supported\n", flush=True)
        return "not supported"
    try:
        found = verify_captures(capture.paths, venue=capture.venue)
    except BarographError as error:
        print(f"  {capture.venue}: {error}\n", flush=True)
        return "unreadable"
    said = judged(found)
    print(f"  {capture.venue}: {', '.join(facts(found))}")
    for line in troubles(found):
        print(f"    {line}")
    print(f"  {said.word}{': ' if said.reasons else ''}{'; '.join(said.reasons)}\n", flush=True)
    return said.word


def judged(found: Verification) -> Outcome:
    """The verdict of `barograph verify`; here a checksum that cannot be computed is as bad as one that is wrong."""
    said = outcome(found)
    if said.word == "unverifiable" and found.venue.capability.detection != "none":
        return Outcome("contradicted", said.reasons)
    return said


def facts(found: Verification) -> Iterator[str]:
    """The counts of a capture."""
    yield f"{found.data:,} frames"
    yield f"{fast_share(found)} fast"
    if found.book_messages:
        detection = found.venue.capability.detection
        what = f"valid by {RULES[detection]}" if detection != "none" else "shown, unverifiable"
        after = found.book_messages.total() - found.early.total()
        early = f" ({found.early.total():,} before the first full book)" if found.early.total() else ""
        yield f"books {found.valid.total():,} of {after:,} {what}{early}"
    if found.checksums:
        yield f"checksums {found.matched.total():,} of {found.checksums.total():,}"
    if found.tickers:
        how = "at one update id" if found.has_ids else "within a second"
        yield f"best quotes {found.agreed.total():,} of {found.tickers.total():,} equal {how}"
    if found.trade_ids:
        yield f"trade ids {found.trade_ids.total():,} with {found.trade_ids_missing.total():,} missing"
    others = {"marks": found.marks, **found.tables}
    for name, count in others.items():
        if count:
            yield f"{count:,} {name.replace('_', ' ')}"


def troubles(found: Verification) -> Iterator[str]:
    """What was not read, what is missing, and what nobody knew."""
    for reason, count in found.dead_letters.most_common(MOST_REASONS):
        yield f"dead letters: {count:,} × {reason}"
    for (channel, cause), count in sorted(found.gaps.items()):
        yield f"gaps of {channel}: {count:,} × {cause}"
    for channel, count in sorted(found.duplicates.items()):
        yield f"came twice, counted once: {count:,} of {channel}"
    drift = found.drift
    for what, names in (("unknown", drift.added), ("missing", drift.removed), ("of another type", drift.retyped)):
        for name, count in names.most_common(MOST_REASONS):
            yield f"field {what}: {name} in {count:,} messages"


if __name__ == "__main__":
    sys.exit(main())
