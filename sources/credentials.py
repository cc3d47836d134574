"""`Credential`: a secret with a life, renewed at half of it.

A renewal that fails is an alarm, not a shrug: it is tried again every few seconds, and once the secret's life is over
`value` raises, so that the streams that need it count as down.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from market.clock import SECOND_NS, Clock
from market.errors import BarographError

TRY_AGAIN_SHARE = 0.05  # of its life
TRY_AGAIN_MOST_S = 60.0

log = logging.getLogger("barograph.capture")


class ExpiredError(BarographError):
    """A credential's life is over, or it was never to be had."""


@dataclass
class Credential:
    """`issue` asks for a new one; it raises BarographError, OSError or TimeoutError where it cannot be had."""

    name: str
    life_s: float
    issue: Callable[[], Awaitable[str]]
    clock: Clock
    failures: int = 0  # in a row
    _value: str = ""
    _issued_ns: int = 0

    async def keep(self) -> None:
        """Renew it for ever."""
        while True:
            await asyncio.sleep(await self._renew())

    def value(self) -> str:
        """The one of now; raises ExpiredError."""
        left_s = self.life_s - (self.clock.monotonic_ns() - self._issued_ns) / SECOND_NS
        if not self._value or left_s <= 0:
            raise ExpiredError(f"credential {self.name} is not valid: it could not be renewed")
        return self._value

    async def _renew(self) -> float:
        """Seconds until the next renewal."""
        asked_ns = self.clock.monotonic_ns()  # its life may begin as early as this
        try:
            self._value = await self.issue()
        except (BarographError, OSError, TimeoutError) as error:
            self.failures += 1
            log.error("credential %s could not be renewed (%d in a row): %s", self.name, self.failures, error)
            return min(TRY_AGAIN_SHARE * self.life_s, TRY_AGAIN_MOST_S)
        self.failures, self._issued_ns = 0, asked_ns
        return self.life_s / 2
