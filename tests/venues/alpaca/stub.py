"""Alpaca's trading API on loopback: the broker behind HTTP and a stream of binary frames, with faults by script."""

import asyncio
import contextlib
import json
import random
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.venues.alpaca.broker import Answer, Broker

KEY, SECRET = "PKTESTKEY0001", "it-is-a-secret-of-forty-letters-at-least"
Named = TypeVar("Named", bound=str)
Fault = Literal["504 before", "504 after", "503 before", "429", "hang after", "cut after", "garbage after", "slow"]


@dataclass
class Faults:
    """What goes wrong next, and how often by luck."""

    next: list[tuple[str, Fault]] = field(default_factory=list)  # (method, fault), taken in order
    rates: dict[Fault, float] = field(default_factory=dict)  # of POST only
    slow_s: float = 0.02
    hang_s: float = 30.0
    login_s: float = 0.0  # how long a login takes; what is asked before it is through is refused
    twice: float = 0.0  # share of updates that are sent again
    lost: float = 0.0  # … that are never sent
    cuts: float = 0.0  # … after which the stream ends
    dice: random.Random = field(default_factory=lambda: random.Random(1))
    done: dict[str, int] = field(default_factory=dict)

    def of(self, method: str) -> Fault | None:
        """The fault of a request, if any."""
        for place, (asked, fault) in enumerate(self.next):
            if asked == method:
                del self.next[place]
                return self.counted(fault)
        if method == "POST":
            for fault, rate in self.rates.items():
                if self.dice.random() < rate:
                    return self.counted(fault)
        return None

    def counted(self, fault: Named) -> Named:
        self.done[fault] = self.done.get(fault, 0) + 1
        return fault

    def struck(self, name: str) -> bool:
        """Whether an update meets this."""
        return self.dice.random() < getattr(self, name) and bool(self.counted(name))


class Stub:
    """The server of one broker."""

    def __init__(self, broker: Broker, faults: Faults) -> None:
        self.broker, self.faults = broker, faults
        self.requests: list[tuple[str, str]] = []
        self.posted: list[str] = []  # our ids, once for each POST of an order that came
        self.streams: set[WebSocket] = set()
        self.port = 0
        self.loop: asyncio.AbstractEventLoop | None = None
        paths = ["/v2/{rest:path}"]
        methods = ["GET", "POST", "PATCH", "DELETE"]
        self.app = Starlette(
            routes=[Route(path, self.answer, methods=methods) for path in paths]
            + [WebSocketRoute("/stream", self.stream)]
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def answer(self, request: Request) -> Response:
        self.requests.append((request.method, request.url.path))
        if (request.headers.get("apca-api-key-id"), request.headers.get("apca-api-secret-key")) != (KEY, SECRET):
            return self.said(401, {"code": 40110000, "message": "request is not authorized"})
        fault = self.faults.of(request.method)
        if request.method == "POST":
            self.posted.append(json.loads(await request.body()).get("client_order_id", ""))
        if fault == "429":
            return self.said(429, {"code": 42910000, "message": "rate limit exceeded"})
        if fault in ("504 before", "503 before"):
            return Response("<html>gateway</html>", int(str(fault)[:3]), media_type="text/html")
        if fault == "slow":
            await asyncio.sleep(self.faults.slow_s)
        status, said = self.done(request.method, request.url.path, dict(request.query_params), await request.body())
        if fault == "504 after":
            return Response("<html>gateway</html>", 504, media_type="text/html")
        if fault == "garbage after":
            return Response(b'{"id":"61e6', status, media_type="application/json")
        if fault == "cut after":
            return Cut()
        if fault == "hang after":
            await asyncio.sleep(self.faults.hang_s)
        return self.said(status, said)

    @staticmethod
    def said(status: int, said: Any) -> Response:
        return Response(b"" if said is None else json.dumps(said), status, media_type="application/json")

    def done(self, method: str, path: str, asked: dict[str, str], body: bytes) -> Answer:
        broker, rest = self.broker, path.removeprefix("/v2/")
        match method, rest.split("/"):
            case "POST", ["orders"]:
                return broker.submit(json.loads(body))
            case "GET", ["orders"]:
                return broker.listed(asked)
            case "DELETE", ["orders"]:
                return broker.cancel_all()
            case "GET", ["orders:by_client_order_id"]:
                return broker.by_client_order_id(asked["client_order_id"])
            case "GET", ["orders", number]:
                return broker.order(number)
            case "DELETE", ["orders", number]:
                return broker.cancel(number)
            case "GET", ["positions"]:
                return broker.positions()
            case "DELETE", ["positions", symbol]:
                return broker.close(symbol, asked)
            case "GET", ["account"]:
                return broker.account()
            case "GET", ["account", "configurations"]:
                return broker.configure({})
            case "PATCH", ["account", "configurations"]:
                return broker.configure(json.loads(body))
            case "GET", ["account", "activities", kind]:
                return broker.account_activities(kind, asked)
            case "GET", ["account", "activities"]:
                return broker.account_activities(asked.get("category", ""), asked)
        return 404, {"code": 40410000, "message": "endpoint not found"}

    async def stream(self, connection: WebSocket) -> None:
        """Login, subscription, then every update as a binary frame of JSON."""
        await connection.accept()
        loop, waiting = asyncio.get_running_loop(), asyncio.Queue[Any]()

        def heard(update: Any) -> None:
            loop.call_soon_threadsafe(waiting.put_nowait, update)

        self.streams.add(connection)
        teller = asyncio.create_task(self.tell(connection, waiting))
        authorized, open_s = False, 0.0
        try:
            while True:
                asked = json.loads((await connection.receive()).get("text") or "null")
                if asked is None:
                    break
                said, is_in = self.control(asked, authorized and loop.time() >= open_s)
                if said["stream"] == "listening" and said["data"]["streams"]:
                    self.broker.listeners.append(heard)
                if said["data"].get("action") == "authenticate":
                    authorized = is_in
                    open_s = loop.time() + self.faults.login_s
                    loop.call_at(open_s, waiting.put_nowait, said)
                else:
                    waiting.put_nowait(said)
        except (WebSocketDisconnect, RuntimeError):
            pass
        finally:
            teller.cancel()
            self.streams.discard(connection)
            if heard in self.broker.listeners:
                self.broker.listeners.remove(heard)

    @staticmethod
    def control(asked: Any, authorized: bool) -> tuple[dict[str, Any], bool]:
        action, data = asked.get("action"), asked.get("data", {})
        if action in ("authenticate", "auth"):
            key, secret = data.get("key_id", asked.get("key")), data.get("secret_key", asked.get("secret"))
            authorized = (key, secret) == (KEY, SECRET)
        if action != "listen" or not authorized:
            status = "authorized" if authorized else "unauthorized"
            return {"stream": "authorization", "data": {"status": status, "action": action}}, authorized
        known = [name for name in data.get("streams", []) if name == "trade_updates"]
        return {"stream": "listening", "data": {"streams": known}}, authorized

    async def tell(self, connection: WebSocket, waiting: "asyncio.Queue[Any]") -> None:
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            while True:
                said = await waiting.get()
                update = said["stream"] == "trade_updates"
                if update and self.faults.struck("lost"):
                    continue
                for _ in range(1 + (update and self.faults.struck("twice"))):
                    await connection.send_bytes(json.dumps(said).encode())
                if update and self.faults.struck("cuts"):
                    await connection.close(1001)

    def cut_streams(self) -> None:
        """End all streams, from any thread."""
        assert self.loop is not None
        for connection in list(self.streams):
            asyncio.run_coroutine_threadsafe(connection.close(1001), self.loop).result(5)


class Cut(Response):
    """An answer that ends in its middle, with the connection."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-length", b"1000"), (b"content-type", b"application/json"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"id":', "more_body": True})
        raise ConnectionAbortedError


@contextlib.contextmanager
def served(broker: Broker | None = None, faults: Faults | None = None) -> Iterator[Stub]:
    """The stub on a port of its own, in a thread of its own."""
    stub = Stub(broker or Broker(), faults or Faults())
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        stub.port = listening.getsockname()[1]
        config = uvicorn.Config(
            stub.app, log_level="critical", ws="websockets-sansio", lifespan="off", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)

        async def run() -> None:
            stub.loop = asyncio.get_running_loop()
            await server.serve([listening])

        thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            threading.Event().wait(0.005)
        try:
            yield stub
        finally:
            server.should_exit = True
            thread.join(10)
