"""How many orders were made within the last second of data time. State bounded by `most`; one append an order.

At `most` remembered orders the oldest is forgotten; the limit of the gate must be below, else it could not be seen.
"""

from collections import deque
from dataclasses import dataclass, field

from market.clock import SECOND_NS

MOST_ORDERS = 65_536


@dataclass
class OrderRate:
    """Data times of recent orders.

    >>> rate = OrderRate()
    >>> for time_ns in (0, 400_000_000, 1_100_000_000):
    ...     rate.note(time_ns)
    >>> rate.recent(1_200_000_000)
    2
    """

    times: deque[int] = field(default_factory=lambda: deque(maxlen=MOST_ORDERS))

    def note(self, time_ns: int) -> None:
        """An order is made; times never fall."""
        self.times.append(time_ns)

    def recent(self, time_ns: int) -> int:
        """Orders after time_ns − 1 s."""
        while self.times and self.times[0] <= time_ns - SECOND_NS:
            self.times.popleft()
        return len(self.times)
