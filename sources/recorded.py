"""Recorded batches without an engine: for research, notebooks and benchmarks."""

from collections.abc import Iterator
from pathlib import Path

from market.batch import Batch
from market.journal import partition_path
from sources.journal_reader import JournalReader

PAGE_ROWS = 256


def recorded(data: Path, shard: str, *, topic: str = "market") -> Iterator[Batch]:
    """Every batch that the journal of a shard holds now, in order, as the market flow gets them.

    shard: such as `binance-usdm/0`. Raises JournalError where there is no such journal.
    """
    with JournalReader(partition_path(data, topic, shard)) as journal:
        rows = journal.read(0, PAGE_ROWS)
        while rows:
            for row in rows:
                yield Batch(shard, row.offset, row.received_ns, row.frames)
            rows = journal.read(rows[-1].offset, PAGE_ROWS)
