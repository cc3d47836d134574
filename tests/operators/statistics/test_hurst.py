"""Hurst exponents of fractional Gaussian noise, where they are known."""

import math

import numba
import numpy as np
import pytest
from scipy.special import gammaln

from operators.statistics import dfa, modified_range, rescaled_range
from operators.statistics.dfa import expected_fluctuation, stray
from operators.statistics.rescaled_range import range_in
from operators.statistics.scaling import HURSTS, calibrated, slope
from tests.operators.statistics.exact_windows import measured
from tests.operators.statistics.fractional_noise import Floats, davies_harte

ESTIMATES = ("rescaled_range_hurst", "dfa_hurst", "generalised_hurst_1", "generalised_hurst_2")


@pytest.mark.parametrize("window", [64, 256])
@pytest.mark.parametrize("hurst", [0.2, 0.35, 0.5, 0.65, 0.8])
def test_estimates_are_as_near_as_they_say(hurst: float, window: int) -> None:
    """In the mean within half the standard error they state; and their spread is the stated one."""
    paths = 20 if numba.config.DISABLE_JIT else 150
    found = np.concatenate([measured(path, window) for path in davies_harte(hurst, window, paths, 7)])
    for name in ESTIMATES:
        spread, stated = found[name].std(ddof=1), found[f"{name}_error"].mean()
        tolerance = 0.3 + 3 / math.sqrt(paths)  # of the standard error: bias, and what so many paths can tell
        if name.startswith("generalised") and window == 64:
            tolerance += 0.2  # long moves are few in a short window
        assert abs(found[name].mean() - hurst) < tolerance * stated, name
        assert spread == pytest.approx(stated, rel=0.1 + 3 / math.sqrt(2 * paths)), name


def long_memory(window: Floats) -> float:
    """P-value of the test alone, which is quick where nothing is compiled too."""
    s = np.zeros(1, modified_range.STATE)[0]
    modified_range.begin(s, window)
    return float(s["p"])


def test_the_modified_range_is_not_alarmed_by_short_memory_but_by_long() -> None:
    shocks = np.random.default_rng(3).normal(size=(200, 600))
    short = np.zeros_like(shocks)
    for t in range(1, 600):
        short[:, t] = 0.3 * short[:, t - 1] + shocks[:, t]
    long = davies_harte(0.8, 600, 200, 3)
    alarms = [np.mean([long_memory(path[-512:]) < 0.05 for path in paths]) for paths in (shocks, short, long)]
    assert alarms[0] < 0.1
    assert alarms[1] < 0.1
    assert alarms[2] > 0.22


@pytest.mark.parametrize("prices", [4, 8, 16, 32, 64])
def test_expected_fluctuations_of_a_random_walk_are_the_closed_form(prices: int) -> None:
    assert expected_fluctuation(0.5, prices) == pytest.approx((prices**2 - 4) / (15 * prices), rel=1e-12)


@pytest.mark.parametrize("hurst", [0.2, 0.8])
def test_expected_fluctuations_are_those_that_are_found(hurst: float) -> None:
    paths = davies_harte(hurst, 15, 4_000, 5)
    found = np.mean([stray(path, 0, 16) for path in paths])
    assert found == pytest.approx(expected_fluctuation(hurst, 16), rel=0.04)


@pytest.mark.parametrize(("scale", "box"), [(0, 8), (1, 16), (2, 32), (3, 64)])
def test_the_table_of_ranges_is_anis_and_lloyds_at_a_half(scale: int, box: int) -> None:
    i = np.arange(1, box)
    root = math.exp(gammaln((box - 1) / 2) - gammaln(box / 2)) / math.sqrt(math.pi)
    assert rescaled_range.LOGS[scale][4] == pytest.approx(math.log2(root * np.sqrt((box - i) / i).sum()), abs=5e-5)


@pytest.mark.parametrize("at", [0, 2, 6, 8])
@pytest.mark.parametrize(("scale", "box"), [(0, 8), (2, 32)])
def test_the_table_of_ranges_is_what_noise_gives(scale: int, box: int, at: int) -> None:
    found = [range_in(path, 0, box) for path in davies_harte(HURSTS[at], box, 4_000, 9)]
    error = np.std(found) / np.mean(found) / math.sqrt(len(found)) / math.log(2)
    assert math.log2(np.mean(found)) == pytest.approx(rescaled_range.LOGS[scale][at], abs=4 * error)


def test_a_slope_is_weighted_by_how_many_boxes_there_are() -> None:
    logs = np.array([1.0, 1.5, 2.1, 2.2])
    wanted = np.polyfit(np.arange(4), logs, 1, w=np.sqrt(0.5 ** np.arange(4)))[0]
    assert slope(logs, 4) == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("expected", [dfa.EXPECTED[5], rescaled_range.EXPECTED[4]])
def test_calibration_gives_back_what_it_was_made_of(expected: np.ndarray) -> None:  # type: ignore[type-arg]
    assert (np.diff(expected) > 0).all()
    assert [calibrated(value, expected) for value in expected] == pytest.approx(list(HURSTS))
    assert calibrated(2 * expected[8] - expected[7], expected) == pytest.approx(1.0)
