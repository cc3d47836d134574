"""REST requests to a venue under one budget of weight, with its word on limits obeyed.

A 429 or 418 stops every request until the time the venue names, or a minute where it names none.
"""

import asyncio
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

import httpx

from market.clock import SECOND_NS, Clock
from market.errors import BarographError, VenueError
from sources.transport import LOOPBACK
from venues.venue import Request

TIMEOUT_S = 10.0
SHARE_OF_BUDGET = 0.5  # the rest is left to whatever else runs behind the same address
UNNAMED_BAN_S = 60
MAX_BAN_S = 3 * 24 * 3600  # the longest the venue documents


class UnavailableError(BarographError):
    """No answer now; worth another try after a while."""


@dataclass
class Budget:
    """Weight that may be spent, refilled evenly over a minute. Times are monotonic."""

    weight_per_minute: float
    _spent: float = 0.0
    _counted_ns: int = 0
    _banned_until_ns: int = 0

    def wait_s(self, weight: int, now_ns: int) -> float:
        """Seconds until so much may be spent; 0 spends it."""
        if now_ns < self._banned_until_ns:
            return (self._banned_until_ns - now_ns) / SECOND_NS
        per_ns = self.weight_per_minute / (60 * SECOND_NS)
        self._spent = max(0.0, self._spent - (now_ns - self._counted_ns) * per_ns)
        self._counted_ns = now_ns
        excess = self._spent + weight - self.weight_per_minute
        if excess > 0 and self._spent > 0:
            return min(excess, self._spent) / per_ns / SECOND_NS
        self._spent += weight
        return 0.0

    def banned(self, seconds: int, now_ns: int) -> None:
        """Nothing may be asked for so long."""
        self._banned_until_ns = now_ns + min(seconds, MAX_BAN_S) * SECOND_NS


class Rest:
    """GET requests to one venue."""

    def __init__(self, budget: Budget, clock: Clock) -> None:
        self._budget, self._clock = budget, clock
        self._clients: dict[bool, httpx.AsyncClient] = {}

    async def get(self, request: Request) -> bytes:
        """The body of a good answer. Raises UnavailableError for what may pass, VenueError for a refusal for good."""
        while wait_s := self._budget.wait_s(request.weight, self._clock.monotonic_ns()):
            await asyncio.sleep(wait_s)
        try:
            answer = await self._client(request.url).get(request.url)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UnavailableError(f"cannot reach {request.url}: {error or type(error).__name__}") from error
        self._check(answer, request.url)
        return answer.content

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for client in self._clients.values():
            await client.aclose()

    def _client(self, url: str) -> httpx.AsyncClient:
        loopback = urlsplit(url).hostname in LOOPBACK  # no proxy on the way to ourselves
        if loopback not in self._clients:
            self._clients[loopback] = httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=not loopback)
        return self._clients[loopback]

    def _check(self, answer: httpx.Response, url: str) -> None:
        if answer.status_code in (418, 429):
            named = answer.headers.get("Retry-After", "")
            seconds = int(named) if named.isdigit() else UNNAMED_BAN_S
            self._budget.banned(seconds, self._clock.monotonic_ns())
            raise UnavailableError(f"{url} answered {answer.status_code}: over the limit, wait {seconds} s")
        if answer.status_code >= 500 or answer.status_code in (403, 408):
            raise UnavailableError(f"{url} answered {answer.status_code}")
        if answer.status_code >= 300:
            raise VenueError(f"{url} answered {answer.status_code}: {answer.text[:200]}")
