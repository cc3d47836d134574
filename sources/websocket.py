"""`Feed`: everything a shard receives from its venue, in a thread that owns its asyncio loop, handed over by a bounded
queue.

In order: the steps of the instruments over REST (no socket opens before they are known, and they are asked for again
every hour), then the sockets, and a full book of each instrument: where it comes over REST, as soon as its depth
messages flow; where it comes in band, by itself; and either way when somebody asks for it (sources/books.py).
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
from market.errors import OddAnswerError, VenueError
from sources.backoff import Backoff
from sources.books import Books
from sources.budget import REFUSED_S, Budget
from sources.control import Wish
from sources.credentials import Credential
from sources.frame_queue import FrameQueue
from sources.keeper import Keeper
from sources.listed import listed
from sources.rest import Get, RefusalError, Rest, UnavailableError
from sources.shared import Shared
from sources.transport import Library, opener
from venues.venue import Channel, Request, Route, Venue

METADATA_EVERY_S = 3600.0
DELISTED = "delisted"  # as the status of an instrument that is listed no more
TEND_S = 0.05  # how often wanted books are looked at
REPORT_EVERY_S = 1.0
ALIVE_EVERY_S = 1.0  # the interval of live insert blocks: a silent venue does not hold back what came before it
STOP_TIMEOUT_S = 1.5

log = logging.getLogger("barograph.capture")


@dataclass
class Feed:
    """The sockets and REST requests of one shard. Raises VenueError for more symbols than the venue allows.

    `wanted()` names the symbols whose full book was asked for since the last call; `report(feed)` is called about
    every second. `shared` has the venue's limits and secrets, and the ways to open a socket; several feeds of one
    venue share it. `get` stands in for HTTP.
    """

    venue: Venue
    symbols: tuple[str, ...]
    clock: Clock
    random: Callable[[], float]
    wanted: Callable[[], Sequence[Wish]] = tuple
    report: Callable[["Feed"], None] = lambda _: None
    transport: Library = "websockets"
    queue: FrameQueue = field(default_factory=FrameQueue)
    shared: Shared | None = None
    credentials: Sequence[Credential] = ()  # to be renewed
    get: Get | None = None
    look_every_s: float = TEND_S
    error: BaseException | None = None  # why the thread ended by itself
    keepers: list[Keeper] = field(init=False)  # one per route
    last_data_ns: dict[str, int] = field(default_factory=dict)  # wall clock, by stream
    received_frames: int = 0
    received_bytes: int = 0
    _streams: dict[str, tuple[Channel, str]] = field(default_factory=dict)
    _defined: dict[str, record.InstrumentDefined] = field(default_factory=dict)  # by symbol, as last told
    _common: Shared = field(init=False)
    _books: Books = field(init=False)
    _loop: asyncio.AbstractEventLoop | None = None
    _task: "asyncio.Task[None] | None" = None

    def __post_init__(self) -> None:
        self._common = self.shared or Shared.of(self.venue, self.clock, self.random, opener(self.transport))
        self._common.hours.are_open(self.clock.now_ns())  # now, because reading a calendar takes its time
        self.keepers = [self._keeper(route) for route in self.venue.routes(self.symbols)]
        self._common.budget.sockets += len(self.keepers)
        self._books = Books(self.venue, self.symbols, self.clock, self.keepers)
        self._thread = threading.Thread(target=self._run, name="sockets", daemon=True)

    @property
    def budget(self) -> Budget:
        """What the venue allows, shared by all its sockets and requests."""
        return self._common.budget

    @property
    def resyncs(self) -> dict[str, int]:
        """Full books asked for since the beginning, by the way they come."""
        return {"rest": self._books.fetched_books, "subscribe": self._books.begun_anew}

    @property
    def newest_data_ns(self) -> int:
        """When the last frame with data came, wall clock; 0 before the first."""
        return max(list(self.last_data_ns.values()), default=0)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Close the sockets; what is in the queue stays."""
        if self._loop is not None and self._task is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(STOP_TIMEOUT_S)

    async def run(self) -> None:
        """What the thread does, until cancelled; whoever has a loop of its own may run it there."""
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        async with self._rest() as rest, asyncio.TaskGroup() as group:
            group.create_task(self._report())
            group.create_task(self._stay_alive())
            for credential in self.credentials:
                group.create_task(credential.keep())
            await self._define(rest)
            for keeper in self.keepers:
                group.create_task(keeper.run())
            group.create_task(self._tend_books(rest, group))
            group.create_task(self._refresh(rest))

    def _run(self) -> None:
        try:
            asyncio.run(self.run())
        except asyncio.CancelledError:
            pass
        except BaseExceptionGroup as group:
            self.error = group.exceptions[0]
        except BaseException as error:  # noqa: BLE001 - handed to the thread that reads the queue
            self.error = error

    def _rest(self) -> Rest:
        common, venue = self._common, self.venue
        return Rest(
            common.budget,
            self.clock,
            headers=lambda: venue.headers(common.secrets()),
            refuses=venue.refuses,
            get=self.get,
        )

    async def _stay_alive(self) -> None:
        """Let recorded time go on while nothing comes."""
        while True:
            before = self.received_frames
            await asyncio.sleep(ALIVE_EVERY_S)
            if self.received_frames == before:
                self._say(record.Alive())

    def _keeper(self, route: Route) -> Keeper:
        carried = {self.venue.symbol_of(stream) for stream in route.streams}
        return Keeper(
            self._common,
            route,
            tuple(symbol for symbol in self.symbols if symbol in carried),
            lambda said: self._say(said, route.channels),
            self._received,
            self._acknowledged,
            lambda: not self.queue.full,
        )

    def _say(self, said: record.Record, channels: frozenset[Channel] = frozenset()) -> None:
        """Put a record where it happened."""
        self.queue.put(self.clock.now_ns(), record.encode(said))
        self._books.said(said, channels)

    def _received(self, streams: tuple[str, ...], received_ns: int, frame: bytes) -> None:
        self.received_frames += 1
        self.received_bytes += len(frame)
        if not streams:
            self.queue.put(received_ns, record.foreign(frame))
            return
        carried = [self._carried(stream, received_ns) for stream in streams]
        self.queue.offer(received_ns, record.foreign(frame), *carried[0], carried[1:])

    def _carried(self, stream: str, received_ns: int) -> tuple[Channel, str]:
        """Channel and symbol of a stream that gave data."""
        known = self._streams.get(stream)
        if known is None:
            known = self._streams[stream] = self.venue.channel_of(stream), self.venue.symbol_of(stream)
        self.last_data_ns[stream] = received_ns
        if known[0] is Channel.DEPTH:
            self._books.seen(known[1])
        return known

    def _acknowledged(self, stream: str) -> None:
        if self.venue.channel_of(stream) is Channel.DEPTH:
            self._books.acknowledged(self.venue.symbol_of(stream))

    async def _define(self, rest: Rest) -> None:
        """Write the steps of the instruments; tries until the venue answers. Raises VenueError for unlisted ones."""
        backoff = Backoff(self.random)
        while True:
            try:
                bodies = [await rest.get(request) for request in self.venue.metadata_requests(self.symbols)]
                found = self._listed(bodies)
                break
            except (UnavailableError, OddAnswerError) as error:
                wait_s = backoff.failed()
                self._explain("waiting", str(error))
                log.warning("%s; retrying in %.1f s", error, wait_s)
                await asyncio.sleep(wait_s)
            except RefusalError as error:
                self._explain("refused", str(error))
                log.error("%s; refused for good: restart with other settings, or wait an hour for a last try", error)
                await asyncio.sleep(REFUSED_S)
        for defined in found:
            self._defined[defined.symbol] = defined
            self._say(defined)

    def _listed(self, bodies: list[bytes]) -> list[record.InstrumentDefined]:
        """What the venue lists of our symbols. One that it does not list any more is delisted; the others go on."""
        if not self._defined:
            return self.venue.read_metadata(bodies, self.symbols)
        found, unlisted = listed(self.venue, bodies, list(self._defined))
        for symbol, error in unlisted.items():
            log.error("%s", error)
            found.append(msgspec.structs.replace(self._defined[symbol], status=DELISTED))
        return found

    def _explain(self, state: str, reason: str) -> None:
        """Why sockets are not open yet, for the status."""
        for keeper in self.keepers:
            if keeper.generation == 0:
                keeper.state, keeper.reason = state, reason

    async def _refresh(self, rest: Rest) -> None:
        """Write the steps anew every hour: they may change, and old journal rows are pruned."""
        while True:
            await asyncio.sleep(METADATA_EVERY_S)
            try:
                await self._define(rest)
            except VenueError as error:
                log.error("%s", error)

    async def _tend_books(self, rest: Rest, group: asyncio.TaskGroup) -> None:
        while True:
            for wish in self.wanted():
                if wish.symbol in self.symbols:
                    self._books.wish(wish)
            for request, symbol in self._books.due():
                group.create_task(self._fetch(rest, request, symbol))
            await asyncio.sleep(self.look_every_s)

    async def _fetch(self, rest: Rest, request: Request, symbol: str) -> None:
        """Ask for one full book and put it where it arrived."""
        said = await self._books.fetched(rest, request, symbol)
        if said is not None:
            self._say(said)

    async def _report(self) -> None:
        while True:
            self.report(self)
            await asyncio.sleep(REPORT_EVERY_S)
