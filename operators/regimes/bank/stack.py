"""`stack`: the templates of one view as arrays that the kernels read, one row per learner."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from operators.regimes.bank.features import AVERAGE
from operators.regimes.bank.template import Template

Float64Array = NDArray[np.float64]
Int64Array = NDArray[np.int64]

NONE = -1
LINEAR, TIED, GARCH, ANCHORED = 0, 1, 2, 3


class Stack(NamedTuple):
    """L learners of at most E states, D parameters, C chains of at most K states; V views of at most K labels."""

    size: Int64Array  # (L, 6): states, parameters, chains, phases, manner, place in θ of the manner's first parameter
    prior: Float64Array  # (L, D, 4): mean, standard deviation, low, high
    odds: Float64Array  # (L,) prior log odds
    heir: Int64Array  # (L,) 1: a new generation inherits what the old one learned, but its scale
    log_scale: Float64Array  # (L, E, D + 1): coefficients of the parameters, then the base
    mean: Float64Array  # (L, E, D + 1)
    slope: Float64Array  # (L, E, D + 1)
    place: Float64Array  # (L, E, D + 1)
    curve: Int64Array  # (L, 2): start and last place at which interpolation begins
    chains: Int64Array  # (L, C, 2): states, stride
    stays: Int64Array  # (L, C, K): place in θ of the stay
    turns: Int64Array  # (L, C, K): place in θ of the odds of the first route; NONE: it is the only one
    routes: Float64Array  # (L, C, K, 2, K): share of each route that leads to a state
    labels: Int64Array  # (L, V, E)
    label_counts: Int64Array  # (V,)


def stack(templates: Sequence[Template], label_counts: Sequence[int]) -> Stack:
    """One learner per template, in their order; label_counts: the number of labels of each view.

    Raises ValueError for a template of more views, or with a label that a view has not.
    """
    for template in templates:
        views = [max(labels) + 1 for labels in template.labels]
        if len(views) > len(label_counts) or any(map(int.__gt__, views, label_counts)):
            raise ValueError(f"template {template.name} has {views} labels, its views {list(label_counts)}")
    learners = len(templates)
    e = max(template.states for template in templates)
    d = max(len(template.parameters) for template in templates)
    c = max(1, *(len(template.chains) for template in templates))
    k = max([2, *(len(chain.stays) for template in templates for chain in template.chains)])
    made = Stack(
        size=np.zeros((learners, 6), np.int64),
        prior=np.zeros((learners, d, 4)),
        odds=np.array([template.log_odds for template in templates]),
        heir=np.array([int(template.heir) for template in templates]),
        log_scale=np.zeros((learners, e, d + 1)),
        mean=np.zeros((learners, e, d + 1)),
        slope=np.zeros((learners, e, d + 1)),
        place=np.zeros((learners, e, d + 1)),
        curve=np.zeros((learners, 2), np.int64),
        chains=np.zeros((learners, c, 2), np.int64),
        stays=np.zeros((learners, c, k), np.int64),
        turns=np.full((learners, c, k), NONE, np.int64),
        routes=np.zeros((learners, c, k, 2, k)),
        labels=np.zeros((learners, len(label_counts), e), np.int64),
        label_counts=np.array(label_counts, np.int64),
    )
    for number, template in enumerate(templates):
        _write(made, number, template)
    return made


def _write(made: Stack, n: int, template: Template) -> None:
    states, parameters = template.states, len(template.parameters)
    manner, first = _manner(template)
    made.size[n] = states, parameters, len(template.chains), template.phases, manner, first
    made.prior[n, :parameters] = [(p.mean, p.sd, p.low, p.high) for p in template.parameters]
    made.log_scale[n, :states, :parameters] = template.table(template.log_scale)
    made.mean[n, :states, :parameters] = template.table(template.mean)
    made.slope[n, :states, :parameters] = template.table(template.slope)
    made.place[n, :states, :parameters] = template.table(template.place)
    made.slope[n, :states, -1] = template.slope_base or 0.0
    made.place[n, :states, -1] = template.place_base or 0.0
    curve = template.curve or AVERAGE
    made.curve[n] = curve.start, curve.places - 2
    made.labels[n, :, :states] = template.labels
    for number, chain in enumerate(template.chains):
        count = len(chain.stays)
        made.chains[n, number] = count, chain.stride
        made.stays[n, number, :count] = [template.index(name) for name in chain.stays]
        if chain.odds:
            made.turns[n, number, :count] = [template.index(name) for name in chain.odds]
        made.routes[n, number, :count, :, :count] = chain.routes or _only_routes(count)


def _only_routes(count: int) -> Float64Array:
    """For each state, one route to all others alike."""
    routes = np.zeros((count, 2, count))
    routes[:, 0, :] = (1.0 - np.eye(count)) / max(count - 1, 1)
    return routes


def _manner(template: Template) -> tuple[int, int]:
    if template.garch:
        return GARCH, template.index("shock")
    if template.anchored:
        return ANCHORED, template.index("pull")
    return (TIED if template.tied else LINEAR), 0
