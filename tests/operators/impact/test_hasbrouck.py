import numpy as np
import pytest
from statsmodels.tsa.api import VAR

from operators.impact import hasbrouck

FOR_EVER_S = 1e15


def simulated(length: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(4)
    r, x = np.zeros(length), np.zeros(length)
    for t in range(1, length):
        x[t] = 0.3 * x[t - 1] - 0.4 * r[t - 1] + random.standard_normal()
        r[t] = 0.5 * x[t] + 0.2 * x[t - 1] - 0.1 * r[t - 1] + random.standard_normal()
    return r, x


def permanent(r: np.ndarray, x: np.ndarray) -> float:
    """By statsmodels: the reduced form, its shocks made of orders first, its moving-average weights summed."""
    fitted = VAR(np.column_stack([x, r])).fit(hasbrouck.LAGS, trend="n")
    covariance = np.cov(fitted.resid.T, bias=True) + np.outer(fitted.resid.mean(0), fitted.resid.mean(0))
    shock = np.array([1.0, covariance[0, 1] / covariance[0, 0]])
    return float(sum((weights @ shock)[1] for weights in fitted.ma_rep(hasbrouck.STEPS)))


def test_permanent_impact_is_that_of_statsmodels_var():
    r, x = simulated(2_000)
    h, scratch = np.zeros(1, hasbrouck.HASBROUCK)[0], np.zeros(1, hasbrouck.SCRATCH)[0]
    for price, order in zip(r, x, strict=True):
        hasbrouck.observe(h, order, price, 1.0, FOR_EVER_S, 0)
    hasbrouck.solve(h, scratch, np.zeros(hasbrouck.Z))
    assert h["lambda_"] == pytest.approx(permanent(r, x), rel=1e-9)


def test_it_is_near_the_truth_of_the_process():
    # w = 1: x follows 1, 0.1, …; the sum of r solves the two recursions in the long run.
    r, x = simulated(20_000)
    h, scratch = np.zeros(1, hasbrouck.HASBROUCK)[0], np.zeros(1, hasbrouck.SCRATCH)[0]
    for price, order in zip(r, x, strict=True):
        hasbrouck.observe(h, order, price, 1.0, FOR_EVER_S, 0)
    hasbrouck.solve(h, scratch, np.zeros(hasbrouck.Z))
    a = np.array([[0.7, 0.4], [-0.7, 1.1]])  # (1 − 0.3) X + 0.4 R = 1;  −0.7 X + 1.1 R = 0
    assert h["lambda_"] == pytest.approx(np.linalg.solve(a, [1.0, 0.0])[1], abs=0.04)
