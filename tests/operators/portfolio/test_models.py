import pickle

import numpy as np
import pytest

from operators.portfolio import breaks, models
from tests.operators.portfolio.covariance_oracles import market


@pytest.mark.parametrize("kind", models.KINDS)
def test_instruments_that_come_later_were_missing_before(kind):
    rows = market(1, 200, 4)
    rows[:80, 2:] = np.nan
    grows, whole = (models.empty(kind, half_life_rows=30.0, warm_up_rows=20) for _ in range(2))
    for number, row in enumerate(rows):
        models.update(grows, row[:2] if number < 80 else row, 0.3)
        models.update(whole, row, 0.3)
        if number % 50 == 0:
            grows = pickle.loads(pickle.dumps(grows))
    found = models.matrix(grows, 0.4)
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(found, models.matrix(whole, 0.4))


def test_the_alarm_grows_likewise():
    rows = market(2, 1800, 4)
    rows[:600, 2:] = np.nan
    grows, whole = breaks.empty(2, block_rows=20), breaks.empty(4, block_rows=20)
    for number, row in enumerate(rows):
        if number == 600:
            grows = models.grown(grows, breaks.empty(4, block_rows=20))
        found = breaks.update(grows, row[:2] if number < 600 else row)
        assert repr(found) == repr(breaks.update(whole, row))


def test_stress_that_is_not_known_is_the_pooled_covariance():
    rows = market(3, 100, 3)
    model, pooled = (models.empty(kind, half_life_rows=30.0, warm_up_rows=20) for kind in ("conditional", "weighted"))
    for row in rows:
        models.update(model, row, float("nan"))
        models.update(pooled, row, float("nan"))
    np.testing.assert_array_equal(models.matrix(model, float("nan")), models.matrix(pooled, 0.0))


def test_another_model_is_an_error():
    with pytest.raises(ValueError, match="one of weighted, shrinkage, conditional, dcc"):
        models.empty("magic", half_life_rows=30.0, warm_up_rows=20)  # type: ignore[arg-type]
