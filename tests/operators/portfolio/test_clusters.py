import random

import numpy as np
import pytest

from operators.portfolio import clusters

NAMES = [f"v|{symbol}" for symbol in "ABCDEFGH"]


def blocks(*groups: str, within: float = 0.8, across: float = 0.1) -> np.ndarray:
    """Correlations of NAMES: high in each group of letters, low across."""
    found = np.full((len(NAMES), len(NAMES)), across)
    for group in groups:
        places = [NAMES.index(f"v|{letter}") for letter in group]
        found[np.ix_(places, places)] = within
    np.fill_diagonal(found, 1.0)
    return found


def letters(state):
    return {name: "".join(sorted(member[-1] for member in members)) for name, members in state.members.items()}


def test_what_moves_together_is_a_group_and_what_is_alone_is_none():
    state = clusters.update(clusters.empty(), NAMES, blocks("ABC", "DE"))
    assert letters(state) == {"cluster-1": "ABC", "cluster-2": "DE"}
    assert clusters.groups(state, NAMES) == {"cluster-1": (0, 1, 2), "cluster-2": (3, 4)}
    assert clusters.groups(state, ["v|E", "v|A", "v|D"]) == {"cluster-2": (0, 2)}


def test_names_stay_while_members_change():
    state = clusters.update(clusters.empty(), NAMES, blocks("ABC", "DE"))
    state = clusters.update(state, NAMES, blocks("ABCF", "DEG"))
    assert letters(state) == {"cluster-1": "ABCF", "cluster-2": "DEG"}
    state = clusters.update(state, NAMES, blocks("DEG", "FH", "ABC"))
    assert letters(state) == {"cluster-1": "ABC", "cluster-2": "DEG", "cluster-3": "FH"}
    state = clusters.update(state, NAMES, blocks("DEG"))
    state = clusters.update(state, NAMES, blocks("DEG", "FH"))
    assert letters(state) == {"cluster-2": "DEG", "cluster-4": "FH"}


def test_two_groups_that_join_keep_one_name():
    state = clusters.update(clusters.empty(), NAMES, blocks("ABC", "DE"))
    assert letters(clusters.update(state, NAMES, blocks("ABCDE"))) == {"cluster-1": "ABCDE"}


def test_a_group_that_shares_less_than_half_with_any_earlier_one_is_new():
    state = clusters.update(clusters.empty(), NAMES, blocks("ABC"))
    assert letters(clusters.update(state, NAMES, blocks("AFGH"))) == {"cluster-2": "AFGH"}
    assert letters(clusters.update(state, NAMES, blocks("ABD"))) == {"cluster-1": "ABD"}


@pytest.mark.parametrize("seed", range(10))
def test_the_order_of_instruments_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    factors = rng.standard_normal((8, 3))
    found = factors @ factors.T + 0.3 * np.eye(8)
    sizes = np.sqrt(np.diagonal(found))
    correlation = found / np.outer(sizes, sizes)
    order = list(range(8))
    random.Random(seed).shuffle(order)
    straight = clusters.update(clusters.empty(), NAMES, correlation)
    other = clusters.update(clusters.empty(), [NAMES[k] for k in order], correlation[np.ix_(order, order)])
    assert straight == other


def test_every_instrument_is_in_one_group_at_most_and_each_group_is_close():
    rng = np.random.default_rng(1)
    for _ in range(30):
        factors = rng.standard_normal((8, 2))
        correlation = np.corrcoef(factors @ rng.standard_normal((2, 40)) + 0.5 * rng.standard_normal((8, 40)))
        state = clusters.update(clusters.empty(), NAMES, correlation, together=0.5)
        members = [member for group in state.members.values() for member in group]
        assert len(members) == len(set(members))
        for group in clusters.groups(state, NAMES).values():
            inside = correlation[np.ix_(group, group)]
            assert np.sqrt((1 - inside[np.triu_indices(len(group), 1)]) / 2).mean() <= 0.5 + 1e-9


def test_instruments_that_are_not_ready_are_in_no_group():
    correlation = blocks("ABC")
    correlation[0] = correlation[:, 0] = np.nan
    assert letters(clusters.update(clusters.empty(), NAMES, correlation)) == {"cluster-1": "BC"}
    assert clusters.update(clusters.empty(), NAMES, np.full((8, 8), np.nan)).members == {}
    assert clusters.update(clusters.empty(), [], np.zeros((0, 0))).members == {}
    assert clusters.update(clusters.empty(), ["v|A"], np.ones((1, 1))).members == {}


def test_wrong_sizes_and_parameters_are_errors():
    with pytest.raises(ValueError, match="n by n"):
        clusters.update(clusters.empty(), NAMES, np.ones((2, 2)))
    with pytest.raises(ValueError, match="together"):
        clusters.update(clusters.empty(), NAMES, blocks(), together=1.5)
