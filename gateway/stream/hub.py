"""Who listens: all clients of the stream, woken when there is something for them.

A client is woken at once where few listen; where many do, not more often than every PACE_NS for each of them, so that
a loop that serves a thousand has time for other things. What comes meanwhile goes into the same message.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

from gateway.caller import ENVIRONMENT, Caller
from gateway.keys.buckets import Buckets
from gateway.limits import RESUBSCRIBES_PER_S, STREAMS, STREAMS_PER_KEY
from gateway.stream.messages import GONE, NO_KEY, TOO_MANY, RefusedError
from gateway.stream.numbers import StreamNumbers
from gateway.stream.ring import Latest, Ring, Row
from gateway.stream.tail import Replays, Tail
from market.broadcast import Filter
from market.clock import SECOND_NS, Clock
from market.metrics import Metrics
from sources.broadcast import Span

PACE_NS = 100_000  # for each client: a thousand are woken ten times a second
TICK_S = 0.5

log = logging.getLogger("barograph.gateway")


Holds = Callable[[Caller], bool]  # whether a key is still good; False where nobody knows


class Listener(Protocol):
    """What the hub knows of a client."""

    caller: Caller
    wanted: Filter | None  # None before it has subscribed

    def wake(self) -> None:
        """Look whether there is something to do."""

    def fail(self, refused: RefusedError) -> None:
        """End, with a word if the client takes it."""

    def look_after(self, now_ns: int) -> None:
        """Twice a second: heartbeats and patience."""


class Hub:
    """The ring, and everybody who reads it. All of it runs in one event loop, but `holds`, which a thread asks."""

    def __init__(
        self,
        data: Path,
        clock: Clock,
        *,
        ring: Ring | None = None,
        holds: Holds = lambda _: True,
        metrics: Metrics | None = None,
    ) -> None:
        self.numbers = StreamNumbers(metrics)
        self.ring, self.latest, self.clock = ring or Ring(), Latest(), clock
        self.stream = ""  # its id; empty while there is no journal
        self.ready = asyncio.Event()  # set when the journal was looked at
        self.replays = Replays(data)
        self._tail = Tail(data, self.take)
        self._holds = holds
        self._resubscribed = Buckets(clock)
        self._clients: dict[Listener, None] = {}
        self._woken_ns = 0
        self._due: asyncio.TimerHandle | None = None
        self._fresh: list[Row] = []  # for which nobody was woken yet
        self._ticking: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._clients)

    def start(self) -> None:
        """Begin to read, in the loop that runs."""
        self._tail.start(asyncio.get_running_loop())
        self._ticking = asyncio.create_task(self._tick())

    async def stop(self) -> None:
        """End."""
        if self._ticking is not None:
            self._ticking.cancel()
        await asyncio.to_thread(self._tail.stop)
        await asyncio.to_thread(self.replays.close)

    def join(self, client: Listener) -> None:
        """One more; raises RefusedError where there are too many."""
        key = client.caller.key
        if len(self._clients) >= STREAMS:
            raise RefusedError(TOO_MANY, "too_many", f"{STREAMS} streams are open; close one, or try again later")
        if _named(client.caller) and sum(other.caller.key == key for other in self._clients) >= STREAMS_PER_KEY:
            raise RefusedError(TOO_MANY, "too_many", f"{STREAMS_PER_KEY} streams are open with this key; close one")
        self._clients[client] = None
        self.numbers.clients.set(len(self._clients))

    def may_resubscribe(self, caller: Caller) -> bool:
        """Whether a key may ask for something else now: its streams look through the ring anew for it."""
        return not _named(caller) or not self._resubscribed.take(caller.key, RESUBSCRIBES_PER_S).wait_s

    def leave(self, client: Listener) -> None:
        """One less."""
        self._clients.pop(client, None)
        self.numbers.clients.set(len(self._clients))

    def take(self, span: Span, rows: Sequence[Row]) -> None:
        """Newer rows, or another beginning."""
        if span.oldest:
            self._begin(span)
        self.stream = span.stream
        for row in rows:
            self.ring.append(row)
            self.latest.take(row)
        self._fresh += rows
        self.ready.set()
        self._wake_soon()

    def _begin(self, span: Span) -> None:
        """Rows are missing before these. Of another journal, nobody can go on; of this one, the others are there."""
        self.ring.begin(span.oldest - 1)
        self._fresh.clear()
        if self.stream not in ("", span.stream):
            self.latest = Latest()
            self._fail_all(self._clients, RefusedError(GONE, "gone", "the stream was begun anew; subscribe again"))

    def _wake_soon(self) -> None:
        if self._due is not None or not self._fresh:
            return
        wait_ns = self._woken_ns + PACE_NS * len(self._clients) - self.clock.monotonic_ns()
        if wait_ns <= 0:
            self._wake()
        else:
            self._due = asyncio.get_running_loop().call_later(wait_ns / SECOND_NS, self._wake)

    def _wake(self) -> None:
        """Wake those who want something of what came."""
        rows, self._fresh, self._due = self._fresh, [], None
        self._woken_ns = self.clock.monotonic_ns()
        asked: dict[Filter, bool] = {}
        for client in self._clients:
            wanted = client.wanted
            if wanted is not None and wanted not in asked:
                asked[wanted] = any(wanted.takes(event) for row in rows for event in row.events)
            if wanted is not None and asked[wanted]:
                client.wake()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            try:
                now_ns = self.clock.monotonic_ns()
                for client in list(self._clients):
                    client.look_after(now_ns)
                await self._check_keys()
            except Exception:
                log.exception("looking after the streams failed")

    async def _check_keys(self) -> None:
        """End the streams of keys that were revoked or have expired."""
        callers = list({client.caller.key: client.caller for client in self._clients}.values())
        gone = await asyncio.to_thread(lambda: [caller.key for caller in callers if not self._holds(caller)])
        if gone:
            ended = [client for client in self._clients if client.caller.key in gone]
            self._fail_all(ended, RefusedError(NO_KEY, "no_key", "the key was revoked or has expired"))

    def _fail_all(self, clients: Iterable[Listener], refused: RefusedError) -> None:
        for client in list(clients):
            client.fail(refused)


def _named(caller: Caller) -> bool:
    """Whether a key of the store was shown: the operator's own, and a gateway without keys, have no bounds of a key."""
    return caller.key not in ("", ENVIRONMENT.key)
