"""One run: a mock venue with a fault script, the real feed, and decoding and books of the flow, in virtual time."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import venues
from flows.verify import STEPS
from market import record
from market.batch import Batch
from market.clock import SECOND_NS
from market.frames import Frames
from operators.measures import stage_of
from simulator.venues import EXAMPLES, make_desk
from simulator.venues.desk import Desk
from simulator.venues.faults import Faults
from simulator.venues.script import Fault
from sources.control import Wish
from sources.shared import Shared
from sources.websocket import Feed
from tests.desk_network import DeskNetwork, Truth
from tests.virtual import START_NS, VirtualClock, run, running

FLOW_S = 0.25  # how often the flow takes what arrived
RECOVERY_S = 60.0
SETTLED_S = 6.0  # data must have flowed again for so long
WEEKDAY_OPEN_NS = START_NS + 2 * 3600 * SECOND_NS  # 12:13 in New York, so that stocks trade
SECRETS = {"alpaca_key": "key", "alpaca_secret": "secret", "massive_key": "key"}


@dataclass(repr=False)  # the loop prints results of tasks, and this one is long
class Run:
    """What happened."""

    venue: str
    desk: Desk
    truth: Truth
    frames: list[tuple[int, bytes]] = field(default_factory=list)  # of the journal
    batches: list[Batch] = field(default_factory=list)  # with events, ticks, books and tables
    open_gaps: dict[str, str] = field(default_factory=dict)  # cause by symbol, of books in doubt now
    healed_ns: int = 0  # when the last fault is over
    ended_ns: int = 0

    def rows(self, table: str) -> list[dict[str, Any]]:
        """All rows of a table."""
        return [row for batch in self.batches if table in batch.tables for row in batch.tables[table].to_dicts()]

    def said(self, kind: type) -> list[Any]:
        """The records of a kind."""
        records = [record.decode(frame) for _, frame in self.frames if record.is_record(frame)]
        return [one for one in records if isinstance(one, kind)]


def play(
    venue: str,
    script: Sequence[Fault] = (),
    *,
    seed: int = 1,
    rate: float = 4.0,
    quiet_s: float = RECOVERY_S,
    recovered: Callable[[Run], bool] = lambda _: False,
) -> Run:
    """Run a venue until it has `recovered` from the last of its faults, or `quiet_s` later."""

    async def body(clock: VirtualClock) -> Run:
        faults = Faults(list(script), seed=seed)
        desk = make_desk(venue, EXAMPLES[venue], seed=seed, rate=rate, start_ns=clock.start_ns, faults=faults)
        truth = Truth(desk.market, clock.start_ns)
        desk.market = truth  # type: ignore[assignment]
        played = Run(venue, desk, truth, healed_ns=faults.healed_ns)
        await _run(played, clock, seed, lambda: _is_over(played, clock, quiet_s, recovered))
        return played

    return run(body, WEEKDAY_OPEN_NS)


def _is_over(played: Run, clock: VirtualClock, quiet_s: float, recovered: Callable[[Run], bool]) -> bool:
    healthy_s = (clock.now_ns() - played.healed_ns) / SECOND_NS
    return healthy_s >= quiet_s or (healthy_s >= SETTLED_S and recovered(played))


async def _run(played: Run, clock: VirtualClock, seed: int, is_over: Callable[[], bool]) -> None:
    client = venues.get(played.venue).at(stream_url="ws://desk", rest_url="http://desk")
    network = DeskNetwork(played.desk, clock)
    shared = Shared.of(client, clock, random.Random(seed).random, network.opener)
    shared.secrets = lambda: {name: SECRETS[name] for name in client.secrets}
    wishes: list[Wish] = []
    feed = Feed(
        client,
        tuple(EXAMPLES[played.venue]),
        clock,
        shared.random,
        wanted=lambda: [wishes.pop() for _ in range(len(wishes))],
        shared=shared,
        get=network.get,
        look_every_s=0.25,
    )
    stages = [(stage_of(step), stage_of(step).empty()) for step in STEPS]
    async with running(feed.run()):
        while not is_over():
            await asyncio.sleep(FLOW_S)
            _take(played, feed, stages, wishes)
        played.ended_ns = clock.now_ns()


def _take(played: Run, feed: Feed, stages: list[tuple[Any, Any]], wishes: list[Wish]) -> None:
    """One batch of the market flow, whose wishes go back to the feed."""
    received = feed.queue.take(1 << 20, 1 << 30)
    if not received:
        return
    played.frames += received
    times, frames = zip(*received, strict=True)
    batch = Batch(f"{played.venue}/0", len(played.batches), np.array(times, np.int64), Frames.of(frames))
    for stage, state in stages:
        batch = stage.advance(state, batch)
    played.batches.append(batch)
    asked, gaps = (batch.tables[name].to_dicts() if name in batch.tables else [] for name in ("control", "gaps"))
    wishes.extend(Wish(row["instrument"], row["cause"]) for row in asked)
    for row in gaps:
        if row["channel"] == "depth" and row["state"] == "open":
            played.open_gaps[row["instrument"]] = row["cause"]
        elif row["channel"] == "depth" and row["cause"] != "duplicate":
            played.open_gaps.pop(row["instrument"], None)
