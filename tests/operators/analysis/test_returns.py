"""Returns, ratios and drawdowns beside slow and obvious twins."""

import math
import statistics

import numpy as np
import pytest

from operators.analysis import returns

SOME = np.random.default_rng(1).normal(0.0005, 0.01, 400)


def slow_drawdown(curve):
    """Every pair of points."""
    depth, longest = 0.0, 0
    for high in range(len(curve)):
        if curve[high] < max(curve[: high + 1]):
            continue
        for low in range(high + 1, len(curve)):
            depth = max(depth, 1.0 - curve[low] / curve[high])
            if curve[low] >= curve[high]:
                longest = max(longest, low - high if low > high + 1 else 0)
                break
        else:
            longest = max(longest, len(curve) - 1 - high)
    return depth, longest


def test_ratios_are_those_of_the_standard_library():
    values = SOME.tolist()
    assert returns.sharpe(SOME) == pytest.approx(statistics.fmean(values) / statistics.pstdev(values), rel=1e-12)
    assert returns.volatility(SOME) == pytest.approx(statistics.stdev(values), rel=1e-12)
    below = math.sqrt(math.fsum(min(value, 0.0) ** 2 for value in values) / len(values))
    assert returns.sortino(SOME) == pytest.approx(statistics.fmean(values) / below, rel=1e-12)
    assert returns.total(SOME) == pytest.approx(math.prod(1.0 + value for value in values) - 1.0, rel=1e-12)


def test_growth_of_a_year_is_the_year():
    assert returns.growth(np.full(12, 0.01), 12.0) == pytest.approx(1.01**12 - 1.0)
    assert returns.growth(np.full(6, 0.01), 12.0) == pytest.approx(1.01**12 - 1.0)
    assert returns.growth(np.array([0.1, -1.0]), 12.0) == -1.0
    assert math.isnan(returns.growth(np.empty(0), 12.0))


@pytest.mark.parametrize("seed", range(20))
def test_drawdown_is_that_of_every_pair_of_points(seed):
    chance = np.random.default_rng(seed)
    curve = np.exp(np.cumsum(chance.normal(0.0, 0.05, 60))).round(int(chance.integers(1, 4))) + 0.5
    depth, longest = slow_drawdown(curve.tolist())
    found = returns.drawdown(curve)
    assert found.depth == pytest.approx(depth, abs=1e-15)
    assert found.longest == longest
    assert 1.0 - curve[found.low] / curve[found.high] == pytest.approx(found.depth, abs=1e-15)
    assert found.recovered == bool((curve[found.low :] >= curve[found.high]).any())


def test_a_curve_that_only_rises_has_no_drawdown():
    assert returns.drawdown(np.array([1.0, 2.0, 3.0])) == (0.0, 0, 0, 0, True)


def test_hits_are_counted_among_what_moved():
    assert returns.hit_rate(np.array([1.0, 0.0, -2.0, 3.0])) == pytest.approx(2 / 3)
    assert math.isnan(returns.hit_rate(np.zeros(3)))


@pytest.mark.parametrize("few", [np.empty(0), np.array([0.1]), np.full(50, 0.1), np.zeros(50)])
def test_ratios_of_returns_that_do_not_differ_are_not_defined(few):
    assert math.isnan(returns.sharpe(few))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused_by_its_place(bad):
    with pytest.raises(ValueError, match="return 1 of 3 is"):
        returns.sharpe(np.array([0.0, bad, 0.0]))
    with pytest.raises(ValueError, match="one row of numbers"):
        returns.total(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="begins above 0"):
        returns.drawdown(np.array([0.0, 1.0]))
