"""RFC 3339 times to nanoseconds, exactly: no digit of a fraction passes through a float."""

import re
from datetime import date

from market.clock import EARLIEST_NS, LATEST_NS, SECOND_NS
from market.errors import FrameError

DAY_S, HOUR_S, MINUTE_S = 86_400, 3_600, 60
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_RFC3339 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-5][0-9]):([0-5][0-9])(?:\.([0-9]{1,9}))?"
    r"(?:Z|([+-])([0-9]{2}):([0-5][0-9]))"
)
_SECONDS = re.compile(r"([0-9]{9,10})(?:\.([0-9]{1,9}))?")


def from_rfc3339(text: str) -> int:
    """A time as the venue writes it, with seconds to nanoseconds and Z or an offset, in ns.

    Raises FrameError for any other text, and for times that are not between 2000 and 2100.

    >>> from_rfc3339("2026-08-09T21:05:48.228568804Z")
    1786309548228568804
    >>> from_rfc3339("2026-08-09T23:05:48+02:00")
    1786309548000000000
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise FrameError(f"{text[:40]!r} is not a time of RFC 3339 with at most nine decimals")
    year, month, day, hour, minute, second, fraction, sign, ahead_h, ahead_m = match.groups()
    try:
        days = date(int(year), int(month), int(day)).toordinal() - _EPOCH_DAY
    except ValueError as error:
        raise FrameError(f"time {text}: {error}") from error
    if int(hour) > 23 or int(ahead_h or 0) > 23:
        raise FrameError(f"time {text} has an hour above 23")
    seconds = days * DAY_S + int(hour) * HOUR_S + int(minute) * MINUTE_S + int(second)
    if sign:
        ahead_s = int(ahead_h) * HOUR_S + int(ahead_m) * MINUTE_S
        seconds -= ahead_s if sign == "+" else -ahead_s
    return _plausible(text, seconds, fraction)


def from_seconds(text: str) -> int:
    """Seconds since 1970 with at most nine decimals, in ns; raises FrameError as `from_rfc3339` does.

    >>> from_seconds("1618678142.557535")
    1618678142557535000
    """
    match = _SECONDS.fullmatch(text)
    if match is None:
        raise FrameError(f"{text[:40]!r} is not a time in seconds with at most nine decimals")
    return _plausible(text, int(match[1]), match[2])


def _plausible(text: str, seconds: int, fraction: str | None) -> int:
    time = seconds * SECOND_NS + int((fraction or "").ljust(9, "0"))
    if not EARLIEST_NS <= time < LATEST_NS:
        raise FrameError(f"time {text} is not between 2000 and 2100")
    return time
