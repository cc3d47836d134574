"""The generator of the tests is itself exact: its covariances are those that it was asked for."""

import numpy as np
import pytest

from tests.operators.statistics.fractional_noise import covariance, davies_harte, hosking


@pytest.mark.parametrize("hurst", [0.2, 0.5, 0.8])
def test_noise_has_the_covariances_that_were_asked_for(hurst: float) -> None:
    paths = davies_harte(hurst, 16, 40_000, 1)
    found = paths.T @ paths / len(paths)
    wanted = covariance(hurst, 16)[np.abs(np.subtract.outer(np.arange(16), np.arange(16)))]
    assert np.abs(found - wanted).max() < 5 * np.sqrt(2 / len(paths))


@pytest.mark.parametrize("hurst", [0.2, 0.8])
def test_both_ways_to_draw_give_the_same_law(hurst: float) -> None:
    one_by_one = np.stack([hosking(hurst, 8, seed) for seed in range(4_000)])
    wanted = covariance(hurst, 8)[np.abs(np.subtract.outer(np.arange(8), np.arange(8)))]
    assert np.abs(one_by_one.T @ one_by_one / 4_000 - wanted).max() < 5 * np.sqrt(2 / 4_000)


def test_sums_of_noise_are_self_similar() -> None:
    paths = np.cumsum(davies_harte(0.7, 64, 20_000, 2), axis=1)
    assert paths[:, 63].var() == pytest.approx(64**1.4, rel=0.05)
