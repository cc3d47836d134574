"""`World`: a mock venue, capture, market, trading and a store in one process and in virtual time, by seed.

All processes are looked at in an order that the seed shuffles, after pauses that it draws. When everything that was to
go wrong is over, the world has a minute to be well again; then all ends in good order and the oracles look at it.
"""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from flows.shards import CONTROL, TRADING
from market.clock import SECOND_NS
from market.journal import LIVE_BLOCK_NS, partition_path
from operators.availability import PASSING
from operators.book.resync import resync_frames
from operators.signals.messages import trading_frames
from simulator.venues import EXAMPLES, make_desk
from simulator.venues.faults import Faults
from sinks.outbox import OutboxSink
from sources.journal_reader import JournalReader
from tests.desk_network import DeskNetwork, Truth
from tests.faults.judge import unrecovered
from tests.faults.run import WEEKDAY_OPEN_NS, Run
from tests.simulation import trouble
from tests.simulation.capture import Capture
from tests.simulation.cells import Cells
from tests.simulation.flow import Flow
from tests.simulation.fuse import Fuse
from tests.simulation.plan import Plan
from tests.simulation.pump import Pump
from tests.simulation.store import Shop, Till
from tests.simulation.trouble import Trouble
from tests.simulation.whims import market_stages, trading_stages
from tests.virtual import VirtualClock, VirtualLoop, run

SETTLED_S, RECOVERY_S = 3.0, 60.0
REFUSED_S = 65.0  # more, after a store that refused: it is asked once a minute
LATELY = 400  # batches of the market flow that are remembered, to see whether all is well
MEMORY = Path("/dev/shm")


class World:
    """One of them. After `live`, `journal` of each topic, `store` and `cells` tell what happened."""

    def __init__(
        self,
        plan: Plan,
        clock: VirtualClock,
        data: Path,
        *,
        flow: type[Flow] = Flow,
        token: Callable[[str], str] = lambda token: token,
    ) -> None:
        self.plan, self.clock, self.data = plan, clock, data
        self.random = Random(plan.seed)
        faults = Faults(list(plan.faults), seed=plan.seed)
        self.desk = make_desk(
            plan.venue, EXAMPLES[plan.venue], seed=plan.seed, rate=plan.rate, start_ns=clock.start_ns, faults=faults
        )
        self.truth = Truth(self.desk.market, clock.start_ns)
        self.desk.market = self.truth  # type: ignore[assignment]
        self.network = DeskNetwork(self.desk, clock, latency_s=plan.latency_s)
        self.shop, self._token = Shop(self._store_trouble), token
        self.lately = Run(plan.venue, self.desk, self.truth)
        self.cells = Cells(self)
        faults.injected = self.cells.listening(faults.injected)
        self.healed_ns = max(faults.healed_ns, clock.start_ns + round(plan.ends_s * SECOND_NS))
        self.ailing: list[str] = []  # what was not well when its time was up
        self._waiting = list(plan.troubles)
        self._struck: list[Trouble] = []
        self.capture = Capture(
            plan.venue,
            data,
            self.random,
            clock,
            self.network,
            synchronous=plan.synchronous,
            queue_frames=plan.queue_frames,
            disk_full=lambda: self.on("disk full") is not None,
        )
        common: dict[str, Any] = {"block_ns": LIVE_BLOCK_NS, "epoch_s": plan.epoch_s}
        trading, control = self.path("trading", TRADING), self.path("control", CONTROL)
        self.market = flow(
            self.capture.path,
            self.random,
            clock,
            stages=market_stages(whole=plan.whole),
            outlets=[
                OutboxSink(trading, shard=TRADING, messages=trading_frames),
                OutboxSink(control, shard=CONTROL, messages=resync_frames),
            ],
            pump=lambda waiting, fuse: self._pump("market", waiting, fuse),
            seen=self._seen,
            **common,
        )
        self.trading = flow(
            trading,
            self.random,
            clock,
            stages=trading_stages(),
            outlets=(),
            pump=lambda waiting, fuse: self._pump("trading", waiting, fuse),
            **common,
        )
        self.processes = [self.capture, self.market, self.trading]

    @property
    def now_s(self) -> float:
        """Since the world began."""
        return self.clock.monotonic_ns() / SECOND_NS

    def path(self, topic: str, shard: str) -> Path:
        """Of a journal."""
        return partition_path(self.data, topic, shard)

    def on(self, *kinds: str) -> Trouble | None:
        """A trouble of these kinds that lasts now."""
        return trouble.on(self._struck, self.now_s, *kinds)

    def behind(self, flow: Flow) -> int:
        """How many rows a flow has not taken."""
        if not flow.journal.exists():
            return 0
        with JournalReader(flow.journal) as journal:
            return journal.last_offset() - flow.offset

    async def live(self) -> bool:
        """From the beginning until all is well after the last trouble; whether it was in time."""
        while not (well := self._is_well()) and not self._is_late():
            await asyncio.sleep(self.random.uniform(0.05, self.plan.look_s))
            self.desk.advance(self.network.now_ns)
            self._strike()
            for process in self.random.sample(self.processes, len(self.processes)):
                process.run(self.now_s)
        self.lately.ended_ns, self.ailing = self.network.now_ns, [] if well else self.ailments()
        for process in self.processes:
            process.fuse.left, process.frozen_until_s = None, 0.0
            process.leave(self.now_s)
        await asyncio.gather(*self.capture.ended, return_exceptions=True)
        return well

    def end(self) -> None:
        """Let go of everything, also when a process has failed."""
        for process in self.processes:
            if process.alive:
                process.die(self.now_s)

    def _pump(self, name: str, waiting: Any, fuse: Fuse) -> Pump:
        till = Till(self.shop, fuse, self._token)
        bytes_of = dict(zip(("market", "trading"), self.plan.spool_bytes, strict=True))
        spool = self.data / "spool" / name
        return Pump(spool, waiting, till, fuse, self.clock, self.random, slow=self._is_slow, spool_bytes=bytes_of[name])

    def _is_slow(self) -> bool:
        return self.on("store slow") is not None

    def _store_trouble(self) -> str:
        found = self.on(*trouble.STORE)
        return "" if found is None else found.kind

    def _strike(self) -> None:
        while self._waiting and self._waiting[0].at_s <= self.now_s:
            one = self._waiting.pop(0)
            self.cells.struck(one.kind)
            self._struck.append(one)
            self._befall(one)
        skew = self.on("clock")
        self.clock.skew_ns = 0 if skew is None else round(skew.number * SECOND_NS)

    def _befall(self, one: Trouble) -> None:
        what, _, whom = one.kind.partition(" ")
        process = next((process for process in self.processes if process.name == whom), None)
        if what == "kill" and process is None:
            process = self.random.choice([self.market, self.trading])
            process.again = 2
        if what == "kill" and process is not None:
            process.fuse.light(int(one.number))
        elif what == "stop" and process is not None:
            process.asked_to_end = process.alive
        elif one.kind == "freeze capture":
            assert isinstance(self.clock.loop, VirtualLoop)
            self.clock.loop.freeze(one.for_s)
        elif what == "freeze" and process is not None:
            process.frozen_until_s = one.ends_s
        elif what == "power":
            for any_process in self.processes:
                any_process.die(self.now_s)
            self.capture.lose_power()

    def _seen(self, batch: Any) -> None:
        """Remember what the market flow knows of the books; gaps of single messages or of bars are no doubt of one."""
        self.lately.batches.append(batch)
        del self.lately.batches[:-LATELY]
        for row in batch.tables["gaps"].to_dicts() if "gaps" in batch.tables else ():
            if row["channel"] != "depth" or row["cause"] in PASSING:
                continue
            if row["state"] == "open":
                self.lately.open_gaps[row["instrument"]] = row["cause"]
            else:
                self.lately.open_gaps.pop(row["instrument"], None)

    def _healthy_s(self) -> float:
        return (self.network.now_ns - self.healed_ns) / SECOND_NS

    def _is_late(self) -> bool:
        refused = any(one.kind == "store refuses" for one in self.plan.troubles)
        return self._healthy_s() > RECOVERY_S + (REFUSED_S if refused else 0.0)

    def _is_well(self) -> bool:
        if self._healthy_s() < SETTLED_S or self._waiting or any(one.is_doomed for one in self.processes):
            return False
        return not self.ailments()

    def ailments(self) -> list[str]:
        """What is not as it should be at the end."""
        found = [f"{one.name} is not there" for one in self.processes if not one.alive]
        for flow in (self.market, self.trading):
            if flow.alive and self.behind(flow) > 2:
                found.append(f"{flow.name} is {self.behind(flow)} rows behind")
            if flow.pump is not None and len(flow.pump.line) > 1:
                found.append(f"{len(flow.pump.line)} blocks of {flow.name} are not in the store")
        return found or list(unrecovered(self.lately))


def folder_of(what: str) -> "tempfile.TemporaryDirectory[str]":
    """A temporary folder, in memory where there is such a place."""
    return tempfile.TemporaryDirectory(prefix=f"barograph-{what}-", dir=MEMORY if MEMORY.is_dir() else None)


def inhabit(plan: Plan, look: Callable[[World, bool], Any], **make: Any) -> Any:
    """Live through a world in a folder of its own, and look at it before it is gone."""
    with folder_of("world") as folder:

        async def body(clock: VirtualClock) -> Any:
            world = World(plan, clock, Path(folder), **make)
            try:
                well = await world.live()
            finally:
                world.end()
            return look(world, well)

        return run(body, WEEKDAY_OPEN_NS)
