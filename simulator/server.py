"""The simulated exchange on the air: WebSocket streams and REST on one loopback port, paced to wall time.

Messages are made and sent in slices of 5 ms. The WebSocket library does handshakes, control messages and pings; the
market data of a slice are laid out as WebSocket frames by a kernel and written to the transport in one piece, because
sending them one by one through the library would take most of a core at 10 000 messages per second. That is safe
because every write is whole frames.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path

from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as listen
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.protocol import State

from market.beat import Beat, unheard
from simulator import rest
from simulator.exchange import SLICE_NS, Exchange
from simulator.faults import Faults
from simulator.orders.side import OrderSide
from simulator.orders.wire import Counter
from simulator.protocol import Frames
from simulator.session import Session, buffer_for, gather, route
from simulator.tape import EPOCH_NS
from simulator.truth import TruthFile

logger = logging.getLogger("barograph.simulator")

SEND_BUFFER_BYTES = 8 * 1024 * 1024  # unsent, per connection; beyond it a slow consumer is cut off
PING_S = 180.0  # the venue pings every 3 minutes and waits 10 for the pong
PONG_WAIT_S = 600.0
WEIGHT_MOST = 2400  # of REST requests, per minute
LATE_MOST_NS = 2_000_000_000  # when the machine stood still longer than this, the market stood still too
YIELD_NS = 500_000  # at least, so that connections are served when the machine is too slow for the rate
BATCH_NS = 20_000_000  # wall time spent on slices, when late, without letting the connections speak
TRUTH_EVERY_S = 30.0
CLOSE_S = 0.3
ID_EVERY_NS = 100  # update ids grow faster than any market uses them; trade ids by 5 000 a second


def serve(
    *,
    instruments: Sequence[str],
    rate: float,
    seed: int,
    host: str = "127.0.0.1",
    port: int = 0,
    faults: Faults | None = None,
    truth: Path | None = None,
    ready: Callable[[int], None] | None = None,
    stop: threading.Event | None = None,
    beat: Beat = unheard,
    orders: OrderSide | None = None,
) -> None:
    """Run the exchange until `stop` is set; `ready` is told the port once connections are accepted.

    `beat` is called in every round of the market. `rate` is messages per second over all instruments and streams;
    `truth` names the parquet file of the ground truth. With `orders` it takes orders, on a port of their own.
    Raises ValueError for bad instruments or rate and OSError where the port is taken.
    """
    # A venue never uses an id twice: one that opens again begins above all ids that it gave before.
    ids_after = (time.time_ns() - EPOCH_NS) // ID_EVERY_NS
    exchange = Exchange(instruments=instruments, rate=rate, seed=seed, ids_after=ids_after)
    station = Station(exchange, faults or Faults(), truth, beat, orders)
    asyncio.run(station.run(host, port, ready or (lambda _: None), stop or threading.Event()))


class Station:
    """The exchange with its connections."""

    def __init__(
        self,
        exchange: Exchange,
        faults: Faults,
        truth: Path | None,
        beat: Beat = unheard,
        orders: OrderSide | None = None,
    ) -> None:
        self.exchange = exchange
        self._beat = beat
        self.faults = faults
        self.sessions: dict[ServerConnection, Session] = {}
        self.sent = 0  # market data frames, over all connections
        self._buffer = buffer_for(exchange.frames)
        self._epoch_ns = time.time_ns()
        self._orders = orders
        self.counter: Counter | None = None
        if orders:
            self.counter = orders.counter(exchange, epoch_ns=self._epoch_ns)
        self._truth = TruthFile(truth, exchange.listings, self._epoch_ns) if truth else None
        self._stale = {
            symbol: rest.snapshot(exchange, symbol, limit=1000, event_ms=0, time_ms=0) for symbol in exchange.symbols
        }
        self._weights: deque[tuple[float, int]] = deque()

    async def run(self, host: str, port: int, ready: Callable[[int], None], stop: threading.Event) -> None:
        """Accept connections and pace the market until told to stop."""
        closing = await self._orders.open(self.counter, host) if self._orders and self.counter else None
        try:
            await self._market(host, port, ready, stop)
        finally:
            if closing:
                closing()

    async def _market(self, host: str, port: int, ready: Callable[[int], None], stop: threading.Event) -> None:
        async with listen(
            self._connection,
            host,
            port,
            process_request=self._request,
            compression=None,
            ping_interval=PING_S,
            ping_timeout=PONG_WAIT_S,
            close_timeout=CLOSE_S,
            max_size=64 * 1024,
            server_header=None,
        ) as server:
            self._epoch_ns = time.time_ns() - self.exchange.time_ns
            if self._truth:
                self._truth.epoch_ns = self._epoch_ns
            ready(next(iter(server.sockets)).getsockname()[1])
            try:
                await self._pace(stop)
            finally:
                if self._truth:
                    self._truth.close()

    async def _pace(self, stop: threading.Event) -> None:
        started_ns = time.monotonic_ns()
        next_cut = next_truth = time.monotonic()
        while not stop.is_set():
            self._beat("")
            late_ns = time.monotonic_ns() - started_ns - self.exchange.time_ns
            if late_ns > LATE_MOST_NS:
                logger.warning("market stood still: late_ms=%d", late_ns // 1_000_000)
                started_ns += late_ns
                self._epoch_ns += late_ns
            batch_ns = time.monotonic_ns() + BATCH_NS
            while started_ns + self.exchange.time_ns + SLICE_NS <= time.monotonic_ns() < batch_ns:
                self._slice()
            now_s = time.monotonic()
            if self.faults.disconnect_requested or 0.0 < self.faults.disconnect_every_s <= now_s - next_cut:
                self._cut_all()
                next_cut = now_s
            if self._truth and now_s - next_truth >= TRUTH_EVERY_S:
                next_truth = now_s
                await asyncio.to_thread(self._truth.flush)
            ahead_ns = self.exchange.time_ns + SLICE_NS - (time.monotonic_ns() - started_ns)
            await asyncio.sleep(max(YIELD_NS, ahead_ns) / 1e9)

    def _slice(self) -> None:
        until_ns = self.exchange.time_ns + SLICE_NS
        record = self._truth.add if self._truth else None
        for frames in self.exchange.run(
            until_ns, epoch_ns=self._epoch_ns, sent_ns=self._epoch_ns + until_ns, record=record
        ):
            self._send(self.faults.apply(frames, self.exchange.streams, self._listened))
        if self.counter:
            self.counter.front.desk.epoch_ns = self._epoch_ns
            self.counter.advance()

    def _listened(self, stream: int) -> bool:
        return any(session.mask[stream] for session in self.sessions.values())

    def _send(self, frames: Frames) -> None:
        if len(self._buffer) < len(frames.buffer):
            self._buffer = buffer_for(frames)
        for connection, session in tuple(self.sessions.items()):
            length = gather(frames, session.mask, session.combined, self._buffer)
            if not length or connection.state is not State.OPEN:
                continue
            connection.transport.write(self._buffer[:length].tobytes())
            if connection.transport.get_write_buffer_size() > SEND_BUFFER_BYTES:
                logger.warning("slow consumer cut off: remote=%s", connection.remote_address)
                self._cut(connection)

    def _cut(self, connection: ServerConnection) -> None:
        self.sessions.pop(connection, None)
        connection.transport.abort()

    def _cut_all(self) -> None:
        self.faults.disconnect_requested = False
        for connection in tuple(self.sessions):
            self.faults.count("disconnect")
            self._cut(connection)

    async def _connection(self, connection: ServerConnection) -> None:
        request = connection.request
        asked = route(request.path) if request else None
        if asked is None:
            return
        session = self.sessions[connection] = Session(asked, self.exchange.streams)
        try:
            async for message in connection:
                if session.too_fast(time.monotonic()):
                    await connection.close(1008, "Too many requests")
                    return
                await connection.send(session.control(message), text=True)
        except ConnectionClosed:
            pass
        finally:
            self.sessions.pop(connection, None)

    def _request(self, _: ServerConnection, request: Request) -> Response | None:
        """REST on the WebSocket port; None lets the handshake go on."""
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return None if route(request.path) else _response(rest.Answer(404, b"{}"), 0)
        used = self._used_weight()
        if used >= WEIGHT_MOST:
            return _response(rest.Answer(429, rest.error(-1003, "Too many requests.")), used)
        answer = rest.answer(self.exchange, request.path, now_ns=time.time_ns(), epoch_ns=self._epoch_ns)
        if answer.snapshot_of and self.faults.stale_snapshots > 0:
            self.faults.stale_snapshots -= 1
            self.faults.count("stale", answer.snapshot_of)
            answer = answer._replace(body=self._stale[answer.snapshot_of])
        self._weights.append((time.monotonic(), answer.weight))
        return _response(answer, used + answer.weight)

    def _used_weight(self) -> int:
        now_s = time.monotonic()
        while self._weights and now_s - self._weights[0][0] > 60.0:
            self._weights.popleft()
        return sum(weight for _, weight in self._weights)


def _response(answer: rest.Answer, used: int) -> Response:
    status = HTTPStatus(answer.status)
    headers = Headers(
        [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(answer.body))),
            ("Connection", "close"),
            ("X-MBX-USED-WEIGHT-1M", str(used)),
        ]
    )
    if status is HTTPStatus.TOO_MANY_REQUESTS:
        headers["Retry-After"] = "10"
    return Response(status.value, status.phrase, headers, answer.body)
