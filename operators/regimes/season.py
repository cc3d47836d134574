"""Volatility of time of day: what a return is divided by, known before the return, so that noon and the open compare.

The log volatility of a bar in slot s of the day is

    l_t + Σ_k θ_k cos(π k u_s) + w_s γ_s,    u_s = (s + ½) / slots,  k = 1 … WAVES

where l_t is the market's local level (a random walk, so that no volatility regime bends the profile), θ a smooth shape
with the prior variance of a smoothing spline (falling as k⁻⁴), and γ_s what a single slot has beyond it (an opening
auction, a funding hour), believed only as far as that slot's own evidence w_s says: spike and slab. All are learned by
one robust Kalman filter driven by the score of a Student-t density,

    e = (ν+1) z² / (ν−2 + z²) − 1,    z = |r| / exp(log volatility),

which lies between −1 and ν however far a return jumps. Half-range cosines need not close the circle: a session may end
wilder than it begins. The divisor f is exp of the profile without l_t, scaled to a mean square of 1 over the day; it
starts as 1 and stays 1 where slots = 1.

Accuracy: root-mean-square relative error on U-shaped days of 24 … 130 slots about 5 % after 2000 bars, 2.5 % after
12 000 (benchmarks: tests/operators/regimes/test_season.py). Nobody can do much better: by Cramér and Rao a free number
of the shape costs √((ν+3) / 2νn) = 2 % for n = 2000 returns of ν = 5, so 3 % would need the shape known but for two.
NaN returns only age the level. Cost: 0.7 µs per bar, nothing where slots = 1. Memory: 1 kB and 24 bytes a slot each.
Harvey (2013), Dynamic models for volatility and heavy tails, doi:10.1017/CBO9781139540933 (the score); Wahba (1978),
Improper priors, spline smoothing …, J. R. Stat. Soc. B 40(3) (the prior); Andersen, Bollerslev (1997), Intraday
periodicity and volatility persistence in financial markets, doi:10.1016/S0927-5398(97)00004-2 (why divide).
"""

from math import exp, inf, isfinite, log, log1p, pi
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from operators.kernel import column, float64, int64, kernel, output, part, state_type

WAVES = 8
MOST_SLOTS = 1440
SHAPE_SD = 0.7  # of θ_1 before any return; θ_k: divided by k²
SLOT_SD = 0.7  # of γ_s where a slot stands out at all
SLOT_ODDS = 0.01  # prior odds that it does
LEVEL_SD = 0.05  # of a step of the local log level
HALF_LIFE_BARS = 1_000_000.0  # until half of a shape is forgotten
SLOT_MEMORY = 0.998  # of a slot's evidence and visits, per visit: 500 days
FREEDOM = 5.0  # ν
INFORMATION = 2.0 * FREEDOM / (FREEDOM + 3.0)  # Fisher's, of a log volatility in one return
NOISE = 1.0 / INFORMATION
MOST_EVIDENCE = 8.0  # for or against a slot, so that it can change its mind

Float64Array = NDArray[np.float64]


class Day(NamedTuple):
    """A day of a given number of slots, as the kernel reads it."""

    waves: Float64Array  # slots by K, cos(π k u_s)
    prior: Float64Array  # K, variance of θ


class Season(NamedTuple):
    """State of N series with the same day; inner values stay finite."""

    mean: Float64Array  # N by 1 + K: level, θ
    covariance: Float64Array  # N by 1 + K by 1 + K
    log_norm: Float64Array  # N, log root mean square of the profile
    smallest: Float64Array  # N, least |r| above 0; the level never sinks below it; inf before the first
    bars: NDArray[np.int64]  # N, returns seen
    extra: Float64Array  # N by slots, γ
    visits: Float64Array  # N by slots, discounted
    evidence: Float64Array  # N by slots, log Bayes factor for γ, discounted


def day(slots: int) -> Day:
    """slots: of a day or session, 1 … MOST_SLOTS; 1: no seasonality."""
    if not 1 <= slots <= MOST_SLOTS:
        raise ValueError(f"slots must be 1 … {MOST_SLOTS}, got {slots}")
    order = np.arange(1, min(WAVES, slots - 1) + 1)
    middle = (np.arange(slots) + 0.5) / slots
    return Day(np.cos(pi * np.outer(middle, order)), (SHAPE_SD / order**2) ** 2)


def empty(model: Day, series: int) -> Season:
    """Nothing known: every divisor is 1."""
    slots, waves = model.waves.shape
    covariance = np.zeros((series, 1 + waves, 1 + waves))
    covariance[:] = np.diag([1.0, *model.prior])
    return Season(
        np.zeros((series, 1 + waves)),
        covariance,
        np.zeros(series),
        np.full(series, inf),
        np.zeros(series, np.int64),
        np.zeros((series, slots)),
        np.zeros((series, slots)),
        np.zeros((series, slots)),
    )


_day = day(2)
_DAY = state_type(_day)
_STATE = state_type(empty(_day, 1))


@part
def shape(mean: Any, waves: Any) -> float:
    """Σ θ_k cos(π k u_s)."""
    total = 0.0
    for k in range(len(waves)):
        total += mean[1 + k] * waves[k]
    return total


@part
def slot_effect(state: Any, n: int, slot: int) -> float:
    """w_s γ_s."""
    odds = SLOT_ODDS * exp(state.evidence[n, slot])
    effect: float = state.extra[n, slot] * odds / (1.0 + odds)
    return effect


@part
def divisor(state: Any, model: Any, n: int, slot: int) -> float:
    """f of a slot, from all returns taken so far."""
    if len(model.prior) == 0:
        return 1.0
    return exp(shape(state.mean[n], model.waves[slot]) + slot_effect(state, n, slot) - state.log_norm[n])


@part
def normalise(state: Any, model: Any, n: int) -> None:
    """The profile's root mean square over the day."""
    slots, total = len(model.waves), 0.0
    for slot in range(slots):
        total += exp(2.0 * (shape(state.mean[n], model.waves[slot]) + slot_effect(state, n, slot)))
    state.log_norm[n] = 0.5 * log(total / slots)


@part
def age(mean: Any, covariance: Any, model: Any) -> None:
    """One bar passes: the level walks, the shape leans back to its prior."""
    keep = 0.5 ** (1.0 / HALF_LIFE_BARS)
    size = len(mean)
    for i in range(1, size):
        mean[i] *= keep
        covariance[0, i] *= keep
        covariance[i, 0] *= keep
        for j in range(1, size):
            covariance[i, j] *= keep * keep
        covariance[i, i] += (1.0 - keep * keep) * model.prior[i - 1]
    covariance[0, 0] += LEVEL_SD * LEVEL_SD


@part
def score(size: float, log_volatility: float) -> float:
    """e of |r|, between −1 and ν."""
    z = size * exp(-log_volatility)
    if z > 1e100:
        return FREEDOM
    return (FREEDOM + 1.0) * z * z / (FREEDOM - 2.0 + z * z) - 1.0


@part
def log_density(size: float, log_volatility: float) -> float:
    """Of |r|, up to a constant."""
    z = min(size * exp(-log_volatility), 1e100)
    return -log_volatility - 0.5 * (FREEDOM + 1.0) * log1p(z * z / (FREEDOM - 2.0))


@part
def update(mean: Any, covariance: Any, waves: Any, surprise: float) -> None:
    """Kalman's step for the row (1, cos …) and a pseudo-observation of noise 1 / information."""
    size = len(mean)
    gain = np.empty(size)
    spread = NOISE
    for i in range(size):
        gain[i] = covariance[i, 0]
        for k in range(size - 1):
            gain[i] += covariance[i, 1 + k] * waves[k]
    for i in range(size):
        spread += gain[i] * (1.0 if i == 0 else waves[i - 1])
    for i in range(size):
        mean[i] += gain[i] / spread * surprise
        for j in range(size):
            covariance[i, j] -= gain[i] * gain[j] / spread


@part
def judge_slot(state: Any, n: int, slot: int, size: float, smooth: float) -> None:
    """Evidence for the slot's own effect from how well it foretold this return; then learn the effect."""
    with_extra = smooth + state.extra[n, slot]
    found = SLOT_MEMORY * state.evidence[n, slot] + log_density(size, with_extra) - log_density(size, smooth)
    state.evidence[n, slot] = min(max(found, -MOST_EVIDENCE), MOST_EVIDENCE)
    state.visits[n, slot] = SLOT_MEMORY * state.visits[n, slot] + 1.0
    weight = 1.0 / (state.visits[n, slot] + NOISE / (SLOT_SD * SLOT_SD))
    state.extra[n, slot] += weight * NOISE * score(size, with_extra)


@part
def take(state: Any, model: Any, n: int, slot: int, value: float) -> None:
    """Learn from a return; NaN: the bar passed without one."""
    if len(model.prior) == 0:
        return
    size = abs(value) if isfinite(value) else 0.0
    if size > 0.0:
        state.smallest[n] = min(state.smallest[n], size)
    if state.smallest[n] == inf:
        return
    mean, covariance, waves = state.mean[n], state.covariance[n], model.waves[slot]
    if state.bars[n] == 0:
        mean[0] = log(size)
    else:
        age(mean, covariance, model)
    if not isfinite(value):
        return
    state.bars[n] += 1
    smooth = mean[0] + shape(mean, waves)
    surprise = NOISE * score(size, smooth + slot_effect(state, n, slot))
    judge_slot(state, n, slot, size, smooth)
    update(mean, covariance, waves, surprise)
    mean[0] = max(mean[0], log(state.smallest[n]))
    if state.bars[n] % max(1, len(model.waves) // 8) == 0:
        normalise(state, model, n)


@kernel(_STATE, _DAY, column(int64), column(int64), column(float64), output(float64))
def advance(state: Any, model: Any, series: Any, slots: Any, returns: Any, divisors: Any) -> None:
    """Row by row: write f as known before the return, then learn from the return.

    series: number below N; slots: below the day's; returns: log returns, NaN: none.
    """
    for row in range(len(returns)):
        divisors[row] = divisor(state, model, series[row], slots[row])
        take(state, model, series[row], slots[row], returns[row])
