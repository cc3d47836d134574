"""Groups of instruments that move together, with names that stay, so that each group can be capped as if it were one.

Average linkage (Sokal, Michener 1958) over the distance of Mantegna (1999), doi:10.1007/s100510050929,

    d_ij = √((1 − ρ_ij) / 2)

cut where the mean distance of two groups is that of the correlation `together`. Groups of one are left out: the cap of
an instrument holds for them. A group keeps the name of the earlier one with which it shares most (Jaccard's index, at
least half), each name once, so caps and dashboards do not jump; a new one gets the next number. Deterministic; neither
names nor members depend on the order of the instruments, but for exact ties. Instruments that are not ready (NaN) are
in no group. Warm-up: none of its own. State: names of the newest groups. Cost: n = 100 about 3 ms, when covariance is
made.
A part of `portfolio.propose`.
"""

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

SHARED = 0.5  # least Jaccard index of groups that are one


class Clusters(NamedTuple):
    """State: the groups that stand."""

    members: dict[str, frozenset[str]]  # instruments by name of the group
    next_number: int = 1


def empty() -> Clusters:
    """No groups."""
    return Clusters({})


def update(
    state: Clusters, names: Sequence[str], correlation: NDArray[np.float64], *, together: float = 0.6
) -> Clusters:
    """The groups of these instruments; together: mean correlation of a group, −1 … 1."""
    if not -1 <= together <= 1:
        raise ValueError(f"together must be within −1 … 1, got {together}")
    if correlation.shape != (len(names), len(names)):
        raise ValueError(f"correlations of {len(names)} instruments must be n by n, got {correlation.shape}")
    ready = [place for place in range(len(names)) if np.isfinite(correlation[place, place])]
    ready.sort(key=lambda place: names[place])
    found = _groups([names[place] for place in ready], correlation[np.ix_(ready, ready)], together)
    return _named(state, found)


def groups(state: Clusters, names: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Places in `names` of the members of each group, as `Problem.groups` wants them; groups of one are left out."""
    places = {name: place for place, name in enumerate(names)}
    found = {
        group: tuple(sorted(places[name] for name in members if name in places))
        for group, members in state.members.items()
    }
    return {group: members for group, members in found.items() if len(members) > 1}


def _groups(names: list[str], correlation: NDArray[np.float64], together: float) -> list[frozenset[str]]:
    """Groups of at least two, in order of their first member."""
    if len(names) < 2:
        return []
    distance = np.sqrt(np.clip(1.0 - correlation, 0.0, 2.0) / 2.0)
    np.fill_diagonal(distance, 0.0)
    tree = linkage(squareform((distance + distance.T) / 2.0, checks=False), "average")
    labels = fcluster(tree, sqrt((1.0 - together) / 2.0), "distance")
    found: dict[int, list[str]] = {}
    for name, label in zip(names, labels, strict=True):
        found.setdefault(int(label), []).append(name)
    return [frozenset(members) for members in found.values() if len(members) > 1]


def _named(state: Clusters, found: list[frozenset[str]]) -> Clusters:
    """The groups with names of the earlier ones they are most like."""
    likeness = sorted(
        (-len(group & members) / len(group | members), name, number)
        for number, group in enumerate(found)
        for name, members in state.members.items()
    )
    names: dict[int, str] = {}
    for unlike, name, number in likeness:
        if -unlike >= SHARED and number not in names and name not in names.values():
            names[number] = name
    following = state.next_number
    for number in range(len(found)):
        if number not in names:
            names[number] = f"cluster-{following}"
            following += 1
    return Clusters({names[number]: group for number, group in enumerate(found)}, following)
