from itertools import pairwise, product

import numpy as np
import pytest

from operators.regimes.forecast import HORIZONS, LONGEST_BARS, ahead, forecast_rows, hazard, left_within, remaining
from tests.operators.regimes.chains import chain

THREE = np.array([[0.97, 0.02, 0.01], [0.05, 0.9, 0.05], [0.1, 0.1, 0.8]])
# Label 0 lasts in two phases, label 1 in one state, label 2 in a fast and a slow one.
PHASES = np.array([
    [0.9, 0.1, 0.0, 0.0, 0.0],
    [0.0, 0.8, 0.1, 0.1, 0.0],
    [0.1, 0.0, 0.7, 0.1, 0.1],
    [0.2, 0.0, 0.1, 0.5, 0.2],
    [0.0, 0.0, 0.0, 0.1, 0.9],
])  # fmt: skip
LABELS = np.array([0, 0, 1, 2, 2])
P = np.array([0.1, 0.3, 0.25, 0.2, 0.15])


def forecasts(p, transition, labels, horizons, states=3):
    out = np.empty((len(horizons), states))
    ahead(p, transition, labels, np.asarray(horizons), out)
    return out


def leaves(p, transition, labels, held, horizons):
    out = np.empty(len(horizons))
    left_within(p, transition, labels, held, np.asarray(horizons), out)
    return out


def test_probabilities_ahead_are_those_of_the_power_of_the_matrix():
    p = np.array([0.2, 0.5, 0.3])
    found = forecasts(p, THREE, np.arange(3), HORIZONS)
    for row, horizon in zip(found, HORIZONS, strict=True):
        assert row == pytest.approx(p @ np.linalg.matrix_power(THREE, horizon), rel=1e-12)
    assert p.tolist() == [0.2, 0.5, 0.3]


def test_states_of_one_label_are_summed():
    found = forecasts(P, PHASES, LABELS, (0, 3))
    assert found[0] == pytest.approx([0.4, 0.25, 0.35])
    later = P @ PHASES @ PHASES @ PHASES
    assert found[1] == pytest.approx([later[:2].sum(), later[2], later[3:].sum()])


@pytest.mark.parametrize("held", [0, 1, 2])
@pytest.mark.parametrize("horizon", [1, 3])
def test_left_within_counts_every_path_that_leaves(held, horizon):
    stayed = 0.0
    for path in product(range(5), repeat=horizon + 1):
        if all(LABELS[state] == held for state in path):
            stayed += P[path[0]] * np.prod([PHASES[one, two] for one, two in pairwise(path)])
    assert leaves(P, PHASES, LABELS, held, (horizon,))[0] == pytest.approx(1 - stayed)


def test_one_state_per_label_has_the_closed_forms():
    p, own = np.array([0.2, 0.7, 0.1]), np.arange(3)
    assert leaves(p, THREE, own, 1, HORIZONS) == pytest.approx([1 - 0.7 * 0.9**h for h in HORIZONS])
    assert remaining(p, THREE, own, 1) == pytest.approx(0.7 / 0.1, rel=1e-7)
    assert hazard(p, THREE, own, 1) == pytest.approx(0.1)


@pytest.mark.parametrize("held", [0, 1, 2])
def test_remaining_is_the_sum_of_the_chances_to_be_there_still(held):
    bars = np.arange(0, 2000)
    kept = 1 - leaves(P, PHASES, LABELS, held, bars)
    assert remaining(P, PHASES, LABELS, held) == pytest.approx(kept.sum(), rel=1e-6)
    assert hazard(P, PHASES, LABELS, held) == pytest.approx(1 - kept[1] / kept[0])


def test_hazard_of_a_stay_in_phases_grows_as_it_lasts():
    young, old = np.array([1.0, 0, 0, 0, 0]), np.array([0.3, 0.7, 0, 0, 0])
    assert hazard(young, PHASES, LABELS, 0) == 0.0
    assert hazard(old, PHASES, LABELS, 0) == pytest.approx(0.7 * 0.2)


def test_a_state_never_left_lasts_as_long_as_is_said_at_most():
    still, own, p = np.eye(3), np.arange(3), np.array([0.5, 0.25, 0.25])
    assert remaining(p, still, own, 0) == LONGEST_BARS
    assert leaves(p, still, own, 0, HORIZONS) == pytest.approx([0.5] * 4)
    assert np.isnan(hazard(np.array([0.0, 0.5, 0.5]), still, own, 0))


def test_rows_are_as_one_by_one():
    random = np.random.default_rng(0)
    p = random.dirichlet(np.ones(3), 20)
    transition = np.stack([THREE, chain([50.0, 30.0, 10.0])])[random.integers(0, 2, 20)]
    held, own = random.integers(0, 3, 20), np.arange(3)
    found, changes, stays = np.empty((20, 4, 3)), np.empty((20, 4)), np.empty(20)
    forecast_rows(p, transition, held, own, np.array(HORIZONS), found, changes, stays)
    for row in range(20):
        matrix = transition[row]
        assert found[row] == pytest.approx(forecasts(p[row], matrix, own, HORIZONS), rel=1e-12)
        assert changes[row] == pytest.approx(leaves(p[row], matrix, own, held[row], HORIZONS), rel=1e-12)
        assert stays[row] == pytest.approx(remaining(p[row], matrix, own, held[row]), rel=1e-12)
    assert found.sum(axis=2) == pytest.approx(1.0)
