"""What scale-out rests on, of one core and of two: the figures behind docs/scaling.md, made in one run.

What the numbers stand for: made-up USD-M frames (benchmarks/scale.py) in SHARDS journals of INSTRUMENTS instruments
each, ROWS frames a row; the whole market flow of Bytewax with recovery, its rows not inserted anywhere; processor time
unless it says otherwise. `2 workers` is a cluster of two processes over the same journals: its ratio is of frames per
second of wall time, so it needs two free cores; that of processor time says what a cluster adds to the work.

    python benchmarks/cluster.py [flow | store | state] …
"""

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from benchmarks.scale import RATE, Market, settled, stream
from flows.cluster import Member, free_addresses
from flows.engine import run
from flows.market import market, stages
from flows.market_source import Reading
from flows.settings import load
from flows.tables import opened_store
from market.batch import Batch
from market.journal import LIVE_BLOCK_NS, partition_path
from market.seal import seal
from market.shards import shard_name
from sinks.clickhouse.client import connect
from sinks.clickhouse.tables import part_of, rows_of
from sinks.journal import JournalWriter
from sinks.outbox import OutboxSink
from sources.journal import JournalSource

VENUE, SHARDS, INSTRUMENTS, ROWS, FRAMES = "binance-usdm", 4, 5, 256, 400_000
WARM = 0.2  # of the frames go by before the clock runs: kernels are loaded then
STORE_ROWS = 100_000


def main() -> None:
    """Print every part that is asked for."""
    parts = {"flow": flow, "store": store, "state": state}
    if "--help" in sys.argv or not set(sys.argv[1:]) <= parts.keys():
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        for name in sys.argv[1:] or parts:
            parts[name](Path(folder))


def journals(data: Path) -> None:
    """FRAMES frames in SHARDS journals, once."""
    if (data / "journal").exists():
        return
    for number in range(SHARDS):
        markets = [Market(number * INSTRUMENTS + one) for one in range(INSTRUMENTS)]
        with _writer(data, shard_name(VENUE, number)) as journal, journal.transaction():
            for batch in (*settled(markets), *stream(markets, FRAMES // SHARDS, RATE)):
                journal.append(batch.receive_times.tolist(), list(batch.frames))


def _writer(data: Path, shard: str) -> JournalWriter:
    path = partition_path(data, "market", shard)
    return JournalWriter(path, venue=VENUE, shard=shard, block_ns=LIVE_BLOCK_NS)


def flow(folder: Path) -> None:
    """The market flow in one process and as a cluster of two."""
    journals(folder)
    found: dict[int, float] = {}
    cost: dict[int, float] = {}
    for workers in (1, 2):
        addresses = ",".join(free_addresses(workers)) if workers > 1 else "-"
        command = [sys.executable, __file__, "--member", str(folder), addresses]
        began = [
            subprocess.Popen([*command, str(number)], stdout=subprocess.PIPE, text=True) for number in range(workers)
        ]
        told = [list(map(float, (process.communicate()[0] or "").split())) for process in began]
        start, end = min(one[0] for one in told), max(one[1] for one in told)
        frames, spent = sum(one[2] for one in told), sum(one[3] for one in told)
        found[workers], cost[workers] = frames / (end - start), spent / frames * 1e6
        print(
            f"flow, {workers} worker{'s' * (workers > 1)}: {cost[workers]:.2f} µs/frame of processor time"
            f" ({cost[workers] / cost[1]:.2f} ×); {found[workers]:9,.0f} frames/s of wall time"
            f" ({found[workers] / found[1]:.2f} ×)"
        )


def member(folder: str, addresses: str, number: str) -> None:
    """One process of `flow`: prints when its clock began and ended, the frames between, and its processor seconds."""
    data, chosen = Path(folder), Member(int(number), () if addresses == "-" else tuple(addresses.split(",")))
    watch = _Watch(FRAMES / chosen.members * WARM)
    never = threading.Event()

    def made() -> Any:
        source = JournalSource(data, follow=False, stop=never, worker=chosen.number, workers=chosen.members)
        nothing = OutboxSink(data / "none" / "none-0.db", shard="none/0", messages=lambda _batch: [])
        return market(Reading(source, None), tables=watch, trading=nothing, control=nothing)  # type: ignore[arg-type]

    run(made, recovery=data / f"recovery{chosen.members}" / "market", snapshot_interval_s=5.0, member=chosen)
    print(*watch.told)


class _Watch(FixedPartitionedSink[Batch, None]):
    """A sink that throws away and notes the time."""

    def __init__(self, warm: float) -> None:
        self._warm, self._frames, self._counted = warm, 0, 0
        self.told = [0.0] * 4
        self._spent_s = 0.0

    def list_parts(self) -> list[str]:
        return ["all"]

    def build_part(self, _step_id: str, _for_part: str, _resume_state: None) -> StatefulSinkPartition[Batch, None]:
        return _WatchPart(self.took)

    def took(self, items: list[Batch]) -> None:
        frames = sum(len(item.frames) for item in items)
        self._frames += frames
        if self._frames < self._warm:
            self.told[0], self._spent_s = time.time(), time.process_time()
            return
        self._counted += frames
        self.told[1:] = [time.time(), self._counted, time.process_time() - self._spent_s]


class _WatchPart(StatefulSinkPartition[Batch, None]):
    def __init__(self, took: Callable[[list[Batch]], None]) -> None:
        self._took = took

    def write_batch(self, items: list[Batch]) -> None:
        self._took(items)

    def snapshot(self) -> None:
        return None


def store(folder: Path) -> None:
    """Rows of `quotes` into the embedded store, one insert after the other; wall time, the store's work included."""
    batches, _ = through_all_stages([Market(0)], 40_000)
    parts = [part_of(batch) for batch in batches]
    quotes = dict(rows_of(parts))["quotes"]
    first = 0.0
    with opened_store(load(None, data=folder / "store")) as dsn:
        client = connect(dsn)
        for rows in (100, 1_000, 10_000):
            chunk = quotes.slice(0, rows).combine_chunks()
            rounds = max(5, min(100, STORE_ROWS // rows))
            began = time.perf_counter()
            for _ in range(rounds):
                client.insert_arrow("quotes", pa.table(chunk))
            spent = (time.perf_counter() - began) / rounds
            first = first or rows / spent
            rate = rows / spent
            print(f"store, {rows:>6} rows an insert: {spent * 1e3:5.1f} ms, {rate:9,.0f} rows/s ({rate / first:.0f} ×)")


def through_all_stages(markets: list[Market], frames: int) -> tuple[list[Batch], list[Any]]:
    """What comes out of the whole flow, and the states that it leaves."""
    batches = [*settled(markets), *stream(markets, frames, RATE)]
    states = []
    for stage in stages():
        states.append(stage.empty())
        batches = stage.run(batches, states[-1])
    return batches, states


def state(_folder: Path) -> None:
    """What a snapshot holds and costs, by instrument."""
    first = 0.0
    for count in (1, 10, 100):
        _, states = through_all_stages([Market(number) for number in range(count)], 20_000)
        began = time.process_time()
        size = sum(len(seal(held, 1)) for held in states)
        spent = time.process_time() - began
        first = first or size
        print(
            f"state, {count:>3} instruments: {size / 2**20:6.1f} MiB, {size / count / 1024:.0f} KiB an instrument"
            f" ({size / count / first:.2f} ×), {spent * 1e3:.0f} ms to take"
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--member"]:
        member(*sys.argv[2:])
    else:
        main()
