from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from operators.risk.coverage import conditional_coverage, exact_probability, exceedances, independence, kupiec
from operators.risk.traffic_light import traffic_light

flags = arrays(bool, st.integers(2, 400), elements=st.booleans())

# Kupiec (1995), table of non-rejection regions at 95 % confidence: (1 − level, days) → a < count < b is not rejected.
# For 255 days at 99 % he gives only the upper end; the ratio rejects a count of 0 as well.
REGIONS = {
    (0.01, 255): (0, 7), (0.01, 510): (1, 11), (0.01, 1000): (4, 17),
    (0.025, 255): (2, 12), (0.025, 510): (6, 21), (0.025, 1000): (15, 36),
    (0.05, 255): (6, 21), (0.05, 510): (16, 36), (0.05, 1000): (37, 65),
}  # fmt: skip


@pytest.mark.parametrize(("share", "days"), REGIONS)
def test_kupiec_rejects_outside_his_published_regions(share, days):
    held = [count for count in range(days) if kupiec(np.arange(days) < count, 1 - share).statistic < 3.841]
    least, most = REGIONS[share, days]
    assert held == list(range(least + 1, most))


@settings(max_examples=50, deadline=None)
@given(flags, st.sampled_from([0.9, 0.95, 0.99]))
def test_kupiec_is_the_likelihood_ratio_of_scipy_s_binomial(exceeded, level):
    hits, days = int(exceeded.sum()), len(exceeded)
    ratio = 2 * (stats.binom.logpmf(hits, days, hits / days) - stats.binom.logpmf(hits, days, 1 - level))
    found = kupiec(exceeded, level)
    assert found.statistic == pytest.approx(max(ratio, 0), abs=1e-7)
    assert found.p_value == pytest.approx(stats.chi2.sf(max(ratio, 0), 1), abs=1e-6)
    exact = stats.binomtest(hits, days, 1 - level).pvalue
    assert exact_probability(exceeded, level) == pytest.approx(exact, rel=1e-6)


def slow_independence(exceeded):
    """By counting transitions one by one."""
    counts = np.zeros((2, 2))
    for before, after in pairwise(exceeded):
        counts[int(before), int(after)] += 1

    def likelihood(zeros, ones, share):
        return (zeros * np.log(1 - share) if zeros else 0.0) + (ones * np.log(share) if ones else 0.0)

    pooled = counts.sum(axis=0)
    same = likelihood(*pooled, pooled[1] / pooled.sum())
    apart = sum(likelihood(*row, row[1] / row.sum()) for row in counts if row.sum())
    return 2 * (apart - same)


@settings(max_examples=50, deadline=None)
@given(flags, st.sampled_from([0.95, 0.99]))
def test_independence_is_the_ratio_of_counted_transitions(exceeded, level):
    found = independence(exceeded)
    assert found.statistic == pytest.approx(max(slow_independence(exceeded), 0.0), abs=1e-7)
    assert found.p_value == pytest.approx(stats.chi2.sf(found.statistic, 1))
    both = conditional_coverage(exceeded, level)
    assert both.statistic == pytest.approx(found.statistic + kupiec(exceeded, level).statistic)
    assert both.p_value == pytest.approx(stats.chi2.sf(both.statistic, 2))


def test_under_the_null_few_samples_are_rejected_and_clusters_nearly_always():
    draws = np.random.default_rng(1)
    fair = [kupiec(draws.random(2000) < 0.05, 0.95).p_value < 0.05 for _ in range(1000)]
    assert np.mean(fair) == pytest.approx(0.05, abs=0.025)
    clustered = []
    for _ in range(50):
        state, flags = False, []
        for u in draws.random(2000):
            state = u < (0.4 if state else 0.03)
            flags.append(state)
        clustered.append(independence(np.array(flags)).p_value < 0.05)
    assert np.mean(clustered) > 0.95


def test_no_exceedance_is_too_few_and_never_a_division_by_zero():
    none = np.zeros(500, bool)
    assert kupiec(none, 0.99).statistic == pytest.approx(-2 * 500 * np.log(0.99))
    assert independence(none).statistic == 0.0
    assert kupiec(~none, 0.99).p_value == 0.0
    assert independence(np.array([True])).p_value == 1.0


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="row of flags"):
        kupiec(np.array([], bool), 0.99)
    with pytest.raises(ValueError, match="3 losses and 2 forecasts"):
        exceedances(np.ones(3), np.ones(2))
    with pytest.raises(ValueError, match="not finite"):
        exceedances(np.ones(2), np.array([1.0, np.nan]))
    assert exceedances(np.array([1.0, 2.0]), np.array([1.0, 1.0])).tolist() == [False, True]


# Basel Committee (1996), table 2: 250 days at 99 %.
CUMULATIVE = {
    0: 0.0811,
    1: 0.2858,
    2: 0.5432,
    3: 0.7581,
    4: 0.8922,
    5: 0.9588,
    6: 0.9863,
    7: 0.9960,
    8: 0.9989,
    9: 0.9997,
}
ADDITIONS = {0: 0, 4: 0, 5: 0.40, 6: 0.50, 7: 0.65, 8: 0.75, 9: 0.85, 10: 1.0, 25: 1.0}


def test_the_light_has_basel_s_published_probabilities_and_additions():
    for count, cumulative in CUMULATIVE.items():
        assert traffic_light(count, 250).cumulative == pytest.approx(cumulative, abs=5.1e-5)
    for count, addition in ADDITIONS.items():
        assert traffic_light(count, 250).addition == addition


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 1000), st.data())
def test_the_light_is_scipy_s_binomial_for_any_length(days, data):
    count = data.draw(st.integers(0, days))
    found = traffic_light(count, days, 0.975)
    assert found.cumulative == pytest.approx(stats.binom.cdf(count, days, 0.025), rel=1e-9)
    assert (found.colour == "green") == (found.cumulative < 0.95)
    assert (found.colour == "red") == (found.cumulative >= 0.9999)
    assert np.isnan(found.addition) == (found.colour == "yellow")


def test_a_count_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="got 5 of 4"):
        traffic_light(5, 4)
