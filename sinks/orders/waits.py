"""How long to wait before another try: twice as long each time, up to a limit, with full jitter.

Brooker (2015), Exponential Backoff and Jitter, AWS Architecture Blog. The shortest wait keeps a venue that closes every
connection at once from being asked without pause.
"""

from collections.abc import Callable
from dataclasses import dataclass

MAX_DOUBLINGS = 16  # beyond it the cap holds anyway


@dataclass
class Waits:
    """Waits after failures in a row. `random` gives numbers from 0 up to 1."""

    random: Callable[[], float]
    least_s: float
    cap_s: float
    failures: int = 0

    def next_s(self) -> float:
        """Seconds to wait now, between `least_s` and what the failures have come to.

        >>> waits = Waits(lambda: 0.5, least_s=0.5, cap_s=4.0)
        >>> [waits.next_s() for _ in range(5)]
        [0.5, 0.75, 1.25, 2.25, 2.25]
        """
        longest_s: float = min(self.cap_s, self.least_s * 2 ** min(self.failures, MAX_DOUBLINGS))
        self.failures += 1
        return self.least_s + self.random() * (longest_s - self.least_s)

    def forget(self) -> None:
        """It went well."""
        self.failures = 0
