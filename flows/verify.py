"""Verification of captures: what the venue's own rules say of every recorded message, as a card.

`measured` and `Verification` are the same for a live stream (flows/check_live.py).
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import venues
from flows.console import console
from flows.imports import import_captures
from flows.verify_card import card
from flows.verify_verdict import outcome
from market.batch import Batch
from market.journal import partitions
from operators.analysis.verification import Verification
from operators.book.consolidate import consolidate
from operators.book.rebuild import rebuild
from operators.decode import decode
from operators.measures import stage_of
from sources.journal_reader import JournalReader
from sources.recorded import recorded

STEPS = (decode, consolidate, rebuild)


def verify_captures(paths: Sequence[Path], *, venue: str) -> Verification:
    """What captures prove, read as `barograph import` reads them. Raises CaptureError and VenueError as that does."""
    found = Verification(venues.get(venue))
    with tempfile.TemporaryDirectory(prefix="barograph-") as folder:
        data = Path(folder)
        import_captures(paths, venue=venue, data=data)
        for path in partitions(data, "market"):
            with JournalReader(path) as journal:
                shard = journal.meta()["shard"]
            for batch in measured(recorded(data, shard)):
                found.take(batch)
    return found


def measured(batches: Iterable[Batch]) -> Iterator[Batch]:
    """Batches of one shard through decoding and books."""
    stages = [(stage_of(step), stage_of(step).empty()) for step in STEPS]
    for batch in batches:
        for stage, state in stages:
            batch = stage.advance(state, batch)  # noqa: PLW2901 - it is widened from step to step
        yield batch


def run_verify(paths: Sequence[Path], *, venue: str) -> int:
    """Print the card of captures; the exit code of its verdict."""
    found = verify_captures(paths, venue=venue)
    console().print(card(found, ", ".join(path.name for path in paths)))
    return outcome(found).exit_code
