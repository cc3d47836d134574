"""Barograph's part of `hot_path.py`: journal → decode → book → order flow → volatility → feature frame in Bytewax.

The feature frame is that of `operators.frame`, one row per message of any kind, made in a sink that keeps none: one
frame of all batches that it is handed together, as the store's sink makes one of an insert block.
The same steps are timed once more without Bytewax, one after the other over all batches.
"""

import tempfile
import threading
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import bytewax.operators as op
import numpy as np
import polars as pl
from bytewax.dataflow import Dataflow
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.testing import run_main

from benchmarks.capture import NAMES, PRICE_PLACES, SIZE_PLACES, SYMBOL
from market import record
from market.batch import Batch
from market.journal import LIVE_BLOCK_NS, partition_path
from market.schema import NO_BOOK
from operators import decode
from operators.book import rebuild
from operators.features import order_flow, volatility
from operators.frame import frame_of, joined
from operators.stage import wire
from sinks.journal import JournalWriter
from sources.journal import FRAMES_PER_POLL, ROWS_PER_POLL, JournalSource
from sources.journal_reader import JournalReader

SHARD = "binance-usdm/0"
STAGES = (decode.stage, rebuild.stage, order_flow.stage, volatility.stage)
Keyed = tuple[str, Batch]


class _Partition(StatelessSinkPartition[Keyed]):
    def write_batch(self, items: list[Keyed]) -> None:
        feature_frame([batch for _, batch in items])


class FrameSink(DynamicSink[Keyed]):
    """Makes the feature frame of every batch and keeps none."""

    def build(self, step_id: str, worker_index: int, worker_count: int) -> _Partition:  # noqa: ARG002
        return _Partition()


def feature_frame(batches: list[Batch]) -> pl.DataFrame:
    """One feature frame of several batches."""
    full = [batch for batch in batches if len(batch.ticks)]
    if not full:
        return pl.DataFrame()
    features = [joined([batch.features[name] for batch in full]) for name in full[0].features]
    return frame_of(joined([batch.ticks for batch in full]), *features)


def write_journal(data: Path, frames: list[bytes], receive_times: list[int], frames_per_batch: int) -> None:
    """The capture as a journal: a row that defines the instrument, then rows of so many frames."""
    tick, lot = f"{10**-PRICE_PLACES:.{PRICE_PLACES}f}", f"{10**-SIZE_PLACES:.{SIZE_PLACES}f}"
    defined = record.encode(record.InstrumentDefined(SYMBOL, tick, lot))
    path = partition_path(data, "market", SHARD)
    writer = JournalWriter(path, venue="binance-usdm", shard=SHARD, block_ns=LIVE_BLOCK_NS)
    with writer as journal, journal.transaction():
        journal.append(receive_times[:1], [defined])
        for first in range(0, len(frames), frames_per_batch):
            last = first + frames_per_batch
            journal.append(receive_times[first:last], frames[first:last])


def through_bytewax(data: Path) -> None:
    flow = Dataflow("hot_path")
    stream = op.input("journal", flow, JournalSource(data, follow=False, stop=threading.Event()))
    for make in STAGES:
        stage = make()
        stream = wire(stage.name.replace(".", "_"), stream, stage)
    op.output("frames", stream, FrameSink())
    run_main(flow)


def by_stage(data: Path, frames_per_batch: int) -> tuple[list[Batch], dict[str, float]]:
    """The batches after all stages, and the seconds of each step without Bytewax, taken in the flow's own order."""
    stages = [make() for make in STAGES]
    states = [stage.empty() for stage in stages]
    per_poll = max(1, min(ROWS_PER_POLL, FRAMES_PER_POLL // frames_per_batch))
    spent = dict.fromkeys(("journal", *(stage.name.rpartition(".")[2] for stage in stages), "frame"), 0.0)
    done: list[Batch] = []
    with JournalReader(partition_path(data, "market", SHARD)) as journal:
        while True:
            marks = [time.process_time()]
            rows = journal.read(len(done), per_poll)
            items = [Batch(SHARD, row.offset, row.received_ns, row.frames) for row in rows]
            marks.append(time.process_time())
            for stage, state in zip(stages, states, strict=True):
                items = stage.run(items, state)
                marks.append(time.process_time())
            feature_frame(items)
            marks.append(time.process_time())
            for name, (start, end) in zip(spent, pairwise(marks), strict=True):
                spent[name] += end - start
            if not items:
                return done, spent
            done += [
                Batch(SHARD, batch.offset, batch.receive_times, ticks=batch.ticks, features=batch.features)
                for batch in items
            ]


def rows_of(batches: list[Batch]) -> np.ndarray[Any, Any]:
    """NAMES by row of every valid book update."""
    found = []
    for batch in batches:
        driving = batch.ticks["book"] != NO_BOOK
        columns = {name: rows[name] for rows in batch.features.values() for name in rows.dtype.names or ()}
        found.append(np.column_stack([columns[name][driving] for name in NAMES]))
    return np.concatenate(found)


def run(
    frames: list[bytes], receive_times: list[int], frames_per_batch: int
) -> tuple[np.ndarray[Any, Any], float, str]:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        write_journal(data, frames, receive_times, frames_per_batch)
        began = time.process_time()
        through_bytewax(data)
        whole = time.process_time() - began
        batches, spent = by_stage(data, frames_per_batch)
    spent["Bytewax"] = whole - sum(spent.values())
    each = 1e6 / len(frames)
    return rows_of(batches), whole, ", ".join(f"{name} {cost * each:.2f}" for name, cost in spent.items())
