"""Log volatility on a grid: its points, how a belief walks over them, and Student-t densities there by whole powers.

The model that operators/regimes/level.py filters with. A member is a triple of ν, q and ρ; in a bar it moves from a
point to a neighbour or not at all, so that mean and variance of the change are those of its walk, where they can be.
Cost: POINTS steps for a walk or a shift.
"""

from itertools import product
from math import exp, lgamma, pi
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from operators.kernel import part

POINTS = 61
MIDDLE = POINTS // 2
WIDTH = 0.1  # between points, log volatility
STEPS = (0.04, 0.06, 0.09)  # q per bar; below WIDTH, so that a bar moves by one point at most
FREEDOMS = (3, 5, 19)  # ν, odd: the density is a whole power
LEVERAGES = (0.0, -0.5)  # ρ
MOST_SHOCK = 3.0  # |ε| of a leverage effect
SPREAD = 1.0  # s
MEMBERS = tuple(product(FREEDOMS, STEPS, LEVERAGES))
HALF_LIFE_BARS = 100_000.0
SHARES = (0.33, 0.67)  # quantiles between the states

Float64Array = NDArray[np.float64]


class Grid(NamedTuple):
    """The model as the kernel reads it."""

    volatility: Float64Array  # POINTS, exp(x − c)
    pull: Float64Array  # members by POINTS, mean change of x in a bar, in points
    noise: Float64Array  # members, variance of the rest of it, in points²
    leverage: Float64Array  # members, change of x by a shock of ε = 1, in points
    freedom: Float64Array  # ν
    power: NDArray[np.int64]  # (ν + 1) / 2
    constant: Float64Array  # of the density, by ν
    keep: Float64Array  # one: what a bar leaves of the histogram
    shares: Float64Array  # two, ascending


def grid(*, half_life_bars: float = HALF_LIFE_BARS, shares: tuple[float, float] = SHARES) -> Grid:
    """half_life_bars: memory of the quantiles, above 0; shares: where the states part, 0 < low < high < 1."""
    if half_life_bars <= 0:
        raise ValueError(f"half_life_bars must be above 0, got {half_life_bars}")
    if not 0 < shares[0] < shares[1] < 1:
        raise ValueError(f"shares must ascend between 0 and 1, got {shares}")
    x = (np.arange(POINTS) - MIDDLE) * WIDTH
    _, step, leverage = np.array(MEMBERS).T
    return Grid(
        np.exp(x),
        -((step / SPREAD) ** 2)[:, None] / 2.0 * x / WIDTH,
        (1.0 - leverage**2) * (step / WIDTH) ** 2,
        leverage * step / WIDTH,
        np.array(FREEDOMS, np.float64),
        (np.array(FREEDOMS) + 1) // 2,
        np.array([exp(lgamma((v + 1) / 2) - lgamma(v / 2)) / (pi * (v - 2)) ** 0.5 for v in FREEDOMS]),
        np.array([0.5 ** (1.0 / half_life_bars)]),
        np.array(shares),
    )


def normal(spread: float) -> Float64Array:
    """A normal belief around the middle of the grid."""
    weight = np.exp(-0.5 * ((np.arange(POINTS) - MIDDLE) * WIDTH / spread) ** 2)
    return np.asarray(weight / weight.sum(), np.float64)


@part
def walk(belief: Any, model: Any, m: int, shock: float) -> None:
    """One bar passes: each point gives to its neighbours, as mean and variance of the change there ask for."""
    carried = 0.0
    for i in range(POINTS):
        here = belief[i]
        leverage = model.leverage[m] * min(max(shock / model.volatility[i], -MOST_SHOCK), MOST_SHOCK)
        pull = min(max(model.pull[m, i] + leverage, -1.0), 1.0)
        spread = min(max(model.noise[m] + pull * pull, abs(pull)), 1.0)
        up = 0.5 * (spread + pull) if i < POINTS - 1 else 0.0
        down = 0.5 * (spread - pull) if i > 0 else 0.0
        belief[i] = here * (1.0 - up - down) + carried
        if i > 0:
            belief[i - 1] += here * down
        carried = here * up


@part
def whole_power(base: float, exponent: int) -> float:
    """base to a power of 1 and more; by hand, because ** of the machine code and of Python differ in the last digit."""
    found = 1.0
    while exponent > 0:
        if exponent & 1:
            found *= base
        base *= base
        exponent >>= 1
    return found


@part
def shift(values: Any, points: int) -> None:
    """Move by one point down (+1: the grid goes up) or up (−1); what leaves the grid gathers at its end."""
    last = POINTS - 1
    if points > 0:
        values[0] += values[1]
        for i in range(1, last):
            values[i] = values[i + 1]
        values[last] = 0.0
    else:
        values[last] += values[last - 1]
        for i in range(last - 1, 0, -1):
            values[i] = values[i - 1]
        values[0] = 0.0
