"""Recorded batches without an engine: for research, notebooks and benchmarks."""

from collections.abc import Iterator
from pathlib import Path

from market.batch import Batch
from market.errors import JournalError
from market.journal import partitions
from sources.journal_reader import JournalReader

PAGE_ROWS = 256


def recorded(data: Path, shard: str = "", *, topic: str = "market") -> Iterator[Batch]:
    """Every batch that the journal of a shard holds now, in order, as the market flow gets them.

    shard: such as `binance-usdm/0`; may be left out where there is only one. Raises JournalError where there is no such
    journal, naming those that there are.
    """
    with JournalReader(_path(data, shard, topic)) as journal:
        name = journal.meta()["shard"]
        rows = journal.read(0, PAGE_ROWS)
        while rows:
            for row in rows:
                yield Batch(name, row.offset, row.received_ns, row.frames)
            rows = journal.read(rows[-1].offset, PAGE_ROWS)


def _path(data: Path, shard: str, topic: str) -> Path:
    found = {}
    for path in partitions(data, topic):
        with JournalReader(path) as journal:
            found[journal.meta()["shard"]] = path
    if shard in found:
        return found[shard]
    if not shard and len(found) == 1:
        return next(iter(found.values()))
    there = f"; there are {', '.join(found)}" if found else "; `barograph up` or `barograph import` makes one"
    raise JournalError(f"{data} holds no journal of {shard or 'a single shard'}{there}")
