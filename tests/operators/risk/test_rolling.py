"""Forecasts row by row: against the measures they are made of, and by their backtests where the truth is known.

`python -m benchmarks.risk coverage` has all methods, more markets and real prices.
"""

from functools import cache

import numpy as np
import pytest

from operators.risk.acerbi_szekely import critical, statistics
from operators.risk.coverage import conditional_coverage, exceedances, independence, kupiec
from operators.risk.estimates import Manner, estimates
from operators.risk.filtered import WARM_UP_ROWS, ew_volatility
from operators.risk.parametric import normal
from operators.risk.rolling import METHODS, REFIT_ROWS, forecasts, tails
from operators.risk.tail import tail
from tests.operators.risk.garch import DEGREES, garch_t

MARKETS, ROWS, WINDOW, HALF_LIFE = 12, 2000, 500, 20.0


@pytest.mark.parametrize("level", [0.95, 0.975, 0.99])
def test_the_tail_of_every_window_is_that_of_its_losses_alone(level):
    losses = np.random.default_rng(1).standard_t(4, 400)
    var, es = tails(losses, level, 150)
    for row in range(len(var)):
        alone = tail(losses[row : row + 150], level)
        assert (var[row], es[row]) == (alone.var, pytest.approx(alone.es))


@pytest.mark.parametrize("method", METHODS)
def test_a_forecast_does_not_change_when_later_rows_do(method):
    profits = garch_t(3, 400)
    whole = forecasts(profits, method, level=0.95, window_rows=200, half_life_rows=HALF_LIFE)
    other = profits.copy()
    other[350:] *= -3.0
    changed = forecasts(other, method, level=0.95, window_rows=200, half_life_rows=HALF_LIFE)
    known = 350 + 1 - whole.begin
    assert np.array_equal(whole.var[:known], changed.var[:known], equal_nan=True)
    assert np.array_equal(whole.es[:known], changed.es[:known], equal_nan=True)
    assert not np.array_equal(whole.var[known:], changed.var[known:], equal_nan=True) or method == "historical"


def test_normal_and_filtered_are_the_volatility_known_before_times_a_tail():
    profits = garch_t(4, 500)
    volatility = ew_volatility(profits[:, None], HALF_LIFE)[:, 0]
    gauss = forecasts(profits, "normal", level=0.99, window_rows=200, half_life_rows=HALF_LIFE)
    filtered = forecasts(profits, "filtered", level=0.99, window_rows=200, half_life_rows=HALF_LIFE)
    for row in (gauss.begin, gauss.begin + 100, len(profits) - 1):
        at = row - gauss.begin
        standard = -profits[row - 200 : row] / volatility[row - 200 : row]
        assert gauss.var[at] == pytest.approx(volatility[row] * normal(0.0, 1.0, 0.99).var)
        assert filtered.es[at] == pytest.approx(volatility[row] * tail(standard, 0.99).es)


@pytest.mark.parametrize("method", ["student_t", "cornish_fisher", "normal"])
def test_what_is_measured_of_a_book_now_is_what_the_backtest_judges(method):
    """The whole window at once (estimates.py) and the last of the rolling forecasts; half lives far within it."""
    window = 40 * REFIT_ROWS
    profits = garch_t(5, WARM_UP_ROWS + window + 1)
    last = forecasts(profits, method, level=0.95, window_rows=window, half_life_rows=HALF_LIFE)
    now = estimates(profits[:-1, None], np.ones(1), Manner(0.95, HALF_LIFE, 1.0, 0)).tails[method]
    assert (now.var, now.es) == (pytest.approx(last.var[-1], rel=1e-6), pytest.approx(last.es[-1], rel=1e-6))


@cache
def judged(method, level):
    """Markets that each backtest rejects at 5 %: Kupiec, independence, Christoffersen, Acerbi and Székely's Z2."""
    counts = np.zeros(4, int)
    for seed in range(MARKETS):
        found = forecasts(garch_t(seed, ROWS), method, level=level, window_rows=WINDOW, half_life_rows=HALF_LIFE)
        flags = exceedances(found.losses, found.var)
        z2 = statistics(found.losses, found.var, found.es, level)[1]
        counts += (
            kupiec(flags, level).p_value < 0.05,
            independence(flags).p_value < 0.05,
            conditional_coverage(flags, level).p_value < 0.05,
            z2 < worst_z2(len(flags), level),
        )
    return counts


@cache
def worst_z2(rows, level):
    return critical(rows, level, 0.05, degrees=DEGREES, samples=500)[1]


@pytest.mark.parametrize("level", [0.95, 0.99])
def test_on_garch_t_the_filtered_and_the_t_pass_the_backtests(level):
    """A right forecast fails 3 or fewer of 12 with 98 %; Z2 also hears what a window of 500 cannot know."""
    for method in ("filtered", "student_t"):
        count, apart, both, deep = judged(method, level)
        assert max(count, apart, both) <= 3, method
        assert deep <= 5, method


def test_plain_historical_simulation_fails_because_its_failures_come_together():
    _, apart, both, _ = judged("historical", 0.95)
    assert apart >= 6
    assert both >= 6


def test_the_normal_fails_where_tails_are_fat():
    count, _, both, deep = judged("normal", 0.99)
    assert min(count, both, deep) >= 7


@pytest.mark.parametrize(("rows", "window", "level"), [(100, 90, 0.95), (500, 50, 0.99)])
def test_too_little_history_is_named(rows, window, level):
    with pytest.raises(ValueError, match="needs windows of"):
        forecasts(garch_t(1, rows), "historical", level=level, window_rows=window)


def test_profits_that_do_not_move_are_named():
    with pytest.raises(ValueError, match="do not move at first"):
        forecasts(np.concatenate([np.zeros(50), np.ones(200)]), "filtered", level=0.95, window_rows=100)
