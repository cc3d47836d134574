import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from operators.risk.attribution import UNIT, closed, es_attribution, var_attribution
from operators.risk.historical import historical

DRAWS = np.random.default_rng(11)
RETURNS = DRAWS.standard_t(4, (600, 5)) * 0.01 @ (np.eye(5) + 0.3)
HOLDINGS = np.array([[100.0, -40.0, 0.0, 10.0, 5.0], [0.0, 80.0, 60.0, -30.0, 5.0]])
REGIMES = DRAWS.integers(0, 3, 600)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.95, 0.975, 0.99]), st.integers(1, 3), st.floats(1.0, 1e9))
def test_every_margin_sums_to_the_total_to_the_unit(seed, level, strategies, size):
    draws = np.random.default_rng(seed)
    returns = draws.standard_t(3, (300, 4)) * 0.02
    holdings = draws.normal(size=(strategies, 4)) * size
    regimes = draws.integers(0, 4, 300)
    whole = historical(returns, holdings.sum(axis=0), level)
    for found, measured in (
        (es_attribution(returns, holdings, regimes, level), whole.es),
        (var_attribution(returns, holdings, regimes, level), whole.var),
    ):
        total = found.total
        assert int(found.by_instrument.sum()) == int(found.by_strategy.sum()) == int(found.by_regime.sum()) == total
        assert abs(total - measured / UNIT) <= 0.5 + 1e-9 * abs(measured) / UNIT


@given(arrays(float, (2, 3, 2), elements=st.floats(-1e6, 1e6)))
def test_closing_sums_exactly_and_moves_no_cell_by_more_than_a_unit(cells):
    found = closed(cells, 1.0)
    assert found.total == round(math.fsum(cells.ravel()))
    assert np.abs(found.cells - cells).max() <= 1.0


def test_es_in_parts_is_what_a_loop_over_the_worst_days_says():
    level, worst = 0.98, 12  # 2 % of 600 days, without a rest
    found = es_attribution(RETURNS, HOLDINGS, REGIMES, level)
    days = np.argsort(RETURNS @ HOLDINGS.sum(axis=0))[:worst]
    expected = np.zeros((2, 5, 3))
    for day in days:
        expected[:, :, REGIMES[day]] -= HOLDINGS * RETURNS[day] / worst
    assert found.cells * UNIT == pytest.approx(expected, abs=2 * UNIT)


def test_parts_of_es_are_euler_s_derivatives():
    found = es_attribution(RETURNS, HOLDINGS, REGIMES, 0.975)
    whole = HOLDINGS.sum(axis=0)
    for place in range(5):
        step = np.zeros(5)
        step[place] = 1e-4
        rise = historical(RETURNS, whole + step, 0.975).es - historical(RETURNS, whole - step, 0.975).es
        part = whole[place] * rise / 2e-4
        assert found.by_instrument[place] * UNIT == pytest.approx(part, abs=1e-4)


def test_parts_of_var_without_neighbours_are_euler_s_derivatives():
    found = var_attribution(RETURNS, HOLDINGS, REGIMES, 0.975, span=0)
    whole = HOLDINGS.sum(axis=0)
    for place in range(5):
        step = np.zeros(5)
        step[place] = 1e-6
        rise = historical(RETURNS, whole + step, 0.975).var - historical(RETURNS, whole - step, 0.975).var
        assert found.by_instrument[place] * UNIT == pytest.approx(whole[place] * rise / 2e-6, abs=1e-4)


def test_neighbours_calm_the_parts_of_var():
    draws = np.random.default_rng(3)
    parts = {0: [], 20: []}
    for _ in range(40):
        returns = draws.normal(size=(1000, 2)) * 0.01
        for span, found in parts.items():
            one = var_attribution(returns, np.array([[100.0, 100.0]]), np.zeros(1000, int), 0.95, span=span)
            found.append(one.by_instrument[0] / one.total)
    assert np.std(parts[20]) < 0.6 * np.std(parts[0])
    assert np.mean(parts[20]) == pytest.approx(0.5, abs=0.05)


def test_the_regime_of_the_bad_days_bears_the_risk():
    returns, regimes = RETURNS.copy(), np.zeros(600, int)
    bad = np.argsort(returns @ HOLDINGS.sum(axis=0))[:30]
    regimes[bad] = 1
    found = es_attribution(returns, HOLDINGS, regimes, 0.95)
    assert found.by_regime[1] == found.total
    assert found.by_regime[0] == 0


def test_an_attribution_needs_enough_scenarios_and_numbers_that_can_be_counted():
    assert es_attribution(RETURNS[:50], HOLDINGS, REGIMES[:50], 0.99) is None
    assert var_attribution(RETURNS[:50], HOLDINGS, REGIMES[:50], 0.99) is None
    with pytest.raises(ValueError, match="not counted in units"):
        es_attribution(RETURNS, HOLDINGS * 1e15, REGIMES, 0.95)
    with pytest.raises(ValueError, match="regimes must be 600"):
        es_attribution(RETURNS, HOLDINGS, REGIMES[:9], 0.95)
    with pytest.raises(ValueError, match="must have 4 columns"):
        es_attribution(RETURNS, HOLDINGS[:, :4], REGIMES, 0.95)


def test_an_empty_book_has_parts_of_zero():
    found = es_attribution(RETURNS, np.zeros((1, 5)), REGIMES, 0.95)
    assert (found.total, found.by_instrument.tolist()) == (0, [0] * 5)
