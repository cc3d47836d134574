"""`Allowance`: what the venue lets us ask in any minute. Orders may use most of it; the rest is for what ends them."""

from collections import deque

from market.clock import SECOND_NS

MINUTE = 60  # whole seconds that are counted
ORDERS_SHARE = 0.8  # the rest is kept for cancels, queries and the kill switch


class Allowance:
    """Weights spent in the last 60 seconds and the one before, so that no minute of the venue's counting has more.

    >>> allowance = Allowance(10)
    >>> allowance.take(8, now_ns=0, share=0.8), allowance.take(1, now_ns=0, share=0.8), allowance.take(2, now_ns=0)
    (True, False, True)
    >>> allowance.take(1, now_ns=60 * SECOND_NS), allowance.take(1, now_ns=61 * SECOND_NS)
    (False, True)
    >>> allowance.rest(until_ns=200 * SECOND_NS)
    >>> allowance.take(1, now_ns=200 * SECOND_NS - 1), allowance.take(1, now_ns=200 * SECOND_NS)
    (False, True)
    """

    def __init__(self, per_minute: int) -> None:
        if per_minute <= 0:
            raise ValueError(f"per_minute must be positive, is {per_minute}")
        self._per_minute = per_minute
        self._spent: deque[list[int]] = deque()  # second, weight; one entry a second
        self._total = 0
        self._rests_until_ns = 0

    def take(self, weight: int, now_ns: int, share: float = 1.0) -> bool:
        """Spend a weight, of this share of the whole; False where it is not there."""
        if now_ns < self._rests_until_ns:
            return False
        second = now_ns // SECOND_NS
        while self._spent and second - self._spent[0][0] > MINUTE:
            self._total -= self._spent.popleft()[1]
        if self._total + weight > self._per_minute * share:
            return False
        if not self._spent or self._spent[-1][0] != second:
            self._spent.append([second, 0])
        self._spent[-1][1] += weight
        self._total += weight
        return True

    def rest(self, until_ns: int) -> None:
        """The venue counts otherwise than we do: nothing is to be had until then."""
        self._rests_until_ns = until_ns
