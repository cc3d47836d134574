"""REST requests to a venue under the budget that its sockets share, with its word on limits obeyed.

A 429, 418 or 403 stops every request and every attempt to connect until the time the venue names, or a minute and more
where it names none.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple, Self
from urllib.parse import urlsplit

import httpx

from market.clock import Clock
from market.errors import BarographError, VenueError
from sources.budget import Budget
from sources.credentials import ExpiredError
from sources.transport import LOOPBACK, named_wait_s
from sources.verdict import BAN_STATUSES, UNAUTHORIZED
from venues.venue import Request

TIMEOUT_S = 10.0  # for anything at all to come
WHOLE_ANSWER_S = 60.0  # for all of it
MAX_ANSWER_BYTES = 64 << 20  # unpacked; three times the longest list of instruments of any venue


class UnavailableError(BarographError):
    """No answer now; worth another try after a while."""


class RefusalError(BarographError):
    """The venue refuses us for good, whatever we ask for."""


class Answer(NamedTuple):
    """One HTTP answer; the names of headers are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Get = Callable[[str, Mapping[str, str]], Awaitable[Answer]]  # url, headers; raises OSError or TimeoutError


class Rest:
    """GET requests to one venue. `get` may be given instead of HTTP; `refuses` is the venue's word on statuses."""

    def __init__(
        self,
        budget: Budget,
        clock: Clock,
        *,
        headers: Callable[[], Mapping[str, str]] = dict,
        refuses: Callable[[int, str], bool] = lambda *_: False,
        get: Get | None = None,
    ) -> None:
        self._budget, self._clock, self._headers, self._refuses = budget, clock, headers, refuses
        self._get = get or self._over_http
        self._clients: dict[bool, httpx.AsyncClient] = {}

    async def get(self, request: Request) -> bytes:
        """The body of a good answer. Raises UnavailableError for what may pass, RefusalError where the venue wants no
        more of us, VenueError for a request that it refuses for good.
        """
        while wait_s := self._budget.wait_s(request.weight, self._clock.monotonic_ns()):
            await asyncio.sleep(wait_s)
        try:
            answer = await self._get(request.url, self._headers())
        except ExpiredError as error:
            raise UnavailableError(str(error)) from error
        except (OSError, TimeoutError) as error:
            raise UnavailableError(f"cannot reach {request.url}: {error or type(error).__name__}") from error
        self._check(answer, request.url)
        return answer.body

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for client in self._clients.values():
            await client.aclose()

    async def _over_http(self, url: str, headers: Mapping[str, str]) -> Answer:
        try:
            async with asyncio.timeout(WHOLE_ANSWER_S):
                async with self._client(url).stream("GET", url, headers=dict(headers)) as answer:
                    body = await _body(answer)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise OSError(str(error) or type(error).__name__) from error
        return Answer(answer.status_code, {name.lower(): text for name, text in answer.headers.items()}, body)

    def _client(self, url: str) -> httpx.AsyncClient:
        loopback = urlsplit(url).hostname in LOOPBACK  # no proxy on the way to ourselves
        if loopback not in self._clients:
            self._clients[loopback] = httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=not loopback)
        return self._clients[loopback]

    def _check(self, answer: Answer, url: str) -> None:
        status, text = answer.status, answer.body[:200].decode("utf-8", "replace")
        if status < 300:
            return
        said = f"{url} answered {status}"
        # A path that is not there says nothing about us.
        if status == UNAUTHORIZED or (status != 404 and self._refuses(status, text)):
            raise RefusalError(f"{said}: {text}")
        if status in BAN_STATUSES:
            named_s = named_wait_s(answer.headers.get("retry-after"))
            wait_s = self._budget.banned(named_s, self._clock.monotonic_ns(), said)
            raise UnavailableError(f"{said}: over the limit, wait {wait_s:.0f} s")
        if status >= 500 or status == 408:
            raise UnavailableError(said)
        raise VenueError(f"{said}: {text}")


async def _body(answer: httpx.Response) -> bytes:
    """All of an answer; raises OSError for one that is too long."""
    body = bytearray()
    async for piece in answer.aiter_bytes():
        body += piece
        if len(body) > MAX_ANSWER_BYTES:
            raise OSError(f"its answer is longer than {MAX_ANSWER_BYTES} bytes")
    return bytes(body)
