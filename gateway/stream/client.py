"""One client of the stream: what it asked for, how far it is, and one task that sends.

A second task reads what the client asks and leaves it for the first, one at a time: while it lies there, the socket is
not read, so a client that asks faster than it is answered has to wait.
"""

import asyncio
import logging
from typing import NamedTuple

from starlette.websockets import WebSocket, WebSocketDisconnect

from gateway.caller import Caller, may_see_account
from gateway.limits import CONFLATE_AFTER_S, REQUESTS_PER_S, RESUBSCRIBES_PER_S, STALLED_S, SUBSCRIBE_WITHIN_S
from gateway.stream import messages
from gateway.stream.hub import Hub
from gateway.stream.messages import BAD_REQUEST, GONE, LATER, SCOPE, TOO_MANY, TOO_SLOW, Ping, RefusedError, Subscribe
from gateway.stream.ring import message
from market.broadcast import ACCOUNT, KINDS, Filter, GoneError
from market.clock import SECOND_NS
from market.errors import JournalError

HEARTBEAT_NS = SECOND_NS
CLOSE_S = 2.0
WENT = 1000  # the client has closed by itself
READY_S = 5.0  # how long a client waits until the gateway has looked at the journal
REASON_CHARACTERS = 100  # of ASCII; a close frame has room for 123 bytes

log = logging.getLogger("barograph.gateway")


class Place(NamedTuple):
    """Where a subscription is."""

    previous: int  # sequence of the last message of events
    cursor: int  # nothing up to here is to be sent any more


class Client:
    """A socket that was accepted; `run` returns when it is closed."""

    def __init__(self, socket: WebSocket, hub: Hub, caller: Caller) -> None:
        self.caller = caller
        self.wanted: Filter | None = None
        self._socket, self._hub, self._clock = socket, hub, hub.clock
        self._asked = Subscribe()
        self._place = Place(0, 0)
        self._catching_up = False  # on the way from where it asked to begin, which nobody may shorten
        self._request: Subscribe | Ping | None = None
        self._taken, self._woken = asyncio.Event(), asyncio.Event()
        self._refused: RefusedError | None = None
        self._began_ns = self._spoke_ns = self._window_ns = self._clock.monotonic_ns()
        self._sending_ns: int | None = None  # since when a message is not taken
        self._requests = 0
        self._task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Serve the client until it goes, or is refused."""
        self._task = asyncio.current_task()
        reading = asyncio.create_task(self._read())
        try:
            self._hub.join(self)
            await self._greet()
            await self._write()
        except RefusedError as refused:
            await self._close(refused)
        except (WebSocketDisconnect, OSError):
            pass
        except asyncio.CancelledError:
            if self._refused is None:
                raise
            if self._refused.close != WENT:
                self._hub.numbers.closed(self._refused.code)
        finally:
            self._hub.leave(self)
            reading.cancel()

    def wake(self) -> None:
        """There is something new, or to be done."""
        self._woken.set()

    def fail(self, refused: RefusedError) -> None:
        """End. A client that takes nothing is not told."""
        if self._refused is None:
            self._refused = refused
            self.wake()
            if self._sending_ns is not None and self._task is not None:
                self._task.cancel()

    def look_after(self, now_ns: int) -> None:
        """Twice a second."""
        if self.wanted is None and now_ns - self._began_ns > SUBSCRIBE_WITHIN_S * SECOND_NS:
            self.fail(RefusedError(BAD_REQUEST, "bad_request", f"nothing was subscribed in {SUBSCRIBE_WITHIN_S:g} s"))
        if self._sending_ns is not None:
            behind = self._asked.slow == "disconnect" and not self._hub.ring.reaches(self._place.cursor)
            if behind or now_ns - self._sending_ns > STALLED_S * SECOND_NS:
                self.fail(self._too_slow())
        elif now_ns - self._spoke_ns >= HEARTBEAT_NS:
            self.wake()

    async def _greet(self) -> None:
        hub = self._hub
        try:
            async with asyncio.timeout(READY_S):
                await hub.ready.wait()
            oldest = await hub.replays.oldest()
        except (TimeoutError, JournalError):
            raise RefusedError(LATER, "not_ready", "the broadcast cannot be read now; try again later") from None
        await self._send(messages.hello(hub.stream, hub.ring.newest, oldest))

    async def _read(self) -> None:
        """What the client asks, one after the other."""
        try:
            while True:
                text = await self._socket.receive()
                if text["type"] == "websocket.disconnect":
                    raise WebSocketDisconnect
                self._count()
                self._request = messages.decoded(text.get("text") or text.get("bytes") or b"")
                self._taken.clear()
                self.wake()
                await self._taken.wait()
        except RefusedError as refused:
            self.fail(refused)
        except (WebSocketDisconnect, OSError):
            if self._task is not None:
                self._refused = self._refused or RefusedError(WENT, "gone", "the client went")
                self._task.cancel()

    def _count(self) -> None:
        now_ns = self._clock.monotonic_ns()
        if now_ns - self._window_ns > SECOND_NS:
            self._requests, self._window_ns = 0, now_ns
        self._requests += 1
        if self._requests > REQUESTS_PER_S:
            raise RefusedError(TOO_MANY, "too_many", f"a client may ask {REQUESTS_PER_S} times a second")

    async def _write(self) -> None:
        """Send what there is, until there is nothing; wait; and so on."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            behind_since_ns = self._clock.monotonic_ns()
            while await self._turn(behind_since_ns):
                pass

    async def _turn(self, behind_since_ns: int) -> bool:
        """One thing to do; False where there was none."""
        if self._refused is not None:
            raise self._refused
        if self._request is not None:
            request, self._request = self._request, None
            self._taken.set()
            await (self._send(messages.pong()) if isinstance(request, Ping) else self._subscribe(request))
            return True
        if self.wanted is None:
            return False
        ring, place, now_ns = self._hub.ring, self._place, self._clock.monotonic_ns()
        if not ring.reaches(place.cursor):
            return await self._fall_back(self.wanted)
        self._catching_up = False
        batch = ring.next(self.wanted, place.previous, place.cursor)
        if not batch.text:
            self._place = Place(place.previous, batch.last)
            if batch.last < ring.newest:
                await asyncio.sleep(0)  # who looks for what is seldom leaves the others their turn
                return True
            if now_ns - self._spoke_ns >= HEARTBEAT_NS:
                await self._send(messages.heartbeat(ring.newest, ring.receive_time))
            return False
        if self._asked.slow == "conflate" and now_ns - behind_since_ns > CONFLATE_AFTER_S * SECOND_NS:
            return await self._conflate(self.wanted)
        await self._send(batch.text)
        self._place = Place(batch.last, batch.last)
        return True

    async def _subscribe(self, asked: Subscribe) -> None:
        hub = self._hub
        if self.wanted is not None and not hub.may_resubscribe(self.caller):
            raise RefusedError(TOO_MANY, "too_many", f"a key may subscribe anew {RESUBSCRIBES_PER_S} times a second")
        kinds = frozenset(asked.kinds) or frozenset(KINDS)
        if not may_see_account(self.caller):
            if asked.kinds and kinds & frozenset(ACCOUNT):
                raise RefusedError(SCOPE, "scope", f"this key may not see {', '.join(ACCOUNT)}")
            kinds -= frozenset(ACCOUNT)
        if asked.stream and asked.stream != hub.stream:
            raise RefusedError(GONE, "gone", f"{asked.stream} is another stream; this is {hub.stream}")
        start = hub.ring.newest if asked.start is None else asked.start
        if start > hub.ring.newest:
            raise RefusedError(GONE, "gone", f"{start} was not given yet; the newest is {hub.ring.newest}")
        self._asked, self._place, self._catching_up = asked, Place(start, start), asked.start is not None
        wanted = Filter(kinds, frozenset(asked.venues), frozenset(asked.instruments), frozenset(asked.timeframes))
        latest = hub.latest.messages(wanted, start) if asked.snapshot and asked.start is None else ()
        await self._send(messages.subscribed(start))
        for text in latest:
            await self._send(text)
        self.wanted = wanted

    async def _fall_back(self, wanted: Filter) -> bool:
        """The ring has gone on without this client."""
        if not self._catching_up and self._asked.slow == "disconnect":
            raise self._too_slow()
        if not self._catching_up and self._asked.slow == "conflate":
            return await self._conflate(wanted)
        previous, cursor = self._place
        try:
            rows = await self._hub.replays.read(cursor, self._hub.stream)
        except (GoneError, JournalError) as error:
            raise RefusedError(GONE, "gone", str(error)) from None
        if not rows:
            raise RefusedError(GONE, "gone", f"what follows {cursor} cannot be read")
        self._hub.numbers.replayed.add(len(rows))
        batch = message(rows, wanted, previous, cursor)
        del rows  # they may be many, and it may take long until this one message is taken
        if batch.text:
            await self._send(batch.text)
        self._place = Place(batch.last if batch.text else previous, batch.last)
        return True

    async def _conflate(self, wanted: Filter) -> bool:
        """Skip to the newest, and tell of each what it is now."""
        since, to = self._place.cursor, self._hub.ring.newest
        self._hub.numbers.conflated.add(to - since)
        latest = self._hub.latest.messages(wanted, to, since=since)
        self._place = Place(to, to)
        await self._send(messages.conflated(since, to))
        for text in latest:
            await self._send(text)
        return False

    async def _send(self, text: str) -> None:
        self._sending_ns = self._clock.monotonic_ns()
        await self._socket.send_text(text)
        self._hub.numbers.sent.add()
        self._hub.numbers.sent_bytes.add(len(text))
        await asyncio.sleep(0)  # one who takes all at once leaves the others their turn
        self._spoke_ns, self._sending_ns = self._clock.monotonic_ns(), None

    async def _close(self, refused: RefusedError) -> None:
        """Say why, if that is taken within CLOSE_S."""
        self._hub.numbers.closed(refused.code)
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._socket.send_text(messages.failed(refused))
                await self._socket.close(refused.close, refused.detail[:REASON_CHARACTERS])
        except (WebSocketDisconnect, OSError, RuntimeError):
            return

    def _too_slow(self) -> RefusedError:
        return RefusedError(TOO_SLOW, "too_slow", f"too slow; the last sequence was {self._place.previous}")
