"""`Intents`: one row of the orders journal as the executor reads it, and when an intent may not be sent any more."""

from collections.abc import Callable
from typing import NamedTuple

from market.clock import SECOND_NS
from market.messages import Approved, Cancel

AHEAD_NS = 5 * SECOND_NS  # an intent of the future is not believed: clocks step back
TOO_OLD = "too old"


class Intents(NamedTuple):
    """One row."""

    offset: int
    received_ns: int  # of the trading row that decided it
    messages: tuple[Approved | Cancel, ...]
    unread: int = 0  # frames that are neither


Read = Callable[[int, int], list[Intents]]  # rows above an offset, so many at most


def too_old(received_ns: int, now_ns: int, max_age_s: float) -> bool:
    """Whether an intent may not be sent any more, by wall clock.

    >>> too_old(0, 2 * SECOND_NS, 2.0), too_old(0, 2 * SECOND_NS + 1, 2.0), too_old(6 * SECOND_NS, 0, 2.0)
    (False, True, True)
    """
    age_ns = now_ns - received_ns
    return age_ns > max_age_s * SECOND_NS or age_ns < -AHEAD_NS
