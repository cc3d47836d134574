"""Markov chains over hidden states: how long a regime lasts, what follows it, and what goes on inside it.

A regime may be several states of the chain. So a chain without memory gives durations that have some, and the forward
filter over its states stays exact.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def leaving(mean_bars: Sequence[float], odds: Sequence[Sequence[float]] | None = None) -> Floats:
    """Transitions (regimes, regimes) of regimes that last `mean_bars` bars on average, geometrically distributed.

    `odds[i][j]` is the probability that j follows i once i is left; all others alike when it is not given.
    """
    count = len(mean_bars)
    others = (np.ones((count, count)) - np.eye(count)) / max(count - 1, 1) if odds is None else np.asarray(odds, float)
    leave = 1 / np.asarray(mean_bars, float)[:, None]
    return np.asarray(np.eye(count) * (1 - leave) + leave * others)


def phased(transitions: Floats, phases: int) -> tuple[Floats, Integers]:
    """The chain with negative-binomial durations of the same means, and the regime of each of its states.

    A regime is gone through in `phases` equal steps, so that very short stays become rare; none is shorter than that.
    """
    count = len(transitions)
    stay = np.diag(transitions)
    step = np.minimum(1.0, phases * (1 - stay))
    follows = (transitions - np.diag(stay)) / (1 - stay)[:, None]
    chain = np.zeros((count, phases, count, phases))
    for regime in range(count):
        for phase in range(phases):
            chain[regime, phase, regime, phase] = 1 - step[regime]
            if phase + 1 < phases:
                chain[regime, phase, regime, phase + 1] = step[regime]
            else:
                chain[regime, phase, :, 0] += step[regime] * follows[regime]
    return chain.reshape(count * phases, count * phases), np.repeat(np.arange(count), phases)


def nested(transitions: Floats, inner_bars: Sequence[tuple[float, float]]) -> tuple[Floats, Integers]:
    """Regimes that are themselves two sub-states in turn, `inner_bars` long each; a regime begins in its first."""
    count = len(transitions)
    chain = np.zeros((count, 2, count, 2))
    for regime in range(count):
        stay = transitions[regime, regime]
        for sub in range(2):
            change = 1 / inner_bars[regime][sub]
            chain[regime, sub, :, 0] = transitions[regime]
            chain[regime, sub, regime] = 0
            chain[regime, sub, regime, sub] = stay * (1 - change)
            chain[regime, sub, regime, 1 - sub] = stay * change
    return chain.reshape(2 * count, 2 * count), np.repeat(np.arange(count), 2)


def uneven(transitions: Floats, short_share: float, ratio: float) -> tuple[Floats, Integers]:
    """Regimes that are short or long by chance: two states each, means `ratio` apart, the same mean duration overall.

    Durations are hyperexponential: heavier-tailed than those of any single state.
    """
    count = len(transitions)
    mean = 1 / (1 - np.diag(transitions))
    short = np.maximum(1.0, mean / (short_share + (1 - short_share) * ratio))
    long = (mean - short_share * short) / (1 - short_share)
    follows = (transitions - np.diag(np.diag(transitions))) * mean[:, None]
    chain = np.zeros((count, 2, count, 2))
    for kind, bars in enumerate((short, long)):
        for regime in range(count):
            chain[regime, kind, :, 0] = follows[regime] / bars[regime] * short_share
            chain[regime, kind, :, 1] = follows[regime] / bars[regime] * (1 - short_share)
            chain[regime, kind, regime, kind] = 1 - 1 / bars[regime]
    return chain.reshape(2 * count, 2 * count), np.repeat(np.arange(count), 2)


def independent(slow: Floats, fast: Floats) -> Floats:
    """Two chains side by side: state i × (states of `fast`) + j is i of `slow` and j of `fast`."""
    return np.asarray(np.kron(slow, fast), np.float64)


def stationary(transitions: Floats) -> Floats:
    """How often each state occurs in the long run: π with π A = π and Σ π = 1."""
    count = len(transitions)
    equations = np.vstack([transitions.T - np.eye(count), np.ones(count)])
    return np.asarray(np.linalg.lstsq(equations, np.append(np.zeros(count), 1.0))[0])
