from itertools import pairwise

import numpy as np
import pytest
from arch.univariate.recursions_python import garch_recursion_python
from scipy.optimize import minimize

from operators.portfolio import dcc, dcc_fit, variances


def simulated(seed: int, rows: int, n: int, a: float, b: float, mean: float = 0.5) -> np.ndarray:
    """Standardised returns whose correlation follows DCC(1,1)."""
    rng = np.random.default_rng(seed)
    target = np.full((n, n), mean)
    np.fill_diagonal(target, 1.0)
    q, found = target.copy(), []
    for _ in range(rows):
        sizes = np.sqrt(np.diagonal(q))
        found.append(np.linalg.cholesky(q / np.outer(sizes, sizes)) @ rng.standard_normal(n))
        q = (1 - a - b) * target + a * np.outer(found[-1], found[-1]) + b * q
    return np.array(found)


def slow_loss(window: np.ndarray, a: float, b: float) -> float:
    """−2 log of the composite likelihood, pair by pair and row by row."""
    total = 0.0
    for i, j in pairwise(range(window.shape[1])):
        rows = window[:, [i, j]]
        both = [row for row in rows if np.isfinite(row).all()]
        target = np.array(both).T @ np.array(both) / len(both)
        q = target.copy()
        for row in rows:
            if not np.isfinite(row).all():
                q = (1 - a - b) * target + (a + b) * q
                continue
            r = q[0, 1] / np.sqrt(q[0, 0] * q[1, 1])
            correlation = np.array([[1, r], [r, 1]])
            total += np.log(np.linalg.det(correlation)) + row @ np.linalg.inv(correlation) @ row
            q = (1 - a - b) * target + a * np.outer(row, row) + b * q
    return total


def test_the_likelihood_is_its_definition():
    window = simulated(1, 120, 3, 0.05, 0.9)
    window[10:20, 1] = np.nan
    window[50, 0] = np.nan
    both = np.isfinite(window[:, :-1]) & np.isfinite(window[:, 1:])
    pairs = np.where(both, window[:, :-1], np.nan), np.where(both, window[:, 1:], np.nan)
    a, b = np.array([0.0, 0.05, 0.2]), np.array([0.5, 0.9, 0.6])
    expected = [slow_loss(window, *each) for each in zip(a, b, strict=True)]
    np.testing.assert_allclose(dcc_fit.loss(pairs, a, b), expected, rtol=1e-10)


def test_the_fit_is_the_optimum_of_scipy():
    window = simulated(2, 500, 3, 0.08, 0.85)
    found = dcc_fit.fit(window)
    best = minimize(
        lambda x: slow_loss(window, *x) if x[0] >= 0 and x[1] >= 0 and x[0] + x[1] < 0.999 else 1e9,
        found,
        method="Nelder-Mead",
        options={"maxiter": 25, "xatol": 1e-5},
    )
    assert slow_loss(window, *found) <= best.fun + 1e-2


def test_the_fit_finds_what_was_simulated():
    found = np.array([dcc_fit.fit(simulated(seed, 1000, 8, 0.06, 0.90)) for seed in range(3)])
    assert found.mean(axis=0) == pytest.approx([0.06, 0.90], abs=0.03)


def test_too_little_to_fit_is_said():
    assert dcc_fit.fit(np.full((100, 3), np.nan)) is None
    assert dcc_fit.fit(np.ones((200, 1))) is None


def test_the_stream_fits_the_newest_rows_when_it_is_time():
    rows = simulated(3, 420, 4, 0.08, 0.85)
    state = dcc.empty(4, alpha=0.0, beta=1.0, warm_up_rows=10, window_rows=200, fit_rows=150)
    other = variances.empty(4, alpha=0.0, beta=1.0, warm_up_rows=10)
    standard = np.array([variances.update(other, row) for row in rows])
    for row in rows[:309]:
        dcc.update(state, row)
    assert tuple(state.parameters) == dcc_fit.fit(standard[10:160])
    dcc.update(state, rows[309])
    assert tuple(state.parameters) == dcc_fit.fit(standard[110:310])


def test_correlation_that_moves_is_followed():
    rows = simulated(4, 2000, 2, 0.08, 0.90)
    state = dcc.empty(2, alpha=0.01, beta=0.99, warm_up_rows=50, window_rows=500, fit_rows=250)
    losses = []
    for row in rows:
        if state.rows.min() > 600:
            known = dcc.correlation(state)[0, 1]
            still = state.target[0, 1] / np.sqrt(state.target[0, 0] * state.target[1, 1])
            losses.append(
                [np.log(1 - r * r) + (row @ row - 2 * r * row[0] * row[1]) / (1 - r * r) for r in (known, still)]
            )
        dcc.update(state, row)
    assert np.mean(losses, axis=0)[0] < np.mean(losses, axis=0)[1] - 0.02


def test_variances_are_the_recursion_of_arch():
    rng = np.random.default_rng(5)
    rows = 0.01 * rng.standard_normal(400)
    omega, alpha, beta = 5e-6, 0.06, 0.90
    long_run = omega / (1 - alpha - beta)
    expected = np.zeros(400)
    bounds = np.tile([0.0, 1.0], (400, 1))
    sizes = (rows**2, np.sign(rows), expected, 1, 0, 1, 400, long_run, bounds)
    garch_recursion_python(np.array([omega, alpha, beta]), *sizes)
    state = variances.empty(1, alpha=alpha, beta=beta, warm_up_rows=2)
    state.rows[...] = 10**15  # so that the long-run variance stands still
    state.long_run[...] = long_run
    state.forecast[...] = expected[0]
    found = []
    for row in rows:
        found.append(float(state.forecast[0]))
        standard = variances.update(state, np.array([row]))
        assert standard[0] == pytest.approx(row / np.sqrt(found[-1]))
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_a_missing_return_moves_the_variance_by_what_was_expected():
    state = variances.empty(2, alpha=0.1, beta=0.8, warm_up_rows=5)
    for row in 0.01 * np.random.default_rng(6).standard_normal((50, 2)):
        variances.update(state, row)
    before, long_run = state.forecast.copy(), state.long_run.copy()
    assert np.isnan(variances.update(state, np.array([np.nan, 0.01]))[0])
    assert state.forecast[0] == pytest.approx(0.1 * long_run[0] + 0.9 * before[0])
    assert state.long_run[0] == long_run[0]


@pytest.mark.parametrize("wrong", [{"alpha": -0.1, "beta": 0.9}, {"alpha": 0.2, "beta": 0.9}])
def test_parameters_that_explode_are_an_error(wrong):
    with pytest.raises(ValueError, match="alpha and beta"):
        variances.empty(1, **wrong)
