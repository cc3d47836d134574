"""Milliseconds since midnight in New York, as the clocks there show them, to nanoseconds UTC."""

import re
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from market.clock import SECOND_NS
from market.errors import FrameError

NEW_YORK = ZoneInfo("America/New_York")
DAY_MS = 86_400_000
HOUR_MS = 3_600_000
_MILLISECONDS = re.compile(r"([0-9]{1,8})(?:\.([0-9]{1,6}))?", re.ASCII)
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - of naive times


def nanoseconds(date: str, milliseconds: str) -> int:
    """Time in ns UTC; raises FrameError where the text is no time of that day.

    >>> nanoseconds("20131007", "34200000.25") - nanoseconds("20131007", "34200000")
    250000
    """
    match = _MILLISECONDS.fullmatch(milliseconds)
    if match is None or int(match[1]) >= DAY_MS:
        raise FrameError(f"{milliseconds[:40]!r} is not milliseconds of a day with at most six decimals")
    whole = int(match[1])
    return _start(date, whole // HOUR_MS) + whole * 1_000_000 + int((match[2] or "").ljust(6, "0"))


@lru_cache(4096)
def _start(date: str, hour: int) -> int:
    """What to add to a wall-clock time of that day and hour to have it in UTC, ns."""
    try:
        midnight = datetime.strptime(date, "%Y%m%d")  # noqa: DTZ007 - New York's
    except ValueError as error:
        raise FrameError(f"{date[:40]!r} is not a date like 20131007") from error
    offset = (midnight + timedelta(hours=hour)).replace(tzinfo=NEW_YORK).utcoffset()
    assert offset is not None
    return int((midnight - _EPOCH - offset).total_seconds()) * SECOND_NS
