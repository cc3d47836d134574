import pickle
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.portfolio import conditional, dcc, psd, shrinkage, weighted
from tests.operators.portfolio import covariance_oracles as oracle

HALVES = (0.5, 0.5)


def fed(module, state, rows, *more):
    for row in rows:
        module.update(state, row, *more)
    return state


@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize(("half_life", "missing"), [(20.0, 0.0), (20.0, 0.3), (inf, 0.0), (inf, 0.2)])
def test_weighted_covariance_equals_its_definition(half_life, missing, centred):
    rows = oracle.market(1, 150, 4, missing=missing)
    state = fed(weighted, weighted.empty(4, half_life_rows=half_life, centred=centred), rows)
    expected = oracle.weighted(rows, half_life, centred=centred)
    np.testing.assert_allclose(weighted.raw(state), expected, rtol=1e-10)


def test_equal_weights_are_the_sample_covariance():
    rows = oracle.market(2, 200, 5)
    state = fed(weighted, weighted.empty(5, half_life_rows=inf), rows)
    np.testing.assert_allclose(weighted.matrix(state), np.cov(rows.T), rtol=1e-10)


def test_a_level_a_million_times_the_move_costs_no_digits():
    rows = oracle.market(2, 200, 3)
    state = fed(weighted, weighted.empty(3, half_life_rows=30.0), rows + 1e3)
    np.testing.assert_allclose(weighted.raw(state), oracle.weighted(rows, 30.0, centred=True), rtol=1e-6)


def test_shrinkage_to_identity_equals_the_paper():
    rows = oracle.market(3, 80, 6)
    state = fed(shrinkage, shrinkage.empty(6, half_life_rows=inf), rows)
    expected, share = oracle.ledoit_wolf_identity(rows)
    assert 0 < share < 1
    assert shrinkage.intensity(state, "identity") == pytest.approx(share, rel=1e-10)
    np.testing.assert_allclose(shrinkage.matrix(state, "identity"), expected, rtol=1e-10)


def test_shrinkage_to_identity_equals_sklearn():
    covariance = pytest.importorskip("sklearn.covariance")
    rows = oracle.market(4, 70, 8, tails=4.0)
    state = fed(shrinkage, shrinkage.empty(8, half_life_rows=inf), rows)
    expected = covariance.LedoitWolf(assume_centered=True).fit(rows)
    assert shrinkage.intensity(state, "identity") == pytest.approx(expected.shrinkage_, rel=1e-9)
    np.testing.assert_allclose(shrinkage.matrix(state, "identity"), expected.covariance_, rtol=1e-9)


def test_shrinkage_to_constant_correlation_equals_the_paper():
    rows = oracle.market(5, 80, 6)
    state = fed(shrinkage, shrinkage.empty(6, half_life_rows=inf), rows)
    expected, share = oracle.ledoit_wolf_constant_correlation(rows)
    assert 0 < share < 1
    assert shrinkage.intensity(state) == pytest.approx(share, rel=1e-9)
    np.testing.assert_allclose(shrinkage.matrix(state), expected, rtol=1e-9)


def test_the_intensity_of_unequal_weights_is_that_of_a_weighted_mean():
    rows = oracle.market(18, 90, 5)
    state = fed(shrinkage, shrinkage.empty(5, half_life_rows=15.0), rows)
    weights = 0.5 ** (np.arange(89, -1, -1) / 15.0)
    weights /= weights.sum()
    products = rows[:, :, None] * rows[:, None, :]
    sample = np.tensordot(weights, products, 1)
    uncertain = (weights**2).sum() * np.tensordot(weights, (products - sample) ** 2, 1).sum()
    distance = ((sample - np.trace(sample) / 5 * np.eye(5)) ** 2).sum()
    assert shrinkage.intensity(state, "identity") == pytest.approx(uncertain / distance, rel=1e-9)


def test_a_shrunk_matrix_is_nearer_to_the_truth_than_the_sample():
    n, rows = 30, oracle.market(6, 60, 30)
    truth = 1e-6 * (0.49 * np.ones((n, n)) + np.diag(np.linspace(0.5, 2.0, n) ** 2))
    state = fed(shrinkage, shrinkage.empty(n, half_life_rows=inf, warm_up_rows=30), rows)
    sample = np.linalg.norm(rows.T @ rows / len(rows) - truth)
    for aim, most in (("identity", 1.0), ("constant_correlation", 0.75)):
        assert np.linalg.norm(shrinkage.matrix(state, aim) - truth) < most * sample


def test_one_state_of_probability_one_is_the_pooled_covariance():
    rows = oracle.market(7, 120, 3, missing=0.1)
    state = fed(conditional, conditional.empty(3, 1, half_life_rows=30.0), rows, [1.0])
    pooled = fed(weighted, weighted.empty(3, half_life_rows=30.0), rows)
    np.testing.assert_allclose(conditional.matrix(state, [1.0]), weighted.matrix(pooled), rtol=1e-10)


def test_a_mixture_adds_what_lies_between_its_means():
    rng = np.random.default_rng(8)
    rows = oracle.market(8, 300, 3)
    stressed = rng.random(300) < 0.4
    rows[stressed] = 3 * rows[stressed] - 0.005
    shares = [[0.9, 0.1] if not hot else [0.2, 0.8] for hot in stressed]
    state = conditional.empty(3, 2, half_life_rows=80.0, prior_rows=1e-9)
    for row, share in zip(rows, shares, strict=True):
        conditional.update(state, row, share)
    now, means, parts = [0.3, 0.7], [], []
    for k in (0, 1):
        own = [share[k] for share in shares]
        weights = np.array([own[t] * 0.5 ** (sum(own[t + 1 :]) / 80.0) for t in range(300)])
        means.append(weights @ rows / weights.sum())
        parts.append(oracle.weighted(rows, 80.0, centred=True, weights=own))
    centre = now[0] * means[0] + now[1] * means[1]
    expected = sum(p * (s + np.outer(m - centre, m - centre)) for p, s, m in zip(now, parts, means, strict=True))
    np.testing.assert_allclose(conditional.matrix(state, now), expected, rtol=1e-6)
    assert np.trace(conditional.matrix(state, [0.0, 1.0])) > 3 * np.trace(conditional.matrix(state, [1.0, 0.0]))


def test_a_state_that_was_never_seen_is_the_pooled_one():
    rows = oracle.market(9, 100, 3)
    state = fed(conditional, conditional.empty(3, 2, half_life_rows=50.0), rows, [1.0, 0.0])
    pooled = fed(weighted, weighted.empty(3, half_life_rows=50.0), rows)
    np.testing.assert_allclose(conditional.matrix(state, [0.0, 1.0]), weighted.matrix(pooled), rtol=1e-9)
    np.testing.assert_allclose(conditional.matrix(state, [float("nan")] * 2), weighted.matrix(pooled), rtol=1e-9)


def test_a_state_that_was_seldom_seen_is_drawn_to_the_pooled_one():
    rows = oracle.market(19, 100, 3)
    state = fed(conditional, conditional.empty(3, 2, half_life_rows=inf, prior_rows=40.0), rows[:80], [1.0, 0.0])
    for row in rows[80:]:
        conditional.update(state, 3 * row, [0.0, 1.0])
    everything = np.vstack([rows[:80], 3 * rows[80:]])
    _, covariance = conditional.moments_of(state, 1)
    np.testing.assert_allclose(covariance, (20 * 9 * np.cov(rows[80:].T) + 40 * np.cov(everything.T)) / 60, rtol=1e-9)
    mean, _ = conditional.moments_of(state, 0)
    np.testing.assert_allclose(mean, (80 * rows[:80].mean(0) + 40 * everything.mean(0)) / 120, rtol=1e-9)


def test_a_pair_that_lacks_a_return_hears_what_was_expected():
    rows = oracle.market(20, 100, 2)
    state = fed(dcc, dcc.empty(2, warm_up_rows=10), rows)
    target, before = state.target.copy(), state.driver.copy()
    dcc.update(state, np.array([1e-3, np.nan]))
    a, b = dcc.DEFAULTS
    np.testing.assert_array_equal(state.target[:, 1], target[:, 1])
    np.testing.assert_allclose(state.driver[:, 1], (1 - a - b) * target[:, 1] + (a + b) * before[:, 1], rtol=1e-12)


def test_dynamic_correlation_equals_its_definition():
    rows = oracle.market(10, 160, 3)
    state = fed(dcc, dcc.empty(3, alpha=0.06, beta=0.9, warm_up_rows=20), rows)
    np.testing.assert_allclose(dcc.matrix(state), oracle.dcc(rows, 0.06, 0.9, *dcc.DEFAULTS, 20), rtol=1e-9)


# Every estimator with awful returns.

ESTIMATORS = {
    "weighted": (lambda n: weighted.empty(n, half_life_rows=10.0, warm_up_rows=2), weighted.update, weighted.matrix),
    "about zero": (
        lambda n: weighted.empty(n, half_life_rows=10.0, warm_up_rows=2, centred=False),
        weighted.update,
        weighted.matrix,
    ),
    "identity": (
        lambda n: shrinkage.empty(n, half_life_rows=10.0, warm_up_rows=2),
        shrinkage.update,
        lambda state: shrinkage.matrix(state, "identity"),
    ),
    "constant correlation": (
        lambda n: shrinkage.empty(n, half_life_rows=10.0, warm_up_rows=2),
        shrinkage.update,
        shrinkage.matrix,
    ),
    "conditional": (
        lambda n: conditional.empty(n, 2, half_life_rows=10.0, warm_up_rows=2),
        lambda state, row: conditional.update(state, row, HALVES),
        lambda state: conditional.matrix(state, HALVES),
    ),
    "dynamic": (lambda n: dcc.empty(n, warm_up_rows=2, fit_rows=50), dcc.update, dcc.matrix),
}
NUMBERS = st.one_of(
    st.just(float("nan")), st.just(0.0), st.just(inf), st.sampled_from([1.0, -1.0, 1e-3]), st.floats(-1, 1, width=32)
)


@st.composite
def awful_returns(draw):
    n, rows = draw(st.integers(1, 6)), draw(st.integers(1, 14))
    found = np.array(draw(st.lists(st.lists(NUMBERS, min_size=n, max_size=n), min_size=rows, max_size=rows)))
    found = found * np.array(draw(st.lists(st.sampled_from([1.0, 1e-8, 1e8]), min_size=n, max_size=n)))
    if n > 1 and draw(st.booleans()):
        found[:, 0] = found[:, -1]
    if draw(st.booleans()):
        found[: rows // 2, : (n + 1) // 2] = np.nan
    return found


def assert_positive_semi_definite(found):
    known = np.isfinite(np.diagonal(found))
    block = found[np.ix_(known, known)]
    assert np.isfinite(block).all()
    assert np.isnan(found[~known]).all()
    assert np.isnan(found[:, ~known]).all()
    assert (block == block.T).all()
    assert (np.diagonal(block) >= 0).all()
    whole = np.diagonal(block) > 0
    assert (block[~whole] == 0).all()
    if whole.any():
        scales = np.sqrt(np.diagonal(block)[whole])
        standard = block[np.ix_(whole, whole)] / scales[:, None] / scales
        assert np.linalg.eigvalsh(standard)[0] > 0
        np.linalg.cholesky(standard)


@pytest.mark.parametrize("name", ESTIMATORS)
@settings(max_examples=60, deadline=None)
@given(rows=awful_returns())
def test_every_matrix_is_positive_semi_definite_whatever_the_returns(name, rows):
    empty, update, matrix = ESTIMATORS[name]
    state = empty(rows.shape[1])
    before = rows.copy()
    for row in rows:
        update(state, row)
        assert_positive_semi_definite(matrix(state))
    np.testing.assert_array_equal(rows, before)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_duplicates_more_instruments_than_rows_and_blocks_of_nothing(name):
    rows = oracle.market(11, 40, 30)
    rows[:, 5] = rows[:, 6]
    rows[:, 7] = 0.0
    rows[:20, 8:20] = np.nan
    rows[:, 9] *= 1e8
    rows[:, 10] *= 1e-8
    empty, update, matrix = ESTIMATORS[name]
    state = empty(30)
    for row in rows:
        update(state, row)
    assert_positive_semi_definite(matrix(state))
    assert np.isfinite(np.diagonal(matrix(state))).sum() >= (29 if name == "dynamic" else 30)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_an_estimator_goes_on_from_a_pickle_to_the_bit(name):
    rows = oracle.market(12, 120, 5, missing=0.1)
    empty, update, matrix = ESTIMATORS[name]
    whole, cut = empty(5), empty(5)
    for number, row in enumerate(rows):
        update(whole, row)
        update(cut, row)
        if number % 17 == 3:
            cut = pickle.loads(pickle.dumps(cut))
    np.testing.assert_array_equal(matrix(whole), matrix(cut))
    assert np.isfinite(matrix(whole)).all()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_instruments_may_stand_in_any_order(name):
    rows = oracle.market(13, 90, 5, missing=0.1)
    order = np.array([3, 0, 4, 1, 2])
    empty, update, matrix = ESTIMATORS[name]
    straight, other = empty(5), empty(5)
    for row in rows:
        update(straight, row)
        update(other, row[order])
    tolerance = 1e-3 if name == "dynamic" else 1e-9  # its likelihood takes neighbouring pairs
    np.testing.assert_allclose(matrix(other), matrix(straight)[np.ix_(order, order)], rtol=tolerance, atol=1e-12)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_state_is_no_larger_after_more_rows(name):
    empty, update, _ = ESTIMATORS[name]
    sizes = []
    state = empty(4)
    for number, row in enumerate(oracle.market(14, 400, 4)):
        update(state, row)
        if number in (99, 399):
            sizes.append(len(pickle.dumps(state)))
    assert abs(sizes[1] - sizes[0]) < 16


def test_warm_up_is_as_said():
    rows = oracle.market(15, 12, 2)
    state = weighted.empty(2, warm_up_rows=10)
    known = []
    for row in rows:
        weighted.update(state, row)
        known.append(bool(np.isfinite(weighted.matrix(state)).all()))
    assert known == [False] * 9 + [True] * 3


def test_an_instrument_never_seen_with_the_others_is_not_ready():
    rows = oracle.market(16, 60, 3)
    rows[:30, 2] = np.nan
    rows[30:, :2] = np.nan
    state = fed(weighted, weighted.empty(3, warm_up_rows=20), rows)
    assert weighted.ready(state).tolist() == [True, True, False]


def test_a_pair_that_was_long_forgotten_begins_again():
    state = fed(weighted, weighted.empty(2, half_life_rows=1.0, warm_up_rows=5), oracle.market(17, 10, 2))
    alone = np.array([1e-3, np.nan])
    for _ in range(200):
        weighted.update(state, alone)
    assert state.rows.tolist() == [[210, 0], [0, 0]]
    assert np.isfinite(weighted.matrix(state)[0, 0])


@pytest.mark.parametrize("wrong", [np.zeros(3), np.zeros((2, 1)), np.array([1e61, 0.0])])
def test_a_row_of_another_size_or_beyond_all_returns_is_an_error(wrong):
    with pytest.raises(ValueError, match="return"):
        weighted.update(weighted.empty(2), wrong)


@pytest.mark.parametrize("shares", [[0.5], [0.7, 0.7], [-0.5, 1.5]])
def test_probabilities_that_are_none_are_an_error(shares):
    with pytest.raises(ValueError, match="probabilities"):
        conditional.update(conditional.empty(2, 2), np.zeros(2), shares)


def test_psd_keeps_the_order_of_magnitudes():
    scales = np.array([1e-8, 1.0, 1e8])
    broken = np.array([[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]]) * np.outer(scales, scales)
    found = psd.nearest(broken)
    np.testing.assert_array_equal(np.diagonal(found), np.diagonal(broken))
    assert_positive_semi_definite(found)
