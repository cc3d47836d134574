"""The returns-only parts over plain series: equal to batch libraries, bar after bar, and nothing is left behind."""

import math
from fractions import Fraction

import numba
import numpy as np
import pytest

from operators.statistics import autocorrelation, exact, portmanteau
from operators.statistics.exact_sum import add, total
from tests.operators.statistics.exact_windows import OUT, measured
from tests.operators.statistics.slow_exact import exact as slow

Floats = np.ndarray[tuple[int], np.dtype[np.float64]]


def returns(count: int, seed: int = 1, still: float = 0.3) -> Floats:
    """Fat tails, and bars that do not move."""
    rng = np.random.default_rng(seed)
    return rng.standard_t(3, count) * 1e-3 * (rng.random(count) >= still)


def compare(found: np.void, history: Floats, window: int) -> None:
    expected = slow(history, window)
    for name in exact.COLUMNS:
        assert found[name] == pytest.approx(expected.get(name, math.nan), rel=1e-9, abs=1e-9, nan_ok=True), name
        if name.endswith("p_value") or name == "realised_variance":
            assert found[name] == pytest.approx(expected.get(name, math.nan), rel=1e-9, nan_ok=True), name


@pytest.mark.parametrize("window", [64, 100, 256])
def test_every_bar_equals_the_batch_libraries(window: int) -> None:
    made = returns(window + 120)
    found = measured(made, window)
    for bar in range(0, 121, 5):
        compare(found[bar], made[: window + bar], window)


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="a million bars take an hour")
def test_a_million_bars_and_crashes_later_no_digit_is_lost() -> None:
    made = returns(1_000_000)
    made[::99_991] = -0.9
    made[-1_000:] *= 1e-4
    compare(measured(made, 256, 1_000_000 - 256)[-1], made, 256)


def test_a_crash_that_has_left_the_window_leaves_no_trace() -> None:
    quiet = returns(300, still=0.0) * 1e-2
    crashed = np.concatenate([quiet[:100], [-0.7, 0.4, -2.0], quiet])
    later = measured(crashed, 64)[-1]
    never = measured(quiet, 64)[-1]
    timed = ("modified_range", "modified_range_p_value")  # found at another bar
    for name in set(exact.COLUMNS) - set(timed):
        assert later[name] == pytest.approx(never[name], rel=1e-11), name


def test_a_price_that_stands_still_again_has_no_measures_again() -> None:
    found = measured(np.concatenate([returns(200), np.zeros(300)]), 64)[-1]
    assert [name for name in exact.COLUMNS if math.isfinite(found[name])] == ["autocorrelation_band"]


def test_a_price_that_grows_evenly_has_only_what_is_defined() -> None:
    found = measured(np.full(200, 1e-3), 64)[-1]
    defined = {name for name in exact.COLUMNS if math.isfinite(found[name])}
    assert defined == {
        *("autocorrelation_band", "runs_z", "runs_p_value", "jump_share", "jump_p_value"),
        *(name for name in exact.COLUMNS if name.startswith(("generalised", "realised"))),
    }
    assert found["generalised_hurst_1"] == pytest.approx(1.0)
    assert found["generalised_hurst_2"] == pytest.approx(1.0)
    assert found["runs_p_value"] == 2.0 ** (2 - 64)


def test_a_drift_changes_nothing_that_takes_the_mean_off() -> None:
    made = returns(300, still=0.0)
    calm, driven = measured(made, 128)[-1], measured(made + 5e-3, 128)[-1]
    for name in exact.COLUMNS:
        if (
            name.startswith(("autocorrelation", "partial", "ljung", "rescaled", "modified", "dfa"))
            and "robust" not in name
        ):
            assert driven[name] == pytest.approx(calm[name], rel=1e-9), name


def test_the_modified_range_is_found_eight_times_a_window() -> None:
    found = measured(returns(400), 80)["modified_range"]
    assert list(np.flatnonzero(np.diff(found)) + 1) == list(range(10, len(found), 10))


def test_runs_go_below_zero_in_a_trend_and_above_where_moves_turn() -> None:
    rng = np.random.default_rng(1)
    steps = np.where(rng.random(500) < 0.8, 1.0, -1.0)
    trend = np.cumprod(steps) * 1e-3  # a move goes on four times of five
    turns = np.cumprod(-steps) * 1e-3
    assert measured(trend, 256)["runs_z"].max() < -3
    assert measured(turns, 256)["runs_z"].min() > 3
    assert measured(trend, 256)["autocorrelation_1"].min() > 0.3
    assert measured(trend, 256)["ljung_box_p_value"].max() < 1e-6


def boxes(window: Floats) -> tuple[float, float]:
    """P-values of the two tests alone, which is quick where nothing is compiled too."""
    s, out = np.zeros(1, exact.STATE)[0], np.zeros(1, OUT)[0]
    autocorrelation.begin(s["autocorrelation"], window)
    portmanteau.begin(s["portmanteau"], window)
    autocorrelation.write(s["autocorrelation"], window, out)
    portmanteau.write(s["portmanteau"], s["autocorrelation"]["rho"], len(window), out)
    return out["ljung_box_p_value"], out["ljung_box_robust_p_value"]


def test_volatility_that_changes_alarms_the_plain_box_and_not_the_robust_one() -> None:
    rng, alarms = np.random.default_rng(5), []
    for _ in range(200):
        shocks, made, variance = rng.normal(size=600), np.empty(600), 1.0
        for t in range(600):
            made[t] = math.sqrt(variance) * shocks[t]
            variance = 0.02 + 0.18 * made[t] ** 2 + 0.8 * variance
        p_value, robust_p_value = boxes(made[-256:] * 1e-3)
        alarms.append([p_value < 0.05, robust_p_value < 0.05])
    plain, robust = np.mean(alarms, axis=0)
    assert plain > 0.2
    assert robust < 0.09


def test_one_jump_is_seen_as_a_jump() -> None:
    made = np.random.default_rng(1).normal(0, 1e-3, 256)
    calm = measured(made, 256)[-1]
    made[200] = 0.02
    jumped = measured(made, 256)[-1]
    assert calm["jump_p_value"] > 0.01
    assert jumped["jump_p_value"] < 1e-6
    # Of 656e-6, bipower variation sees 256e-6 and the jump beside its two neighbours, 50e-6.
    assert jumped["jump_share"] == pytest.approx(350 / 656, abs=0.05)
    assert jumped["realised_skewness"] > 5
    assert jumped["realised_kurtosis"] > 50


def test_a_sum_forgets_what_has_left_to_the_last_digit() -> None:
    sums = np.zeros((1, 2))
    small = [math.ldexp(float(k % 7 - 3), -60) for k in range(100)]
    for value in (1e8, *small, 3e9 / 7):
        add(sums, 0, value)
    add(sums, 0, -1e8)
    add(sums, 0, -3e9 / 7)
    assert total(sums, 0) == float(sum(map(Fraction, small)))
