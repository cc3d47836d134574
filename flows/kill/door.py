"""`door`: POST /kill on a port of its own, for who knows the token: {"reason": "…", "flatten": true}, both optional.

It answers when the kill is acknowledged (200) or not in time (503), and refuses everything else. Standard library only,
a thread for each caller. Off loopback, use a tunnel: the token is sent in clear text.
"""

import hmac
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

from flows.kill.guard import REASON_CHARACTERS, Wish
from flows.kill.terms import Outcome
from market.errors import SettingsError
from sinks.orders.http import is_loopback

BODY_BYTES = 4_096
REQUEST_S = 5.0  # of a read or a write
CALLERS = 64  # connections at once; a further one is closed
MIN_TOKEN_CHARACTERS = 16

log = logging.getLogger("barograph.kill")

Ask = Callable[[Wish], Outcome]


class Body(msgspec.Struct, forbid_unknown_fields=True):
    """What is sent."""

    reason: str = "no reason given"
    flatten: bool = False


def check(host: str, token: str) -> None:
    """Refuse to listen where strangers could kill; raises SettingsError."""
    if token and len(token) < MIN_TOKEN_CHARACTERS:
        raise SettingsError(f"BAROGRAPH_KILL_TOKEN has {len(token)} characters; use at least {MIN_TOKEN_CHARACTERS}")
    if not token and not is_loopback(host):
        raise SettingsError(f"the guard does not listen on {host} without a token; set BAROGRAPH_KILL_TOKEN")


@contextmanager
def door(host: str, port: int, token: str, ask: Ask) -> Iterator[int]:
    """Listen while the context lasts; the port. Raises SettingsError. Without a token nobody is let in: only the file
    triggers, and the port is 0.
    """
    check(host, token)
    if not token:
        log.warning("BAROGRAPH_KILL_TOKEN is not set: only the file DATA/HALT pulls the kill switch")
        yield 0
        return
    try:
        server = _Server((host, port), _answers(token, ask))
    except OSError as error:
        raise SettingsError(f"the guard cannot listen on {host}:{port}: {error}") from error
    with server:
        threading.Thread(target=server.serve_forever, args=(0.1,), name="kill-door", daemon=True).start()
        try:
            yield server.server_port
        finally:
            server.shutdown()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    _room = threading.BoundedSemaphore(CALLERS)

    def process_request(self, request: Any, client_address: Any) -> None:
        """A thread for it, where there is room."""
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            log.warning("more than %d connections to the guard", CALLERS)
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """In that thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""


def _answers(token: str, ask: Ask) -> type[BaseHTTPRequestHandler]:
    wanted = f"Bearer {token}".encode()

    class Answers(BaseHTTPRequestHandler):
        timeout = REQUEST_S

        def do_POST(self) -> None:
            """Kill, if all is right."""
            shown = self.headers.get("Authorization", "").encode("utf-8", "replace")
            if not hmac.compare_digest(shown, wanted):
                log.warning("a wrong token from %s", self.client_address[0])
                self._answer(401, {"error": "send BAROGRAPH_KILL_TOKEN as a bearer token"})
                return
            if self.path != "/kill":
                self._answer(404, {"error": "there is POST /kill"})
                return
            body = self._body()
            if body is not None:
                reason = f"{body.reason[:REASON_CHARACTERS]} (POST /kill from {self.client_address[0]})"
                outcome = ask(Wish(reason, body.flatten))
                self._answer(200 if outcome.acknowledged else 503, msgspec.to_builtins(outcome))

        def _body(self) -> Body | None:
            length = self.headers.get("Content-Length", "0")
            if not (length.isascii() and length.isdigit()) or int(length) > BODY_BYTES:
                self._answer(413, {"error": f"a body may have {BODY_BYTES} bytes and must say its length"})
                return None
            try:
                sent = self.rfile.read(int(length))
                return msgspec.json.decode(sent, type=Body) if sent else Body()
            except msgspec.MsgspecError as error:
                self._answer(400, {"error": str(error)})
                return None

        def _answer(self, status: int, said: object) -> None:
            text = msgspec.json.encode(said) + b"\n"
            self.close_connection = True
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(text)

        def version_string(self) -> str:
            """Of the server: nobody needs to know."""
            return "barograph"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the name of the standard library
            """Requests are told by what they cause."""

    return Answers
