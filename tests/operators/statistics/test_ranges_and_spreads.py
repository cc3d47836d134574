"""Made-up markets whose volatility and spread are known."""

import math
from itertools import pairwise

import numpy as np
import pytest

from operators.statistics.ranges import garman_klass, parkinson, rogers_satchell, yang_zhang
from operators.statistics.spreads import corwin_schultz, roll

STEPS = 2_000  # a bar


def bars(bars_made: int, sigma: float, drift: float = 0.0, spread: float = 0.0, gap: float = 0.0) -> np.ndarray:
    """Rows of open, high, low, close; sigma and drift are of a bar, gap the deviation between bars."""
    rng = np.random.default_rng(3)
    made, level = np.empty((bars_made, 4)), math.log(60_000.0)
    for bar in made:
        path = level + np.cumsum(rng.normal(drift / STEPS, sigma / math.sqrt(STEPS), STEPS))
        level = path[-1] + (rng.normal(0, gap) if gap else 0.0)
        prices = np.exp(path) * (1 + spread / 2 * rng.choice((-1, 1), STEPS))
        bar[:] = prices[0], prices.max(), prices.min(), prices[-1]
    return made


@pytest.mark.parametrize("drift", [0.0, 0.02])
def test_range_estimators_find_the_volatility_that_is_there(drift: float) -> None:
    made = bars(800, 0.01, drift)
    deviations = {
        "parkinson": math.sqrt(np.mean([parkinson(high, low) for _, high, low, _ in made])),
        "garman_klass": math.sqrt(np.mean([garman_klass(*bar) for bar in made])),
        "rogers_satchell": math.sqrt(np.mean([rogers_satchell(*bar) for bar in made])),
    }
    assert deviations["rogers_satchell"] == pytest.approx(0.01, rel=0.05)
    for name in ("parkinson", "garman_klass"):  # these two take a drift for volatility
        assert (deviations[name] == pytest.approx(0.01, rel=0.05)) == (drift == 0.0)


def test_yang_zhang_sees_the_jumps_between_bars() -> None:
    made = bars(800, 0.01, 0.01, gap=0.005)
    open_price, _, _, close = np.log(made).T
    inside = np.array([rogers_satchell(*bar) for bar in made[1:]])
    found = yang_zhang(open_price[1:] - close[:-1], (close - open_price)[1:], inside)
    assert math.sqrt(found) == pytest.approx(math.hypot(0.01, 0.005), rel=0.05)


@pytest.mark.parametrize("spread", [0.01, 0.03])
def test_spread_estimators_find_the_spread_that_is_there(spread: float) -> None:
    made = bars(800, 0.01, spread=spread)
    assert corwin_schultz_of(made) == pytest.approx(spread, rel=0.15)
    bounce = np.diff(np.log(bars(800, 0.0005, spread=spread)[:, 3]))
    assert roll(bounce, 0) == pytest.approx(spread, rel=0.1)


def test_cutting_corwin_schultz_at_zero_is_the_bias_that_its_file_tells_of() -> None:
    assert corwin_schultz_of(bars(1_500, 0.01)) == pytest.approx(0.44 * 0.01, rel=0.1)


def corwin_schultz_of(made: np.ndarray) -> float:
    return float(np.mean([corwin_schultz(*first[1:], *second[1:3]) for first, second in pairwise(made)]))


def test_a_jump_between_two_bars_is_no_spread() -> None:
    assert corwin_schultz(101.0, 100.0, 100.125, 201.125, 200.125) == corwin_schultz(
        101.0, 100.0, 100.125, 101.125, 100.125
    )
    assert corwin_schultz(101.0, 100.0, 100.875, 50.875, 49.875) == corwin_schultz(
        101.0, 100.0, 100.875, 100.875, 99.875
    )
    assert corwin_schultz(101.0, 100.0, 100.125, 201.125, 200.125) > 0.005


def test_two_bars_whose_range_is_all_volatility_have_no_spread() -> None:
    assert corwin_schultz(101.0, 100.0, 101.0, 102.0, 101.0) == 0.0


def test_roll_is_not_defined_for_a_trend() -> None:
    assert math.isnan(roll(np.array([0.1, 0.2, 0.3, 0.4]), 0))
    assert roll(np.array([0.1, -0.1, 0.1, -0.1, 0.1]), 0) > 0.0


def test_roll_reads_its_ring_from_the_oldest_on() -> None:
    returns = np.array([3.0, -2, 2, -3, 1, -1])
    assert roll(np.roll(returns, 2), 2) == roll(returns, 0)
