"""How good the forecasts were: each is judged when its bar has come, beside two that need no model.

    Brier    = Σ_k (f_k − y_k)² + Σ_k y_k (1 − y_k)        log loss = − Σ_k y_k ln f_k

y is what the bar then said: one-hot of a label, or the filtered probabilities p of that bar. With p these are the
scores expected against the true state, which nobody sees; with the raw label they are scores against our own decision,
which flickers more than the state does, and the chain's forecasts of the state pay for that at short horizons.

Baselines, both counted from what was known when they were made:
- Markov: transition counts of past raw labels, one added to each; its h-step row from the raw label of the bar;
- climatology: how often each raw label occurred, one added to each.

Forecasts wait in rings of as many bars as their horizon; a bar judges what was made h bars before and takes its place.
Means are discounted, plain while young. NaN in a forecast or label −1: that bar is not judged. N series, K states, H
horizons. Cost: 2 µs per bar at K = 3 and horizons to 50 bars; 3 kB per series.

Brier (1950), "Verification of forecasts expressed in terms of probability", Monthly Weather Review 78(1),
doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2. Gneiting & Raftery (2007), "Strictly proper scoring rules,
prediction, and estimation", JASA 102(477), doi:10.1198/016214506000001437.
"""

from math import log
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from operators.kernel import column, float64, int64, kernel, part, state_type
from operators.regimes.decision import UNKNOWN_LABEL
from operators.regimes.forecast import HORIZONS

FORECASTERS = ("chain", "markov", "climatology")
LEAST_PROBABILITY = 1e-6  # in the log loss: one certain mistake must not drown a year of forecasts
_HORIZONS = np.array(HORIZONS, np.int64)


class Scores(NamedTuple):
    """State of N series; R = the sum of the horizons, F = len(FORECASTERS)."""

    rings: NDArray[np.float32]  # N by F by R by K, forecasts not judged yet; horizon h from row Σ of those before
    transitions: NDArray[np.float64]  # N by K by K, counts of past raw labels, with the prior one
    newest: NDArray[np.int64]  # N, raw label of the newest bar
    bars: NDArray[np.int64]  # N
    scored: NDArray[np.int64]  # N by H, forecasts judged
    brier: NDArray[np.float64]  # N by H by F, discounted means; 0 before the first
    log_loss: NDArray[np.float64]  # N by H by F


def empty(states: int, series: int) -> Scores:
    """No forecast made yet."""
    means = series, len(HORIZONS), len(FORECASTERS)
    return Scores(
        np.full((series, len(FORECASTERS), sum(HORIZONS), states), np.nan, np.float32),
        np.ones((series, states, states)),
        np.full(series, UNKNOWN_LABEL, np.int64),
        np.zeros(series, np.int64),
        np.zeros((series, len(HORIZONS)), np.int64),
        np.zeros(means),
        np.zeros(means),
    )


@part
def judge(state: Scores, n: int, raw: int, target: Any, forecasts: Any, forgetting: float) -> None:
    """Take a bar of series n: judge what was forecast of it, then keep the forecasts made at it.

    raw: its raw label, −1 if unknown. target: K, one-hot of the raw label or p. forecasts: H by K, made at this bar.
    forgetting: weight of the newest judgement in an old mean.
    """
    _judge_due(state, n, raw, target, forgetting)
    _count(state, n, raw)
    _keep(state, n, raw, forecasts)
    state.bars[n] += 1


@part
def _judge_due(state: Scores, n: int, raw: int, target: Any, forgetting: float) -> None:
    start = 0
    for h in range(len(_HORIZONS)):
        slot = start + state.bars[n] % _HORIZONS[h]
        start += _HORIZONS[h]
        if raw != UNKNOWN_LABEL and not np.isnan(state.rings[n, 0, slot, 0]):
            state.scored[n, h] += 1
            weight = max(forgetting, 1.0 / state.scored[n, h])
            for f in range(len(FORECASTERS)):
                forecast = state.rings[n, f, slot]
                state.brier[n, h, f] += weight * (brier(forecast, target) - state.brier[n, h, f])
                state.log_loss[n, h, f] += weight * (log_loss(forecast, target) - state.log_loss[n, h, f])


@part
def brier(forecast: Any, target: Any) -> float:
    """Σ_k (f_k − y_k)² + Σ_k y_k (1 − y_k): 0 … 2, expected over the states y weighs."""
    score = 0.0
    for k in range(len(target)):
        score += (forecast[k] - target[k]) ** 2 + target[k] * (1.0 - target[k])
    return score


@part
def log_loss(forecast: Any, target: Any) -> float:
    """− Σ_k y_k ln f_k, nats."""
    score = 0.0
    for k in range(len(target)):
        if target[k] > 0.0:
            score -= target[k] * log(max(forecast[k], LEAST_PROBABILITY))
    return score


@part
def _count(state: Scores, n: int, raw: int) -> None:
    """The transition from the raw label of the bar before."""
    if raw != UNKNOWN_LABEL and state.newest[n] != UNKNOWN_LABEL:
        state.transitions[n, state.newest[n], raw] += 1.0
    state.newest[n] = raw


@part
def _keep(state: Scores, n: int, raw: int, forecasts: Any) -> None:
    """Forecasts of this bar into the places of those it has judged; NaN where its label is unknown."""
    counts, states = state.transitions[n], forecasts.shape[1]
    now, later, climate = np.zeros(states), np.empty(states), np.empty(states)
    total = 0.0
    for k in range(states):
        climate[k] = 0.0
        for j in range(states):
            climate[k] += counts[j, k]
        total += climate[k]
    if raw != UNKNOWN_LABEL:
        now[raw] = 1.0
    start, bar = 0, 0
    for h in range(len(_HORIZONS)):
        while bar < _HORIZONS[h]:
            _step(now, counts, later)
            now, later = later, now
            bar += 1
        slot = start + state.bars[n] % _HORIZONS[h]
        start += _HORIZONS[h]
        for k in range(states):
            known = raw != UNKNOWN_LABEL
            state.rings[n, 0, slot, k] = forecasts[h, k] if known else np.nan
            state.rings[n, 1, slot, k] = now[k]
            state.rings[n, 2, slot, k] = climate[k] / total


@part
def _step(now: Any, counts: Any, later: Any) -> None:
    """later ← now C, C the counts with rows made to sum to one."""
    for k in range(len(now)):
        later[k] = 0.0
    for j in range(len(now)):
        total = 0.0
        for k in range(len(now)):
            total += counts[j, k]
        for k in range(len(now)):
            later[k] += now[j] * (counts[j, k] / total)


@kernel(state_type(empty(2, 1)), column(int64), column(int64), state_type(np.empty((1, 2))),
        state_type(np.empty((1, 2, 2))), float64, state_type(np.empty((1, 1), np.int64)),
        state_type(np.empty((1, 1, 2))), state_type(np.empty((1, 1, 2))))  # fmt: skip
def judge_rows(
    state: Scores, series: Any, raw: Any, targets: Any, forecasts: Any, forgetting: float,
    scored: Any, brier_scores: Any, log_losses: Any,
) -> None:  # fmt: skip
    """Judge R bars of the series named row by row: R raw labels, R by K targets, R by H by K forecasts.

    Writes, as of after the row, how many forecasts were judged (R, H), and the means of the chain's and the Markov
    baseline's scores (R, H, 2); NaN where none was.
    """
    for row in range(len(series)):
        n = series[row]
        judge(state, n, raw[row], targets[row], forecasts[row], forgetting)
        for h in range(len(_HORIZONS)):
            scored[row, h] = state.scored[n, h]
            for f in range(2):
                known = state.scored[n, h] > 0
                brier_scores[row, h, f] = state.brier[n, h, f] if known else np.nan
                log_losses[row, h, f] = state.log_loss[n, h, f] if known else np.nan
