import subprocess
import sys
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest

from market.calendar import ALWAYS, sessions
from market.errors import SettingsError

ROOT = Path(__file__).parents[2]


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000_000


def hours(calendar: str, since: str, count: int) -> list[str]:
    """Sessions as `name start–end` in UTC."""
    found = islice(sessions(calendar, at(since)), count)
    return [f"{one.name} {clock(one.start)} {clock(one.end)}" for one in found]


def clock(time: int) -> str:
    return f"{datetime.fromtimestamp(time // 1_000_000_000, UTC):%m-%d %H:%M}"


def test_a_market_that_never_closes_has_the_days_of_utc_as_sessions() -> None:
    assert hours(ALWAYS, "2024-02-28 23:59:59", 3) == [
        "2024-02-28 02-28 00:00 02-29 00:00",
        "2024-02-29 02-29 00:00 03-01 00:00",
        "2024-03-01 03-01 00:00 03-02 00:00",
    ]


@pytest.mark.parametrize("calendar", [ALWAYS, "XNYS"])
def test_a_session_is_over_at_its_end(calendar: str) -> None:
    first, second = islice(sessions(calendar, at("2026-11-24 12:00")), 2)
    assert next(sessions(calendar, first.end - 1)) == first
    assert next(sessions(calendar, first.end)) == second


# Thanksgiving is the fourth Thursday of November; on the Friday after it New York closes at 13:00 local time.
def test_new_york_closes_on_thanksgiving_and_early_on_the_day_after() -> None:
    assert hours("XNYS", "2026-11-25 12:00", 3) == [
        "2026-11-25 11-25 14:30 11-25 21:00",
        "2026-11-27 11-27 14:30 11-27 18:00",
        "2026-11-30 11-30 14:30 11-30 21:00",
    ]


# Summer time began on 2026-03-08 in New York and on 2026-03-29 in London.
def test_opening_hours_follow_daylight_saving() -> None:
    assert hours("XNYS", "2026-03-06 12:00", 2) == [
        "2026-03-06 03-06 14:30 03-06 21:00",
        "2026-03-09 03-09 13:30 03-09 20:00",
    ]
    assert hours("XLON", "2026-03-27 07:00", 2) == [
        "2026-03-27 03-27 08:00 03-27 16:30",
        "2026-03-30 03-30 07:00 03-30 15:30",
    ]


def test_a_calendar_goes_on_from_year_to_year() -> None:
    assert hours("XNYS", "2025-12-31 20:59:59", 3) == [
        "2025-12-31 12-31 14:30 12-31 21:00",
        "2026-01-02 01-02 14:30 01-02 21:00",
        "2026-01-05 01-05 14:30 01-05 21:00",
    ]
    names = [one.name for one in islice(sessions("XNYS", at("2024-01-01")), 600)]
    assert names == sorted(set(names))


def test_a_session_may_begin_in_the_year_before_the_one_it_is_named_in() -> None:
    assert hours("CMES", "2026-01-01 23:30", 1) == ["2026-01-02 01-01 23:00 01-02 23:00"]
    assert hours("CMES", "2024-12-31 23:30", 1) == ["2025-01-02 01-01 23:00 01-02 23:00"]


# Hong Kong trades 09:30–12:00 and 13:00–16:00, UTC+8.
def test_a_break_for_lunch_is_told() -> None:
    session = next(sessions("XHKG", at("2026-11-24 00:00")))
    assert (clock(session.break_start), clock(session.break_end)) == ("11-24 04:00", "11-24 05:00")
    whole = next(sessions("XNYS", at("2026-11-24 12:00")))
    assert whole.break_start == whole.break_end == whole.start


def test_pandas_is_not_imported_for_markets_that_never_close() -> None:
    asked = f"import sys; import market.calendar as c; next(c.sessions({ALWAYS!r}, 0)); print('pandas' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, cwd=ROOT)
    assert answer.stdout == "False\n"


def test_a_calendar_nobody_knows_is_named() -> None:
    with pytest.raises(SettingsError, match=r"XNYS.*'NOWHERE'"):
        next(sessions("NOWHERE", at("2026-11-24 00:00")))
    with pytest.raises(SettingsError, match="XHKG has no year 2051"):
        next(sessions("XHKG", at("2051-11-24 00:00")))
