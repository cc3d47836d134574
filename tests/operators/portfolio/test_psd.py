import numpy as np
import pytest

from operators.portfolio import psd


def random_broken(seed: int, n: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    found = rng.uniform(-1, 1, (n, n))
    found = (found + found.T) / 2
    np.fill_diagonal(found, 1.0)
    return found


def test_higham_is_the_papers_example():
    broken = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
    expected = [[1, 0.7607, 0.1573], [0.7607, 1, 0.7607], [0.1573, 0.7607, 1]]
    np.testing.assert_allclose(psd.higham(broken), expected, atol=5e-5)


@pytest.mark.parametrize("seed", range(5))
def test_higham_is_at_least_as_near_as_clipping_and_as_other_correlations(seed):
    broken = random_broken(seed, 8)
    best = np.linalg.norm(psd.higham(broken) - broken)
    assert best <= np.linalg.norm(psd.nearest(broken) - broken) + 1e-9
    rng = np.random.default_rng(seed + 100)
    for _ in range(200):
        factors = rng.standard_normal((8, rng.integers(1, 9)))
        other = psd.correlation_of(factors @ factors.T)
        mixed = 0.9 * psd.higham(broken) + 0.1 * other
        assert best <= np.linalg.norm(mixed - broken) + 1e-6


def test_a_matrix_that_is_definite_comes_back_as_it_was():
    rng = np.random.default_rng(3)
    factors = rng.standard_normal((6, 20))
    good = np.round(factors @ factors.T, 12)
    good = (good + good.T) / 2
    for repair in (psd.nearest, psd.higham):
        found = repair(good)
        np.testing.assert_array_equal(found, good)
        assert found is not good


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (np.ones((2, 3)), "n by n"),
        (np.array([[1.0, np.nan], [np.nan, 1.0]]), "finite"),
        (np.array([[-1.0]]), "variance"),
        (np.array([[1.0, 0.5], [0.4, 1.0]]), "symmetric"),
    ],
)
def test_what_is_no_covariance_is_an_error(wrong, said):
    with pytest.raises(ValueError, match=said):
        psd.nearest(wrong)


def test_no_instrument_and_no_movement_are_matrices_too():
    assert psd.nearest(np.zeros((0, 0))).shape == (0, 0)
    np.testing.assert_array_equal(psd.nearest(np.zeros((2, 2))), np.zeros((2, 2)))
    np.testing.assert_array_equal(psd.nearest(np.array([[0.0, 5.0], [5.0, 4.0]])), [[0, 0], [0, 4]])


def test_all_pairs_of_the_chosen_are_known():
    rng = np.random.default_rng(1)
    for _ in range(50):
        enough = rng.random((7, 7)) < 0.7
        enough &= enough.T
        chosen = psd.together(enough)
        assert enough[np.ix_(chosen, chosen)].all()
        for place in np.flatnonzero(~chosen):
            assert not (enough[place, place] and enough[place, chosen].all())
