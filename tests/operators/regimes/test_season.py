import math
import pickle
from functools import partial

import numpy as np
import pytest

from operators.regimes import season
from operators.slots import grown
from tests.operators.regimes.slow_season import SlowSeason


def u_shape(slots, bend, tilt):
    x = np.linspace(-1, 1, slots)
    shape = np.exp(bend * x**2 + tilt * x)
    return shape / np.sqrt(np.mean(shape**2))


def market(seed, profile, bars, jumps=0.0):
    """Returns of a market with a season, fat tails and two volatilities that come and go."""
    random = np.random.default_rng(seed)
    wild = np.cumsum(random.random(bars) < 1 / 150) % 2
    noise = random.standard_t(5, bars) * math.sqrt(3 / 5)
    noise[random.random(bars) < jumps] *= 8
    slots = np.arange(bars) % len(profile)
    return 1e-3 * profile[slots] * np.where(wild, 2.2, 1.0) * noise, slots


def run(returns, slots, count, state=None, series=None):
    model = season.day(count)
    state = season.empty(model, 1) if state is None else state
    series = np.zeros(len(returns), np.int64) if series is None else series
    divisors = np.empty(len(returns))
    season.advance(state, model, series, np.asarray(slots, np.int64), np.asarray(returns, float), divisors)
    return divisors, state


def learned(divisors, slots, count, bar):
    """The profile over the day before a bar."""
    profile = np.empty(count)
    profile[slots[bar - count : bar]] = divisors[bar - count : bar]
    return profile


def error(profile, true):
    return np.sqrt(np.mean((profile / true - 1) ** 2))


@pytest.mark.parametrize("slots", [2, 5, 24])
def test_divisors_equal_those_of_the_slow_filter(slots):
    returns, at = market(1, u_shape(slots, 0.8, 0.2), 400, jumps=0.01)
    returns[:3] = 0.0
    returns[[50, 51, 200]] = math.nan
    returns[[90, 300]] = 0.0
    slow = SlowSeason(slots)
    expected = [slow.take(slot, value) for slot, value in zip(at, returns, strict=True)]
    assert run(returns, at, slots)[0] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("slots", "early", "late"), [(24, 0.065, 0.04), (78, 0.075, 0.045), (130, 0.095, 0.05)])
def test_u_shaped_days_are_learned_through_volatility_regimes(slots, early, late):
    errors = []
    for seed, (bend, tilt) in enumerate([(0.3, 0.3), (0.6, -0.2), (0.9, 0.1), (1.1, -0.3), (0.5, 0.0), (0.8, 0.25)]):
        true = u_shape(slots, bend, tilt)
        returns, at = market(seed, true, 12_000)
        divisors, _ = run(returns, at, slots)
        errors.append([error(learned(divisors, at, slots, bar), true) for bar in (2000, 12_000)])
    found = np.sqrt(np.mean(np.square(errors), axis=0))
    assert found[0] < early
    assert found[1] < late


def test_a_day_without_a_season_stays_flat():
    returns, at = market(3, np.ones(78), 12_000)
    divisors, _ = run(returns, at, 78)
    assert error(learned(divisors, at, 78, 2000), 1.0) < 0.07
    assert error(learned(divisors, at, 78, 12_000), 1.0) < 0.035


def test_jumps_do_not_bend_the_profile():
    true = u_shape(78, 0.7, 0.1)
    without, at = market(4, true, 8000)
    with_jumps, _ = market(4, true, 8000, jumps=0.005)
    errors = [error(learned(run(r, at, 78)[0], at, 78, 8000), true) for r in (without, with_jumps)]
    assert errors[1] < errors[0] + 0.015


def test_one_slot_that_stands_out_is_found_and_the_rest_is_not_disturbed():
    true = u_shape(78, 0.5, 0.0)
    true[30] *= 2.5
    true /= np.sqrt(np.mean(true**2))
    returns, at = market(5, true, 20_000)
    found = learned(run(returns, at, 78)[0], at, 78, 20_000)
    assert found[30] / true[30] == pytest.approx(1, abs=0.2)
    assert error(np.delete(found, 30), np.delete(true, 30)) < 0.05


def test_mean_square_over_the_day_is_one():
    returns, at = market(6, u_shape(39, 1.0, 0.2), 5000)
    divisors, _ = run(returns, at, 39)
    assert np.mean(learned(divisors, at, 39, 5000) ** 2) == pytest.approx(1, abs=0.01)


def test_a_day_of_one_slot_divides_by_one_and_learns_nothing():
    returns, _ = market(7, np.ones(2), 500)
    divisors, state = run(returns, np.zeros(500), 1)
    assert (divisors == 1.0).all()
    assert pickle.dumps(state) == pickle.dumps(season.empty(season.day(1), 1))


def test_divisors_do_not_depend_on_the_returns_to_come():
    returns, at = market(8, u_shape(24, 0.8, 0.0), 1500)
    other = returns.copy()
    other[1000:] = np.random.default_rng(0).permutation(other[1000:]) * 50
    assert (run(returns, at, 24)[0][:1001] == run(other, at, 24)[0][:1001]).all()


def test_cuts_pickles_and_other_series_change_nothing():
    returns, at = market(9, u_shape(24, 0.8, 0.0), 900)
    whole, _ = run(returns, at, 24)
    model = season.day(24)
    state, found = season.empty(model, 1), []
    for number, (some, slots) in enumerate(zip(np.split(returns, [1, 7, 400]), np.split(at, [1, 7, 400]), strict=True)):
        state = grown(pickle.loads(pickle.dumps(state)), partial(season.empty, model), 1 + number)
        series = np.repeat(np.arange(2 if number else 1), len(some)).astype(np.int64)
        both, slots_of_both = (np.tile(values, 2)[: len(series)] for values in (some, slots))
        found.append(run(both * np.where(series, 3.0, 1.0), slots_of_both, 24, state, series)[0][: len(some)])
    assert (np.concatenate(found) == whole).all()


def test_the_unit_of_returns_does_not_matter():
    returns, at = market(10, u_shape(24, 0.8, 0.0), 1000)
    assert run(returns * 1e6, at, 24)[0] == pytest.approx(run(returns, at, 24)[0], rel=1e-9)


def test_whatever_comes_divisors_stay_finite_and_above_zero():
    returns, at = market(11, u_shape(24, 0.8, 0.0), 4000)
    returns[500:1500] = 0.0
    returns[2000] = 1e6
    returns[2001] = math.inf
    returns[2500:2600] = 1e-300
    returns[3000:3100] = math.nan
    divisors, state = run(returns, at, 24)
    assert np.isfinite(divisors).all()
    assert (divisors > 0).all()
    assert all(np.isfinite(part).all() for part in state)


def test_an_impossible_number_of_slots_is_named():
    with pytest.raises(ValueError, match="slots must be 1 … 1440, got 0"):
        season.day(0)
