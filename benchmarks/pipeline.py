"""Raw frames → decode → book → features on one core, from memory: what a recorded frame costs in each stage.

What the number stands for: the compute of the market flow without engine, journal and store, on the frames of a real
capture in batches of 256 and of 16, and the same through the whole Bytewax flow from journal to feature frame. The
ratio is against `json.loads` of the same frames in the same run, because only ratios travel between machines.

    BAROGRAPH_CAPTURES=folder python benchmarks/pipeline.py
"""

import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import bytewax.operators as op
import numpy as np
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, run_main

from flows.imports import import_captures
from market.batch import Batch
from market.journal import partitions
from operators import decode
from operators.book import rebuild
from operators.features import order_flow, volatility
from operators.stage import Stage, wire
from sources.journal import JournalSource
from sources.journal_reader import JournalReader

PAIR = ("usdm/btcusdt_20230404.dat.gz", "usdm/btcusdt_20230405.dat.gz")
ROUNDS = 3


def stages() -> list[Stage]:
    return [decode.stage(), rebuild.stage(), order_flow.stage(), volatility.stage()]


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def recut(batches: list[Batch], frames_per_batch: int) -> list[Batch]:
    """The same frames in batches of one size; definitions keep a batch of their own."""
    times = np.concatenate([batch.receive_times for batch in batches])
    frames = [frame for batch in batches for frame in batch.frames]
    edges = [0, 1, *range(frames_per_batch, len(frames), frames_per_batch), len(frames)]
    return [
        Batch(batches[0].shard, number, times[first:last], tuple(frames[first:last]))
        for number, (first, last) in enumerate(pairwise(edges))
    ]


def by_stage(batches: list[Batch]) -> dict[str, float]:
    """µs per frame of each stage, the best of some rounds."""
    count = sum(len(batch.frames) for batch in batches)
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        items = batches
        for stage in stages():
            spent = time.perf_counter()
            items = stage.run(items)
            spent = (time.perf_counter() - spent) / count * 1e6
            best[stage.name] = min(spent, best.get(stage.name, spent))
    return best


def through_bytewax(data: Path) -> None:
    flow = Dataflow("benchmark")
    stream = op.input("journal", flow, JournalSource(data, follow=False, stop=threading.Event()))
    for stage in stages():
        stream = wire(stage.name.replace(".", "_"), stream, stage)
    op.output("out", stream, TestingSink([]))
    run_main(flow)


def main() -> None:
    captures = os.environ.get("BAROGRAPH_CAPTURES")
    if not captures:
        sys.exit("BAROGRAPH_CAPTURES names no folder of captures")
    paths = [Path(captures) / "01_ws_binance_hftbacktest" / name for name in PAIR]
    with tempfile.TemporaryDirectory() as folder:
        import_captures(paths, venue="binance-usdm", data=Path(folder))
        with JournalReader(partitions(Path(folder), "market")[0]) as journal:
            shard = journal.meta()["shard"]
            rows = [Batch(shard, row.offset, row.received_ns, row.frames) for row in journal.read(0, 10**9)]
        raw = [frame for row in rows for frame in row.frames if frame[:1] == b"{"]
        plain = min(seconds(lambda: [json.loads(frame) for frame in raw]) for _ in range(ROUNDS)) / len(raw) * 1e6
        print(f"{len(raw)} frames of {', '.join(PAIR)}; json.loads alone {plain:.1f} µs/frame")
        for size in (256, 16):
            spent = by_stage(recut(rows, size))
            total = sum(spent.values())
            each = ", ".join(f"{name} {cost:.2f}" for name, cost in spent.items())
            print(
                f"batches of {size:>3}: {total:6.2f} µs/frame, {1e6 / total:9,.0f} frames/s,"
                f" {total / plain:.2f} × json.loads   ({each})"
            )
        whole = min(seconds(lambda: through_bytewax(Path(folder))) for _ in range(ROUNDS)) / len(raw) * 1e6
        per_batch = len(raw) / len(rows)
        print(
            f"journal → Bytewax → feature frame, {per_batch:.1f} frames a batch as imported:"
            f" {whole:.2f} µs/frame, {1e6 / whole:,.0f} frames/s, {whole / plain:.2f} × json.loads"
        )


if __name__ == "__main__":
    main()
