"""How fast each key may ask: a token bucket for each, in memory; a restart fills them.

A bucket holds BURST_S seconds of the key's rate, and a request takes one token.
"""

import math
from typing import NamedTuple

from market.clock import SECOND_NS, Clock

BURST_S = 2


class Allowance(NamedTuple):
    """What a key may still ask. `wait_s`: seconds until there is a token, 0 where there was one."""

    burst: int
    left: int
    wait_s: int
    full_s: int  # seconds until the bucket is full

    def headers(self, key: str) -> dict[str, str]:
        """RateLimit headers, draft-ietf-httpapi-ratelimit-headers-10."""
        return {
            "ratelimit-policy": f'"{key}";q={self.burst};w={BURST_S}',
            "ratelimit": f'"{key}";r={self.left};t={self.full_s}',
        }


class Buckets:
    """One bucket for each key that asked; there are no more of them than keys."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._held: dict[str, tuple[float, int]] = {}  # tokens, and when that was true

    def take(self, key: str, rate_per_s: int) -> Allowance:
        """One token, if there is one."""
        now, burst = self._clock.monotonic_ns(), rate_per_s * BURST_S
        held, since = self._held.get(key, (float(burst), now))
        tokens = min(float(burst), held + max(0, now - since) * rate_per_s / SECOND_NS)
        wait_s = 0 if tokens >= 1 else max(1, math.ceil((1 - tokens) / rate_per_s))
        if not wait_s:
            tokens -= 1
        self._held[key] = (tokens, now)
        return Allowance(burst, int(tokens), wait_s, math.ceil((burst - tokens) / rate_per_s))
