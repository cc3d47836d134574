"""Two witnesses of volatility in one belief: the switching bank and the level head, by how well each foretold returns.

    w = 1 / (1 + exp(−Λ)),    Λ_t = α Λ_{t−1} + log p_bank(r_t) − log p_level(r_t),    p = w p_bank + (1 − w) p_level

On markets whose volatility wanders rather than switches the level head foretells better and is believed; where there
are regimes, the bank. Raftery, Kárný, Ettler (2010), doi:10.1198/TECH.2009.08104. The balance goes as in a bank: each
witness is divided by its own long-run means. NaN densities change nothing. Cost: 0.1 µs per bar.
"""

from math import exp, isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from operators.kernel import column, float64, int64, kernel, part, rows_type, state_type
from operators.regimes.bank.bank import RAREST
from operators.regimes.level import LEVEL, SHARES

REMEMBER = 0.9999  # α
LARGEST_ODDS = 500.0
LEVEL_STAY_BARS = 60.0  # how long a third of volatility is kept, before the pace is known


def empty(series: int) -> NDArray[np.float64]:
    """Λ of N series: neither is believed more."""
    return np.zeros(series)


@part
def _level_share(level: Any, label: int, labels: int) -> float:
    """Probability of a label by the level head; of two labels the first is all that is not stressed."""
    if labels == 2:
        return float(level["stressed"] if label == 1 else 1.0 - level["stressed"])
    return float(level["calm"] if label == 0 else level["normal"] if label == 1 else level["stressed"])


@part
def _usual_share(label: int, labels: int) -> float:
    """How often it has that label in the long run."""
    low, high = SHARES
    if labels == 2:
        return 1.0 - high if label == 1 else high
    return low if label == 0 else high - low if label == 1 else 1.0 - high


@kernel(state_type(np.empty(1)), column(int64), column(float64), rows_type(LEVEL), state_type(np.empty((1, 2))),
        state_type(np.empty((1, 2))), state_type(np.empty((1, 2, 2))), counted=False)  # fmt: skip
def blend_rows(
    state: Any, series: Any, log_density: Any, levels: Any, probability: Any, balance: Any, transition: Any
) -> None:
    """Row by row: what the bank says in probability, balance (R, K) and transition (R, K, K) becomes what both say."""
    labels = probability.shape[1]
    for row in range(len(series)):
        n, level = series[row], levels[row]
        if not isfinite(level["stressed"]):
            continue
        weight = 1.0 / (1.0 + exp(-state[n]))
        better = log_density[row] - level["log_density"]
        if isfinite(better):
            state[n] = min(max(REMEMBER * state[n] + better, -LARGEST_ODDS), LARGEST_ODDS)
            weight = 1.0 / (1.0 + exp(-state[n]))
        for label in range(labels):
            own, other = weight * probability[row, label], (1.0 - weight) * _level_share(level, label, labels)
            gain = own / balance[row, label] + other / (_usual_share(label, labels) + RAREST)
            probability[row, label] = own + other
            balance[row, label] = (own + other) / gain if gain > 0.0 else 1.0
            for to in range(labels):
                near = 1.0 / LEVEL_STAY_BARS if abs(to - label) == 1 else 0.0
                transition[row, label, to] = weight * transition[row, label, to] + (1.0 - weight) * near
            transition[row, label, label] = 1.0
            for to in range(labels):
                if to != label:
                    transition[row, label, label] -= transition[row, label, to]
