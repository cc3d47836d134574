"""A venue in a thread, as small as a test needs it: USD-M's protocol on one loopback port, no market behind it."""

import asyncio
import json
import threading
from collections import Counter
from http import HTTPStatus
from typing import Any, Self

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

BEAT_S = 0.01


class TinyVenue:
    """Sends a depth, ticker, trade and mark message per beat on what is subscribed; switches may be thrown any time."""

    def __init__(self, *symbols: str) -> None:
        self.symbols = symbols
        self.silenced: set[str] = set()  # streams that say nothing
        self.rest_status = HTTPStatus.OK
        self.connections: list[ServerConnection] = []
        self.subscribed: Counter[str] = Counter()
        self.requests: list[str] = []  # REST paths
        self.port = 0
        self._update = 1000
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    @property
    def urls(self) -> dict[str, str]:
        return {"stream_url": f"ws://127.0.0.1:{self.port}", "rest_url": f"http://127.0.0.1:{self.port}"}

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def cut(self) -> None:
        """Drop every connection without a word."""
        for connection in list(self.connections):
            self._loop.call_soon_threadsafe(connection.transport.abort)

    def announce_shutdown(self) -> None:
        """Say that the present connections will be closed."""
        frame = '{"e":"serverShutdown","E":1770123456789}'
        for connection in list(self.connections):
            asyncio.run_coroutine_threadsafe(connection.send(frame), self._loop)

    async def _run(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with serve(self._serve, "127.0.0.1", self.port, process_request=self._rest, close_timeout=0.1) as server:
            self.port = self._port(server)
            self._ready.set()
            await self._stop.wait()

    @staticmethod
    def _port(server: Server) -> int:
        return int(next(iter(server.sockets)).getsockname()[1])

    async def _serve(self, connection: ServerConnection) -> None:
        self.connections.append(connection)
        streams: list[str] = []
        beating = asyncio.create_task(self._beat(connection, streams))
        try:
            async for message in connection:
                request = json.loads(message)
                if request["method"] == "SUBSCRIBE":
                    streams += request["params"]
                    self.subscribed.update(request["params"])
                await connection.send(json.dumps({"result": None, "id": request["id"]}))
        except ConnectionClosed:
            pass
        finally:
            beating.cancel()
            self.connections.remove(connection)

    async def _beat(self, connection: ServerConnection, streams: list[str]) -> None:
        try:
            while True:
                await asyncio.sleep(BEAT_S)
                for stream in streams:
                    if stream not in self.silenced:
                        await connection.send(json.dumps({"stream": stream, "data": self._event(stream)}))
        except ConnectionClosed:
            pass

    def _event(self, stream: str) -> dict[str, Any]:
        symbol, kind = stream.split("@")[0].upper(), stream.split("@")[1]
        self._update += 1
        number = self._update
        best = {"b": "99.9", "B": "1", "a": "100.1", "A": "1"}
        trade = {"a": number, "p": "100.0", "q": "1", "f": 1, "l": 1, "m": True}
        events: dict[str, dict[str, Any]] = {
            "depth": {"e": "depthUpdate", "U": number, "u": number, "pu": number - 1, "b": [["99.9", "1"]], "a": []},
            "bookTicker": {"e": "bookTicker", "u": number, **best},
            "aggTrade": {"e": "aggTrade", **trade},
            "markPrice": {"e": "markPriceUpdate", "p": "100", "i": "100", "P": "100", "r": "0.0001"},
        }
        return events[kind] | {"s": symbol, "E": 1_700_000_000_000, "T": 1_700_000_000_000}

    def _rest(self, connection: ServerConnection, request: Request) -> Response | None:
        if "Upgrade" in request.headers:
            return None
        self.requests.append(request.path)
        body: dict[str, Any] = {"lastUpdateId": self._update, "bids": [["99.9", "1"]], "asks": [["100.1", "1"]]}
        if "exchangeInfo" in request.path:
            steps = [{"filterType": "PRICE_FILTER", "tickSize": "0.1"}, {"filterType": "LOT_SIZE", "stepSize": "1"}]
            body = {"symbols": [{"symbol": symbol, "filters": steps} for symbol in self.symbols]}
        headers = Headers({"Content-Type": "application/json", "Connection": "close"})
        return Response(self.rest_status, self.rest_status.phrase, headers, json.dumps(body).encode())
