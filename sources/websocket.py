"""`Feed`: everything a shard receives from its venue, in a thread that owns its asyncio loop, handed over by a bounded
queue.

In order: the steps of the instruments over REST (no socket opens before they are known, and they are asked for again
every hour), then the sockets, and a full book of each instrument as soon as its depth messages flow, or when somebody
asks for it.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Self

import msgspec

from market import record
from market.clock import Clock
from market.errors import BarographError, VenueError
from sources.backoff import Backoff
from sources.frame_queue import FrameQueue
from sources.keeper import Keeper
from sources.rest import SHARE_OF_BUDGET, Budget, Rest, UnavailableError
from sources.snapshots import Snapshots
from sources.transport import Library
from venues.venue import Channel, Route, Venue

METADATA_EVERY_S = 3600.0
TEND_S = 0.05  # how often wanted snapshots are looked at
REPORT_EVERY_S = 1.0
ALIVE_EVERY_S = 1.0  # the interval of live insert blocks: a silent venue does not hold back what came before it
STOP_TIMEOUT_S = 1.5

log = logging.getLogger("barograph.capture")


@dataclass
class Feed:
    """The sockets and REST requests of one shard. Raises VenueError for more symbols than the venue allows.

    `wanted()` names the symbols whose full book was asked for since the last call; `report(feed)` is called about
    every second.
    """

    venue: Venue
    symbols: tuple[str, ...]
    clock: Clock
    random: Callable[[], float]
    wanted: Callable[[], Sequence[str]] = tuple
    report: Callable[["Feed"], None] = lambda _: None
    transport: Library = "websockets"
    queue: FrameQueue = field(default_factory=FrameQueue)
    error: BaseException | None = None  # why the thread ended by itself
    keepers: list[Keeper] = field(init=False)  # one per route
    last_data_ns: dict[str, int] = field(default_factory=dict)  # wall clock, by stream
    received_frames: int = 0
    received_bytes: int = 0
    _streams: dict[str, tuple[Channel, str]] = field(default_factory=dict)
    _snapshots: Snapshots = field(default_factory=Snapshots)
    _loop: asyncio.AbstractEventLoop | None = None
    _task: "asyncio.Task[None] | None" = None

    def __post_init__(self) -> None:
        self.keepers = [self._keeper(route) for route in self.venue.routes(self.symbols)]
        self._thread = threading.Thread(target=self._run, name="sockets", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Close the sockets; what is in the queue stays."""
        if self._loop is not None and self._task is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(STOP_TIMEOUT_S)

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except asyncio.CancelledError:
            pass
        except BaseExceptionGroup as group:
            self.error = group.exceptions[0]
        except BaseException as error:  # noqa: BLE001 - handed to the thread that reads the queue
            self.error = error

    async def _main(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        budget = Budget(self.venue.limits.weight_per_minute * SHARE_OF_BUDGET)
        async with Rest(budget, self.clock) as rest, asyncio.TaskGroup() as group:
            group.create_task(self._report())
            group.create_task(self._stay_alive())
            await self._define(rest)
            for keeper in self.keepers:
                group.create_task(keeper.run())
            group.create_task(self._fetch_snapshots(rest, group))
            group.create_task(self._refresh(rest))

    async def _stay_alive(self) -> None:
        """Let recorded time go on while nothing comes."""
        while True:
            before = self.received_frames
            await asyncio.sleep(ALIVE_EVERY_S)
            if self.received_frames == before:
                self._say(record.Alive())

    def _keeper(self, route: Route) -> Keeper:
        return Keeper(
            self.venue,
            route,
            self.symbols,
            self.clock,
            self.random,
            lambda said: self._say(said, route.channels),
            self._received,
            self._acknowledged,
            lambda: not self.queue.full,
            self.transport,
        )

    def _say(self, said: record.Record, channels: frozenset[Channel] = frozenset()) -> None:
        """Put a record where it happened; a depth stream that is lost or new needs a new full book."""
        self.queue.put(self.clock.now_ns(), record.encode(said))
        now_ns = self.clock.monotonic_ns()
        match said:
            case record.Disconnected() if Channel.DEPTH in channels:
                for symbol in said.symbols:
                    self._snapshots.interrupted(symbol)
            case record.Connected(overlap=False) if Channel.DEPTH in channels:
                for symbol in said.symbols:
                    self._snapshots.want(symbol, now_ns)
            case record.Silent() if self.venue.channel_of(said.stream) is Channel.DEPTH:
                self._snapshots.interrupted(said.symbol)
                self._snapshots.want(said.symbol, now_ns)

    def _received(self, stream: str, received_ns: int, frame: bytes) -> None:
        self.received_frames += 1
        self.received_bytes += len(frame)
        if not stream:
            self.queue.put(received_ns, record.foreign(frame))
            return
        known = self._streams.get(stream)
        if known is None:
            known = self._streams[stream] = self.venue.channel_of(stream), self.venue.symbol_of(stream)
        channel, symbol = known
        self.last_data_ns[stream] = received_ns
        self.queue.offer(received_ns, record.foreign(frame), channel, symbol)
        if channel is Channel.DEPTH:
            self._snapshots.seen(symbol)

    def _acknowledged(self, stream: str) -> None:
        if self.venue.channel_of(stream) is Channel.DEPTH:
            self._snapshots.acknowledged(self.venue.symbol_of(stream), self.clock.monotonic_ns())

    async def _define(self, rest: Rest) -> None:
        """Write the steps of the instruments; tries until the venue answers. Raises VenueError for unlisted ones."""
        backoff = Backoff(self.random)
        while True:
            try:
                bodies = [await rest.get(request) for request in self.venue.metadata_requests(self.symbols)]
                break
            except UnavailableError as error:
                wait_s = backoff.failed()
                self._explain(str(error))
                log.warning("%s; retrying in %.1f s", error, wait_s)
                await asyncio.sleep(wait_s)
        for defined in self.venue.read_metadata(bodies, self.symbols):
            self._say(defined)

    def _explain(self, reason: str) -> None:
        """Why sockets are not open yet, for the status."""
        for keeper in self.keepers:
            if keeper.generation == 0:
                keeper.reason = reason

    async def _refresh(self, rest: Rest) -> None:
        """Write the steps anew every hour: they may change, and old journal rows are pruned."""
        while True:
            await asyncio.sleep(METADATA_EVERY_S)
            try:
                await self._define(rest)
            except VenueError as error:
                log.error("%s", error)

    async def _fetch_snapshots(self, rest: Rest, group: asyncio.TaskGroup) -> None:
        while True:
            now_ns = self.clock.monotonic_ns()
            for symbol in self.wanted():
                if symbol in self.symbols:
                    self._snapshots.want(symbol, now_ns)
            for symbol in self._snapshots.due(now_ns):
                group.create_task(self._fetch(rest, symbol))
            await asyncio.sleep(TEND_S)

    async def _fetch(self, rest: Rest, symbol: str) -> None:
        """Ask for one full book and put it where it arrived; a failure is another wish."""
        try:
            request = self.venue.snapshot_request(symbol)
            assert request is not None
            body = await rest.get(request)
            said = record.Snapshot(symbol, msgspec.json.decode(body, type=msgspec.Raw))
        except (BarographError, msgspec.MsgspecError) as error:
            log.warning("no snapshot of %s: %s", symbol, error)
            self._snapshots.want(symbol, self.clock.monotonic_ns())
            return
        self._say(said)

    async def _report(self) -> None:
        while True:
            self.report(self)
            await asyncio.sleep(REPORT_EVERY_S)
