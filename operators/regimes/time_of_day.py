"""Which slot of its day a bar belongs to, for operators/regimes/season.py: by when the bar opened.

A market that never closes has the day of UTC; an exchange has its session, from the first trade to the last, so that
daylight saving and early closes move nothing but the clock. A slot is never shorter than a bar, and there are at most
DAY_SLOTS in a day (5 min around the clock); bars of a day and longer have one slot, that is no season.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from market.calendar import ALWAYS, DAY_NS, Session, sessions

DAY_SLOTS = 288
HOUR_NS = DAY_NS // 24

Int64Array = NDArray[np.int64]


def slots_of_day(interval_ns: int) -> int:
    """Number of slots of a day for bars of this length.

    >>> [slots_of_day(seconds * 10**9) for seconds in (1, 60, 3600, 86400)]
    [288, 288, 24, 1]
    """
    return max(1, min(DAY_SLOTS, DAY_NS // interval_ns))


def day_slot(close_times: Int64Array, interval_ns: int, slots: int) -> Int64Array:
    """Slot in the day of UTC of bars that close at these times (ns).

    >>> day_slot(np.array([1, 2, 24]) * HOUR_NS, HOUR_NS, 24)
    array([ 0,  1, 23])
    """
    return np.asarray((close_times - interval_ns) % DAY_NS // (DAY_NS // slots), np.int64)


def session_slot(close_times: Int64Array, interval_ns: int, slots: int, calendar: str) -> Int64Array:
    """Slot in the session of an exchange (market/calendar.py) of bars that close at these ascending times (ns).

    A bar before the session counts as its first slot, one after as its last. Raises SettingsError for an unknown
    calendar.
    """
    if calendar == ALWAYS or len(close_times) == 0:
        return day_slot(close_times, interval_ns, slots)
    opens = close_times - interval_ns
    found = _around(calendar, int(opens[0]), int(opens[-1]))
    # A bar belongs to the session it is nearest to in time: half-way through the night the next one begins.
    borders = [(before.end + after.start) // 2 for before, after in pairwise(found)]
    at = np.searchsorted(np.array(borders, np.int64), opens, side="right")
    start, end = (np.array([getattr(session, name) for session in found], np.int64)[at] for name in ("start", "end"))
    return np.clip((opens - start) * slots // (end - start), 0, slots - 1)


def _around(calendar: str, first: int, last: int) -> list[Session]:
    """The sessions from the one before a time to the one after another."""
    found: list[Session] = []
    for session in sessions(calendar, first - 10 * DAY_NS):
        found.append(session)
        if session.start > last:
            break
    return found
