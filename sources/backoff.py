"""Reconnecting without a storm: full-jitter exponential backoff that forgets failures only after healthy data.

Full jitter: Brooker (2015), Exponential Backoff and Jitter, AWS Architecture Blog. There is no last attempt.
"""

from collections.abc import Callable
from dataclasses import dataclass

from market.clock import SECOND_NS

BASE_S = 0.5
CAP_S = 60.0
HEALTHY_AFTER_NS = 30 * SECOND_NS  # data must have flowed for so long before failures are forgotten
MAX_DOUBLINGS = 16  # beyond it the cap holds anyway, and the power stays small


@dataclass
class Backoff:
    """How long to wait before the next attempt. `random` gives numbers from 0 up to 1."""

    random: Callable[[], float]
    base_s: float = BASE_S
    cap_s: float = CAP_S
    failures: int = 0
    _healthy_since_ns: int | None = None

    def data(self, now_ns: int) -> None:
        """Data arrived; monotonic time."""
        if self._healthy_since_ns is None:
            self._healthy_since_ns = now_ns
        elif self.failures and now_ns - self._healthy_since_ns >= HEALTHY_AFTER_NS:
            self.failures = 0

    def failed(self) -> float:
        """Seconds to wait after a failure or a lost connection."""
        self._healthy_since_ns = None
        longest_s: float = min(self.cap_s, self.base_s * 2 ** min(self.failures, MAX_DOUBLINGS))
        self.failures += 1
        return self.random() * longest_s
