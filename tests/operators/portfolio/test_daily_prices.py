"""The estimators on 20 US stocks, daily: what a portfolio of least variance really varies by, out of sample."""

import numpy as np
import pytest

from operators.portfolio import breaks, dcc, shrinkage, weighted
from tests.operators.portfolio.optimizer.daily_returns import daily_returns

WARM_UP, EVERY = 150, 5


def realised_volatility(state, update, matrix, rows):
    """Standard deviation of the portfolio of least variance, chosen anew every 5 days from what was known then."""
    found = []
    for day, row in enumerate(rows):
        if day > WARM_UP and day % EVERY == 0:
            weights = np.linalg.solve(matrix(state), np.ones(rows.shape[1]))
            found.append(rows[day : day + EVERY] @ (weights / weights.sum()))
        update(state, row)
    return float(np.concatenate(found).std())


@pytest.fixture(scope="module")
def rows():
    return np.log1p(daily_returns()[1])


@pytest.fixture(scope="module")
def plain(rows):
    state = weighted.empty(rows.shape[1], half_life_rows=20.0)
    return realised_volatility(state, weighted.update, weighted.matrix, rows)


@pytest.mark.parametrize("aim", ["identity", "constant_correlation"])
def test_shrinkage_lowers_what_the_portfolio_really_varies_by(rows, plain, aim):
    state = shrinkage.empty(rows.shape[1], half_life_rows=20.0)
    found = realised_volatility(state, shrinkage.update, lambda now: shrinkage.matrix(now, aim), rows)
    assert found < 0.96 * plain


def test_dynamic_correlations_lower_it_too(rows, plain):
    state = dcc.empty(rows.shape[1], alpha=0.06, beta=0.94, fit_rows=250)
    assert realised_volatility(state, dcc.update, dcc.matrix, rows) < 0.96 * plain
    assert 0.0 < state.parameters[0] < 0.1
    assert state.parameters.sum() < 1.0


def test_march_2020_was_a_break_of_correlations(rows):
    state = breaks.empty(rows.shape[1], block_rows=20)
    verdicts = [(day - len(rows), breaks.update(state, row)) for day, row in enumerate(rows)]
    began = [day for day, verdict in verdicts if verdict and verdict.changed and verdict.alarm]
    first, last = -721, -680  # 2020-02-20 and 2020-04-20, from the end of the file, 2022-12-28
    assert any(first <= day <= last for day in began)
    assert len(began) <= 3
