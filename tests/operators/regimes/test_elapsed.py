"""Bars that come, that never came, and that come too late."""

import math

import numpy as np
import pytest

from operators.regimes.elapsed import MOST_MISSING, empty, passed

MINUTE = 60 * 10**9
START = 1_700_000_040 * 10**9


def seen(minutes, prices, series=None, state=None):
    """What passed when bars close so many minutes after the start."""
    times = START + (np.asarray(minutes, float) * MINUTE).astype(np.int64)
    series = np.zeros(len(times), np.int64) if series is None else np.asarray(series)
    return passed(
        empty(int(series.max(initial=0)) + 1) if state is None else state, series, times, np.array(prices), MINUTE
    )


def test_bars_in_a_row_give_one_log_return_each_but_the_first():
    found = seen([0, 1, 2], [100.0, 101.0, 99.0])
    assert found.returns == pytest.approx([math.nan, math.log(1.01), math.log(99 / 101)], nan_ok=True)
    assert found.times.tolist() == [START, START + MINUTE, START + 2 * MINUTE]
    assert found.rows.tolist() == found.places.tolist() == [0, 1, 2]
    assert found.seen.tolist() == [0, 1, 2]


def test_bars_that_never_came_pass_without_a_return_and_so_does_the_return_over_the_hole():
    found = seen([0, 1, 4, 5], [100.0, 101.0, 120.0, 121.0])
    assert np.isnan(found.returns).tolist() == [True, False, True, True, True, False]
    assert ((found.times - START) // MINUTE).tolist() == [0, 1, 2, 3, 4, 5]
    assert found.places.tolist() == [0, 1, 4, 5]
    assert found.seen.tolist() == [0, 1, 1, 2]


def test_a_long_hole_counts_as_so_many_bars_at_most():
    found = seen([0, 10_000, 10_001], [100.0, 101.0, 102.0])
    assert len(found.returns) == 1 + MOST_MISSING + 1 + 1
    assert found.places.tolist() == [0, MOST_MISSING + 1, MOST_MISSING + 2]
    assert ((found.times - START) // MINUTE)[1:3].tolist() == [10_000 - MOST_MISSING, 10_001 - MOST_MISSING]
    assert found.seen.tolist() == [0, 0, 1]


@pytest.mark.parametrize("late", [[3], [2], [0], [3, 3, 1]])
def test_a_bar_that_is_not_later_than_the_newest_is_none(late):
    prices = [100.0, 101.0, *(500.0 for _ in late), 102.0]
    found = seen([2, 3, *late, 4], prices)
    assert found.rows.tolist() == [0, 1, 2 + len(late)]
    assert found.returns == pytest.approx([math.nan, math.log(1.01), math.log(102 / 101)], nan_ok=True)


@pytest.mark.parametrize("price", [math.nan, math.inf, 0.0, -1.0])
def test_a_bar_without_a_price_has_no_return_nor_has_the_next(price):
    found = seen([0, 1, 2, 3], [100.0, price, 102.0, 103.0])
    assert np.isnan(found.returns).tolist() == [True, True, True, False]
    assert found.seen.tolist() == [0, 0, 0, 1]


def test_closes_a_little_off_the_clock_are_neither_holes_nor_late():
    found = seen([0, 1.3, 1.9, 3.0], [100.0, 101.0, 102.0, 103.0])
    assert len(found.returns) == 4
    assert found.seen.tolist() == [0, 1, 2, 3]


def test_series_have_each_their_own_newest_bar():
    found = seen([0, 5, 1, 6, 3], [100.0, 7.0, 101.0, 7.7, 103.0], series=[0, 1, 0, 1, 0])
    assert found.series.tolist() == [0, 1, 0, 1, 0, 0]
    assert found.returns == pytest.approx(
        [math.nan, math.nan, math.log(1.01), math.log(1.1), math.nan, math.nan], nan_ok=True
    )
    assert found.seen.tolist() == [0, 0, 1, 1, 1]


def test_no_bars_are_no_bars():
    found = seen([], [])
    assert [len(column) for column in found] == [0] * 6


def test_cuts_change_nothing():
    random = np.random.default_rng(0)
    minutes = np.cumsum(random.integers(-1, 4, 200))
    prices = np.where(random.random(200) < 0.1, math.nan, 100 * np.exp(np.cumsum(random.standard_normal(200) * 0.01)))
    whole, state = seen(minutes, prices), empty(1)
    parts = [seen(minutes[a : a + 7], prices[a : a + 7], state=state) for a in range(0, 200, 7)]
    for name in ("returns", "times", "seen"):
        assert np.concatenate([getattr(part, name) for part in parts]).tobytes() == getattr(whole, name).tobytes()
