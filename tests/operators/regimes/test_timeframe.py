"""Series that come one by one, and bars without prices, on the small models of the contract case."""

import math
import pickle
from functools import partial

import numpy as np
import pytest

from operators.regimes import timeframe
from operators.regimes.bank.bank import SETTLE
from operators.slots import grown
from tests.operators.regimes.case_detect import MODELS

HOUR = 3_600 * 10**9
START = 1_700_000_000 // 3_600 * HOUR
NAME = "medium"
EMPTY = partial(timeframe.empty, MODELS, NAME, HOUR)


def closes(bars, seed=0):
    random = np.random.default_rng(seed)
    return 100 * np.exp(
        np.cumsum(random.standard_t(5, bars) * 0.004 * np.repeat([1.0, 3.0], [bars // 2, bars - bars // 2]))
    )


def observe(state, prices, series=0, start=0):
    """Bars in a row of one series."""
    times = START + HOUR * np.arange(start, start + len(prices))
    return timeframe.observe(MODELS, state, NAME, HOUR, np.full(len(prices), series), times, np.asarray(prices))


def alone(prices):
    return observe(timeframe.empty(MODELS, NAME, HOUR, 1), prices)


def everything(found):
    """All measures, a row a bar."""
    columns = [
        found.seen,
        found.volatility,
        found.drift,
        found.run_length,
        found.change_point_probability,
        found.anomaly,
    ]
    columns += [value for part in (*found.views.values(), *found.scores.values()) for value in vars(part).values()]
    return np.hstack(
        [np.reshape(np.asarray(column, float), (len(found.seen), -1)) for column in [*columns, found.drifts]]
    )


def test_a_series_that_comes_later_is_as_if_it_had_been_there_and_changes_no_other():
    state = timeframe.empty(MODELS, NAME, HOUR, 0)
    state = grown(state, EMPTY, 1)
    first, second = closes(160, 1), closes(120, 2)
    parts = [observe(state, first[:70])]
    state = grown(state, EMPTY, 3)
    later = observe(state, second, series=2)
    parts.append(observe(state, first[70:], start=70))
    assert np.array_equal(np.vstack([everything(part) for part in parts]), everything(alone(first)), equal_nan=True)
    assert np.array_equal(everything(later), everything(alone(second)), equal_nan=True)


def test_growing_to_what_there_is_changes_nothing():
    state = timeframe.empty(MODELS, NAME, HOUR, 2)
    observe(state, closes(60), series=1)
    before = pickle.dumps(state)
    state = grown(state, EMPTY, 2)
    assert pickle.dumps(state) == before


def test_all_is_unknown_until_the_bank_has_settled_and_known_from_then_on():
    found = alone(closes(200))
    known = found.seen > SETTLE
    assert known.tolist() == [False] * (SETTLE + 1) + [True] * (199 - SETTLE)
    for values in (found.volatility, found.anomaly, found.views["volatility"].remaining_bars):
        assert np.isfinite(values).tolist() == known.tolist()
    volatility = found.views["volatility"]
    assert (volatility.held[~known] == -1).all()
    assert (volatility.held[known] >= 0).all()
    for values in (volatility.probability, volatility.lead[:, None], volatility.changes, volatility.forecasts[:, 0]):
        assert np.isfinite(values).all(axis=1).tolist() == known.tolist()


def test_a_bar_without_a_price_has_a_row_and_what_is_known_stays_known():
    prices = closes(150)
    prices[[90, 91, 120]] = math.nan
    found = alone(prices)
    assert len(found.rows) == 150
    assert found.seen[-1] == 149 - 5
    for values in (found.volatility, found.anomaly, found.drift, found.views["dynamics"].probability[:, 0]):
        assert np.isfinite(values[SETTLE + 1 :]).all()


def test_a_hole_lets_beliefs_widen_for_as_many_bars_as_never_came():
    prices = closes(120)
    state = timeframe.empty(MODELS, NAME, HOUR, 1)
    before = observe(state, prices[:100]).views["volatility"].probability[-1]
    after = observe(state, prices[100:101], start=150)
    assert len(after.rows) == 1
    widened = after.views["volatility"].probability[0]
    usual = np.linalg.norm(alone(prices).views["volatility"].probability[100] - before)
    assert np.linalg.norm(widened - before) > usual
    assert widened.max() < before.max()


def test_bars_that_all_came_too_late_give_nothing():
    state = timeframe.empty(MODELS, NAME, HOUR, 1)
    observe(state, closes(50))
    before = pickle.dumps(state)
    found = observe(state, closes(20), start=10)
    assert len(found.rows) == len(found.seen) == len(found.views["direction"].held) == 0
    assert pickle.dumps(state) == before


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_the_unit_of_the_price_does_not_matter(factor):
    one, other = alone(closes(200)), alone(closes(200) * factor)
    assert np.allclose(everything(one), everything(other), rtol=1e-6, atol=1e-9, equal_nan=True)
