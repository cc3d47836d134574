"""Chains last as long as they say, whatever the law of their durations."""

import numpy as np
import pytest

from simulator.labelled import chain

MEANS = [40.0, 15.0, 25.0]
ODDS = [[0, 0.8, 0.2], [0.5, 0, 0.5], [0.3, 0.7, 0]]
SIMPLE = chain.leaving(MEANS, ODDS)
EXPANDED = {
    "phased": chain.phased(SIMPLE, 4),
    "nested": chain.nested(SIMPLE, [(8, 4), (3, 3), (5, 9)]),
    "uneven": chain.uneven(SIMPLE, 0.6, 8),
}
each_chain = pytest.mark.parametrize("name", EXPANDED)


def durations(transitions: np.ndarray, inside: np.ndarray, start: np.ndarray, most: int = 4_000) -> np.ndarray:
    """P(the stay is longer than n bars), n = 0, 1, …, for a stay that begins as `start` says."""
    within = transitions[np.ix_(inside, inside)]
    alive, found = start[inside] / start[inside].sum(), []
    for _ in range(most):
        found.append(alive.sum())
        alive = alive @ within
    return np.array(found)


def entering(transitions: np.ndarray, regime_of: np.ndarray, regime: int) -> np.ndarray:
    arriving = chain.stationary(transitions) * (regime_of != regime)
    return arriving @ transitions


@each_chain
def test_stays_last_their_mean_and_what_follows_keeps_its_odds(name: str) -> None:
    transitions, regime_of = EXPANDED[name]
    assert transitions.sum(axis=1) == pytest.approx(1)
    for regime, mean in enumerate(MEANS):
        inside = np.flatnonzero(regime_of == regime)
        begin = entering(transitions, regime_of, regime)
        assert durations(transitions, inside, begin).sum() == pytest.approx(mean, rel=1e-6)
        leaving = (chain.stationary(transitions) * (regime_of == regime)) @ transitions
        onward = np.bincount(regime_of, leaving * (regime_of != regime))
        assert onward / onward.sum() == pytest.approx(ODDS[regime])


@each_chain
def test_the_share_of_each_regime_does_not_depend_on_the_law(name: str) -> None:
    transitions, regime_of = EXPANDED[name]
    assert np.bincount(regime_of, chain.stationary(transitions)) == pytest.approx(chain.stationary(SIMPLE))


def test_phases_make_short_stays_rare_and_uneven_ones_make_them_common() -> None:
    still_there = {}
    for name in ("phased", "uneven"):
        transitions, regime_of = EXPANDED[name]
        inside = np.flatnonzero(regime_of == 0)
        still_there[name] = durations(transitions, inside, entering(transitions, regime_of, 0))[8]
    geometric = (1 - 1 / MEANS[0]) ** 8
    assert still_there["phased"] > geometric > still_there["uneven"]


def test_the_stationary_shares_are_those_of_a_long_run() -> None:
    assert chain.stationary(SIMPLE) == pytest.approx(np.linalg.matrix_power(SIMPLE, 10_000)[1])


def test_chains_side_by_side_do_not_know_of_each_other() -> None:
    both = chain.independent(SIMPLE, chain.leaving([7, 9]))
    assert both[0, 3] == pytest.approx(SIMPLE[0, 1] * (1 / 7))
    assert chain.stationary(both) == pytest.approx(np.kron(chain.stationary(SIMPLE), [7 / 16, 9 / 16]))
