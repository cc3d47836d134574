import math

import numpy as np
import pytest
import statsmodels.api as sm

from market.batch import Batch
from operators.feature import State
from operators.impact import calibrate, kyle
from tests.operators.impact.markets import LAMBDA, linear_markets

SECOND = 1_000_000_000
LIVES = np.array([40.0, 400.0, 3600.0])


def observed(intervals: int, *, noise: float = 1.0) -> tuple[np.void, np.ndarray, np.ndarray, np.ndarray]:
    """A state that learnt from random intervals 0.1 s apart, and their x, y and weights in the FAST memory."""
    random = np.random.default_rng(1)
    k, scratch = np.zeros(1, kyle.KYLE)[0], np.zeros(1, kyle.SCRATCH)[0]
    x, lengths = random.standard_normal((intervals, kyle.X)), random.uniform(0.01, 0.5, intervals)
    variances = np.exp(random.standard_normal(intervals))
    y = 0.3 * x[:, 0] + 0.1 * x[:, 3] + noise * np.sqrt(variances * lengths) * random.standard_normal(intervals)
    for n in range(intervals):
        k["variance"], k["position"] = variances[n], 3.5
        kyle.observe(k, x[n], y[n], lengths[n], LIVES, (n + 1) * SECOND // 10)
        if n % 10 == 9:
            kyle.estimate(k, 3.5, LIVES, (n + 1) * SECOND // 10, scratch)
    ages = 0.1 * np.arange(intervals)[::-1]
    return k, x, y, 0.5 ** (ages / LIVES[0]) / (variances * (lengths + kyle.QUOTE_S))


def test_lambda_is_weighted_least_squares_of_statsmodels():
    k, x, y, weights = observed(1_000)
    fit = sm.WLS(y, x, weights=weights).fit()
    memory = k["memories"][kyle.FAST]
    assert memory["beta"] == pytest.approx(fit.params, rel=1e-9)
    assert memory["lambda_"] == pytest.approx(fit.params[0] + fit.params[3], rel=1e-9)


def test_the_error_is_that_of_whites_covariance():
    k, x, y, weights = observed(3_000)
    covariance = sm.WLS(y, x, weights=weights).fit(cov_type="HC2").cov_params()
    c = np.array([1.0, 0, 0, 1, 0, 0])
    assert k["memories"][kyle.FAST]["variance"] == pytest.approx(c @ covariance @ c, rel=0.05)


def test_flow_lambda_is_of_volume_alone():
    k, x, y, weights = observed(1_000)
    fit = sm.WLS(y, x[:, [0, 3]], weights=weights).fit()
    assert k["memories"][kyle.FAST]["flow_lambda"] == pytest.approx(fit.params.sum(), rel=1e-9)


def test_regressors_that_are_the_same_give_no_estimate():
    k, scratch = np.zeros(1, kyle.KYLE)[0], np.zeros(1, kyle.SCRATCH)[0]
    k["variance"] = 1.0
    for n in range(200):
        kyle.observe(k, np.full(kyle.X, math.sin(n)), math.cos(n), 0.1, LIVES, n * SECOND)
    kyle.estimate(k, 0.0, LIVES, 200 * SECOND, scratch)
    assert not k["known"]


def test_the_interval_holds_the_truth_about_19_times_in_20():
    markets = 200
    ticks, _ = linear_markets(np.random.default_rng(3), markets=markets, orders=900)
    state = State(calibrate.empty(markets))
    batch = Batch("binance-usdm/0", 0, np.zeros(0, np.int64))._replace(ticks=ticks)
    last = calibrate.stage().advance(state, batch).features["impact"].reshape(markets, -1)[:, -1]
    covered = np.abs(last["kyle_lambda"] - LAMBDA) < 1.96 * last["kyle_lambda_error"]
    assert 0.90 < covered.mean() < 0.985


def test_lambda_is_safe_at_a_high_price_and_little_noise():
    found = []
    for price in (60_000.0, 1.0):
        ticks, _ = linear_markets(np.random.default_rng(3), markets=1, orders=900, price=price, noise=1e-3)
        batch = Batch("binance-usdm/0", 0, np.zeros(0, np.int64))._replace(ticks=ticks)
        found.append(calibrate.stage().advance(State(calibrate.empty(1)), batch).features["impact"][-1])
    assert found[0]["kyle_lambda"] == pytest.approx(found[1]["kyle_lambda"], rel=1e-4)
    assert found[0]["kyle_lambda"] == pytest.approx(LAMBDA, rel=0.01)
