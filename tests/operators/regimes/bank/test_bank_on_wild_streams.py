"""What a bank says whatever comes, and that it depends on nothing but its own past."""

import pickle
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from operators.regimes.bank import bank, catalogue
from operators.regimes.bank.learners import Bank, empty
from operators.slots import grown
from tests.operators.regimes.bank.simulated import simulated
from tests.operators.regimes.bank.single import Single, many_bars
from tests.operators.regimes.bank.slow_template import SlowTemplate

TEMPLATES = (
    replace(catalogue.volatility((0.5,), (90, 60), garch=(0.06, 0.87)), labels=((0, 1),)),
    catalogue.anchored(0.2, 0.3, stay=60),
    catalogue.fractional(0.32, 0.68, stay=60),
    catalogue.autoregression(0.3, 0.3, stay=60, phases=2),
    catalogue.still(1),
)
LEARNING = {"labels": [3], "keep": 0.999, "remember": 0.999, "renew_bars": 200, "generations": 2}


def market(bars, seed=0):
    random = np.random.default_rng(seed)
    return 0.01 * random.standard_t(5, bars) * np.repeat(random.choice([0.5, 1.0, 2.0], bars // 50 + 1), 50)[:bars]


def broken(bars, seed=0):
    """A market with bars without a return, at the first too, and with what should never come."""
    returns = market(bars, seed)
    returns[[0, 7, bars // 3, bars // 3 + 1, bars // 2]] = np.nan
    returns[[bars // 2 + 1, bars // 2 + 2]] = np.inf, -np.inf
    return returns


def ran(returns, series=None):
    return Single(*TEMPLATES, **LEARNING).take(returns, series)


def same(one, two):
    return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(one, two, strict=True))


def test_compiled_and_interpreted_say_the_same_to_the_bit():
    interpreted = getattr(bank.advance, "py_func", bank.advance)
    one, two = Single(*TEMPLATES, **LEARNING), Single(*TEMPLATES, **LEARNING)
    returns = broken(260)
    with np.errstate(all="ignore"):
        assert same(one.take(returns), two.take(returns, advance=interpreted))
    for first, second in zip(one.state, two.state, strict=True):
        assert first.tobytes() == second.tobytes()


def test_cuts_pickles_and_new_neighbours_change_no_bit():
    returns, cuts = broken(700), [0, 1, 20, bank.SETTLE, 333, 400, 401, 700]
    whole = ran(returns)
    single, found = Single(*TEMPLATES, **LEARNING), []
    for number, (start, stop) in enumerate(pairwise(cuts)):
        single.state = grown(Bank(*pickle.loads(pickle.dumps(tuple(single.state)))), single_empty(single), number + 1)
        series = np.tile(np.arange(number + 1), stop - start)
        rows = single.take(np.repeat(returns[start:stop], number + 1) * np.where(series, 7.0, 1.0), series)
        found.append([column[:: number + 1] for column in rows])
    assert same([np.concatenate(columns) for columns in zip(*found, strict=True)], whole)


def single_empty(single):
    return lambda series: empty(single.stack, LEARNING["generations"], series)


def test_the_future_changes_nothing():
    returns = market(500)
    other = returns.copy()
    other[300:] = -50 * other[300:][::-1]
    assert same([column[:300] for column in ran(returns)], [column[:300] for column in ran(other)])


STREAMS = {
    "without returns": np.full(300, np.nan),
    "zeros": np.zeros(300),
    "constant": np.full(300, 0.003),
    "zeros after a market": np.append(market(300), np.zeros(600)),
    "constant after a market": np.append(market(300), np.full(600, -0.02)),
    "market after zeros": np.append(np.zeros(300), market(300)),
    "wild": np.append(market(100), np.resize([1e6, -1e6, 0.0, 1e-300, 1e300], 300)),
    "wild from the first": np.append(np.resize([1e9, 1e-9, np.inf], 100), market(300)),
    "tiny": 1e-11 * market(400),
    "huge": 1e5 * market(400),
    "gaps": np.where(np.arange(600) % 7 < 3, np.nan, market(600)),
    "market, gap, another": np.concatenate([market(200), np.full(300, np.nan), 1e3 * market(300)]),
}


@pytest.mark.parametrize("returns", STREAMS.values(), ids=STREAMS)
def test_whatever_comes_rows_are_distributions(returns):
    single = Single(*TEMPLATES, **LEARNING)
    rows = single.take(returns)
    known = np.isfinite(rows.probability[:, 0, 0])
    for name in ("probability", "transition"):
        values = getattr(rows, name)[known]
        assert values.sum(axis=-1) == pytest.approx(np.ones(values.shape[:-1]), abs=1e-9)
        assert (values > -1e-12).all()
    assert ((rows.balance[known] > 0) & (rows.balance[known] <= 1 + bank.RAREST)).all()
    assert np.isfinite(rows.mean[known]).all()
    before = np.append(False, known[:-1])  # the return that settles the unit is not foretold
    judged = known & before & np.isfinite(returns) & (returns != 0)
    assert np.isfinite(rows.log_density[judged]).all()
    assert ((rows.below[judged] >= 0) & (rows.below[judged] <= 1 + 1e-12)).all()
    assert all(np.isfinite(values).all() for values in single.state)


def test_a_market_of_another_unit_is_learned_anew():
    quiet = np.random.default_rng(2).standard_normal(60) * 1e-6
    loud = market(800)
    rows = Single(*TEMPLATES, **LEARNING).take(np.append(quiet, loud))
    known = np.isfinite(rows.probability[:, 0, 0])
    assert known[40:60].all()
    assert not known[60:].all()
    assert known[260:].all()
    assert rows.log_density[860 - 500 :].mean() > 2.0


def test_ties_teach_nothing():
    returns = market(500)
    tied = np.insert(returns, np.arange(200, 500, 3), 0.0)
    single = Single(*TEMPLATES, **LEARNING)
    rows = single.take(tied)
    assert np.isnan(rows.log_density[tied == 0.0]).all()
    assert np.isfinite(rows.log_density[200:][tied[200:] != 0.0]).all()


def test_nothing_is_said_before_the_unit_is_known():
    rows = ran(np.append(np.full(10, np.nan), market(200)))
    settled = 10 + bank.SETTLE - 1
    assert np.isnan(rows.probability[:settled]).all()
    assert np.isfinite(rows.probability[settled:]).all()
    assert np.isnan(rows.log_density[: settled + 1]).all()
    assert np.isfinite(rows.log_density[settled + 1 :]).all()


def test_a_bar_without_a_return_moves_the_states_and_judges_nothing():
    single = Single(catalogue.autoregression(0.3, 0.3, stay=20)).settled()
    single.take(0.8 * np.random.default_rng(0).standard_normal(100))
    before = pickle.loads(pickle.dumps(single.state))
    rows = single.take(np.full(400, np.nan))
    assert np.isnan(rows.log_density).all()
    assert np.isnan(rows.below).all()
    for name in ("theta", "covariance", "evidence", "weight", "occupancy", "unit", "recent", "price", "bars"):
        assert getattr(single.state, name).tobytes() == getattr(before, name).tobytes()
    limit = np.linalg.matrix_power(rows.transition[-1, 0], 10_000)[0]
    assert rows.probability[-1, 0] == pytest.approx(limit, abs=1e-6)


def test_a_return_beyond_all_bounds_is_one_at_the_bound():
    returns, bounded = market(300), market(300)
    returns[150], returns[160] = 1e200, -1e200
    single = Single(*TEMPLATES, **LEARNING)
    single.take(returns[: bank.SETTLE])
    bounded[150], bounded[160] = np.array([2, -2]) * bank.LARGEST * single.state.unit[0]
    assert same(ran(returns), ran(bounded))


def test_the_state_does_not_grow():
    single = Single(*TEMPLATES, **LEARNING)
    sizes = []
    for some in np.split(broken(900), 3):
        single.take(some)
        sizes.append(len(pickle.dumps(single.state)))
    assert sizes[0] == sizes[1] == sizes[2]


@many_bars
@pytest.mark.parametrize("seed", [0, 1])
def test_shares_below_are_uniform_and_independent_where_the_model_is_true(seed):
    template = catalogue.volatility((0.8,), (150, 60))
    returns = simulated(template, [p.mean for p in template.parameters], 12_000, seed)
    below = Single(template).take(returns).below[2_000:]
    assert stats.kstest(below, "uniform").pvalue > 0.01
    size = abs(below - 0.5)
    assert abs(stats.pearsonr(size[1:], size[:-1]).statistic) < 0.06


@many_bars
def test_densities_foretell_as_well_as_the_model_that_is_true():
    """In nats per bar, learning included."""
    template = catalogue.volatility((0.8,), (150, 60))
    truth = [p.mean for p in template.parameters]
    returns = simulated(template, truth, 12_000, 2)
    found = Single(catalogue.volatility((0.4,), (300, 200), scale=0.3)).take(returns).log_density[2_000:]
    assert found.mean() > exact_density(template, truth, returns)[2_000:].mean() - 0.003


def exact_density(template, theta, returns):
    slow = SlowTemplate(template, theta)
    return np.array([slow.take(z) for z in returns])
