import math
import pickle

import numpy as np
import pytest

from operators.regimes import level, level_grid
from operators.slots import grown
from tests.operators.regimes.slow_level import SlowLevel

STATES = ("calm", "normal", "stressed")


def market(seed, bars, spread=0.5, stay=60.0):
    """Log volatility that walks and comes back, and returns with fat tails."""
    random = np.random.default_rng(seed)
    keep = math.exp(-1 / stay)
    volatility = np.empty(bars)
    x = 0.0
    for bar, shock in enumerate(random.standard_normal(bars)):
        x = keep * x + spread * math.sqrt(1 - keep**2) * shock
        volatility[bar] = 0.01 * math.exp(x)
    return volatility * random.standard_t(6, bars) * math.sqrt(4 / 6), volatility


def run(returns, state=None, series=None, **more):
    state = level.empty(1) if state is None else state
    series = np.zeros(len(returns), np.int64) if series is None else series
    rows = np.zeros(len(returns), level.LEVEL)
    level.advance(state, level_grid.grid(**more), series, np.asarray(returns, float), rows)
    return rows, state


def matrix(rows):
    return np.array(rows.tolist())


@pytest.mark.parametrize("more", [{}, {"half_life_bars": 50.0, "shares": (0.2, 0.9)}])
def test_head_equals_the_slow_one_whatever_comes(more):
    returns, _ = market(1, 600)
    returns[300:] *= 5  # the grid has to follow
    returns[450:] /= 40
    returns[[10, 100, 101, 350]] = math.nan
    returns[[200, 201, 420]] = 0.0
    returns[250] = 1e4
    slow = SlowLevel(**more)
    assert matrix(run(returns, **more)[0]) == pytest.approx(
        np.array([slow.take(value) for value in returns]), rel=1e-7, abs=1e-10, nan_ok=True
    )


def test_density_foretold_for_a_return_integrates_to_one():
    returns, _ = market(2, 400)
    _, state = run(returns)
    sizes = np.linspace(0, 1.0, 20_001)
    copies = level.empty(0)
    copies = type(copies)(*(np.repeat(part, len(sizes), axis=0) for part in state))
    rows, _ = run(sizes, copies, np.arange(len(sizes)))
    assert 2 * np.trapezoid(np.exp(rows["log_density"]), sizes) == pytest.approx(1, abs=2e-3)


def test_volatility_is_followed_and_returns_are_foretold_better_than_by_one_volatility():
    returns, volatility = market(3, 6000)
    rows = run(returns)[0][500:]
    assert np.corrcoef(np.log(rows["volatility"]), np.log(volatility[500:]))[0, 1] > 0.75
    assert rows["volatility"].mean() == pytest.approx(volatility[500:].mean(), rel=0.1)
    spread = returns.std() * math.sqrt(2 / 4)  # a Student-t of four degrees of freedom and this variance
    constant = -math.log(spread) + math.log(3 / 8) - 2.5 * np.log1p((returns[500:] / spread) ** 2 / 4)
    assert rows["log_density"].mean() > constant.mean() + 0.03


def test_states_occur_as_often_as_the_share_of_the_past_they_stand_for():
    rows = run(market(4, 20_000)[0])[0][2000:]
    assert [rows[name].mean() for name in STATES] == pytest.approx([0.33, 0.34, 0.33], abs=0.04)


def test_falls_of_a_stock_raise_its_volatility_more_than_rises():
    random = np.random.default_rng(12)
    shocks, x, returns = random.standard_normal((4000, 2)), 0.0, np.empty(4000)
    for bar, (own, other) in enumerate(shocks):
        returns[bar] = 0.01 * math.exp(x) * own
        x = 0.98 * x - 0.1 * (0.7 * own - math.sqrt(1 - 0.49) * other)
    _, state = run(returns)
    fallen, risen = (
        run(np.array([r, math.nan]), pickle.loads(pickle.dumps(state)))[0]["volatility"][1] for r in (-0.03, 0.03)
    )
    assert fallen > 1.03 * risen


def test_stressed_is_probable_where_volatility_is_high():
    returns, volatility = market(5, 8000)
    rows = run(returns)[0][1000:]
    high = volatility[1000:] > np.quantile(volatility, 0.8)
    low = volatility[1000:] < np.quantile(volatility, 0.2)
    assert rows["stressed"][high].mean() > 0.65
    assert rows["stressed"][low].mean() < 0.08
    assert rows["calm"][low].mean() > 0.65


def test_probabilities_say_how_often_they_are_right():
    stressed, true = [], []
    for seed in range(4):
        returns, volatility = market(20 + seed, 6000)
        stressed.append(run(returns)[0]["stressed"][2000:])
        true.append(volatility[2000:] > np.quantile(volatility, 0.67))
    said, happened = np.concatenate(stressed), np.concatenate(true)
    for low in (0.1, 0.4, 0.7):
        within = (said >= low) & (said < low + 0.2)
        assert happened[within].mean() == pytest.approx(said[within].mean(), abs=0.1)


def test_rows_do_not_depend_on_the_returns_to_come():
    returns, _ = market(6, 1500)
    other = returns.copy()
    other[1000:] = np.random.default_rng(0).permutation(other[1000:]) * 50
    assert run(returns)[0][:1000].tobytes() == run(other)[0][:1000].tobytes() == run(returns[:1000])[0].tobytes()


def test_cuts_pickles_and_other_series_change_nothing():
    returns, _ = market(7, 900)
    whole, _ = run(returns)
    state, found = level.empty(1), []
    for number, some in enumerate(np.split(returns, [1, 29, 31, 400])):
        state = grown(pickle.loads(pickle.dumps(state)), level.empty, 1 + number)
        series = np.repeat(np.arange(2 if number else 1), len(some)).astype(np.int64)
        rows, _ = run(np.tile(some, 2)[: len(series)] * np.where(series, 7.0, 1.0), state, series)
        found.append(rows[: len(some)])
    assert np.concatenate(found).tobytes() == whole.tobytes()


def test_the_unit_of_returns_only_moves_volatility_and_density():
    returns, _ = market(8, 1500)
    rows, scaled = run(returns)[0][30:], run(returns * 1e-4)[0][30:]
    assert scaled["stressed"] == pytest.approx(rows["stressed"], abs=1e-9)
    assert scaled["volatility"] == pytest.approx(rows["volatility"] * 1e-4)
    assert scaled["log_density"] == pytest.approx(rows["log_density"] + math.log(1e4))


def test_a_bar_without_a_return_widens_the_belief_and_has_no_density():
    returns, _ = market(9, 600)
    _, state = run(returns)
    before = state.mixed[0].copy()
    rows, state = run(np.full(50, math.nan), state)
    assert np.isnan(rows["log_density"]).all()
    x = np.arange(level_grid.POINTS)
    spreads = [math.sqrt(p @ x**2 - (p @ x) ** 2) for p in (before, state.mixed[0])]
    assert spreads[1] > spreads[0]


def test_whatever_comes_rows_stay_finite_and_sum_to_one():
    returns, _ = market(10, 4000)
    returns[500] = 1e9
    returns[1000:2000] = 0.0
    returns[2500:] *= 1e-6
    returns[3000:] *= 1e9
    rows, state = run(returns)
    assert np.isfinite(matrix(rows)[level.WARM_UP_BARS :]).all()
    assert sum(rows[name][level.WARM_UP_BARS :] for name in STATES) == pytest.approx(1)
    assert all((rows[name][level.WARM_UP_BARS :] > -1e-12).all() for name in STATES)
    assert all(np.isfinite(part).all() for part in state)


def test_nothing_is_known_before_a_price_has_moved():
    rows, _ = run(np.append(np.zeros(100), market(11, 50)[0]))
    assert np.isnan(rows["volatility"][:101]).all()
    assert np.isfinite(rows["volatility"][101:]).all()


@pytest.mark.parametrize(
    ("wrong", "said"), [({"half_life_bars": 0.0}, "half_life_bars"), ({"shares": (0.7, 0.3)}, "shares")]
)
def test_parameters_out_of_range_are_named(wrong, said):
    with pytest.raises(ValueError, match=said):
        level_grid.grid(**wrong)
