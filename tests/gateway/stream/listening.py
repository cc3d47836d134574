"""A hub over a real journal, and clients whose sockets a test can stop up."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from starlette.websockets import WebSocketDisconnect

from gateway.caller import OPEN, Caller
from gateway.stream.client import Client
from gateway.stream.hub import Hub
from gateway.stream.ring import Ring
from market.broadcast import broadcast_path, encode
from market.clock import SECOND_NS, Clock, SystemClock
from market.metrics import Metrics
from sinks.broadcast import BroadcastPartition, BroadcastSink

WITHIN_S = 60.0
KINDS = ("quote", "signal")


class Item(NamedTuple):
    """What the sink asks of an item."""

    shard: str
    offset: int
    receive_time: int


def told(item: Item, instruments: int = 2) -> list[bytes]:
    """A quote of each instrument, a signal in every fifth row, and an order of the account in every tenth."""
    place = {"shard": item.shard, "offset": item.offset, "frame": 0, "receive_time": item.receive_time, "venue": "v"}
    frames = [encode("quote", {**place, "instrument": f"I{n}", "bid_price": item.offset}) for n in range(instruments)]
    if item.offset % 5 == 0:
        frames.append(encode("signal", {**place, "instrument": "I0", "timeframe": "short"}))
    if item.offset % 10 == 0:
        frames.append(encode("order", {**place, "instrument": "I0"}))
    return frames


@contextmanager
def teller(data: Path) -> Iterator[BroadcastPartition]:
    """The sink of a flow."""
    sink = BroadcastSink(broadcast_path(data), frames=told, clock=SystemClock())
    with closing(sink.build("", 0, 1)) as part:
        yield part


def tell(part: BroadcastPartition, first: int, last: int) -> None:
    """Rows of these offsets, both included; in a new journal their offsets are the sequence."""
    part.write_batch([("v/0", Item("v/0", offset, offset * SECOND_NS)) for offset in range(first, last + 1)])


class Socket:
    """What a client holds of Starlette's. While `open` is cleared, nothing that is sent is taken."""

    def __init__(self) -> None:
        self.asked: asyncio.Queue[dict[str, Any]] = asyncio.Queue(64)
        self.sent: list[dict[str, Any]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.closed: tuple[int, str] | None = None

    async def receive(self) -> dict[str, Any]:
        return await self.asked.get()

    async def send_text(self, text: str) -> None:
        if self.closed:
            raise WebSocketDisconnect
        await self.open.wait()
        self.sent.append(json.loads(text))

    async def close(self, code: int, reason: str) -> None:
        self.closed = (code, reason)

    def ask(self, **message: Any) -> None:
        self.asked.put_nowait({"type": "websocket.receive", "text": json.dumps({"op": "subscribe", **message})})

    def go(self) -> None:
        self.asked.put_nowait({"type": "websocket.disconnect"})

    def events(self) -> list[dict[str, Any]]:
        return [event for message in self.sent if message["type"] == "events" for event in message["events"]]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.sent if message["type"] == kind]

    async def has(self, kind: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait for messages of a type."""
        await until(lambda: len(self.of(kind)) >= count)
        return self.of(kind)

    async def reached(self, sequence: int) -> None:
        """Wait for events up to a sequence, each message going on from the one before."""
        await until(lambda: any(message["sequence"] >= sequence for message in self.of("events")))


async def until(condition: Any) -> None:
    """Poll; fails after WITHIN_S."""
    async with asyncio.timeout(WITHIN_S):
        while not condition():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def hub(
    data: Path, *, rows: int = 1_000, clock: Clock | None = None, metrics: Metrics | None = None
) -> AsyncIterator[Hub]:
    """A hub that has looked at the journal."""
    made = Hub(data, clock or SystemClock(), ring=Ring(rows=rows), metrics=metrics)
    made.start()
    try:
        await made.ready.wait()
        yield made
    finally:
        await made.stop()


@asynccontextmanager
async def client(listened: Hub, caller: Caller = OPEN, **asked: Any) -> AsyncIterator[Socket]:
    """A client; with words, it has subscribed by them."""
    socket = Socket()
    task = asyncio.create_task(Client(socket, listened, caller).run())  # type: ignore[arg-type]
    try:
        if asked:
            socket.ask(**asked)
            await until(lambda: socket.of("subscribed") or socket.closed)
        yield socket
        socket.open.set()
        socket.go()
        await asyncio.wait_for(task, WITHIN_S)
    finally:
        task.cancel()


def unbroken(socket: Socket) -> list[int]:
    """Sequences of the messages of events; fails where one does not go on from the one before."""
    last = socket.of("subscribed")[0]["from"]
    found = []
    for message in socket.of("events"):
        assert message["previous"] == last
        last = message["sequence"]
        found.append(last)
    return found
