"""The state of a bank: what every learner of every series believes, and how a learner begins."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from operators.kernel import part
from operators.regimes.bank.features import FEATURES, MEMORY, SPANS
from operators.regimes.bank.stack import Stack

Float64Array = NDArray[np.float64]
Int64Array = NDArray[np.int64]

ANCHORS = 12  # entry prices kept apart; the least likely is merged with its neighbour
LESS_SURE = 4.0  # an heir starts with so many times its parent's variance


class Bank(NamedTuple):
    """N series, each with G generations of L learners: M = G L in a row, generation by generation.

    E states, D parameters, X states times phases, V views of K labels.
    """

    theta: Float64Array  # (N, M, D) parameters
    covariance: Float64Array  # (N, M, D, D) of what is believed of them
    probability: Float64Array  # (N, M, X) given all returns so far
    sensitivity: Float64Array  # (N, M, X, D) its derivative by the parameters
    variance: Float64Array  # (N, M, E, 4) under GARCH, and its derivatives by log scale, shock and lasting
    anchors: Float64Array  # (N, M, ANCHORS, 2) log price at which the state may have begun, its probability
    occupancy: Float64Array  # (N, M, V, K) discounted mean of each label's probability
    evidence: Float64Array  # (N, M) discounted log likelihood
    weight: Float64Array  # (N, M) of the learners after the newest return; they sum to 1
    born: Int64Array  # (N, G) returns seen when the generation began; 0: not yet
    past: Float64Array  # (N, MEMORY) ring of standardised returns
    averages: Float64Array  # (N, spans) exponential means of them
    price: Float64Array  # (N,) their sum
    before: Float64Array  # (N,) the newest of them
    bars: Int64Array  # (N,) returns seen
    unit: Float64Array  # (N,) what returns are divided by: mean size of the first ones
    recent: Float64Array  # (N,) exponential mean size of standardised returns


class Work(NamedTuple):
    """Room for one step of one learner, and for one bar of one series; holds nothing between them."""

    features: Float64Array  # (FEATURES,)
    moved: Float64Array  # (X,)
    moved_sensitivity: Float64Array  # (X, D)
    log_density: Float64Array  # (E,)
    gradient: Float64Array  # (E, D)
    below: Float64Array  # (E,) share of the state's forecast below the return
    score: Float64Array  # (D,)
    gain: Float64Array  # (D,)
    likelihood: Float64Array  # (M,)


def empty(stack: Stack, generations: int, series: int) -> Bank:
    """Before the first return."""
    learners, states = stack.labels.shape[0] * generations, stack.labels.shape[2]
    views, labels = len(stack.label_counts), int(stack.label_counts.max())
    d, expanded = stack.prior.shape[1], _expanded(stack)
    return Bank(
        theta=np.zeros((series, learners, d)),
        covariance=np.zeros((series, learners, d, d)),
        probability=np.zeros((series, learners, expanded)),
        sensitivity=np.zeros((series, learners, expanded, d)),
        variance=np.zeros((series, learners, states, 4)),
        anchors=np.zeros((series, learners, ANCHORS, 2)),
        occupancy=np.zeros((series, learners, views, labels)),
        evidence=np.zeros((series, learners)),
        weight=np.zeros((series, learners)),
        born=np.zeros((series, generations), np.int64),
        past=np.zeros((series, MEMORY)),
        averages=np.zeros((series, len(SPANS))),
        price=np.zeros(series),
        before=np.zeros(series),
        bars=np.zeros(series, np.int64),
        unit=np.zeros(series),
        recent=np.zeros(series),
    )


def work(stack: Stack, generations: int) -> Work:
    """Room for the steps of a bank."""
    states, d, expanded = stack.labels.shape[2], stack.prior.shape[1], _expanded(stack)
    return Work(
        features=np.zeros(FEATURES),
        moved=np.zeros(expanded),
        moved_sensitivity=np.zeros((expanded, d)),
        log_density=np.zeros(states),
        gradient=np.zeros((states, d)),
        below=np.zeros(states),
        score=np.zeros(d),
        gain=np.zeros(d),
        likelihood=np.zeros(stack.labels.shape[0] * generations),
    )


def _expanded(stack: Stack) -> int:
    """X."""
    return int((stack.size[:, 0] * stack.size[:, 3]).max())


@part
def begin(state: Bank, stack: Stack, n: int, m: int, log_scale: float, evidence: float) -> None:
    """Learner m of series n knows only its prior, its scale moved by `log_scale`, and that any state may be."""
    k = m % stack.labels.shape[0]
    states, d, phases = stack.size[k, 0], stack.size[k, 1], stack.size[k, 3]
    state.covariance[n, m] = 0.0
    for i in range(d):
        state.theta[n, m, i] = stack.prior[k, i, 0]
        state.covariance[n, m, i, i] = stack.prior[k, i, 1] ** 2
    state.theta[n, m, 0] += log_scale
    state.sensitivity[n, m] = 0.0
    for x in range(states * phases):
        state.probability[n, m, x] = 1.0 / (states * phases)
    state.variance[n, m] = 0.0
    state.anchors[n, m] = 0.0
    state.anchors[n, m, 0, 0], state.anchors[n, m, 0, 1] = state.price[n], 1.0
    state.evidence[n, m] = evidence
    state.occupancy[n, m] = 0.0
    for v in range(len(stack.label_counts)):
        for e in range(states):
            state.occupancy[n, m, v, stack.labels[k, v, e]] += 1.0 / states


@part
def inherit(state: Bank, stack: Stack, n: int, m: int, parent: int) -> None:
    """Learner m takes over what its parent, of the same template, learned, less surely; all but the scale.

    Where there is only one state, the scale too: that the market has left it is what speaks against it.
    """
    k = m % stack.labels.shape[0]
    for i in range(0 if stack.size[k, 0] == 1 else 1, stack.size[k, 1]):
        state.theta[n, m, i] = state.theta[n, parent, i]
        known = LESS_SURE * state.covariance[n, parent, i, i]
        state.covariance[n, m, i, i] = min(known, state.covariance[n, m, i, i])
