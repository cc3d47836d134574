"""A small broadcast journal and a receiver of webhooks, for tests."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from market.broadcast import SHARD, STREAM, broadcast_path, encode
from market.journal import LIVE_BLOCK_NS
from sinks.journal import JournalWriter

START_NS = 1_790_000_000 * 10**9


def signal(instrument: str = "BTCUSDT", confidence: float = 0.9, **columns: Any) -> bytes:
    """A signal as a frame."""
    told = {
        "venue": "simulated",
        "instrument": instrument,
        "timeframe": "short",
        "time": START_NS,
        "receive_time": START_NS + 5,
        "direction": 0.5,
        "confidence": confidence,
        "volatility": 1e-4,
        "regime": "calm/bull/trending",
        "evidence": [{"key": "ofi_50", "value": 1.5}],
        "shard": "simulated/0",
        "offset": 7,
        "frame": 0,
        **columns,
    }
    return encode(columns.get("kind", "signal"), {name: value for name, value in told.items() if name != "kind"})


class Saying:
    """Appends rows to the broadcast journal of a data folder."""

    def __init__(self, data: Path, stream: str = "stream-a") -> None:
        self._data, self._stream = data, stream
        with self.writer() as journal:
            journal.note(STREAM, stream)

    def writer(self) -> JournalWriter:
        return JournalWriter(broadcast_path(self._data), venue="barograph", shard=SHARD, block_ns=LIVE_BLOCK_NS)

    def say(self, *frames: bytes) -> int:
        """One row; its sequence."""
        with self.writer() as journal:
            offset = journal.append([START_NS] * len(frames), frames)
        assert offset is not None
        return offset


@dataclass
class Heard:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def told(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


@dataclass
class Receiver:
    """A server on this machine. `answer`: what it says to a request, by default 204."""

    port: int = 0
    heard: list[Heard] = field(default_factory=list)
    answer: Callable[[Heard], tuple[int, Mapping[str, str]]] = lambda _: (204, {})

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def ids(self, path: str = "/hook") -> list[str]:
        return [one.id for one in list(self.heard) if one.path == path]


@contextmanager
def receiver() -> Iterator[Receiver]:
    made = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            heard = Heard(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            made.heard.append(heard)
            status, headers = made.answer(heard)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, *_: Any) -> None:
            """A sender that was killed."""

    with Server(("127.0.0.1", 0), Handler) as server:
        made.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()


def until(condition: Callable[[], object], timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def config(folder: Path, allow: Sequence[str] = ("127.0.0.0/8",), **more: Any) -> Path:
    """A settings file whose webhooks may go to this machine."""
    data = folder / "data"
    path = folder / "barograph.toml"
    lines = [f'data = "{data}"', "[store]", "port = 0", "[webhooks]", f"allow = {json.dumps(list(allow))}"]
    path.write_text("\n".join(lines + [f"{name} = {json.dumps(value)}" for name, value in more.items()]) + "\n")
    return path
