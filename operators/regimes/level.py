"""Volatility as a level: how sure it is that today's σ lies above what it used to be. No switching is assumed.

Log volatility x_t = log σ_t walks on a grid of POINTS points and is pulled back to its slow mean c,

    r_t = exp(x_t) ε_t,   ε ~ Student-t (ν, unit variance),
    x_{t+1} = x_t − q²/2s² (x_t − c) + q (ρ ε_t + √(1−ρ²) η_t),

with a spread s = SPREAD in the long run; ρ < 0 is the leverage effect of stocks, whose volatility rises as they fall.
Each triple of a q of STEPS, a ν of FREEDOMS and a ρ of LEVERAGES is a member with its own filter on the grid (Kitagawa
1987, doi:10.1080/01621459.1987.10478534; leverage: Harvey, Shephard 1996, doi:10.1080/07350015.1996.10524672). The
members are mixed by their discounted evidence, w ← w^FORGETTING · p(r_t | past) (Raftery, Kárný, Ettler 2010,
doi:10.1198/TECH.2009.08104). The mixed belief over x also goes into a histogram that halves every `half_life_bars`:
the past. A state is a share of that past, calm its lowest third, stressed its highest; its probability is the belief
that x_t lies there,

    P(stressed) = P(σ_t > ⅔ quantile of past σ), and so on,

so in the long run every state is about as probable as the share it stands for, on any series. The returns should have
no season (operators/regimes/season.py). SPREAD, STEPS and FREEDOMS (operators/regimes/level_grid.py) were chosen on
simulated volatility (autoregressive, GARCH, heterogeneous, switching and long-memory), not on markets.

Written per bar, as of after it: the log of the density of its return as foretold before it (nats, of the return as
given), volatility E[σ] per bar, and the three probabilities. NaN for the first WARM_UP_BARS returns, which only say
where the grid lies; it follows the slow mean by whole points afterwards. A NaN return is a bar without one: the belief
widens and there is no density. Returns beyond LARGEST slow volatilities count as that large.
Cost: 12 µs per bar. Memory: 10 kB a series, whatever its length.
"""

from math import exp, inf, isfinite, log, nan
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from operators.kernel import column, float64, int64, kernel, out_type, part, state_type
from operators.regimes.level_grid import (
    MEMBERS,
    MIDDLE,
    POINTS,
    SPREAD,
    WIDTH,
    grid,
    normal,
    shift,
    walk,
    whole_power,
)

FORGETTING = 0.999
LEAST_WEIGHT = 1e-6  # of a member before each bar
WARM_UP_BARS = 30
PRIOR_BARS = 20.0  # what the first histogram counts for
PRIOR_SPREAD = 0.5  # and how wide it is
OUTER = 20  # points from the middle at which the grid moves by as many
MEAN_BARS = 500.0  # memory of the slow mean
LARGEST = 1000.0
GAUSS = 1.2533141373155001  # √(π/2): standard deviation over mean |r| of a normal variable

Float64Array = NDArray[np.float64]
LEVEL = np.dtype([(name, np.float64) for name in ("log_density", "volatility", "calm", "normal", "stressed")])


class Level(NamedTuple):
    """State of N series; inner values stay finite."""

    bars: NDArray[np.int64]  # N, returns seen
    size: Float64Array  # N, Σ |r| of the warm-up
    smallest: Float64Array  # N, least |r| above 0; the grid's middle never sinks below it; inf before the first
    centre: Float64Array  # N, c as the grid's middle
    offset: Float64Array  # N, the slow mean beyond that
    newest: Float64Array  # N, return; 0: none
    belief: Float64Array  # N by members by POINTS
    weight: Float64Array  # N by members
    likelihood: Float64Array  # N by members, of the newest return
    mixed: Float64Array  # N by POINTS, the belief over all members
    past: Float64Array  # N by POINTS, the histogram, in bars


def empty(series: int) -> Level:
    """Before the first return."""
    members = len(MEMBERS)
    return Level(
        np.zeros(series, np.int64),
        np.zeros(series),
        np.full(series, inf),
        np.zeros(series),
        np.zeros(series),
        np.zeros(series),
        np.tile(normal(SPREAD), (series, members, 1)),
        np.full((series, members), 1.0 / members),
        np.zeros((series, members)),
        np.tile(normal(SPREAD), (series, 1)),
        np.tile(PRIOR_BARS * normal(PRIOR_SPREAD), (series, 1)),
    )


_GRID = state_type(grid())
_STATE = state_type(empty(1))


@part
def age(state: Any, model: Any, n: int) -> None:
    """One bar passes for every member; the newest return pushes volatility."""
    shock = state.newest[n] * exp(-state.centre[n])
    for m in range(len(model.noise)):
        walk(state.belief[n, m], model, m, shock)
    state.newest[n] = 0.0


@part
def judge(state: Any, model: Any, n: int, z: float) -> None:
    """belief ← belief × density of |z| = |r| / exp(c); its sum is the member's likelihood."""
    likelihood, belief = state.likelihood[n], state.belief[n]
    likelihood[:] = 0.0
    alike = len(likelihood) // len(model.freedom)  # members of the same ν stand together
    for i in range(POINTS):
        ratio = z / model.volatility[i]
        for v in range(len(model.freedom)):
            shape = 1.0 / (1.0 + ratio * ratio / (model.freedom[v] - 2.0))
            density = model.constant[v] * whole_power(shape, model.power[v]) / model.volatility[i]
            for m in range(v * alike, (v + 1) * alike):
                belief[m, i] *= density
                likelihood[m] += belief[m, i]


@part
def weigh(state: Any, n: int) -> float:
    """Weights and beliefs after the return; the density it had, mixed over the members by their weights before it."""
    weight, likelihood = state.weight[n], state.likelihood[n]
    total, density = 0.0, 0.0
    for m in range(len(weight)):
        weight[m] = weight[m] ** FORGETTING + LEAST_WEIGHT
        total += weight[m]
        density += weight[m] * likelihood[m]
    for m in range(len(weight)):
        weight[m] *= likelihood[m] / density
        for i in range(POINTS):
            state.belief[n, m, i] /= likelihood[m]
    return density / total


@part
def mix(state: Any, n: int) -> None:
    """The belief over all members."""
    mixed, weight = state.mixed[n], state.weight[n]
    mixed[:] = 0.0
    for m in range(len(weight)):
        for i in range(POINTS):
            mixed[i] += weight[m] * state.belief[n, m, i]


@part
def below(start: float, height: float, share: float) -> float:
    """How much of a bar of the histogram, from `start` up, lies below a share of all."""
    if height <= 0.0:
        return 1.0 if start < share else 0.0
    return min(max((share - start) / height, 0.0), 1.0)


@part
def describe(state: Any, model: Any, n: int, out: Any) -> None:
    """Volatility and probabilities of the states, by the histogram of the past alone."""
    mixed, past = state.mixed[n], state.past[n]
    bars, start, calm, lower, mean = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(POINTS):
        bars += past[i]
    for i in range(POINTS):
        height = past[i] / bars
        calm += mixed[i] * below(start, height, model.shares[0])
        lower += mixed[i] * below(start, height, model.shares[1])
        mean += mixed[i] * model.volatility[i]
        start += height
    out["volatility"] = mean * exp(state.centre[n])
    out["calm"], out["normal"], out["stressed"] = calm, max(lower - calm, 0.0), max(1.0 - lower, 0.0)


@part
def remember(state: Any, model: Any, n: int) -> None:
    """The belief enters the past and the slow mean, which the grid follows; at once where the belief nears its end."""
    mean = 0.0
    for i in range(POINTS):
        state.past[n, i] = state.past[n, i] * model.keep[0] + state.mixed[n, i]
        mean += state.mixed[n, i] * (i - MIDDLE) * WIDTH
    memory = min(MEAN_BARS, PRIOR_BARS + state.bars[n] - WARM_UP_BARS)
    state.offset[n] += (mean - state.offset[n]) / memory
    far = abs(mean) > OUTER * WIDTH
    if far:
        state.offset[n] = mean
    step = 1 if state.offset[n] > 0.5 * WIDTH else -1 if state.offset[n] < -0.5 * WIDTH else 0
    for _ in range(OUTER if far else abs(step)):
        if step < 0 and state.centre[n] < log(state.smallest[n]):
            return
        state.offset[n] -= step * WIDTH
        state.centre[n] += step * WIDTH
        shift(state.past[n], step)
        shift(state.mixed[n], step)
        for m in range(len(state.weight[n])):
            shift(state.belief[n, m], step)


@part
def warm_up(state: Any, n: int, size: float) -> None:
    """Where the grid lies; a series of zeros has to wait for the first that is none."""
    state.size[n] += size
    state.bars[n] += 1
    if state.bars[n] >= WARM_UP_BARS:
        if state.size[n] > 0.0:
            state.centre[n] = log(GAUSS * state.size[n] / state.bars[n])
        else:
            state.bars[n] -= 1


@part
def take(state: Any, model: Any, n: int, value: float, out: Any) -> None:
    """Take a return, NaN for none, and write a row of LEVEL."""
    out["log_density"] = nan
    size = abs(value) if isfinite(value) else 0.0
    if size > 0.0:
        state.smallest[n] = min(state.smallest[n], size)
    if state.bars[n] < WARM_UP_BARS:
        out["volatility"], out["calm"], out["normal"], out["stressed"] = nan, nan, nan, nan
        if isfinite(value):
            warm_up(state, n, size)
        return
    age(state, model, n)
    if isfinite(value):
        state.bars[n] += 1
        state.newest[n] = min(max(value, -LARGEST * exp(state.centre[n])), LARGEST * exp(state.centre[n]))
        judge(state, model, n, min(size * exp(-state.centre[n]), LARGEST))
        out["log_density"] = log(weigh(state, n)) - state.centre[n]
    mix(state, n)
    describe(state, model, n, out)
    if isfinite(value):
        remember(state, model, n)


@kernel(_STATE, _GRID, column(int64), column(float64), out_type(LEVEL), counted=False)
def advance(state: Any, model: Any, series: Any, returns: Any, out: Any) -> None:
    """Row by row: series (number below N) and log return; out: one row of LEVEL for each."""
    for row in range(len(returns)):
        take(state, model, series[row], returns[row], out[row])
