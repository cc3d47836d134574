"""`measured`: a process that counts what it does and tells it on a port of its own, 127.0.0.1 alone.

DATA/run/<name>.metrics says where while the process lives, and the word that it wants to hear: only who may read that
file can ask. That is the supervisor (flows/supervision/metrics_pages.py), which hands on what each process says; it is
the one door. One request is answered at a time, in a thread of its own; a client that is slow is let go.
"""

import hmac
import logging
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import msgspec

from flows.settings import Settings
from flows.stop import PROCESS
from gateway.exposition import Page, exposed
from gateway.runfiles import alive
from market.metrics import Metrics

log = logging.getLogger("barograph.metrics")

SUFFIX = ".metrics"
REQUEST_S = 5.0  # a client that takes longer to ask or to listen is cut off
POLL_S = 0.1  # how soon the server notices that it is to end


class Door(msgspec.Struct, frozen=True):
    """Where a process tells its numbers, and to whom."""

    pid: int
    port: int
    word: str  # a secret of this run, sent as a bearer token


@contextmanager
def measured(settings: Settings, name: str, *, told: bool = True) -> Iterator[Metrics]:
    """The numbers of this process, told while the context lasts; `name` unless the supervisor calls it otherwise.

    Where they are not to be told, or no port can be had, they are counted all the same and nobody can ask.
    """
    metrics, word = Metrics(), secrets.token_urlsafe(24)
    server = _server(metrics, word) if told and settings.metrics.enabled else None
    if server is None:
        yield metrics
        return
    path = metrics_path(settings.data, os.environ.get(PROCESS) or name)
    with server:
        threading.Thread(target=server.serve_forever, args=(POLL_S,), name="metrics", daemon=True).start()
        _tell(path, Door(os.getpid(), server.server_port, word))
        try:
            yield metrics
        finally:
            with suppress(OSError):
                path.unlink()
            server.shutdown()


def metrics_path(data: Path, name: str) -> Path:
    """Where a process says on which port it tells its numbers."""
    return data / "run" / f"{name}{SUFFIX}"


def doors(data: Path) -> dict[str, Door]:
    """Of the processes that live and tell, by name."""
    found = {}
    for path in sorted((data / "run").glob(f"*{SUFFIX}")):
        with suppress(OSError, msgspec.MsgspecError):
            door = msgspec.json.decode(path.read_bytes(), type=Door)
            if alive(door.pid):
                found[path.stem] = door
    return found


def _tell(path: Path, door: Door) -> None:
    """Readable by its owner alone, and replaced in one step."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(msgspec.json.encode(door))
        partial.replace(path)
    except OSError as error:
        log.warning("nobody can ask for metrics: %s cannot be written (%s)", path, error)


def _server(metrics: Metrics, word: str) -> HTTPServer | None:
    page, wanted = exposed(metrics), f"Bearer {word}".encode()

    class Answers(BaseHTTPRequestHandler):
        timeout = REQUEST_S  # of every read and write of the socket

        def do_GET(self) -> None:
            """Tell the numbers to who knows the word."""
            shown = self.headers.get("Authorization", "").encode("utf-8", "replace")
            if not hmac.compare_digest(shown, wanted):
                self._answer(401, Page("text/plain", b"ask the supervisor, at /metrics/NAME\n"))
            elif self.path != "/metrics":
                self._answer(404, Page("text/plain", b"the numbers are at /metrics\n"))
            else:
                self._answer(200, page(self.headers.get("Accept", "")))

        def _answer(self, status: int, page: Page) -> None:
            self.send_response(status)
            self.send_header("Content-Type", page.content_type)
            self.send_header("Content-Length", str(len(page.body)))
            self.end_headers()
            self.wfile.write(page.body)

        def version_string(self) -> str:
            """Of the server: nobody needs to know."""
            return "barograph"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the name of the standard library
            """Scrapes are no news."""

    class Server(HTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """A client that went away is no news."""

    try:
        return Server(("127.0.0.1", 0), Answers)
    except OSError as error:
        log.warning("nobody can ask for metrics: %s", error)
        return None
