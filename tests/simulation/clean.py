"""The clean run: the same stages over the finished journals from end to end, with nothing that could fail."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from market.batch import Batch
from market.journal import JournalBatch
from operators.stage import Stage
from sinks.clickhouse.blocks import Blocks
from sinks.clickhouse.loads import load_of
from sources.journal_reader import JournalReader
from tests.sinks.clickhouse.model_store import ModelStore

EVERYTHING = 1 << 30


@dataclass
class Clean:
    """What came of it."""

    journal: list[JournalBatch]
    items: list[Any] = field(default_factory=list)
    messages: list[tuple[int, bytes]] = field(default_factory=list)  # of the outbox, with the offset they rest on


def clean(
    path: Path,
    shard: str,
    stages: Sequence[Stage],
    block_ns: int,
    store: ModelStore,
    messages: Callable[[Batch], Sequence[bytes]] = lambda _: (),
) -> Clean:
    """Run through a journal once, into a store of its own."""
    with JournalReader(path) as journal:
        found = Clean(journal.read(0, EVERYTHING))
    states, blocks = [stage.empty() for stage in stages], Blocks(shard, block_ns)
    read = [Batch(shard, row.offset, row.received_ns, row.frames) for row in found.journal]
    last = [Batch(shard, row.offset, row.received_ns[-1:].astype(np.int64), last=True) for row in found.journal[-1:]]
    for batch in (*read, *last):
        item: Any = batch
        for stage, state in zip(stages, states, strict=True):
            item = stage.advance(state, item)
        if not batch.last:
            found.items.append(item)
            found.messages += [(batch.offset, frame) for frame in messages(item)]
        for block in blocks.add(item):
            for table, token, rows in load_of(block).insertions:
                store.insert(table, rows, token)
    return found
