"""A market of three volatility regimes with its exact filter, for what forecasts are worth."""

from collections import deque

import numpy as np

STAYS = np.array([100.0, 60.0, 40.0])
DEVIATIONS = np.array([0.6, 1.0, 2.0])
FREEDOM = 5.0


def matrix(stays=STAYS):
    """Leaves for both other regimes alike."""
    found = np.repeat((1 / stays / 2)[:, None], 3, axis=1)
    np.fill_diagonal(found, 1 - 1 / stays)
    return found


def market(bars, seed):
    """Hidden regimes and returns."""
    rng, state = np.random.default_rng(seed), 1
    states, returns = np.empty(bars, np.int64), np.empty(bars)
    for i in range(bars):
        state = states[i] = rng.choice(3, p=matrix()[state])
        returns[i] = DEVIATIONS[state] * rng.standard_t(FREEDOM) * np.sqrt(1 - 2 / FREEDOM)
    return states, returns


def beliefs(returns, deviations=DEVIATIONS, transition=None):
    """Filtered probabilities, for these deviations."""
    transition = matrix() if transition is None else transition
    belief, found = np.full(3, 1 / 3), []
    for value in returns:
        u = value / deviations / np.sqrt(1 - 2 / FREEDOM)
        belief = belief @ transition * (1 + u * u / FREEDOM) ** (-(FREEDOM + 1) / 2) / deviations
        belief /= belief.sum()
        found.append(belief)
    return np.array(found)


def features_of(returns):
    """What a classifier may know of each bar."""
    variance, found = 1.0, deque()
    for value in returns.tolist():
        variance += 0.06 * (value * value - variance)
        found.append({"return": value, "size": abs(value), "volatility": float(np.log(variance))})
    return list(found)


def log_loss(forecasts, labels, horizon, first):
    """Of forecasts from bar `first` on."""
    came = labels[first + horizon :]
    given = np.asarray(forecasts)[first : len(labels) - horizon]
    return -np.log(np.maximum(given[np.arange(len(came)), came], 1e-9)).mean()
