"""The families of models: what makes one regime differ from another. Sizes are in deviations of a bar, times in bars.

Dynamics keep the variance of a bar alike in all regimes wherever they can, so that volatility does not give them away.
"""

from collections.abc import Sequence

import numpy as np

from simulator.labelled import chain
from simulator.labelled.fractional import autoregression
from simulator.labelled.model import Floats, Integers, Model
from simulator.labelled.noise import Noise

Row = Sequence[float]
GAUSSIAN = Noise()
EACH_WAY = (
    (0, 0.5, 0.25, 0.25),
    (0.5, 0, 0.25, 0.25),
    (0.5, 0.5, 0, 0),
    (0.5, 0.5, 0, 0),
)  # trends end before they turn


def levels(
    transitions: Floats,
    regime: Integers,
    scale: Row | Floats,
    drift: Row | Floats = (),
    *,
    response: float = 0.0,
    persistence: float = 0.0,
    noise: Noise = GAUSSIAN,
) -> Model:
    """Regimes of volatility or direction, or both: scale and drift are given by state, or by regime if fewer."""
    return Model(
        transitions=transitions,
        labels=regime[:, None],
        drift=_by_state(drift if len(drift) else np.zeros(len(scale)), regime),
        scale=_by_state(scale, regime),
        response=response,
        persistence=persistence,
        noise=noise,
    )


def _by_state(given: Row | Floats, regime: Integers) -> Floats:
    row = np.asarray(given, float)
    return row if len(row) == len(regime) else row[regime]


def steady(response: float, persistence: float, noise: Noise) -> Model:
    """No regimes at all: one GARCH market."""
    return levels(np.eye(1), np.zeros(1, np.int64), [1.0], response=response, persistence=persistence, noise=noise)


def autoregressive(
    transitions: Floats, regime: Integers, memory: Row, *, scale: float = 1.0, noise: Noise = GAUSSIAN
) -> Model:
    """Reverting, random and trending by a first-order autoregression: memory below, near and above 0."""
    phi = np.asarray(memory, float)[regime]
    return Model(
        transitions=transitions,
        labels=regime[:, None],
        drift=np.zeros(len(regime)),
        scale=scale * np.sqrt(1 - phi**2),
        memory=phi[:, None],
        noise=noise,
    )


def fractional(transitions: Floats, hurst: Row, noise: Noise = GAUSSIAN) -> Model:
    """Dynamics by long memory: Hurst exponents below, at and above ½."""
    found = [autoregression(one) for one in hurst]
    return Model(
        transitions=transitions,
        labels=np.arange(len(hurst))[:, None],
        drift=np.zeros(len(hurst)),
        scale=np.sqrt([variance for _, variance in found]),
        memory=np.stack([weights for weights, _ in found]),
        noise=noise,
    )


def momentum(transitions: Floats, strength: Row, span_bars: float, noise: Noise = GAUSSIAN) -> Model:
    """Dynamics by what the exponential mean of past bars does to the next: against it, nothing, with it."""
    sizes = np.asarray(strength, float)
    return Model(
        transitions=transitions,
        labels=np.arange(len(sizes))[:, None],
        drift=np.zeros(len(sizes)),
        scale=np.sqrt(1 - sizes**2),
        momentum=sizes,
        span_bars=span_bars,
        noise=noise,
    )


def entry_reversion(mean_bars: Row, pull: float, drift: float, noise: Noise = GAUSSIAN) -> Model:
    """Reverting to the price at entry (Ornstein and Uhlenbeck), random, and trending up or down."""
    return Model(
        transitions=chain.leaving([*mean_bars, mean_bars[2]], EACH_WAY),
        labels=np.array([0, 1, 2, 2])[:, None],
        drift=np.array([0, 0, drift, -drift]),
        scale=np.ones(4),
        pull=np.array([pull, 0, 0, 0]),
        noise=noise,
    )


def second_order(mean_bars: Row, memory: float, drift: float, noise: Noise = GAUSSIAN) -> Model:
    """Reverting over two bars, random, and trends either way with a trace of memory: like no other family."""
    return Model(
        transitions=chain.leaving([*mean_bars, mean_bars[2]], EACH_WAY),
        labels=np.array([0, 1, 2, 2])[:, None],
        drift=np.array([0, 0, drift, -drift]),
        scale=np.array([np.sqrt(1 - memory**2), 1, 1, 1]),
        memory=np.array([[-memory, -0.6 * memory], [0, 0], [0.05, 0], [0.05, 0]]),
        noise=noise,
    )


def combination(
    dynamics_bars: Row, volatility_bars: Row, memory: float, ratio: float, noise: Noise = GAUSSIAN
) -> Model:
    """Ranging or trending, quiet or volatile, independent of each other: label 2 × volatile + trending."""
    phi, scale = memory * np.array([-1, 1, -1, 1]), np.array([1, 1, ratio, ratio])
    return Model(
        transitions=chain.independent(chain.leaving(volatility_bars), chain.leaving(dynamics_bars)),
        labels=np.arange(4)[:, None],
        drift=np.zeros(4),
        scale=scale * np.sqrt(1 - phi**2),
        memory=phi[:, None],
        noise=noise,
    )


def four_scales(mean_bars: Sequence[Row], effects: tuple[float, float, float, float], noise: Noise = GAUSSIAN) -> Model:
    """Four independent two-state chains on four time scales; one column of labels for each, slowest first.

    Effects: volatility ratio of the slowest, drift either way, memory either way, volatility ratio of the fastest.
    """
    slow_ratio, drift, memory, fast_ratio = effects
    transitions = np.eye(1)
    for durations in mean_bars:
        transitions = chain.independent(transitions, chain.leaving(durations))
    labels = np.array([[state >> 3 & 1, state >> 2 & 1, state >> 1 & 1, state & 1] for state in range(16)])
    high, up, trending, fast = labels.T
    phi = memory * (2 * trending - 1)
    return Model(
        transitions=transitions,
        labels=labels,
        drift=drift * (2 * up - 1) * (1 - phi),
        scale=slow_ratio**high * fast_ratio**fast * np.sqrt(1 - phi**2),
        memory=phi[:, None],
        noise=noise,
    )
