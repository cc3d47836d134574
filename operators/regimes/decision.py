"""From probabilities to a label: the raw label of each bar, and the held label that does not change for nothing.

Raw label: argmax_k p_k / b_k, where the balance b is how often each state is taken to occur, a little more for the rare
(operators/regimes/bank/bank.py calls it occupancy). It is the choice of highest balanced accuracy: plain argmax p
never names a rare state in doubt, and loses 3 – 5 % of it.

Held label: the incumbent j gives way to the best candidate i (highest s_i, s = p / b) only if

    (s_i / s_j − 1) · stay  >  switch_cost_bars · (1 − p_i),     p_i ≥ 1 / K

what is gained in a bar, as a share of what the incumbent gives, over the mean stay of the chain, against the cost of a
false switch times the probability that it is one. stay = 1 / (pace · Σ π_k (1 − A_kk)), π the discounted mean of p:
where states last long a switch pays for long; in a fast market it takes more certainty. One number has to be chosen: a
false switch costs as much as `switch_cost_bars` bars of doubled accuracy lost. It is Shiryaev's test, posterior odds
against a threshold set by the odds of a true change to a false alarm, with the odds balanced as the raw label's are.
pace: operators/regimes/pace.py.

Shiryaev (1963), "On optimum methods in quickest detection problems", Theory of Probability and its Applications 8(1),
doi:10.1137/1108002. Brodersen et al. (2010), "The balanced accuracy and its posterior distribution", ICPR,
doi:10.1109/ICPR.2010.764.

N series, K states. NaN: a bar without probabilities changes nothing. Cost: 0.2 µs per bar at K = 3.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from operators.kernel import column, int64, kernel, output, part, state_type
from operators.regimes import pace as pacing

UNKNOWN_LABEL = -1


@dataclass(frozen=True)
class Parameters:
    """What may be chosen; bars of the view's own timeframe."""

    half_life_bars: float = 5000.0  # memory of π and of the pace; many times longer than a state lasts
    young_bars: float = 400.0  # bars that the prior π and a pace of 1 count for
    switch_cost_bars: float = 1500.0  # cost of a false switch

    def __post_init__(self) -> None:
        for name in ("half_life_bars", "young_bars"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        if not self.switch_cost_bars >= 0:
            raise ValueError(f"switch_cost_bars must be 0 or above, got {self.switch_cost_bars}")


DEFAULTS = Parameters()


class Decision(NamedTuple):
    """State of N series; inner values stay finite."""

    occupancy: NDArray[np.float64]  # N by K, π
    newest: NDArray[np.float64]  # N by K, p of the newest bar
    realised: NDArray[np.float64]  # N, sums of the pace
    expected: NDArray[np.float64]  # N
    bars: NDArray[np.int64]  # N, with probabilities
    held: NDArray[np.int64]  # N, UNKNOWN_LABEL before the first bar
    held_bars: NDArray[np.int64]  # N, since the held label began, this bar included


def empty(prior: NDArray[np.float64], series: int) -> Decision:
    """Before the first bar; prior: K, how often each state is expected, such as the chain's stationary distribution."""
    row = np.asarray(prior, np.float64)
    counts = (np.zeros(series), np.zeros(series), np.zeros(series, np.int64))
    held = np.full(series, UNKNOWN_LABEL, np.int64)
    return Decision(np.tile(row, (series, 1)), np.tile(row, (series, 1)), *counts, held, np.zeros(series, np.int64))


def settings(parameters: Parameters = DEFAULTS) -> NDArray[np.float64]:
    """Parameters as the kernel reads them: weight of the newest bar in an old mean, young bars, cost in bars."""
    forgetting = 1.0 - 0.5 ** (1.0 / parameters.half_life_bars)
    return np.array([forgetting, parameters.young_bars, parameters.switch_cost_bars])


@part
def raw_label(p: Any, balance: Any) -> int:
    """argmax p / b; the first of equals."""
    best = 0
    for k in range(1, len(p)):
        if p[k] * balance[best] > p[best] * balance[k]:
            best = k
    return best


@part
def held_label(held: int, p: Any, balance: Any, price: float) -> int:
    """The candidate of highest p / b that is worth its price, or the incumbent. price: cost over stay."""
    kept = p[held] / balance[held]
    label, best = held, kept
    for k in range(len(p)):
        score = p[k] / balance[k]
        if p[k] * len(p) >= 1.0 and score > best and score - kept > price * (1.0 - p[k]) * kept:
            label, best = k, score
    return label


@part
def leaving(occupancy: Any, transition: Any) -> float:
    """Σ π_k (1 − A_kk): share of bars with which a state is left, as the transition matrix says."""
    rate = 0.0
    for k in range(len(occupancy)):
        rate += occupancy[k] * (1.0 - transition[k, k])
    return rate


@part
def pace_of(state: Decision, n: int, transition: Any, settings: Any) -> float:
    """How fast the chain of a series moves, as a multiple of what its transition matrix says."""
    young = settings[1] * leaving(state.occupancy[n], transition)
    return pacing.pace(state.realised[n], state.expected[n], young)


@part
def decide(state: Decision, n: int, p: Any, balance: Any, transition: Any, settings: Any) -> int:
    """Take the probabilities of a bar of series n; returns its raw label, the held one is in the state."""
    if p[0] != p[0]:
        return UNKNOWN_LABEL
    _learn(state, n, p, transition, settings)
    occupancy = state.occupancy[n]
    raw = raw_label(p, balance)
    before = state.held[n]
    if before == UNKNOWN_LABEL:
        state.held[n] = raw
    else:
        price = settings[2] * leaving(occupancy, transition) * pace_of(state, n, transition, settings)
        state.held[n] = held_label(before, p, balance, price)
    state.held_bars[n] = state.held_bars[n] + 1 if state.held[n] == before else 1
    return raw


@part
def _learn(state: Decision, n: int, p: Any, transition: Any, settings: Any) -> None:
    """Let p into π and into the sums of the pace."""
    newest, occupancy = state.newest[n], state.occupancy[n]
    if state.bars[n] > 0:
        kept = 1.0 - settings[0]
        state.realised[n] = kept * state.realised[n] + pacing.realised_change(newest, p)
        state.expected[n] = kept * state.expected[n] + pacing.expected_change(newest, transition)
    state.bars[n] += 1
    weight = max(settings[0], 1.0 / (settings[1] + state.bars[n]))
    for k in range(len(p)):
        occupancy[k] += weight * (p[k] - occupancy[k])
        newest[k] = p[k]


@kernel(state_type(empty(np.ones(2), 1)), state_type(np.empty(3)), column(int64), state_type(np.empty((1, 2))),
        state_type(np.empty((1, 2))), state_type(np.empty((1, 2, 2))), output(int64),
        state_type(np.empty((1, 2), np.int64)), state_type(np.empty((1, 2), np.int64)),
        state_type(np.empty((1, 2, 2))))  # fmt: skip
def decide_rows(
    state: Decision, settings: Any, series: Any, probability: Any, balance: Any, transition: Any,
    raw: Any, held: Any, held_bars: Any, paced: Any,
) -> None:  # fmt: skip
    """Labels of the series named row by row, from probability and balance (R, K) and transition (R, K, K).

    Writes raw (R,), held and how long it has been held, before the row and after it (R, 2), and the transitions at the
    pace that the probabilities have shown (R, K, K).
    """
    for row in range(len(series)):
        n = series[row]
        held[row, 0], held_bars[row, 0] = state.held[n], state.held_bars[n]
        raw[row] = decide(state, n, probability[row], balance[row], transition[row], settings)
        held[row, 1], held_bars[row, 1] = state.held[n], state.held_bars[n]
        pacing.at_pace(transition[row], pace_of(state, n, transition[row], settings), paced[row])
