"""The forward filter: probabilities of the hidden states given all returns up to and with this bar, nothing later.

    p_t(k) ∝ f(r_t | k) Σ_j p_{t−1}(j) A(j, k)

Hamilton (1989), "A new approach to the economic analysis of nonstationary time series and the business cycle",
Econometrica 57(2), doi:10.2307/1912559. f and A: operators/regimes/model.py.

The slow scale is an exponentially weighted mean of |r| √(π/2), a plain mean while it is young. A return enters it
after it was judged by it, and with at most LARGEST_SHARE times the scale, so one wild print cannot drown what
follows.

A bar that never came (nothing traded, feed lost) is a step A without an observation; so is a bar without a price, and
the return over a hole, which is no one-bar return. Reads time ns and price; NaN: no price. Cost: 0.5 µs per bar.
"""

from math import exp, isfinite, log, log1p, pi, sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from operators.kernel import column, float64, int64, kernel, output, part, state_type
from operators.regimes.model import DEFAULTS, Float64Array, Model, build

LARGEST_SHARE = 10.0
MOST_STEPS = 5000  # a longer hole has forgotten its past anyway
GAUSS = sqrt(pi / 2.0)  # standard deviation over mean absolute value of a normal variable


class Filter(NamedTuple):
    """State of N series of one timeframe; inner values stay finite."""

    time: NDArray[np.int64]  # N, of the newest bar seen, ns; 0 before the first
    price: Float64Array  # N, its price; 0 where it had none
    scale: Float64Array  # N, slow scale of one-bar log returns
    returns: NDArray[np.int64]  # N, returns observed so far
    probability: Float64Array  # N by S


def empty(model: Model, series: int) -> Filter:
    """Before the first bar: nothing known but how often each state occurs at all."""
    return Filter(
        np.zeros(series, np.int64),
        np.zeros(series),
        np.zeros(series),
        np.zeros(series, np.int64),
        np.tile(model.stationary, (series, 1)),
    )


_model = build(DEFAULTS, interval_ns=1)
_MODEL = state_type(_model)
_STATE = state_type(empty(_model, 1))


@part
def _predict(p: Any, transition: Any, steps: int) -> None:
    """p ← p A, as many times as there were steps."""
    states = len(p)
    moved = np.empty(states)
    for _ in range(min(steps, MOST_STEPS)):
        for k in range(states):
            moved[k] = 0.0
            for j in range(states):
                moved[k] += p[j] * transition[j, k]
        for k in range(states):
            p[k] = moved[k]


@part
def _update(p: Any, model: Model, standardised: float) -> None:
    """p ← p f / Σ p f for a return in slow scales; through logarithms, so that no wild return gives 0 / 0."""
    freedom, constant = model.shape[0], model.shape[1]
    weight = np.empty(len(p))
    for k in range(len(p)):
        z = (standardised - model.drift[k]) / model.scale[k]
        weight[k] = constant - log(model.scale[k]) - 0.5 * (freedom + 1.0) * log1p(z * z / (freedom - 2.0))
    largest = weight.max()
    total = 0.0
    for k in range(len(p)):
        p[k] *= exp(weight[k] - largest)
        total += p[k]
    for k in range(len(p)):
        p[k] /= total


@part
def _observe(state: Filter, model: Model, n: int, observed: float) -> None:
    """Judge a one-bar return by the scale known before it, then let it into the scale."""
    slow = state.scale[n]
    size = abs(observed) * GAUSS
    if state.returns[n] >= model.warm_up_bars[0] and slow > 0.0:
        _update(state.probability[n], model, observed / slow)
        size = min(size, LARGEST_SHARE * slow)
    state.returns[n] += 1
    weight = max(1.0 / state.returns[n], model.forgetting[0])
    state.scale[n] += weight * (size - slow)


@kernel(_STATE, _MODEL, column(int64), column(int64), column(float64),
        state_type(np.empty((1, 1))), output(float64), output(int64))  # fmt: skip
def advance(
    state: Filter, model: Model, series: Any, times: Any, prices: Any, probability: Any, scale: Any, returns: Any
) -> None:
    """Advance the series named row by row; write S probabilities, scale and returns seen, as of after each row.

    A row that is not later than the newest bar of its series changes nothing.
    """
    interval = model.interval_ns[0]
    for row in range(len(times)):
        n = series[row]
        steps = 1 if state.time[n] == 0 else (times[row] - state.time[n] + interval // 2) // interval
        if steps > 0:
            price = prices[row] if isfinite(prices[row]) and prices[row] > 0.0 else 0.0
            _predict(state.probability[n], model.transition, steps)
            if steps == 1 and price > 0.0 and state.price[n] > 0.0:
                _observe(state, model, n, log(price / state.price[n]))
            state.price[n] = price
            state.time[n] = times[row]
        probability[row, :] = state.probability[n]
        scale[row] = state.scale[n]
        returns[row] = state.returns[n]
