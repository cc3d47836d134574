"""A day of stream in virtual time through the real feed, journal, market flow and insert blocks: does anything grow?

    python -m tests.simulation.soak --hours 24

The venue drops frames of a book all the time, and connections every few minutes: at least 500 reconnects and 5 000
books asked for anew in 24 hours. The journal is pruned after an hour, states are kept every two minutes, and the store
takes everything and keeps nothing. What of memory and disk is in use may grow by 0.5 % an hour, at the upper end of its
confidence interval; descriptors, threads and tasks may not.

The first fifth is warm-up, in which windows fill: 4.8 hours of a day. The longest that fills bar by bar is one of 256
bars of a minute; those of hours and days have their full size from their first bar on, and the first midnight comes
after 3.8 hours. A run of less than a day ends before all that is full, and can only be worse.

Five seconds of some 19 frames each make a row of the journal, where capture writes several a second: rows cost more
than frames, and a day shall pass in less than half an hour. What the mock venue remembers is bounded here (`_tidy`,
TEXTS), so that what grows is ours.
"""

import argparse
import asyncio
import gc
import logging
import os
import pickle
import random
import resource
import sys
import time
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import pyarrow as pa

import venues
from flows.shards import CONTROL
from market.clock import SECOND_NS
from market.journal import partition_path
from operators.book.resync import resync_frames
from simulator.venues import EXAMPLES, make_desk, wire
from simulator.venues.desk import Desk
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
from tests.simulation.flow import Flow
from tests.simulation.pump import Pump
from tests.simulation.slope import Slope, after_warm_up, is_flat, slope
from tests.simulation.whims import market_stages
from tests.simulation.world import folder_of
from tests.virtual import START_NS, VirtualClock, run, running

VENUE = "binance-usdm"
EVENING_NS = START_NS + 6 * 3600 * SECOND_NS  # 20:13 UTC
RATE = 4.0  # steps of each instrument's market, /s
LOOK_S, TURN_S = 1.0, 5.0  # of the feed at its streams; of everything behind it
BLOCK_NS = 60 * SECOND_NS
EPOCH_S, RETENTION_H = 120.0, 1.0
DROP_EVERY, CLOSE_EVERY = 2, 30  # turns
SAMPLE_EVERY_S, LEAST_SAMPLES = 600.0, 6
TEXTS = 1 << 10  # of numbers, that the mock venue remembers of each kind
GROWING = ("resident_bytes", "blocks", "objects", "state_bytes", "journal_bytes")
COMING_AND_GOING = ("descriptors", "threads", "tasks")
BOOKS = "book.rebuild"  # the window of a book is doubled when its price has passed a power of two, up to MAX_WIDTH
SNAPSHOT, CONNECTED = b'\x1e{"record":"snapshot', b'\x1e{"record":"connected'
MOST_PERCENT_PER_HOUR = 0.5
RECONNECTS_PER_H, RESYNCS_PER_H = 500 / 24, 5000 / 24


class Sample(NamedTuple):
    """What is in use at one moment."""

    hours: float  # virtual
    resident_bytes: int
    blocks: int  # of the allocator of Python
    objects: int  # that the garbage collector knows
    state_bytes: int  # of the stages of the market flow but BOOKS, as they were kept last
    journal_bytes: int
    descriptors: int
    threads: int  # of the operating system
    tasks: int


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
        """Of what is memory or disk."""
        hours = self.column("hours")
        return {name: slope(hours, self.column(name)) for name in GROWING}

    def column(self, name: str) -> list[float]:
        """One figure of all samples."""
        return [getattr(sample, name) for sample in self.samples]

    def complaints(self) -> list[str]:
        """What is not as it should be."""
        found = [
            f"{name} grow {grown}, at most {MOST_PERCENT_PER_HOUR} %/h is allowed"
            for name, grown in self.slopes().items()
            if grown.high > MOST_PERCENT_PER_HOUR
        ]
        unsteady = [name for name in COMING_AND_GOING if not is_flat(self.column(name))]
        found += [f"{name} are not flat: {self.column(name)}" for name in unsteady]
        for name, least in (("reconnects", RECONNECTS_PER_H), ("resyncs", RESYNCS_PER_H)):
            if getattr(self, name) < least * self.hours:
                found.append(f"{getattr(self, name)} {name} in {self.hours:g} h, wanted are {least * self.hours:.0f}")
        return found

    def _range(self, name: str) -> str:
        values = after_warm_up(self.column(name))
        return f"{min(values):11.0f} … {max(values):11.0f}"

    def told(self) -> str:
        """For people."""
        slopes = self.slopes()
        return "\n".join(
            [
                f"{self.hours:.2f} h of stream in {self.took_s:.0f} s: {self.frames} frames,"
                f" {self.reconnects} reconnects, {self.resyncs} resyncs, {self.inserts} inserts,"
                f" {len(self.samples)} samples",
                *(f"{name:15} {self._range(name)} {slopes.get(name, '')}" for name in (*GROWING, *COMING_AND_GOING)),
                *(f"! {what}" for what in self.complaints()),
            ]
        )


def soak(hours: float, most_s: float = inf) -> Soaked:
    """Live through so many hours, or as many as there is real time for."""
    began = time.monotonic()
    with mock.patch.object(wire, "TEXTS_MOST", TEXTS), folder_of("soak") as folder:
        found = run(lambda clock: _live(hours, began + most_s, clock, Path(folder)), EVENING_NS)
    found.took_s = time.monotonic() - began
    return found


async def _live(hours: float, until_s: float, clock: VirtualClock, data: Path) -> Soaked:
    found = Soaked()
    client = venues.get(VENUE).at(stream_url="ws://desk", rest_url="http://desk")
    desk = make_desk(VENUE, EXAMPLES[VENUE], rate=RATE, start_ns=clock.start_ns, faults=Faults())
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
    turns, sampled_s = 0, 0.0
    async with running(feed.run()):
        while (now_s := clock.monotonic_ns() / SECOND_NS) < hours * 3600 and time.monotonic() < until_s:
            await asyncio.sleep(TURN_S)
            turns += 1
            _trouble(desk, turns)
            frames = feed.queue.take(1 << 20, 1 << 30)
            if frames:
                found.frames += len(frames)
                found.resyncs += sum(frame.startswith(SNAPSHOT) for _, frame in frames)
                found.reconnects += sum(frame.startswith(CONNECTED) for _, frame in frames)
                journal.write_batch([frames])
            market.run(now_s)
            if now_s - sampled_s >= min(SAMPLE_EVERY_S, hours * 3600 / LEAST_SAMPLES):
                sampled_s = now_s
                found.samples.append(_sample(now_s / 3600, _state_bytes(market), sink.used_bytes))
                logging.getLogger(__name__).info("%s", found.samples[-1])
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


def _trouble(desk: Desk, turn: int) -> None:
    """Books lose frames, and connections end, all the time."""
    _tidy(desk)
    symbol = EXAMPLES[VENUE][turn // DROP_EVERY % 2].lower()
    if turn % DROP_EVERY == 0:
        desk.faults.add(desk, Fault("drop", 0.0, TURN_S, f"{symbol}@depth*", 1))
    if turn % CLOSE_EVERY == 0:
        desk.faults.add(desk, Fault("close"))


def _tidy(desk: Desk) -> None:
    """What the venue remembers of its own faults, all of them over."""
    desk.faults.script = desk.faults.script[-1:]
    desk.faults.injected.clear()


def _state_bytes(market: Flow) -> int:
    states = pickle.loads(market.kept)[1] if market.kept else []
    return sum(len(kept) for stage, kept in zip(market.stages, states, strict=False) if stage.name != BOOKS)


def _sample(hours: float, state_bytes: int, journal_bytes: int) -> Sample:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Sample(
        hours,
        pages * resource.getpagesize(),
        sys.getallocatedblocks(),
        len(gc.get_objects()),
        state_bytes,
        journal_bytes,
        len(os.listdir("/proc/self/fd")),
        len(os.listdir("/proc/self/task")),
        len(asyncio.all_tasks()),
    )


def main() -> int:
    """The command line."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--hours", type=float, default=24.0, help="of stream")
    asked.add_argument("--minutes", type=float, default=inf, help="of real time, at most")
    logging.getLogger("barograph").setLevel(logging.CRITICAL + 1)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    given = asked.parse_args()
    found = soak(given.hours, given.minutes * 60)
    print(found.told())
    return 1 if found.complaints() else 0


if __name__ == "__main__":
    sys.exit(main())
