import numpy as np
import pytest

from operators.regimes.witnesses import bar_features, fusion, moments
from tests.operators.regimes.witness_market import Market, filtered, fused, rows_of


@pytest.fixture(scope="module")
def market():
    return Market(1)


def mean(values, bars):
    """Of the last so many bars."""
    return np.convolve(values, np.ones(bars) / bars)[: len(values)]


def test_a_feature_that_knows_the_state_brings_most_of_what_it_could(market):
    y = market.feature([0.0, 1.0])
    both = filtered(market.transition, market.likelihood() * np.exp(-0.5 * (y[:, None] - [0.0, 1.0]) ** 2))
    p, state = market.fused(y)
    best, bank, found = (market.log_loss(x) for x in (both, market.bank, p))
    assert (bank - found) / (bank - best) > 0.75
    assert market.accuracy(p) > market.accuracy(market.bank) + 0.05
    assert state.standing[0, 0] > 10


def test_a_feature_that_is_the_state_leaves_little_doubt(market):
    p, _ = market.fused(10.0 * market.truth + 0.1 * market.noise())
    assert market.log_loss(p) < 0.2 * market.log_loss(market.bank)


def test_a_feature_whose_spread_knows_the_state_counts_too(market):
    p, _ = market.fused(np.array([1.0, 2.5])[market.truth] * market.noise())
    assert market.log_loss(p) < market.log_loss(market.bank) - 0.05


NOISE = {
    "white": lambda m: m.noise(),
    "heavy": lambda m: m.random.standard_t(2, m.bars),
    "lasting": lambda m: mean(m.noise(), 100),
    "walk": lambda m: np.cumsum(m.noise()),
    "regimes of its own": lambda m: np.repeat(m.random.integers(0, 3, m.bars // 100), 100) + 0.3 * m.noise(),
}
TOLD = {
    "size": lambda m: np.abs(m.returns),
    "square": lambda m: m.returns**2,
    "size seen badly": lambda m: np.abs(m.returns) + 0.3 * m.noise(),
    "size of the bar before": lambda m: np.roll(np.abs(m.returns), 1),
    "mean size": lambda m: mean(np.abs(m.returns), 10),
    "the bank itself": lambda m: np.log(m.bank[:, 1] / m.bank[:, 0]),
}


@pytest.mark.parametrize("kind", NOISE)
def test_noise_changes_nothing(kind):
    market = Market(2)
    p, _ = market.fused(*[NOISE[kind](market) for _ in range(3)])
    assert np.abs(p - market.bank).mean() < 1e-3
    assert market.log_loss(p) < market.log_loss(market.bank) + 1e-3


@pytest.mark.parametrize("kind", TOLD)
def test_what_the_return_has_told_is_not_counted_twice(kind, market):
    p, _ = market.fused(TOLD[kind](market))
    assert market.log_loss(p) < market.log_loss(market.bank) + 1e-3
    assert np.abs(p - market.bank).mean() < 1e-2


def test_a_feature_told_three_times_counts_once(market):
    y = market.feature([0.0, 1.0])
    once, _ = market.fused(y)
    thrice, _ = market.fused(y, y + 0.05 * market.noise(), y + 0.05 * market.noise())
    assert market.log_loss(thrice) == pytest.approx(market.log_loss(once), abs=0.01)


def test_without_features_the_bank_speaks(market):
    p, _ = market.fused(np.full(market.bars, np.nan))
    assert p == pytest.approx(market.bank, abs=1e-12)


def test_features_that_are_seen_now_and_then_help_as_often(market):
    y = market.feature([0.0, 1.5])
    y[market.random.random(market.bars) < 0.5] = np.nan
    p, _ = market.fused(y, np.full(market.bars, np.nan))
    assert market.log_loss(p) < market.log_loss(market.bank) - 0.05


def test_a_feature_that_turns_into_noise_loses_its_trust():
    market = Market(3, bars=20_000)
    y = market.feature([0.0, 1.0])
    y[8_000:] = market.noise()[8_000:]
    p, state = market.fused(y)
    rows = np.arange(14_000, market.bars)
    losses = [-np.log(x[rows, market.truth[rows]]).mean() for x in (p, market.bank)]
    assert losses[0] < losses[1] + 0.005
    assert state.standing[0, 0] < 5.0


def test_one_value_moves_log_odds_so_far_and_no_further(market):
    y = 10.0 * market.truth + 0.1 * market.noise()
    last, odds = 7_000, []
    for value in (np.nan, 0.0, 10.0):
        y[last] = value
        p, _ = fused(market.bank[: last + 1], market.transition, market.returns[: last + 1], y[: last + 1, None])
        odds.append(np.log(p[-1, 1] / p[-1, 0]))
    most = fusion.MOST_NATS - np.log(fusion.OUTLIERS)
    assert odds[1] < odds[0] < odds[2]
    assert np.abs(np.array(odds[1:]) - odds[0]).max() < most + 0.01


def test_what_is_seldom_seen_is_not_taken_for_certain():
    random, values = np.random.default_rng(0), np.ones(2)
    state, observed = moments.empty(1, 2, 1), np.ones(2, bool)
    errors, out, filled = np.empty(2), np.empty(1), np.empty(2)
    for _ in range(5_000):
        values[1], observed[1] = random.standard_normal(), random.random() < 0.1
        moments.judge(state.factor[0, 0], values, observed, 1, errors, out)
        moments.learn(state.sums[0, 0], state.factor[0, 0], values, observed, errors, filled, 1.0)
        moments.refresh(state, 0)
    assert state.factor[0, 0, 1, 1] / state.factor[0, 0, 0, 0] == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize("wild", [1e300, -1e300, np.inf, 0.0])
def test_wild_values_leave_probabilities(wild, market):
    y = market.feature([0.0, 1.0])
    y[5_000::50] = wild
    returns = market.returns.copy()
    returns[6_000::70] = wild
    p, state = fused(market.bank, market.transition, returns, np.column_stack([y, np.zeros(market.bars)]))
    assert (p >= 0).all()
    assert p.sum(axis=1) == pytest.approx(1.0)
    assert all(np.isfinite(array).all() for array in state)


def test_a_bar_without_probabilities_is_not_taken(market):
    y, bank = market.feature([0.0, 1.0])[:3000, None], market.bank[:3000].copy()
    bank[:100] = np.nan
    p, _ = fused(bank, market.transition, market.returns[:3000], y)
    assert np.isnan(p[:100]).all()
    assert np.isfinite(p[100:]).all()


def test_it_does_not_matter_how_the_bars_are_cut_and_states_can_be_kept(market):
    features = np.column_stack([market.feature([0.0, 1.0]), market.noise()])
    whole, _ = fused(market.bank, market.transition, market.returns, features)
    cut, _ = fused(market.bank, market.transition, market.returns, features, cuts=(1, 40, 41, 5_000))
    assert np.array_equal(whole, cut)


def test_what_comes_later_changes_nothing(market):
    features = market.feature([0.0, 1.0])[:, None]
    whole, _ = fused(market.bank, market.transition, market.returns, features)
    features[6_000:] = 7.0
    other, _ = fused(market.bank, market.transition, market.returns, features)
    assert np.array_equal(whole[:6_000], other[:6_000])


def test_densities_are_those_of_regressions_on_all_that_stands_before():
    """Against normal equations solved anew for every value."""
    random = np.random.default_rng(0)
    size, rows = 6, 200
    values = np.column_stack([np.ones(rows), random.standard_normal((rows, size - 1)) @ random.normal(size=(5, 5))])
    weights = random.random(rows)
    state, seen = moments.empty(1, size, 1), np.ones(size, bool)
    errors, out, filled = np.empty(size), np.empty(size), np.empty(size)
    for v, weight in zip(values, weights, strict=True):
        moments.learn(state.sums[0, 0], state.factor[0, 0], v, seen, errors, filled, 1.0)
        moments.learn(state.sums[0, 1], state.factor[0, 1], v, seen, errors, filled, weight)
    moments.refresh(state, 0)
    ages = moments.KEEP ** np.arange(rows)[::-1]
    shared = moments.KEEP**rows * moments.PRIOR * np.eye(size) + (values.T * ages) @ values
    own = (values.T * (ages * weights)) @ values + moments.SHARED / shared[0, 0] * shared
    v = random.standard_normal(size)
    v[0] = 1.0
    moments.judge(state.factor[0, 1], v, seen, 1, errors, out)
    for f in range(1, size):
        slope = np.linalg.solve(own[:f, :f], own[:f, f])
        wider = 1.0 + v[:f] @ np.linalg.solve(own[:f, :f], v[:f])
        variance = (own[f, f] - own[f, :f] @ slope) / own[0, 0] * wider
        away = v[f] - v[:f] @ slope
        shape = np.log1p(away**2 / ((moments.FREEDOM - 2) * variance))
        assert out[f - 1] == pytest.approx(-0.5 * np.log(variance) - 0.5 * (moments.FREEDOM + 1) * shape)


def test_features_are_standardised_by_their_past():
    random = np.random.default_rng(0)
    x, signed = 50.0 + 3.0 * random.standard_normal(20_000), 7.0 * random.standard_normal(20_000)
    returns = 0.01 * random.standard_normal(20_000)
    rows = rows_of(returns, np.column_stack([x, signed, np.full(20_000, 4.0)]), signed=[False, True, False])
    assert np.isnan(rows[:30, 3:]).all()
    assert np.isnan(rows[:, 5]).all(), "what never varies says nothing"
    late = rows[5_000:]
    assert late[:, 3:5].mean(axis=0) == pytest.approx(0.0, abs=0.05)
    assert late[:, 3:5].std(axis=0) == pytest.approx(1.0, abs=0.05)
    assert late[:, 2] ** 2 * np.sign(late[:, 2]) == pytest.approx(returns[5_000:] / 0.01, rel=0.1)


def test_features_of_bars_are_nan_where_the_bar_has_none():
    bars = {
        "high": [101.0, np.nan, 100.0],
        "low": [100.0, np.nan, 100.0],
        "trades": [4, 0, 1],
        "ofi": [-9.0, 0.0, 0.0],
        "updates": [3, 0, 1],
        "buy_volume": [1.0, 0.0, 2.0],
        "sell_volume": [3.0, 0.0, 0.0],
    }
    found = bar_features.measured({name: np.array(values, float) for name, values in bars.items()})
    assert found[0] == pytest.approx([np.sqrt(np.log(1.01)), 2.0, 3.0, -3.0, -0.5])
    assert found[1] == pytest.approx([np.nan, np.nan, np.nan, np.nan, np.nan], nan_ok=True)
    assert found[2] == pytest.approx([0.0, 1.0, 0.0, 0.0, 1.0])
