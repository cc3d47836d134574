"""Two witnesses of one view in one belief, by how well each foretold returns.

    w = 1 / (1 + exp(−Λ)),    Λ_t = α Λ_{t−1} + log p_one(r_t) − log p_other(r_t) − margin
    p = w p_one + (1 − w) p_other

Raftery, Kárný, Ettler (2010), doi:10.1198/TECH.2009.08104. The balance goes as in a bank: each witness is divided by
its own long-run means. `margin` is by how much in a bar the first has to foretell better to be believed. Where one of
them says nothing (NaN) the first is left as it is; a density that is NaN changes no weight. Cost: 0.1 µs per bar.
"""

from math import exp, isfinite
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from operators.kernel import column, float64, int64, kernel, rows_type, state_type
from operators.regimes.bank.bank import RAREST
from operators.regimes.level import LEVEL
from operators.regimes.level_grid import SHARES

Float64Array = NDArray[np.float64]

REMEMBER = 0.9999  # α
LARGEST_ODDS = 500.0
LEVEL_MARGIN = 0.0015  # nats a bar that regimes have to be worth, where volatility may as well wander
LEVEL_STAY_BARS = 60.0  # how long a third of volatility is kept, before the pace is known


class Belief(NamedTuple):
    """What a witness says of one view after each of R bars."""

    probability: Float64Array  # (R, K)
    balance: Float64Array  # (R, K) what the probabilities are divided by for a label
    transition: Float64Array  # (R, K, K)
    mean: Float64Array  # (R,) expected return of the next bar
    log_density: Float64Array  # (R,) of the bar, as foretold before it


_BELIEF = state_type(
    Belief(np.empty((1, 2)), np.empty((1, 2)), np.empty((1, 2, 2)), np.empty(1), np.empty(1))
)  # fmt: skip


def empty(series: int) -> Float64Array:
    """Λ of N series: neither is believed more."""
    return np.zeros(series)


@kernel(state_type(np.empty(1)), column(int64), _BELIEF, _BELIEF, float64, counted=False)
def blend_rows(state: Any, series: Any, one: Belief, other: Belief, margin: float) -> None:
    """Row by row: what `one` says becomes what both say; margin: nats a bar."""
    for row in range(len(series)):
        if not (isfinite(one.probability[row, 0]) and isfinite(other.probability[row, 0])):
            continue
        n, better = series[row], one.log_density[row] - other.log_density[row] - margin
        if isfinite(better):
            state[n] = min(max(REMEMBER * state[n] + better, -LARGEST_ODDS), LARGEST_ODDS)
        weight = 1.0 / (1.0 + exp(-state[n]))
        one.mean[row] = weight * one.mean[row] + (1.0 - weight) * other.mean[row]
        for label in range(one.probability.shape[1]):
            own, its = weight * one.probability[row, label], (1.0 - weight) * other.probability[row, label]
            gain = own / one.balance[row, label] + its / other.balance[row, label]
            one.probability[row, label] = own + its
            one.balance[row, label] = (own + its) / gain if gain > 0.0 else 1.0
            for to in range(one.probability.shape[1]):
                own, its = weight * one.transition[row, label, to], (1.0 - weight) * other.transition[row, label, to]
                one.transition[row, label, to] = own + its


@kernel(rows_type(LEVEL), column(float64), column(float64), _BELIEF, counted=False)
def level_rows(levels: Any, returns: Any, shares: Any, belief: Belief) -> None:
    """The level head as a witness of volatility; of two labels the first is all that is not stressed.

    shares: how often each label is right in the long run. A return of 0 has no density: prices come in ticks, and who
    expects more ties tells more of ticks than of volatility.
    """
    labels = len(shares)
    for row in range(len(levels)):
        level = levels[row]
        belief.probability[row, labels - 1] = level["stressed"]
        belief.probability[row, 0] = level["calm"] if labels == 3 else 1.0 - level["stressed"]
        if labels == 3:
            belief.probability[row, 1] = level["normal"]
        belief.mean[row] = 0.0
        belief.log_density[row] = level["log_density"] if returns[row] != 0.0 else np.nan
        for label in range(labels):
            belief.balance[row, label] = shares[label] + RAREST
            stay = 1.0
            for to in range(labels):
                near = 1.0 / LEVEL_STAY_BARS if abs(to - label) == 1 else 0.0
                belief.transition[row, label, to] = near
                stay -= near
            belief.transition[row, label, label] = stay


def usual_shares(labels: int) -> Float64Array:
    """How often the level head gives each of two or three labels in the long run.

    >>> usual_shares(2).round(2)
    array([0.67, 0.33])
    """
    low, high = SHARES
    return np.array([high, 1.0 - high] if labels == 2 else [low, high - low, 1.0 - high])


@kernel(state_type(np.empty(1)), column(int64), column(float64), state_type(np.empty(1)))
def known_before(newest: Any, series: Any, values: Any, out: Any) -> None:
    """Row by row: the value that its series had before the row; at first what `newest` began as."""
    for row in range(len(series)):
        out[row] = newest[series[row]]
        if isfinite(values[row]) and values[row] > 0.0:
            newest[series[row]] = values[row]
