"""A person before the console page: a real headless Chromium, a real gateway, and a stream that a test speaks for."""

import json
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, sync_playwright

from gateway.serve import serve
from market.clock import Clock

NAMES = ("chromium", "chromium-browser", "google-chrome")
WATCH = "window.breaches = []; addEventListener('securitypolicyviolation', (one) => breaches.push(one.blockedURI))"
CHECKS = (Path(__file__).parent / "page_checks.js").read_text()
PATIENCE_MS = 15_000
LOOK_MS = 100


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; without one the tests are skipped, but not where CI says that it has one."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        assert os.environ.get("CI") != "true", "no Chromium is installed; on Debian: apt-get install chromium"
        pytest.skip("no Chromium is installed; on Debian: apt-get install chromium")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


class Gateway:
    """A gateway in a thread, which can be stopped and started again on the same port."""

    def __init__(self, dsn: str, data: Path, clock: Clock) -> None:
        self._told: dict[str, Any] = {"data": data, "clock": clock}
        self._dsn = dsn
        self._stop = threading.Event()
        self._worker = threading.Thread()
        self.port = 0

    def start(self) -> "Gateway":
        self._stop, ready = threading.Event(), threading.Event()

        def heard(port: int) -> None:
            self.port = port
            ready.set()

        told = {**self._told, "stop": self._stop, "ready": heard}
        self._worker = threading.Thread(target=serve, args=(self._dsn, "127.0.0.1", self.port), kwargs=told)
        self._worker.start()
        assert ready.wait(20)
        return self

    def stop(self) -> None:
        self._stop.set()
        self._worker.join(20)
        assert not self._worker.is_alive()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"


class Stream:
    """The server's end of the page's streams: it says hello and then what the test wants said."""

    def __init__(self, page: Page, *, spoken: bool) -> None:
        """`spoken`: whether the test speaks; otherwise the gateway does, and this is silent."""
        self.sockets: list[WebSocketRoute] = []
        self.asked: list[dict[str, Any]] = []
        self.sequence = 0
        self.refuse = False
        if not spoken:
            return
        page.route("**/api/v1/stream/ticket", lambda route: route.fulfill(json={"ticket": "t", "expires_s": 30}))
        page.route_web_socket(lambda url: "/api/v1/stream" in url, self._opened)

    def _opened(self, socket: WebSocketRoute) -> None:
        if self.refuse:
            socket.close(code=1012, reason="restart")
            return
        self.sockets.append(socket)
        socket.on_message(lambda text: self._told(socket, json.loads(str(text))))
        socket.send(json.dumps({"type": "hello", "stream": "s", "sequence": self.sequence, "oldest": 0}))

    def _told(self, socket: WebSocketRoute, message: dict[str, Any]) -> None:
        self.asked.append(message)
        socket.send(json.dumps({"type": "subscribed", "from": self.sequence}))

    def say(self, *events: dict[str, Any], skip: int = 0) -> None:
        """Say events to all who listen; `skip` sequences are lost on the way."""
        before = self.sequence + skip
        self.sequence = before + 1
        told = {"type": "events", "sequence": self.sequence, "previous": before, "events": events}
        for socket in self.sockets:
            socket.send(json.dumps(told))

    def beat(self) -> None:
        """What keeps the page from taking the stream for dead."""
        for socket in self.sockets:
            socket.send(json.dumps({"type": "heartbeat", "sequence": self.sequence}))

    def end(self) -> None:
        """Close all, as a gateway that stops does."""
        self.refuse = True
        gone, self.sockets = self.sockets, []
        for socket in gone:
            socket.close(code=1012, reason="restart")


class Viewer:
    """One page, and all that went wrong on it."""

    def __init__(
        self, browser: Browser, address: str, *, spoken: bool = True, expected: str = "", **context: Any
    ) -> None:
        self.context = browser.new_context(**{"viewport": {"width": 1600, "height": 1000}, **context})
        self.context.set_default_timeout(PATIENCE_MS)
        self.page = self.context.new_page()
        self.page.add_init_script(WATCH)
        self.troubles: list[str] = []
        self.hosts: set[str] = set()
        self._expected = expected
        self.page.on("console", lambda message: self._hear(message.type, message.text))
        self.page.on("pageerror", lambda error: self.troubles.append(f"{error} {error.stack}"))
        self.page.on("request", lambda request: self.hosts.add("/".join(request.url.split("/")[:3]) + "/"))
        self.stream = Stream(self.page, spoken=spoken)
        self.page.goto(address)

    def _hear(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not (self._expected and self._expected in text):
            self.troubles.append(f"{kind}: {text}")

    def text(self, selector: str) -> str:
        """What an element says."""
        return (self.page.locator(selector).first.text_content() or "").strip()

    def texts(self, selector: str) -> list[str]:
        """What several say."""
        return [text.strip() for text in self.page.locator(selector).all_text_contents()]

    def until(self, script: str, *arguments: Any) -> None:
        """Wait for something to be true on the page; the stream beats meanwhile, as a real one does."""
        for _ in range(PATIENCE_MS // LOOK_MS):
            if self.page.evaluate(script, list(arguments)):
                return
            self.page.wait_for_timeout(LOOK_MS)
            self.stream.beat()
        raise AssertionError(f"{arguments or script} never came true; the page says: {self.text('#notice')}")

    def says(self, selector: str, words: str) -> None:
        """Wait until an element says these words."""
        self.until("([s, w]) => document.querySelector(s)?.textContent.includes(w)", selector, words)

    def app(self, expression: str) -> Any:
        """Something that the page knows; `app` in the expression is the page's own object."""
        return self.page.evaluate(f"import('/page/js/main.js').then(({{ app }}) => {expression})")

    def check(self, name: str, *arguments: Any) -> Any:
        """The answer of one of the functions of page_checks.js."""
        self.page.evaluate(f"if (!window.checks) {{ {CHECKS} }}")
        return self.page.evaluate(f"(told) => checks.{name}(...told)", list(arguments))

    def close(self) -> None:
        """Leave, and see that nothing went wrong: no error, no breach of the policy, no other host."""
        breaches = self.page.evaluate("breaches")
        address = self.page.url
        self.context.close()
        assert self.troubles == []
        assert breaches == []
        assert self.hosts <= {address}
