"""A day of stream in virtual time through the real feed, journal, market flow and insert blocks: does anything grow?

    python -m tests.simulation.soak --hours 24

The venue drops frames of a book all the time, and connections every few minutes: at least 500 reconnects and 5 000
books asked for anew in 24 hours. The journal is pruned, states are kept every minute, and the store takes everything
and keeps nothing. Memory may grow by 0.5 % an hour, at the upper end of its confidence interval; descriptors, threads
and tasks may not.
"""

import argparse
import asyncio
import gc
import logging
import os
import random
import resource
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

import venues
from flows.market import CONTROL
from market.clock import SECOND_NS
from market.journal import partition_path
from operators.book.resync import resync_frames
from simulator.venues import EXAMPLES, make_desk
from simulator.venues.faults import Faults
from simulator.venues.script import Fault
from sinks.journal import JournalWriter
from sinks.journal_bounds import Bounds
from sinks.journal_sink import JournalSink
from sinks.outbox import OutboxSink
from sources.control import ControlTail
from sources.shared import Shared
from sources.websocket import Feed
from tests.desk_network import DeskNetwork
from tests.faults.run import WEEKDAY_OPEN_NS
from tests.simulation.flow import Flow
from tests.simulation.pump import Pump
from tests.simulation.slope import Slope, is_flat, slope
from tests.simulation.whims import market_stages
from tests.simulation.world import MEMORY
from tests.virtual import VirtualClock, run, running

VENUE = "binance-usdm"
RATE = 0.5  # steps of each instrument's market, /s
LOOK_S = 1.0
BLOCK_NS = 30 * SECOND_NS
EPOCH_S, RETENTION_H = 60.0, 1.0
DROP_EVERY_S, CLOSE_EVERY_S, SAMPLE_EVERY_S = 12.0, 150.0, 300.0
LEAST_SAMPLES = 20
SNAPSHOT, CONNECTED = b'\x1e{"record":"snapshot', b'\x1e{"record":"connected'
MOST_PERCENT_PER_HOUR = 0.5
RECONNECTS_PER_H, RESYNCS_PER_H = 500 / 24, 5000 / 24


class Sample(NamedTuple):
    """What is in use at one moment."""

    hours: float  # virtual
    resident_bytes: int
    blocks: int  # of the allocator of Python
    objects: int  # that the garbage collector knows
    descriptors: int
    threads: int
    tasks: int
    journal_bytes: int


@dataclass
class Soaked:
    """What a soak found."""

    hours: float = 0.0
    samples: list[Sample] = field(default_factory=list)
    reconnects: int = 0
    resyncs: int = 0
    frames: int = 0
    inserts: int = 0
    took_s: float = 0.0

    def slopes(self) -> dict[str, Slope]:
        """Of what is memory."""
        hours = [sample.hours for sample in self.samples]
        names = ("resident_bytes", "blocks", "objects")
        return {name: slope(hours, [getattr(sample, name) for sample in self.samples]) for name in names}

    def complaints(self) -> list[str]:
        """What is not as it should be."""
        found = [
            f"{name} grow {grown}, at most {MOST_PERCENT_PER_HOUR} %/h is allowed"
            for name, grown in self.slopes().items()
            if grown.high > MOST_PERCENT_PER_HOUR
        ]
        for name in ("descriptors", "threads", "tasks", "journal_bytes"):
            values = [getattr(sample, name) for sample in self.samples]
            if not is_flat(values):
                found.append(f"{name} are not flat: {values}")
        for name, least in (("reconnects", RECONNECTS_PER_H), ("resyncs", RESYNCS_PER_H)):
            if getattr(self, name) < least * self.hours:
                found.append(f"{getattr(self, name)} {name} in {self.hours:g} h, wanted are {least * self.hours:.0f}")
        return found

    def told(self) -> str:
        """For people."""
        last = self.samples[-1]
        return "\n".join(
            [
                f"{self.hours:.2f} h of stream in {self.took_s:.0f} s: {self.frames} frames,"
                f" {self.reconnects} reconnects, {self.resyncs} resyncs, {self.inserts} inserts,"
                f" {len(self.samples)} samples",
                *(f"{name:15} {grown}" for name, grown in self.slopes().items()),
                f"at the end {last.resident_bytes >> 20} MiB, {last.descriptors} descriptors, {last.threads} threads,"
                f" {last.tasks} tasks, {last.journal_bytes >> 20} MiB of journal",
                *(f"! {what}" for what in self.complaints()),
            ]
        )


def soak(hours: float, most_s: float = inf) -> Soaked:
    """Live through so many hours, or as many as there is real time for."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="barograph-soak-", dir=MEMORY if MEMORY.is_dir() else None) as folder:
        found = run(lambda clock: _live(hours, began + most_s, clock, Path(folder)), WEEKDAY_OPEN_NS)
    found.took_s = time.monotonic() - began
    return found


async def _live(hours: float, until_s: float, clock: VirtualClock, data: Path) -> Soaked:
    found = Soaked()
    client = venues.get(VENUE).at(stream_url="ws://desk", rest_url="http://desk")
    desk = make_desk(VENUE, EXAMPLES[VENUE], rate=RATE, start_ns=clock.start_ns, faults=Faults(_script(hours)))
    network = DeskNetwork(desk, clock)
    shard = f"{VENUE}/0"
    path = partition_path(data, "market", shard)
    writer = JournalWriter(path, venue=VENUE, shard=shard, block_ns=BLOCK_NS, alone=True)
    sink = JournalSink(writer, bounds=Bounds(retention_hours=RETENTION_H), clock=clock)
    journal = sink.build_part("", "0", None)
    market = _market(found, data, path, clock)
    control = ControlTail(data, venue=VENUE)
    feed = Feed(
        client,
        EXAMPLES[VENUE],
        clock,
        random.Random(1).random,
        wanted=control.wishes,
        shared=Shared.of(client, clock, random.Random(2).random, network.opener),
        get=network.get,
        look_every_s=LOOK_S,
    )
    sampled_s = 0.0
    async with running(feed.run()):
        while (now_s := clock.monotonic_ns() / SECOND_NS) < hours * 3600 and time.monotonic() < until_s:
            await asyncio.sleep(LOOK_S)
            frames = feed.queue.take(1 << 20, 1 << 30)
            if frames:
                found.frames += len(frames)
                found.resyncs += sum(frame.startswith(SNAPSHOT) for _, frame in frames)
                found.reconnects += sum(frame.startswith(CONNECTED) for _, frame in frames)
                journal.write_batch([frames])
            market.run(now_s)
            if now_s - sampled_s >= min(SAMPLE_EVERY_S, hours * 3600 / LEAST_SAMPLES):
                sampled_s = now_s
                desk.faults.injected.clear()  # the venue's own record of what it did wrong
                found.samples.append(_sample(now_s / 3600, sink.used_bytes))
    found.hours = now_s / 3600
    market.leave(now_s)
    journal.close()
    return found


def _market(found: Soaked, data: Path, path: Path, clock: VirtualClock) -> Flow:
    """The market flow with all its stages, and insert blocks that go nowhere."""

    class Nowhere:
        def __call__(self, table: str, rows: pa.Table, token: str) -> None:
            found.inserts += 1

        def committed(self, shard: str, source: str, last_offset: int) -> bool:
            return True

    return Flow(
        path,
        random.Random(3),
        clock,
        stages=market_stages(whole=True),
        outlets=[OutboxSink(partition_path(data, "control", CONTROL), shard=CONTROL, messages=resync_frames)],
        pump=lambda waiting, fuse: Pump(
            data / "spool", waiting, Nowhere(), fuse, clock, random.Random(4), slow=lambda: False
        ),
        block_ns=BLOCK_NS,
        epoch_s=EPOCH_S,
    )


def _script(hours: float) -> list[Fault]:
    """Books lose frames, and connections end, all the time."""
    symbols = [symbol.lower() for symbol in EXAMPLES[VENUE]]
    drops = [
        Fault("drop", 10.0 + number * DROP_EVERY_S, DROP_EVERY_S, f"{symbols[number % len(symbols)]}@depth*", 1)
        for number in range(int(hours * 3600 / DROP_EVERY_S))
    ]
    return drops + [
        Fault("close", 20.0 + number * CLOSE_EVERY_S) for number in range(int(hours * 3600 / CLOSE_EVERY_S))
    ]


def _sample(hours: float, journal_bytes: int) -> Sample:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Sample(
        hours,
        pages * resource.getpagesize(),
        sys.getallocatedblocks(),
        len(gc.get_objects()),
        len(os.listdir("/proc/self/fd")),
        threading.active_count(),
        len(asyncio.all_tasks()),
        journal_bytes,
    )


def main() -> int:
    """The command line."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--hours", type=float, default=float(os.environ.get("BAROGRAPH_SOAK_HOURS", "24")))
    logging.getLogger("barograph").setLevel(logging.CRITICAL + 1)
    asked.add_argument("--minutes", type=float, default=inf, help="of real time, at most")
    given = asked.parse_args()
    found = soak(given.hours, given.minutes * 60)
    print(found.told())
    return 1 if found.complaints() else 0


if __name__ == "__main__":
    sys.exit(main())
