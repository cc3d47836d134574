"""What receiving costs: CPU per message and latency of the capture path, from the socket to the queue, by transport.

What the numbers stand for: CPU time of the sockets' thread per message, and the time from the sender's write to our
receive stamp, over loopback, with real USD-M frames. Everything between is ours as it runs: connection, ledger,
watchdog, bounded queue. Where each message is a write of its own, the price is mostly that of waking up; ten in a write
and the flood show the price of a message. Ratios are against the first transport.

    BAROGRAPH_CAPTURES=folder python benchmarks/transport.py [seconds per measurement]
"""

import asyncio
import gzip
import itertools
import json
import os
import random
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection
from websockets.sync.server import serve as listen

import venues
from market import record
from market.clock import SystemClock
from sources.connection import Connection
from sources.frame_queue import FrameQueue
from sources.quarantine import Quarantine
from sources.shared import Shared
from sources.transport import Library, opener
from sources.watchdog import Watchdog
from venues.venue import Channel

CAPTURE = "01_ws_binance_hftbacktest/usdm/btcusdt_20230405.dat.gz"
TRANSPORTS: tuple[Library, ...] = ("websockets", "picows")
LOADS = ((1_000, 1), (10_000, 1), (10_000, 10), (0, 64))  # messages/s, 0: as fast as they are taken; messages per write
MOST_FRAMES = 20_000
WARM_UP_S = 1.0
ROUNDS = 3
STAMP = b',"sent":%019d}'


def real_frames() -> list[bytes]:
    captures = os.environ.get("BAROGRAPH_CAPTURES")
    if not captures:
        sys.exit("BAROGRAPH_CAPTURES names no folder of captures")
    with gzip.open(Path(captures) / CAPTURE) as lines:
        frames = [line.partition(b" ")[2].rstrip() for line in itertools.islice(lines, MOST_FRAMES)]
    return [frame for frame in frames if frame.startswith(b'{"stream"')]


def laid_out(frame: bytes) -> bytes:
    """A frame with room for its time of sending, behind the header of an unmasked text message (RFC 6455, 5.2)."""
    body = frame[:-1] + STAMP % 0
    size = len(body)
    header = bytes([0x81, size]) if size < 126 else bytes([0x81, 126]) + size.to_bytes(2, "big")
    return (header + body)[: -len(STAMP % 0)]


def send(rate: int, per_write: int) -> None:
    """The sending process: prints its port, answers a subscription and sends until the other side goes."""
    messages = itertools.cycle([laid_out(frame) for frame in real_frames()])

    def handle(connection: ServerConnection) -> None:
        try:
            asked = json.loads(connection.recv())
            connection.send(json.dumps({"result": None, "id": asked["id"]}))
            pace(connection)
        except (ConnectionClosed, OSError):
            pass

    def pace(connection: ServerConnection) -> None:
        began = time.perf_counter()
        for number in itertools.count():
            while rate and (ahead_s := began + number * per_write / rate - time.perf_counter()) > 0:
                time.sleep(min(ahead_s, 0.0005))
            stamp = STAMP % time.time_ns()
            connection.socket.sendall(b"".join([next(messages) + stamp for _ in range(per_write)]))

    with listen(handle, "127.0.0.1", 0, compression=None) as server:
        print(server.socket.getsockname()[1], flush=True)
        server.serve_forever()


@dataclass
class Receiver:
    """The sockets' thread of capture with one connection, and its queue; the main thread takes, as the flow does."""

    port: int
    transport: Library
    seconds: float
    queue: FrameQueue = field(default_factory=FrameQueue)
    cpu_s: float = 0.0
    messages: int = 0
    latencies_ns: list[int] = field(default_factory=list)

    def run(self) -> None:
        thread = threading.Thread(target=lambda: asyncio.run(self._receive()))
        thread.start()
        while thread.is_alive():
            time.sleep(0.001)
            for received_ns, frame in self.queue.take(1 << 30, 1 << 40):
                if frame[-1:] == b"}" and frame[-28:-20] == STAMP[:8]:
                    self.latencies_ns.append(received_ns - int(frame[-20:-1]))
        self.latencies_ns = self.latencies_ns[len(self.latencies_ns) - self.messages :]

    async def _receive(self) -> None:
        venue = venues.get("binance-usdm").at(stream_url=f"ws://127.0.0.1:{self.port}", rest_url="")
        connection = Connection(
            Shared.of(venue, SystemClock(), random.random, opener(self.transport)),
            venue.routes(["BTCUSDT"])[0],
            Watchdog(),
            Quarantine(),
            self._received,
            lambda _: None,
            lambda _: None,
            lambda *_: None,
            lambda: not self.queue.full,
        )
        await connection.open()
        running = asyncio.create_task(connection.run())
        await asyncio.sleep(WARM_UP_S)
        cpu_s, messages = time.thread_time(), connection.frames
        await asyncio.sleep(self.seconds)
        self.cpu_s, self.messages = time.thread_time() - cpu_s, connection.frames - messages
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await connection.close()

    def _received(self, _: Any, streams: tuple[str, ...], received_ns: int, frame: bytes) -> None:
        self.queue.offer(received_ns, record.foreign(frame), Channel.TRADE, streams[0] if streams else "")


def measured(transport: Library, rate: int, per_write: int, seconds: float) -> tuple[float, float, float, float]:
    """CPU µs per message, p50 and p99 of the latency in µs, messages/s."""
    command = [sys.executable, __file__, "--send", str(rate), str(per_write)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sender:
        assert sender.stdout is not None
        try:
            receiver = Receiver(int(sender.stdout.readline()), transport, seconds)
            receiver.run()
        finally:
            sender.kill()
    cuts = statistics.quantiles(receiver.latencies_ns, n=100)
    return receiver.cpu_s / receiver.messages * 1e6, cuts[49] / 1e3, cuts[98] / 1e3, receiver.messages / seconds


def main(seconds: float) -> None:
    frames = real_frames()
    print(f"{len(frames)} frames, mean {statistics.mean(map(len, frames)):.0f} bytes, {ROUNDS} rounds of {seconds} s")
    for rate, per_write in LOADS:
        load = f"{rate}/s by {per_write}" if rate else "flood"
        reference: tuple[float, ...] = ()
        # The rounds alternate between the transports, because the machine is not the same from one minute to the next.
        rounds = [[measured(transport, rate, per_write, seconds) for transport in TRANSPORTS] for _ in range(ROUNDS)]
        for transport, results in zip(TRANSPORTS, zip(*rounds, strict=True), strict=True):
            cpu, p50, p99, reached = (statistics.median(column) for column in zip(*results, strict=True))
            reference = reference or (cpu, p50, p99)
            print(
                f"{load:>13} {transport:<11} {cpu:6.2f} µs CPU ({cpu / reference[0]:.2f} ×)"
                f"   p50 {p50:8.0f} µs ({p50 / reference[1]:.2f} ×)   p99 {p99:8.0f} µs ({p99 / reference[2]:.2f} ×)"
                f"   {reached:7.0f} messages/s"
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--send"]:
        send(*map(int, sys.argv[2:]))
    else:
        main(float(sys.argv[1]) if len(sys.argv) > 1 else 5.0)
