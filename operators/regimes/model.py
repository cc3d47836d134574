"""The regime model: which hidden states there are, how they look in a bar's return and how they follow one another.

A state is a pair (volatility, direction) of two independent Markov chains. In state (i, j) the log return of one bar is

    r = s (μ_j + σ_i ε),   ε ~ Student-t with ν degrees of freedom and unit variance

where s is the slow scale (operators/regimes/filter.py), σ_i the `scales` and μ_j the `drifts`. A chain stays in a
state for `stay_bars` bars on average and leaves for each other state alike. Because a state's place in the tuple is
its meaning (calm < normal < stressed, bear < neutral < bull), labels can never switch.

The numbers are fixed, not learned: scale ratios and stays of the order of Hardy (2001), "A regime-switching model of
long-term stock returns", North American Actuarial Journal 5(2), doi:10.1080/10920277.2001.10595984.
"""

from dataclasses import dataclass
from math import lgamma, log, pi
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from market.schema import TIMEFRAMES

VOLATILITIES = ("calm", "normal", "stressed")
DIRECTIONS = ("bear", "neutral", "bull")
UNKNOWN = "unknown"
REGIME_TIMEFRAMES = {"ultra_short": "1s", "short": "1m", "medium": "1h", "long": "1d"}  # regime timeframe: its bars

Float64Array = NDArray[np.float64]


def _check_stays(name: str, stays: tuple[float, ...], states: int) -> None:
    if len(stays) != states or min(stays) <= 1:
        raise ValueError(f"{name} must hold {states} numbers above 1, got {stays}")


@dataclass(frozen=True)
class Parameters:
    """The model in words a user may change; scales ascend, drifts ascend."""

    scales: tuple[float, ...] = (0.65, 1.15, 2.2)  # σ by volatility state, share of the slow scale
    volatility_stay_bars: tuple[float, ...] = (200.0, 200.0, 100.0)
    drifts: tuple[float, ...] = (-0.15, 0.0, 0.15)  # μ by direction state, slow scales per bar
    direction_stay_bars: tuple[float, ...] = (200.0, 200.0, 200.0)
    degrees_of_freedom: float = 5.0  # ν; above 2, or there is no variance
    half_life_bars: float = 2000.0  # memory of the slow scale; far longer than a state lasts
    warm_up_bars: int = 30  # returns that only teach the scale; the regime is unknown until then

    def __post_init__(self) -> None:
        for name in ("scales", "drifts"):
            values = getattr(self, name)
            if not values or list(values) != sorted(set(values)):
                raise ValueError(f"{name} must ascend strictly, got {values}")
        if self.scales[0] <= 0:
            raise ValueError(f"scales must be above 0, got {self.scales}")
        _check_stays("volatility_stay_bars", self.volatility_stay_bars, len(self.scales))
        _check_stays("direction_stay_bars", self.direction_stay_bars, len(self.drifts))
        if self.degrees_of_freedom <= 2:
            raise ValueError(f"degrees_of_freedom must be above 2, got {self.degrees_of_freedom}")
        if self.half_life_bars <= 0 or self.warm_up_bars < 2:
            raise ValueError("half_life_bars must be above 0 and warm_up_bars at least 2")


DEFAULTS = Parameters()


class Model(NamedTuple):
    """Parameters as the arrays the kernel reads; S = volatility states × direction states, volatility first."""

    transition: Float64Array  # S by S, row: from, column: to
    stationary: Float64Array  # S
    scale: Float64Array  # S, σ
    drift: Float64Array  # S, μ
    shape: Float64Array  # ν and the log of the density's constant
    forgetting: Float64Array  # one: weight of the newest bar in the slow scale
    warm_up_bars: NDArray[np.int64]  # one
    interval_ns: NDArray[np.int64]  # one


def build(parameters: Parameters, *, interval_ns: int) -> Model:
    """The kernel's arrays for bars of this interval."""
    volatility = chain(parameters.volatility_stay_bars)
    direction = chain(parameters.direction_stay_bars)
    transition: Float64Array = np.kron(volatility, direction).astype(np.float64)
    return Model(
        transition=transition,
        stationary=stationary(transition),
        scale=np.repeat(np.asarray(parameters.scales), len(parameters.drifts)),
        drift=np.tile(np.asarray(parameters.drifts), len(parameters.scales)),
        shape=_student(parameters.degrees_of_freedom),
        forgetting=np.array([1.0 - 0.5 ** (1.0 / parameters.half_life_bars)]),
        warm_up_bars=np.array([parameters.warm_up_bars], np.int64),
        interval_ns=np.array([interval_ns], np.int64),
    )


def interval_of(timeframe: str) -> int:
    """Length of a bar of a regime timeframe, ns; raises ValueError for a name that is none."""
    if timeframe not in REGIME_TIMEFRAMES:
        raise ValueError(f"timeframe must be one of {', '.join(REGIME_TIMEFRAMES)}, got {timeframe!r}")
    return TIMEFRAMES[REGIME_TIMEFRAMES[timeframe]] * 1_000_000_000


def chain(stay_bars: tuple[float, ...]) -> Float64Array:
    """Transition matrix of a chain that leaves a state after `stay_bars` on average, for each other state alike.

    >>> chain((4.0, 2.0))
    array([[0.75, 0.25],
           [0.5 , 0.5 ]])
    """
    leave = 1.0 / np.asarray(stay_bars)
    states = len(stay_bars)
    matrix = np.repeat((leave / max(states - 1, 1))[:, None], states, axis=1)
    np.fill_diagonal(matrix, 1.0 - leave if states > 1 else 1.0)
    return matrix


def stationary(transition: Float64Array) -> Float64Array:
    """The distribution π with π A = π, by squaring A until its rows agree."""
    power = transition
    for _ in range(64):
        power = power @ power
        power /= power.sum(axis=1, keepdims=True)
    return np.ascontiguousarray(power.mean(axis=0))


def _student(freedom: float) -> Float64Array:
    """ν and the log of the constant of a Student-t density with unit variance."""
    constant = lgamma((freedom + 1) / 2) - lgamma(freedom / 2) - 0.5 * log(pi * (freedom - 2))
    return np.array([freedom, constant])
