"""Trading sessions: when a market is open, by the calendar of its exchange.

A calendar is "24/7", whose sessions are the days of UTC, or a code of the library `exchange_calendars` (MIC codes, such
as XNYS), which knows holidays, early closes, lunch breaks and daylight saving. The library and pandas under it take
half a second to import, so that happens when such a calendar is first asked for; a year of it takes 0.15 s and is kept.
Which sessions there are depends on the version of the library and never on today's date.
"""

import warnings
from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from market.clock import SECOND_NS
from market.errors import SettingsError

ALWAYS = "24/7"
DAY_NS = 86_400 * SECOND_NS
YEARS_KEPT = 32  # years of exchange calendars in memory


class Session(NamedTuple):
    """One trading day of a market; times in ns UTC, ends exclusive."""

    name: str  # its date on the exchange: 2026-11-22
    start: int
    end: int
    break_start: int  # equal to break_end where the market does not close for lunch
    break_end: int


def sessions(calendar: str, since: int) -> Iterator[Session]:
    """The sessions that end after `since` (ns), in order, the one under way first; raises SettingsError by name.

    >>> [session.name for session, _ in zip(sessions("24/7", 1_763_856_000 * 10**9), range(2))]
    ['2025-11-23', '2025-11-24']
    """
    return _days(since) if calendar == ALWAYS else _exchange(calendar, since)


def _days(since: int) -> Iterator[Session]:
    start = since // DAY_NS * DAY_NS
    while True:
        yield Session(f"{_utc(start):%Y-%m-%d}", start, start + DAY_NS, start, start)
        start += DAY_NS


def _exchange(calendar: str, since: int) -> Iterator[Session]:
    # A day earlier, because in UTC a session of the last of December may end in January.
    year = _utc(since - DAY_NS).year
    while True:
        found = _year(calendar, year)
        yield from found[bisect_right(found, since, key=lambda session: session.end) :]
        year += 1


@lru_cache(YEARS_KEPT)
def _year(calendar: str, year: int) -> tuple[Session, ...]:
    """The sessions that one year names."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library (4.13) uses what pandas 4 will drop
        from exchange_calendars import get_calendar, get_calendar_names  # noqa: PLC0415
        from exchange_calendars.errors import InvalidCalendarName  # noqa: PLC0415

        try:
            # Both ends are given, because the library's own are counted from today.
            schedule = get_calendar(calendar, start=f"{year}-01-01", end=f"{year}-12-31").schedule
        except InvalidCalendarName as error:
            known = ", ".join(get_calendar_names(include_aliases=False))
            raise SettingsError(f"calendar must be {ALWAYS} or one of {known}; got {calendar!r}") from error
        except ValueError as error:
            raise SettingsError(f"calendar {calendar} has no year {year}: {error}") from error
    return tuple(
        Session(f"{day:%Y-%m-%d}", start.value, end.value, *_lunch(start, pause, resumed))
        for day, start, pause, resumed, end in schedule.itertuples()
    )


def _lunch(start: Any, pause: Any, resumed: Any) -> tuple[int, int]:
    """Ends of the break, ns; both the session's start where the library says not-a-time."""
    return (pause.value, resumed.value) if pause == pause else (start.value, start.value)  # noqa: PLR0124


def _utc(time: int) -> datetime:
    return datetime.fromtimestamp(time // SECOND_NS, UTC)
