import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.regimes.filter import advance, empty
from operators.regimes.model import DEFAULTS, Parameters, build, chain, stationary
from tests.operators.regimes.slow_filter import SlowFilter

SECOND = 1_000_000_000
TWO_BY_TWO = Parameters(
    scales=(0.8, 1.6), volatility_stay_bars=(50.0, 20.0), drifts=(-0.2, 0.3), direction_stay_bars=(30.0, 10.0),
    degrees_of_freedom=3.5, half_life_bars=40.0, warm_up_bars=5,
)  # fmt: skip


def run(times, prices, parameters=DEFAULTS, state=None):
    model = build(parameters, interval_ns=SECOND)
    state = empty(model, 1) if state is None else state
    rows = len(times)
    probability, scale, returns = np.empty((rows, len(model.scale))), np.empty(rows), np.empty(rows, np.int64)
    series, times = np.zeros(rows, np.int64), np.asarray(times, np.int64)
    advance(state, model, series, times, np.asarray(prices, float), probability, scale, returns)
    return probability, scale, returns, state


def walk(rows, seed=0, sd=0.01):
    return 100 * np.exp(np.cumsum(np.random.default_rng(seed).standard_t(5, rows) * sd))


@settings(max_examples=40, deadline=None)
@given(
    steps=st.lists(st.tuples(st.integers(0, 4), st.floats(-0.3, 0.3)), min_size=1, max_size=60),
    holes=st.sets(st.integers(0, 59)),
)
def test_filter_equals_the_slow_one_whatever_comes(steps, holes):
    times = SECOND * np.cumsum([10, *(step for step, _ in steps)])
    prices = 100 * np.exp(np.cumsum([0.0, *(value for _, value in steps)]))
    prices[[hole for hole in holes if hole < len(prices)]] = math.nan
    probability, scale, returns, _ = run(times, prices, TWO_BY_TWO)
    slow = SlowFilter(TWO_BY_TWO, SECOND)
    for row, (time, price) in enumerate(zip(times.tolist(), prices.tolist(), strict=True)):
        slow.take(time, price)
        assert probability[row] == pytest.approx([slow.belief[state] for state in slow.states], rel=1e-8, abs=1e-12)
        assert scale[row] == pytest.approx(slow.scale)
        assert returns[row] == len(slow.sizes)


def test_probabilities_sum_to_one_after_the_wildest_returns():
    prices = walk(200)
    prices[100] *= 1e6
    prices[150] *= 1e-6
    probability, scale, _, _ = run(SECOND * np.arange(1, 201), prices)
    assert probability.sum(axis=1) == pytest.approx(1.0)
    assert np.isfinite(scale).all()


def test_bars_that_never_came_only_move_the_chain():
    prices = walk(300)
    _, _, _, state = run(SECOND * np.arange(1, 301), prices)
    before = state.probability[0].copy()
    after, _, returns, _ = run([SECOND * 308], [prices[-1] * 2], state=state)
    moved = before @ np.linalg.matrix_power(build(DEFAULTS, interval_ns=SECOND).transition, 8)
    assert after[0] == pytest.approx(moved, rel=1e-10)
    assert returns[0] == 299


def test_a_bar_that_is_not_later_changes_nothing():
    prices = walk(100)
    probability, scale, returns, state = run(SECOND * np.arange(1, 101), prices)
    again = run([SECOND * 100, SECOND * 7], [1.0, 2.0], state=state)
    assert (again[0] == probability[-1]).all()
    assert (again[1] == scale[-1]).all()
    assert (again[2] == returns[-1]).all()


def test_prices_that_never_move_leave_every_state_as_likely_as_it_ever_was():
    probability, scale, _, _ = run(SECOND * np.arange(1, 101), np.full(100, 5.0))
    assert probability[-1] == pytest.approx(build(DEFAULTS, interval_ns=SECOND).stationary)
    assert scale[-1] == 0.0


def test_quiet_and_wild_stretches_are_told_apart():
    returns = np.random.default_rng(1).standard_t(5, 3000) * 0.01
    returns[2000:2200] *= 4
    probability, *_ = run(SECOND * np.arange(1, 3001), 100 * np.exp(np.cumsum(returns)))
    stressed = probability[:, 6:].sum(axis=1)
    assert stressed[2050:2200].mean() > 0.9
    assert stressed[500:2000].mean() < 0.2


def test_the_stationary_distribution_stays():
    matrix = np.kron(chain((10.0, 5.0)), chain((3.0, 2.0, 7.0)))
    assert stationary(matrix) @ matrix == pytest.approx(stationary(matrix))


@pytest.mark.parametrize(
    "wrong",
    [{"scales": (1.0, 0.5, 2.0)}, {"scales": (0.0, 1.0, 2.0)}, {"drifts": (0.0, 0.0, 1.0)}, {"degrees_of_freedom": 2.0},
     {"volatility_stay_bars": (1.0, 5.0, 5.0)}, {"direction_stay_bars": (5.0, 5.0)}, {"warm_up_bars": 1}],
)  # fmt: skip
def test_parameters_out_of_range_are_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong)).split("_bars")[0]):
        Parameters(**wrong)
