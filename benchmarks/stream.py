"""A thousand clients of the stream, every tenth of them slow: does anybody else lose anything, does memory grow?

One process serves the gateway over a journal that this one writes, ten rows a second with a quote of each of three
instruments; this one also holds all clients, on plain sockets, and checks every message: that it goes on from the one
before, and that it holds every quote of every row between. Slow clients take 2 kB a second of the 9 kB that are there
for them: a third of them asked for replay, for conflation, to be cut off. The ring is cut to ten seconds of rows, so
that they do fall behind it. Latency is from the append until the client has the message, the client's own work
included.

    python benchmarks/stream.py [clients [seconds]]
"""

import asyncio
import base64
import os
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from gateway import limits
from gateway.serve import serve
from market.broadcast import broadcast_path, encode
from market.clock import SystemClock
from sinks.broadcast import BroadcastSink

ROOT = Path(__file__).parents[1]
ROWS_PER_S, INSTRUMENTS = 10, 3
RING_S = 10
SLOW_BYTES, SLOW_EVERY_S = 512, 0.25
SLOW_EVERY = 10  # client in so many
POLICIES = ("replay", "conflate", "disconnect")
WARM_S = 2.0


class Quote(msgspec.Struct):
    """What is looked at of an event."""

    offset: int
    told_ns: int = 0


class Message(msgspec.Struct):
    """What is looked at of a message."""

    type: str
    sequence: int = 0
    previous: int = 0
    start: int = msgspec.field(default=0, name="from")
    events: list[Quote] = []


class Item(NamedTuple):
    """What the broadcast sink asks of an item."""

    shard: str
    offset: int
    receive_time: int


@dataclass
class Seen:
    """What all clients of one kind saw."""

    messages: int = 0
    rows: int = 0
    broken: int = 0  # messages that do not go on from the one before, or lack a quote
    conflated: int = 0
    lost: int = 0  # connections that ended
    latencies_ns: list[int] = field(default_factory=list)


class Listener(asyncio.Protocol):
    """One client: the handshake, frames, pongs, and the check of every message."""

    def __init__(self, seen: Seen, slow: str = "") -> None:
        self.seen, self._slow, self._buffer, self._open = seen, slow, bytearray(), False
        self.last: int | None = None
        self._closed = False
        self._transport: asyncio.Transport
        self._decoder = msgspec.json.Decoder(Message)

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        if self._slow:
            transport.max_size = SLOW_BYTES  # bytes that asyncio reads at once

    def data_received(self, data: bytes) -> None:
        if self._slow:
            self._transport.pause_reading()
            asyncio.get_running_loop().call_later(SLOW_EVERY_S, self._resume)
        self._buffer += data
        if not self._open:
            _, found, rest = bytes(self._buffer).partition(b"\r\n\r\n")
            if not found:
                return
            self._open, self._buffer = True, bytearray(rest)
            self._write(1, msgspec.json.encode({"op": "subscribe", "kinds": ["quote"], "slow": self._slow or "replay"}))
        while (frame := self._frame()) is not None:
            self._take(*frame)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 the protocol's signature
        self.seen.lost += not self._closed

    def close(self) -> None:
        self._closed = True
        self._transport.abort()

    def _resume(self) -> None:
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def _frame(self) -> tuple[int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        length, start = buffer[1], 2
        if length == 126:
            length, start = int.from_bytes(buffer[2:4], "big"), 4
        elif length == 127:
            length, start = int.from_bytes(buffer[2:10], "big"), 10
        if len(buffer) < start + length:
            return None
        opcode, payload = buffer[0] & 15, bytes(buffer[start : start + length])
        del buffer[: start + length]
        return opcode, payload

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == 9:
            self._write(10, payload)
        if opcode != 1:
            return
        message = self._decoder.decode(payload)
        if message.type == "subscribed":
            self.last = message.start
        elif message.type == "conflated":
            self.seen.conflated += 1
        elif message.type == "snapshot":
            self.last = message.sequence
        elif message.type == "events":
            self._check(message)

    def _check(self, message: Message) -> None:
        expected = Counter(dict.fromkeys(range(message.previous + 1, message.sequence + 1), INSTRUMENTS))
        whole = Counter(quote.offset for quote in message.events) == expected
        self.seen.messages += 1
        self.seen.rows += message.sequence - message.previous
        self.seen.broken += message.previous != self.last or not whole
        self.seen.latencies_ns.append(time.time_ns() - message.events[-1].told_ns)
        self.last = message.sequence

    def _write(self, opcode: int, payload: bytes) -> None:
        """A masked frame of a client; the mask is zero."""
        head = bytes([0x80 | opcode, 0x80 | len(payload)]) if len(payload) < 126 else (
            bytes([0x80 | opcode, 0x80 | 126]) + len(payload).to_bytes(2, "big")
        )  # fmt: skip
        self._transport.write(head + bytes(4) + payload)


@dataclass(frozen=True)
class Outcome:
    """What came of a run."""

    told: int
    fast: Seen
    slow: dict[str, Seen]
    missing: int  # rows that fast clients still lacked when all was told
    rss_bytes: list[int]  # of the gateway: with all clients, then every second
    cpu_s: float


class Server:
    """The gateway in a process of its own."""

    def __init__(self, data: Path, ring_rows: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__)), "serve", str(data), str(ring_rows)], cwd=ROOT, stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def rss_bytes(self) -> int:
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * resource.getpagesize()

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


def teller(data: Path) -> Any:
    """The sink of a flow, and a way to append a row."""

    def frames(item: Item) -> list[bytes]:
        columns = {"venue": "v", "receive_time": item.receive_time, "shard": item.shard, "offset": item.offset,
                   "frame": 0, "told_ns": item.receive_time}  # fmt: skip
        prices = {"bid_price": 64_000.5, "bid_size": 1.25, "ask_price": 64_000.6, "ask_size": 0.75, "valid": True}
        return [encode("quote", {**columns, **prices, "instrument": f"I{n}"}) for n in range(INSTRUMENTS)]

    return BroadcastSink(broadcast_path(data), frames=frames, clock=SystemClock()).build("", 0, 1)


async def run(
    data: Path, *, clients: int, seconds: float, rows_per_s: float = ROWS_PER_S, ring_s: float = RING_S
) -> Outcome:
    """Serve, listen, tell; `data` is a new folder."""
    with closing(teller(data)) as part:
        part.write_batch([("v/0", Item("v/0", 1, time.time_ns()))])
        server = Server(data, int(ring_s * rows_per_s))
        try:
            return await _measured(server, part, clients, seconds, rows_per_s)
        finally:
            server.close()


async def _measured(server: Server, part: Any, clients: int, seconds: float, rows_per_s: float) -> Outcome:
    fast, slow = Seen(), {policy: Seen() for policy in POLICIES}
    listeners = await _connected(server.port, clients, fast, slow)
    await asyncio.sleep(WARM_S)
    rss, cpu_s, told = [server.rss_bytes()], server.cpu_s(), int(seconds * rows_per_s)
    stop = threading.Event()

    def tell() -> None:
        begun = time.monotonic()
        for number in range(told):
            part.write_batch([("v/0", Item("v/0", 2 + number, time.time_ns()))])
            stop.wait(max(0.0, begun + (number + 1) / rows_per_s - time.monotonic()))

    telling = asyncio.create_task(asyncio.to_thread(tell))
    while not telling.done():
        await asyncio.sleep(1.0)
        rss.append(server.rss_bytes())
    ours = [listener for listener in listeners if listener.seen is fast]
    deadline = time.monotonic() + 30
    while any(listener.last != told + 1 for listener in ours) and time.monotonic() < deadline:
        await asyncio.sleep(0.1)
    missing = sum(told + 1 - (listener.last or 0) for listener in ours)
    outcome = Outcome(told, fast, slow, missing, rss, server.cpu_s() - cpu_s)
    for listener in listeners:
        listener.close()
    return outcome


async def _connected(port: int, clients: int, fast: Seen, slow: dict[str, Seen]) -> list[Listener]:
    loop, listeners = asyncio.get_running_loop(), []
    for number in range(clients):
        policy = POLICIES[number // SLOW_EVERY % len(POLICIES)] if number % SLOW_EVERY == 0 else ""
        held = socket.socket()
        if policy:
            held.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        held.setblocking(False)
        await loop.sock_connect(held, ("127.0.0.1", port))
        _, listener = await loop.create_connection(
            lambda policy=policy: Listener(slow[policy] if policy else fast, policy),
            sock=held,  # type: ignore[misc]
        )
        listeners.append(listener)
    while any(listener.last is None for listener in listeners):
        await asyncio.sleep(0.05)
    return listeners


def serve_alone(data: Path, ring_rows: int) -> None:
    """The gateway alone, with a short ring; prints its port."""
    limits.RING_ROWS = ring_rows
    serve("http://127.0.0.1:9/none", "127.0.0.1", 0, data=data, stop=threading.Event(),
          ready=lambda port: print(port, flush=True))  # fmt: skip


def told(outcome: Outcome) -> str:
    """The figures as lines."""
    fast, latencies = outcome.fast, sorted(outcome.fast.latencies_ns)
    at = {share: latencies[int(share * (len(latencies) - 1))] / 1e6 for share in (0.5, 0.99)}
    lines = [
        f"{outcome.told} rows told; fast clients got {fast.messages:,} messages with {fast.rows:,} rows,"
        f" {fast.broken} of them broken, {outcome.missing} rows missing, {fast.lost} connections lost",
        f"latency p50 {at[0.5]:.0f} ms, p99 {at[0.99]:.0f} ms; gateway: {outcome.cpu_s:.1f} s of CPU,"
        f" {1e6 * outcome.cpu_s / max(1, fast.messages):.0f} us per message",
        f"memory of the gateway {outcome.rss_bytes[0] / 1e6:.0f} MB with all clients,"
        f" {max(outcome.rss_bytes) / 1e6:.0f} MB at most, {outcome.rss_bytes[-1] / 1e6:.0f} MB at the end:"
        f" x{outcome.rss_bytes[-1] / outcome.rss_bytes[0]:.2f}",
    ]
    lines += [
        f"slow, {policy}: {seen.messages:,} messages with {seen.rows:,} rows, {seen.broken} broken,"
        f" {seen.conflated} times conflated, {seen.lost} cut off"
        for policy, seen in outcome.slow.items()
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve_alone(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            print(told(asyncio.run(run(
                Path(folder), clients=int((sys.argv[1:] or ["1000"])[0]), seconds=float((sys.argv[2:] or ["60"])[0])
            ))))  # fmt: skip
