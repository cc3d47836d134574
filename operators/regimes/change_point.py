"""Bayesian online change-point detection: how long the present run of bars has lasted, and if it has only just begun.

A witness that knows no regimes: only that returns keep one mean and one variance until they change. A run is counted
in bars, the newest included: 1 means that the change came with this bar.

    P(run = n + 1, x) ∝ P(run = n) (1 − H) f(x | n),    P(run = 1, x) ∝ H f(x | 0),    H = 1 / `hazard_bars`

f is the predictive density of a normal variable of unknown mean and variance (operators/regimes/normal_gamma.py), at
first as wide as the slow scale. Adams, MacKay (2007), "Bayesian online changepoint detection", arXiv:0710.3742.

Outliers: with probability `outlier_share` a bar belongs to no run and is Cauchy, OUTLIER_SCALES slow scales wide. So
one bar can only speak against a run as loudly as it is unlikely to be an outlier, and it enters the moments with the
probability that it is none, a step of expectation maximisation. `outlier_share` 0 is the paper.

Bounds: one hypothesis per run length; those lighter than `least_share` of a new run's prior weight H are dropped, as
is the lightest where more than HYPOTHESES remain, and the weights of the rest scaled to 1. A run may last for ever.

The slow scale is a mean of |x| √(π/2), each at most LARGEST_SHARE scales, with a half-life of HALF_LIFE_BARS.
NaN: no observation; the runs age, and a change may have come. Warm-up: `warm_up_bars` observations that only teach the
scale, then `recent_bars` bars in which a change could not be told from the beginning.

Alarms (probability above 0.5) per 1000 bars where nothing changes: 0.4 if returns are normal, 3 if Student-t with 4
degrees of freedom, 4 with 3. Cost: 70 ns per hypothesis, so 3 … 18 µs per bar; 14 KB per series.
"""

from dataclasses import dataclass
from math import exp, inf, isfinite, log, log1p, pi, sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from operators.kernel import column, float64, int64, kernel, output, part, rows_type, state_type
from operators.regimes.normal_gamma import MOMENTS, begin, learn, log_density

HYPOTHESES = 256
OUTLIER_SCALES = 4.0
HALF_LIFE_BARS = 2000.0
LARGEST_SHARE = 10.0
GAUSS = sqrt(pi / 2.0)  # standard deviation over mean absolute value of a normal variable
WILDEST = 1e6  # slow scales; what is further away is as unlikely, and keeps squares finite
LEAST_SCALE = 1e-100

Float64Array = NDArray[np.float64]


@dataclass(frozen=True)
class Parameters:
    """What may be changed."""

    hazard_bars: float = 500.0  # bars from one change to the next, on average
    recent_bars: int = 30  # a change to twice the volatility is seen after 10 bars, one to half after 20
    outlier_share: float = 0.02
    least_share: float = 0.03  # 0: drop only what there is no room for
    warm_up_bars: int = 30

    def __post_init__(self) -> None:
        if self.hazard_bars <= 1:
            raise ValueError(f"hazard_bars must be above 1, got {self.hazard_bars}")
        if self.recent_bars < 1 or self.warm_up_bars < 2:
            raise ValueError("recent_bars must be at least 1 and warm_up_bars at least 2")
        if not 0 <= self.outlier_share < 0.5:
            raise ValueError(f"outlier_share must be 0 … 0.5, got {self.outlier_share}")
        if not 0 <= self.least_share < 1:
            raise ValueError(f"least_share must be 0 … 1, got {self.least_share}")


DEFAULTS = Parameters()
RULES = np.dtype(
    [
        ("hazard", np.float64),
        ("log_outlier", np.float64),  # log of the share
        ("log_member", np.float64),  # log of 1 − share
        ("least_weight", np.float64),  # of a hypothesis
        ("recent_bars", np.int64),
        ("warm_up_bars", np.int64),
    ]
)
HYPOTHESIS = np.dtype(
    [
        ("run", np.int64),  # bars, the newest included
        ("weight", np.float64),  # probability
        ("log_density", np.float64),  # of the newest bar, before it was known
        *MOMENTS,
    ]
)


class Runs(NamedTuple):
    """State of N series; inner values stay finite."""

    hypotheses: NDArray[np.void]  # N by HYPOTHESES + 1, longest run first
    used: NDArray[np.int64]  # N, how many of them are in use
    bars: NDArray[np.int64]  # N, since the warm-up
    seen: NDArray[np.int64]  # N, observations
    scale: Float64Array  # N, slow scale


def empty(series: int) -> Runs:
    """Before the first bar."""
    used, bars, seen = (np.zeros(series, np.int64) for _ in range(3))
    return Runs(np.zeros((series, HYPOTHESES + 1), HYPOTHESIS), used, bars, seen, np.zeros(series))


def rules(parameters: Parameters = DEFAULTS) -> NDArray[np.void]:
    """The parameters as the one row of RULES that the kernel reads."""
    hazard, share = 1.0 / parameters.hazard_bars, parameters.outlier_share
    logs = log(share) if share > 0.0 else -inf, log1p(-share)
    bars = parameters.recent_bars, parameters.warm_up_bars
    return np.array([(hazard, *logs, parameters.least_share * hazard, *bars)], RULES)


@part
def _observe(h: Any, x: float, log_cauchy: float, rule: Any) -> None:
    """Judge x by hypothesis h, then let it into the moments as far as it is no outlier."""
    member, outlier = rule["log_member"] + log_density(h, x), rule["log_outlier"] + log_cauchy
    h["log_density"] = max(member, outlier) + log1p(exp(-abs(member - outlier)))
    learn(h, x, exp(member - h["log_density"]))


@part
def _begin(h: Any, weight: float, scale: float) -> None:
    """A run of which nothing is known yet but the prior."""
    h["run"], h["weight"], h["log_density"] = 0, weight, 0.0
    begin(h, scale)


@part
def _reweigh(h: Any, used: int) -> None:
    """Multiply the weights by the densities and let them sum to 1; through logarithms, so that no sum is 0."""
    best, total = -inf, 0.0
    for i in range(used):
        if h[i]["weight"] > 0.0:
            best = max(best, h[i]["log_density"])
    for i in range(used):
        h[i]["weight"] *= exp(h[i]["log_density"] - best)
        total += h[i]["weight"]
    for i in range(used):
        h[i]["weight"] /= total


@part
def _prune(h: Any, used: int, least: float) -> int:
    """Drop hypotheses below the least weight, and the lightest if there still are too many; how many are left."""
    kept, lightest = 0, 0
    for i in range(used):
        if h[i]["weight"] >= least:
            if kept < i:
                h[kept] = h[i]
            lightest = kept if h[kept]["weight"] < h[lightest]["weight"] else lightest
            kept += 1
    if kept > HYPOTHESES:
        kept -= 1
        for i in range(lightest, kept):
            h[i] = h[i + 1]
    total = 0.0
    for i in range(kept):
        total += h[i]["weight"]
    for i in range(kept):
        h[i]["weight"] /= total
    return kept


@part
def _advance(h: Any, used: int, x: float, scale: float, rule: Any) -> int:
    """One bar: every run goes on or ends, then the bar is judged; how many hypotheses are left."""
    ends = rule["hazard"] if used > 0 else 1.0
    for i in range(used):
        h[i]["weight"] *= 1.0 - ends
    _begin(h[used], ends, scale)
    used += 1
    if isfinite(x):
        z = x / (OUTLIER_SCALES * scale)
        log_cauchy = -log(pi * OUTLIER_SCALES * scale) - log1p(z * z)
        for i in range(used):
            _observe(h[i], x, log_cauchy, rule)
        _reweigh(h, used)
    for i in range(used):
        h[i]["run"] += 1
    return _prune(h, used, rule["least_weight"])


@part
def _learn_scale(state: Runs, n: int, x: float) -> None:
    """Let an observation that was judged already into the slow scale."""
    size = abs(x) * GAUSS
    if state.scale[n] > 0.0:
        size = min(size, LARGEST_SHARE * state.scale[n])
    state.seen[n] += 1
    weight = max(1.0 / state.seen[n], 1.0 - 0.5 ** (1.0 / HALF_LIFE_BARS))
    state.scale[n] += weight * (size - state.scale[n])


@kernel(state_type(empty(1)), rows_type(RULES), column(int64), column(float64), output(float64), output(float64))
def advance(state: Runs, settings: Any, series: Any, values: Any, run_length: Any, change_probability: Any) -> None:
    """Take one value per row; write the most probable run length and P(run ≤ `recent_bars`), NaN in the warm-up.

    Where many beginnings of the new run are alike probable, the old run may stay the most probable one for a while.
    """
    rule = settings[0]
    for row in range(len(values)):
        n, x = series[row], values[row]
        h = state.hypotheses[n]
        if state.seen[n] >= rule["warm_up_bars"] and state.scale[n] > LEAST_SCALE:
            farthest = WILDEST * state.scale[n]
            near = min(max(x, -farthest), farthest) if isfinite(x) else np.nan
            state.used[n] = _advance(h, state.used[n], near, state.scale[n], rule)
            state.bars[n] += 1
        if isfinite(x):
            _learn_scale(state, n, x)
        run_length[row], change_probability[row] = np.nan, np.nan
        if state.bars[n] > rule["recent_bars"]:
            likeliest, recent = 0, 0.0
            for i in range(state.used[n]):
                likeliest = i if h[i]["weight"] > h[likeliest]["weight"] else likeliest
                recent += h[i]["weight"] if h[i]["run"] <= rule["recent_bars"] else 0.0
            run_length[row] = h[likeliest]["run"]
            change_probability[row] = min(recent, 1.0)
