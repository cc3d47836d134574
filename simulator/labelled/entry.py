"""The forward recursion where a state pulls to the price at which it was entered: who was entered when is hidden too.

A hypothesis is (state, entry price): the price before the bar in which the state begins. Each state that pulls gains
one per bar, entered now; all others have one for good. What is dropped below NEGLIGIBLE could be likely again only if
later bars spoke for it by as much.
"""

import numpy as np
from numpy.typing import NDArray

from simulator.labelled.chain import stationary
from simulator.labelled.emission import means, variances
from simulator.labelled.model import Model

Floats = NDArray[np.float64]
NEGLIGIBLE = 1e-13  # probability


def forward(model: Model, values: Floats) -> Floats:
    """Filtered probabilities (bars, states) from the first bar of a market."""
    expected, deviations = means(model, values), np.sqrt(variances(model, values))
    prices = np.append(0.0, values.cumsum())
    state, entry = np.arange(model.states), np.zeros(model.states)  # the first of each state, which stays for good
    weight, pulls = stationary(model.transitions), np.flatnonzero(model.pull)
    beliefs = np.empty((len(values), model.states))
    for bar, value in enumerate(values):
        if bar:
            weight, arrived = _move(model, state, weight, beliefs[bar - 1])
            state, entry = np.append(state, pulls), np.append(entry, np.full(len(pulls), prices[bar]))
            weight = np.append(weight, arrived[pulls])
        mean = expected[bar, state] - model.pull[state] * (prices[bar] - entry)
        deviation = deviations[bar, state]
        likelihood = model.noise.log_density((value - mean) / deviation) - np.log(deviation)
        weight = weight * np.exp(likelihood - likelihood.max())
        weight = weight / weight.sum()
        beliefs[bar] = np.bincount(state, weight, model.states)
        kept = (weight > NEGLIGIBLE) | (np.arange(len(state)) < model.states)
        state, entry, weight = state[kept], entry[kept], weight[kept]
    return beliefs


def _move(model: Model, state: NDArray[np.int64], weight: Floats, belief: Floats) -> tuple[Floats, Floats]:
    """Weights one bar later of the hypotheses there are, and what arrives in each state from others."""
    stay = np.diag(model.transitions)
    arrived = belief @ model.transitions - belief * stay
    weight = weight * stay[state]
    weight[: model.states] += np.where(model.pull > 0, 0.0, arrived)
    return weight, arrived
