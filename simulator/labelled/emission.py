"""How likely each bar is in each hidden state, given the bars before it: all bars at once."""

from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from simulator.labelled.model import CLIP, Model

Floats = NDArray[np.float64]


def log_likelihood(model: Model, values: Floats) -> Floats:
    """ln f(z_t | state, past), (bars, states), but for the pull towards an entry price."""
    deviations = np.sqrt(variances(model, values))
    return np.asarray(model.noise.log_density((values[:, None] - means(model, values)) / deviations)) - np.log(
        deviations
    )


def means(model: Model, values: Floats) -> Floats:
    """Expected z of each bar in each state (bars, states), without the pull; bars before the first are 0."""
    expected = np.tile(model.drift, (len(values), 1))
    for lag in range(model.memory.shape[1]):
        expected[lag + 1 :] += values[: -lag - 1, None] * model.memory[:, lag]
    if model.momentum.any():
        a = model.smoothing
        mean_before = list(accumulate(values[:-1].tolist(), lambda mean, value: mean + a * (value - mean), initial=0.0))
        expected += np.array(mean_before)[:, None] * model.momentum / model.mean_deviation
    return expected


def variances(model: Model, values: Floats) -> Floats:
    """h of each bar in each state (bars, states)."""
    found = np.tile(model.scale**2, (len(values), 1))
    if model.response == 0:
        return found
    base = found[0] * (1 - model.response - model.persistence)
    for bar in range(1, len(values)):
        before = found[bar - 1]
        square = np.minimum(values[bar - 1] ** 2, CLIP**2 * before)
        found[bar] = base + model.response * square + model.persistence * before
    return found
