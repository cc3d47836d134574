import numpy as np
import pytest
from scipy import stats

from operators.regimes.normal_score import score_of, share_of, student_score


@pytest.mark.parametrize("share", [1e-11, 1e-6, 0.001, 0.024, 0.025, 0.2, 0.5, 0.7, 0.975, 0.976, 0.999, 1 - 1e-9])
def test_scores_and_shares_are_those_of_the_normal_distribution(share):
    assert score_of(share) == pytest.approx(stats.norm.ppf(share), abs=1e-8)
    assert share_of(score_of(share)) == pytest.approx(share, rel=1e-7)


def test_shares_of_nothing_and_of_all_have_finite_scores():
    assert score_of(0.0) == pytest.approx(-7.03, abs=0.01)
    assert score_of(1.0) == pytest.approx(7.03, abs=0.01)


@pytest.mark.parametrize(("freedom", "error"), [(2.2, 0.0015), (4.0, 0.0005), (10.0, 0.0001)])
def test_the_share_under_a_student_t_is_nearly_exact(freedom, error):
    values = np.linspace(-8, 8, 321)
    exact = stats.t.cdf(values * np.sqrt(freedom / (freedom - 2)), freedom)
    assert [share_of(student_score(value, freedom)) for value in values] == pytest.approx(exact, abs=error)
