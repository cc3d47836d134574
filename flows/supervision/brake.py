"""When to start again what died: soon at first, then less and less often; and not for minutes when it keeps dying.

The brake is on after `deaths` within `window_s`. What is then started again, every `pause_s`, has one life to show
that it goes on: dying early brakes at once, living for HEALTHY_AFTER_S releases the brake.
"""

from collections import deque
from dataclasses import dataclass, field

BACKOFF_FIRST_S = 0.2
BACKOFF_LONGEST_S = 10.0
HEALTHY_AFTER_S = 20.0  # what lived this long starts again at the first backoff


@dataclass
class Brake:
    """Deaths of one group; times are monotonic seconds.

    >>> brake = Brake(deaths=3, window_s=60.0, pause_s=300.0)
    >>> [brake.died(float(second), lived_s=1.0) for second in range(4)]
    [0.4, 0.8, 300.0, 300.0]
    >>> brake.died(1000.0, lived_s=500.0)
    0.2
    """

    deaths: int
    window_s: float
    pause_s: float
    on: bool = False
    failures: int = 0  # in a row, for the backoff
    _died_s: deque[float] = field(default_factory=deque)

    def died(self, now_s: float, lived_s: float) -> float:
        """Seconds until the next start."""
        self.lives(lived_s)
        self.failures = 0 if lived_s > HEALTHY_AFTER_S else self.failures + 1
        self._died_s.append(now_s)
        while now_s - self._died_s[0] > self.window_s or len(self._died_s) > self.deaths:
            self._died_s.popleft()
        self.on = self.on or len(self._died_s) >= self.deaths
        return self.pause_s if self.on else min(BACKOFF_FIRST_S * 2 ** min(self.failures, 20), BACKOFF_LONGEST_S)

    def lives(self, lived_s: float) -> bool:
        """Tell how long it lives by now; whether that released the brake."""
        released = self.on and lived_s > HEALTHY_AFTER_S
        if released:
            self.on = False
            self._died_s.clear()
        return released
