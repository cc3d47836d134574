"""ClickHouse's HTTP interface as an ASGI application over the embedded engine.

The event loop moves bytes; statements run in worker threads, at most QUERIES at once.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import IO, TypeVar

from starlette.types import Receive, Scope, Send

from market.clock import Clock, SystemClock
from market.metrics import Metrics
from sinks.clickhouse import wire
from sinks.clickhouse.answer import Answer, begin, exception_block
from sinks.clickhouse.compression import accepted, compressor
from sinks.clickhouse.embedded import Engine
from sinks.clickhouse.exceptions import (
    AUTHENTICATION_FAILED,
    TOO_MANY_SIMULTANEOUS_QUERIES,
    UNKNOWN_EXCEPTION,
    QueryError,
    refused,
)
from sinks.clickhouse.guard import Guard
from sinks.clickhouse.limits import QUERIES, WAITING_QUERIES, WAITING_SECONDS
from sinks.clickhouse.query_numbers import QueryNumbers, kind_of
from sinks.clickhouse.request import Request, parse, read_body, with_form
from sinks.clickhouse.users import authenticate

log = logging.getLogger("barograph.store")

ALIVE = ("/ping", "/replicas_status")
PLAIN = {"Content-Type": "text/plain; charset=UTF-8"}
Value = TypeVar("Value")


class Store:
    """The application. `passwords` by user; `hosts`: names by which a store without passwords may be called."""

    def __init__(
        self,
        engine: Engine,
        passwords: Mapping[str, str],
        hosts: frozenset[str] | None,
        *,
        metrics: Metrics | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._engine = engine
        self._guard = Guard(engine.table_functions, engine.canonical)
        self._passwords = passwords
        self._hosts = hosts
        self._workers = ThreadPoolExecutor(QUERIES, "query")
        self._turns = asyncio.Semaphore(QUERIES)
        self._numbers = QueryNumbers(metrics or Metrics(), clock or SystemClock())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        method = scope["method"]
        try:
            if scope["path"] in ALIVE or (scope["path"] == "/" and method != "POST" and not scope["query_string"]):
                await wire.send_whole(send, method, 200, PLAIN, b"Ok.\n")
            elif scope["path"] not in ("/", "/query"):
                await wire.send_whole(send, method, 404, PLAIN, b"There is no such page; statements go to /\n")
            else:
                await self._query(scope, receive, send)
        except wire.Disconnected:
            log.info("a client went away before its answer was complete")
        except QueryError as error:
            await self._fail(send, method, error)
        except Exception:
            log.exception("the store failed on a request")
            await self._fail(
                send, method, refused(UNKNOWN_EXCEPTION, "The store failed on this request; its log says how")
            )

    def close(self) -> None:
        """Let go of the workers; what still runs in one is not waited for."""
        self._workers.shutdown(wait=False, cancel_futures=True)

    async def _query(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        request = parse(scope["method"], headers, scope["query_string"])
        wire.refuse_other_sites(headers, self._hosts)
        user = authenticate(headers, request.parameters, self._passwords)
        with await read_body(wire.pieces_of(receive), request) as body:
            request = with_form(request, body)
            kind = kind_of(request.query.encode("utf-8", "surrogateescape"), body)
            async with self._turn(kind):
                with self._numbers.answering(kind):
                    await self._answer(request, user, body, send)

    async def _answer(self, request: Request, user: str, body: IO[bytes], send: Send) -> None:
        answer = await self._work(lambda: begin(self._engine, self._guard, user, request, body))
        try:
            await self._send(request, answer, send)
        finally:
            await self._work(answer.pieces.close)

    async def _send(self, request: Request, answer: Answer, send: Send) -> None:
        encoding = accepted(request.accept_encoding)
        encoder = compressor(encoding)
        headers = answer.headers | ({"Content-Encoding": encoding} if encoding else {})
        if answer.whole is not None:
            whole = answer.whole
            body = await self._work(lambda: encoder.piece(whole) + encoder.end()) if encoding and whole else whole
            await wire.send_whole(send, request.method, 200, headers if whole else answer.headers, body)
            return
        await wire.send_start(send, 200, headers)
        try:
            while (piece := await self._work(lambda: next(answer.pieces, None))) is not None:
                await wire.send_piece(send, encoder.piece(piece))
        except QueryError as error:
            # Without the end of the body, so that a client that knows no tags sees that the answer is cut.
            await wire.send_piece(send, encoder.piece(exception_block(answer.tag, error)) + encoder.end())
            return
        await wire.send_piece(send, encoder.end(), last=True)

    async def _fail(self, send: Send, method: str, error: QueryError) -> None:
        headers = PLAIN | {"X-ClickHouse-Exception-Code": str(error.code)}
        if error.code == AUTHENTICATION_FAILED:
            headers["WWW-Authenticate"] = 'Basic realm="ClickHouse server HTTP API"'
        version = "" if "(version " in str(error) else f" (version {self._engine.version} (embedded))"
        await wire.send_whole(send, method, error.status, headers, f"{error}{version}\n".encode())

    @asynccontextmanager
    async def _turn(self, kind: str) -> AsyncIterator[None]:
        numbers = self._numbers
        if numbers.waiting >= WAITING_QUERIES:
            numbers.refused(kind)
            raise refused(TOO_MANY_SIMULTANEOUS_QUERIES, f"{QUERIES} queries run and {WAITING_QUERIES} wait already")
        numbers.waiting += 1
        try:
            await asyncio.wait_for(self._turns.acquire(), WAITING_SECONDS)
        except TimeoutError:
            numbers.refused(kind)
            raise refused(
                TOO_MANY_SIMULTANEOUS_QUERIES, f"No turn among {QUERIES} queries in {WAITING_SECONDS} s"
            ) from None
        finally:
            numbers.waiting -= 1
        try:
            yield
        finally:
            self._turns.release()

    async def _work(self, work: Callable[[], Value]) -> Value:
        return await asyncio.get_running_loop().run_in_executor(self._workers, work)
