import numpy as np
import pytest

from market.calendar import ALWAYS
from market.errors import SettingsError
from operators.regimes.time_of_day import DAY_SLOTS, day_slot, session_slot, slots_of_day

MINUTE = 60 * 10**9
FIVE = 5 * MINUTE


def at(*times):
    return np.array([np.datetime64(time, "ns") for time in times]).astype(np.int64)


@pytest.mark.parametrize(("seconds", "slots"), [(1, 288), (300, 288), (900, 96), (3600, 24), (86_400, 1), (604_800, 1)])
def test_a_slot_is_no_shorter_than_a_bar(seconds, slots):
    assert slots_of_day(seconds * 10**9) == slots


def test_a_bar_belongs_to_the_slot_it_opened_in():
    assert day_slot(at("2026-03-01T00:01", "2026-03-01T00:05", "2026-03-02T00:00"), MINUTE, DAY_SLOTS).tolist() == [
        0, 0, 287,
    ]  # fmt: skip


def test_a_session_keeps_its_slots_when_the_clocks_change():
    winter = at("2024-03-08T14:35", "2024-03-08T18:00", "2024-03-08T21:00")
    summer = at("2024-03-11T13:35", "2024-03-11T17:00", "2024-03-11T20:00")
    assert session_slot(np.append(winter, summer), FIVE, 78, "XNYS").tolist() == [0, 41, 77, 0, 41, 77]


def test_an_early_close_has_all_slots_in_less_time():
    assert session_slot(at("2024-11-29T14:35", "2024-11-29T18:00"), FIVE, 42, "XNYS").tolist() == [0, 41]


def test_bars_outside_a_session_count_as_its_first_or_last_slot():
    assert session_slot(at("2024-03-08T22:00", "2024-03-11T10:00"), FIVE, 78, "XNYS").tolist() == [77, 0]


def test_a_market_that_never_closes_has_the_day_of_utc():
    times = at("2026-03-01T10:00", "2026-03-01T11:00")
    assert (session_slot(times, MINUTE, 24, ALWAYS) == day_slot(times, MINUTE, 24)).all()


def test_an_unknown_calendar_is_named():
    with pytest.raises(SettingsError, match="XXXX"):
        session_slot(at("2024-03-08T14:35"), FIVE, 78, "XXXX")
