"""The stationary bootstrap: its exact variance, arch's block lengths and arch's own bootstrap."""

import math

import numpy as np
import pytest
from arch.bootstrap import StationaryBootstrap, optimal_block_length

from operators.analysis.resampling import block_length, draws, interval


def autoregressive(seed, phi, count):
    noise = np.random.default_rng(seed).standard_normal(count)
    found = np.zeros(count)
    for row in range(1, count):
        found[row] = phi * found[row - 1] + noise[row]
    return found


def exact_variance(values, block):
    """Of the mean of a resampled series: Politis and Romano (1994), lemma 1, circular autocovariances."""
    count, keep = len(values), 1.0 - 1.0 / block
    centred = values - values.mean()
    circular = [float(centred @ np.roll(centred, lag)) / count for lag in range(count)]
    return (circular[0] + 2.0 * sum((1 - lag / count) * keep**lag * circular[lag] for lag in range(1, count))) / count


@pytest.mark.parametrize("block", [1.0, 4.0, 12.0])
def test_resampled_means_vary_as_they_must(block):
    values = autoregressive(2, 0.5, 120)
    means = [values[places].mean() for places in draws(120, block, seed=1, number=6000)]
    assert np.mean(means) == pytest.approx(values.mean(), abs=4 * np.std(means) / math.sqrt(6000))
    assert np.var(means) == pytest.approx(exact_variance(values, block), rel=0.06)


def test_blocks_are_runs_of_the_given_mean_length_on_a_circle():
    lengths = []
    for places in draws(500, 8.0, seed=3, number=40):
        joined = (np.diff(places) % 500) == 1
        lengths.append(500 / (1 + (~joined).sum()))
        assert 0 <= places.min() <= places.max() < 500
    assert np.mean(lengths) == pytest.approx(8.0, rel=0.08)


@pytest.mark.parametrize("phi", [-0.5, 0.2, 0.5, 0.9])
def test_the_block_length_is_near_archs(phi):
    values = autoregressive(1, phi, 2000)
    assert block_length(values) == pytest.approx(optimal_block_length(values)["stationary"].iloc[0], rel=0.03)


def test_the_interval_is_archs():
    values = 0.05 + autoregressive(4, 0.3, 400)
    low, high = interval(values, np.mean, seed=1, block=6.0, number=4000)
    theirs = StationaryBootstrap(6.0, values, seed=2).conf_int(
        lambda drawn: drawn.mean(), reps=4000, method="percentile"
    )
    width = float(theirs[1, 0] - theirs[0, 0])
    assert low == pytest.approx(float(theirs[0, 0]), abs=0.05 * width)
    assert high == pytest.approx(float(theirs[1, 0]), abs=0.05 * width)


def test_95_percent_hold_the_truth_about_so_often():
    held = 0
    for seed in range(150):
        low, high = interval(autoregressive(seed, 0.3, 200), np.mean, seed=seed, number=200)
        held += low <= 0.0 <= high
    assert held / 150 == pytest.approx(0.92, abs=0.06)  # short dependent series fall short of 95 % a little


def test_a_seed_gives_the_same_draws():
    once, again, other = ([p.tolist() for p in draws(50, 5.0, seed=s, number=3)] for s in (1, 1, 2))
    assert once == again
    assert once != other


def test_a_statistic_that_is_seldom_defined_has_no_interval():
    assert all(math.isnan(end) for end in interval(np.arange(20.0), lambda _: math.nan, seed=1, number=20))


@pytest.mark.parametrize("values", [np.empty(0), np.zeros(5), np.full(100, 3.0)])
def test_values_that_do_not_differ_are_drawn_one_by_one(values):
    assert block_length(values) == 1.0


@pytest.mark.parametrize(("count", "block", "number"), [(0, 1.0, 5), (10, 0.5, 5), (10, 11.0, 5), (10, 2.0, 0)])
def test_draws_that_cannot_be_are_refused(count, block, number):
    with pytest.raises(ValueError, match="a block must be"):
        next(draws(count, block, seed=1, number=number))
