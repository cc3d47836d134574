"""What crashes at every point: micro-batches appended to a journal, each acknowledged in a file beside the folder."""

from collections.abc import Iterator
from pathlib import Path

from market.journal import partition_path
from sinks.journal import JournalWriter

SHARD, ROWS = "test/0", 8
START_NS = 1_700_000_000_000_000_000


def load() -> None:
    """Nothing more."""


def rows() -> Iterator[tuple[list[int], list[bytes]]]:
    """What is appended: some rows within a page of the file, some over many."""
    for number in range(ROWS):
        frames = [b"%d-%d" % (number, frame) * (1 + 400 * (number % 3)) for frame in range(1 + number % 4)]
        yield [START_NS + 1_000 * number + frame for frame in range(len(frames))], frames


def path_in(folder: Path) -> Path:
    """The journal."""
    return partition_path(folder, "market", SHARD)


def run(folder: Path) -> None:
    """Append what is not there yet; one byte in the file of acknowledgements for every row that is."""
    with (
        JournalWriter(path_in(folder), venue="test", shard=SHARD, block_ns=10**9) as journal,
        folder.with_suffix(".acknowledged").open("ab", buffering=0) as acknowledged,
    ):
        for number, (times, frames) in enumerate(rows()):
            journal.append(times, frames, source="crash", source_offset=number)
            acknowledged.write(b".")
