"""A small exchange on this machine whose every acceptance is on record: independent of the executor, with faults.

Orders at PRICE_FILLS fill at once, others rest. As on many exchanges an id is unique among open orders only, so an
order that is sent twice is taken twice, and a list of trades names orders by the exchange's number only. A thread of
its own; `taken` and `open` may be read from any thread.
"""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.server import ServerConnection, serve

PRICE_FILLS = 200.0
Fault = Callable[[str, int], str]  # verb and its number: what goes wrong
HUNG_S = 30.0


@dataclass
class StubOrder:
    """One order the exchange took."""

    client_order_id: str
    instrument: str
    side: int
    size: float
    state: str
    number: int
    taken_s: float  # time.monotonic()
    filled: float = 0.0


@dataclass
class StubExchange:
    """Faults of a request: "drop" (done, the connection cut), "lost" (not done, cut), "hang" (done, never answered),
    "500" (done, answered 500), "no" (not done, answered 500), "slow" (done after `late_s` whatever became of the
    connection, then answered), "refuse", "twice" (events and the answer doubled), "cut" (done, the user stream cut),
    "mute" (done, no event), "late no" (done, and refused after `late_s`), "429" (not done).
    """

    fault: Fault = lambda _verb, _number: ""
    late_s: float = 0.1
    stale_s: float = 0.0
    delay_s: float = 0.0  # of every answer
    stream_delay_s: float = 0.0
    port: int = 0
    stream_port: int = 0
    orders: list[StubOrder] = field(default_factory=list)  # all that were ever taken
    fills: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)  # verbs, in order
    suspended: bool = False
    positions: dict[str, float] = field(default_factory=dict)
    streams: set[ServerConnection] = field(default_factory=set)
    connections: int = 0  # HTTP ones ever opened
    deaf: bool = False  # no new stream is let in
    _counts: dict[str, int] = field(default_factory=dict)
    _ready: threading.Event = field(default_factory=threading.Event)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def __enter__(self) -> "StubExchange":
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True)
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    @property
    def open(self) -> list[str]:
        """Ids of the orders that stand."""
        return [order.client_order_id for order in list(self.orders) if order.state in ("new", "partial")]

    @property
    def taken(self) -> list[str]:
        """Ids of all orders it ever took, one as often as it was taken."""
        return [order.client_order_id for order in list(self.orders)]

    def cut_streams(self) -> None:
        """The user stream breaks, of everybody."""
        self._loop.call_soon_threadsafe(lambda: [socket.transport.abort() for socket in self.streams])

    def fill(self, client_order_id: str, size: float) -> None:
        """Somebody trades with an order that rests."""
        self._loop.call_soon_threadsafe(lambda: self._fill(self._standing(client_order_id), size))  # type: ignore[arg-type]

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        async with serve(self._stream, "127.0.0.1", self.stream_port) as stream:
            self.port = server.sockets[0].getsockname()[1]
            self.stream_port = next(iter(stream.sockets)).getsockname()[1]
            self._ready.set()
            await self._stop.wait()
            server.close()
            for writer in self._writers:
                writer.transport.abort()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lines = head.decode().split("\r\n")
                length = next(int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length"))
                asked = json.loads(await reader.readexactly(length))
                answer = asyncio.create_task(self._handle(asked))
                status, body = await asyncio.shield(answer)
                if status == 0:
                    writer.transport.abort()
                    return
                text = json.dumps(body).encode()
                whole = f"HTTP/1.1 {status} X\r\nContent-Length: {len(text)}\r\n\r\n".encode() + text
                writer.write(whole * (2 if asked["fault"] == "twice" else 1))
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, OSError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _handle(self, asked: dict[str, Any]) -> tuple[int, Any]:
        verb = asked["verb"]
        number = self._counts[verb] = self._counts.get(verb, 0) + 1
        self.asked.append(verb)
        fault = asked["fault"] = self.fault(verb, number)
        if verb != "place" and self._is_stale(asked):
            return 200, {"verdict": "refused", "reason": "the stamp is too old"}
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        if fault in ("lost", "no", "429"):
            return {"lost": (0, None), "no": (500, {}), "429": (429, {})}[fault]
        if fault == "refuse":
            return 200, {"verdict": "refused", "reason": "we do not want it"}
        if fault == "slow":
            await asyncio.sleep(self.late_s)
        done = self._do(verb, asked, fault)
        if fault == "cut":
            for socket in self.streams:
                socket.transport.abort()
        if fault == "hang":
            await asyncio.sleep(HUNG_S)
        if fault == "late no":
            await asyncio.sleep(self.late_s)
            done = {"verdict": "refused", "reason": "it was not for you"}
        return {"drop": (0, None), "hang": (0, None), "500": (500, {})}.get(fault, (200, done))

    def _do(self, verb: str, asked: dict[str, Any], fault: str) -> dict[str, Any]:
        if verb == "place" and self._is_stale(asked):  # as late as can be: in the moment it would be taken
            return {"verdict": "refused", "reason": "the stamp is too old"}
        if verb in ("place", "close"):
            return self._place(asked, fault)
        if verb == "cancel":
            order = self._standing(asked["id"])
            if order is None:
                return {"verdict": "refused", "reason": "no such open order"}
            self._end(order, "cancelled", fault)
            return {"verdict": "done", "updates": [self._told(order)]}
        if verb == "cancel_all":
            for client_order_id in self.open:
                self._end(self._standing(client_order_id), "cancelled", fault)  # type: ignore[arg-type]
            return {"verdict": "done"}
        if verb == "query":
            found = [order for order in self.orders if order.client_order_id == asked["id"]]
            return {"verdict": "done", "updates": [self._told(found[-1])]} if found else {"verdict": "missing"}
        if verb == "open_orders":
            standing = [self._standing(client_order_id) for client_order_id in self.open]
            return {"verdict": "done", "updates": [self._told(order) for order in standing if order]}
        if verb == "account":
            return {"verdict": "done", "positions": self.positions, "cash": 1000.0}
        if verb == "fills":
            since = [fill for fill in self.fills if fill["time"] >= asked["since"] / 1000]
            return {"verdict": "done", "fills": [{**fill, "id": ""} for fill in since]}
        self.suspended = verb == "suspend"
        return {"verdict": "done"}

    def _is_stale(self, asked: dict[str, Any]) -> bool:
        return bool(self.stale_s) and time.time() - asked["stamp"] > (asked["window_s"] or self.stale_s)

    def _place(self, asked: dict[str, Any], fault: str) -> dict[str, Any]:
        if self.suspended:
            return {"verdict": "refused", "reason": "suspended"}
        if self._standing(asked["id"]) is not None:
            return {"verdict": "refused", "reason": "the id is in use"}
        side, size = asked["side"], asked["size"]
        if asked["verb"] == "close":
            held = self.positions.get(asked["instrument"], 0.0)
            side, size = (-1 if held > 0 else 1), abs(held)
        order = StubOrder(asked["id"], asked["instrument"], side, size, "new", len(self.orders) + 1, time.monotonic())
        self.orders.append(order)
        self._say({"update": self._told(order)}, fault)
        if asked["price"] >= PRICE_FILLS or asked["verb"] == "close":
            self._fill(order, size, fault)
        return {"verdict": "done", "updates": [self._told(order)]}

    def _fill(self, order: StubOrder, size: float, fault: str = "") -> None:
        order.filled += size
        order.state = "filled" if order.filled >= order.size else "partial"
        self.positions[order.instrument] = self.positions.get(order.instrument, 0.0) + order.side * size
        fill = {
            "fill_id": str(len(self.fills) + 1),
            "id": order.client_order_id,
            "number": order.number,
            "instrument": order.instrument,
            "side": order.side,
            "size": size,
            "time": time.time(),
        }
        self.fills.append(fill)
        self._say({"fill": fill}, fault)
        self._say({"update": self._told(order)}, fault)

    def _standing(self, client_order_id: str) -> StubOrder | None:
        for order in self.orders:
            if order.client_order_id == client_order_id and order.state in ("new", "partial"):
                return order
        return None

    def _end(self, order: StubOrder, state: str, fault: str) -> None:
        order.state = state
        self._say({"update": self._told(order)}, fault)

    @staticmethod
    def _told(order: StubOrder) -> dict[str, Any]:
        return {
            "id": order.client_order_id,
            "number": order.number,
            "instrument": order.instrument,
            "state": order.state,
            "filled": order.filled,
        }

    def _say(self, message: dict[str, Any], fault: str) -> None:
        if fault == "mute":
            return
        text = json.dumps(message)
        for socket in [*self.streams] * (2 if fault == "twice" else 1):
            self._loop.call_later(self.stream_delay_s, lambda s=socket: asyncio.ensure_future(_sent(s, text)))

    async def _stream(self, socket: ServerConnection) -> None:
        if self.deaf or json.loads(await socket.recv()) != {"login": "secret"}:
            return
        self.streams.add(socket)
        try:
            await socket.send('{"ready": true}')
            await socket.wait_closed()
        finally:
            self.streams.discard(socket)


async def _sent(socket: ServerConnection, text: str) -> None:
    with suppress(Exception):
        await socket.send(text)
