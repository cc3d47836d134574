"""P(regime in h bars) of one view of one series: our filter's own forecast and River's classifiers, weighed by merit.

What is to be foretold is the label that we will hold h bars later. At a bar, its label is known and so the forecasts
of h bars before can be judged and learned from, in this order; then everyone forecasts the label h bars on from the
bar's features. Nobody is ever shown a label before its bar.

    w_m ∝ prior_m exp(−L_m / h),   L_m = Σ_s 2^{−(t − s) / HALF_LIFE_BARS} · Σ_k y_s,k −log p_m,s(k),   p = Σ_m w_m p_m

Dynamic model averaging: Raftery, Kárný, Ettler (2010), Online prediction under model uncertainty via dynamic model
averaging, doi:10.1198/TECH.2009.08104. Losses count by 1 / h, for forecasts of h bars overlap in all but one of them.
The filter has half the prior, the classifiers share the rest. Every classifier's forecast is mixed with UNIFORM of the
uniform one, so that none loses for ever by a single certainty.

Features are dimensionless numbers (returns in deviations, logs of volatility, imbalances); they are brought within
±LARGEST, and what is not finite is left out of its bar. The log odds of the filter's forecast are features too, so that
a classifier can correct it where it errs in the same way again and again. Warm-up: until h bars have been judged, the
weights are the prior's; a member that has learned nothing forecasts what is uniform.
Cost: the members' (members.py) and 10 µs.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, isfinite, log
from typing import Any

from operators.regimes.river.members import member

UNKNOWN = -1  # label of a bar in warm-up
HALF_LIFE_BARS = 500.0
FILTERS_PRIOR = 0.5
UNIFORM = 0.02
LEAST_PROBABILITY = 1e-6
LARGEST = 10.0

Forecast = list[float]  # a probability per regime


@dataclass
class Ensemble:
    """State of one series and view."""

    horizon_bars: int
    regimes: int
    members: list[Any]
    losses: list[float]  # L, the filter's first
    pending: deque[tuple[dict[str, float], list[Forecast]] | None]  # the last h bars, oldest first; None: no forecast


def empty(members: Sequence[str], *, regimes: int, horizon_bars: int) -> Ensemble:
    """Before the first bar; members as operators/regimes/river/members.py names them."""
    if horizon_bars < 1 or regimes < 2:
        raise ValueError(f"horizon_bars must be at least 1 and regimes 2, got {horizon_bars} and {regimes}")
    made = [member(name) for name in members]
    return Ensemble(horizon_bars, regimes, made, [0.0] * (1 + len(made)), deque([None] * horizon_bars, horizon_bars))


def take(
    state: Ensemble,
    features: Mapping[str, float],
    label: int,
    forecast: Sequence[float],
    believed: Sequence[float] = (),
) -> Forecast:
    """Take a bar and say P(regime h bars later).

    label: number of the regime held at this bar, UNKNOWN in warm-up; forecast: the filter's own P(regime h bars later),
    a NaN first where it has none, and then so is the answer; believed: probability of each regime at this bar, by which
    forecasts are judged, all of it the label's if none. Judged by labels that are held long, whoever is surest of them
    would win, not who is right about the market.
    """
    due = state.pending[0]
    if due is not None and label != UNKNOWN:
        _judge(state, due[1], believed or [float(k == label) for k in range(state.regimes)])
        for classifier in state.members:
            classifier.learn_one(due[0], label)
    if not isfinite(forecast[0]):
        state.pending.append(None)
        return [float("nan")] * state.regimes
    known = _known(features, forecast)
    forecasts = [list(forecast), *(_forecast(classifier, known, state.regimes) for classifier in state.members)]
    state.pending.append((known, forecasts))
    shares = weights(state)
    return [sum(w * p[k] for w, p in zip(shares, forecasts, strict=True)) for k in range(state.regimes)]


def weights(state: Ensemble) -> list[float]:
    """w, the filter's first; they sum to 1."""
    others = len(state.members)
    prior = [FILTERS_PRIOR if others else 1.0] + [(1.0 - FILTERS_PRIOR) / max(others, 1)] * others
    least = min(state.losses)
    merits = [p * exp((least - loss) / state.horizon_bars) for p, loss in zip(prior, state.losses, strict=True)]
    total = sum(merits)
    return [merit / total for merit in merits]


def _judge(state: Ensemble, forecasts: Sequence[Forecast], truth: Sequence[float]) -> None:
    keep = 0.5 ** (1.0 / HALF_LIFE_BARS)
    for m, forecast in enumerate(forecasts):
        loss = sum(share * -log(max(p, LEAST_PROBABILITY)) for share, p in zip(truth, forecast, strict=True))
        state.losses[m] = keep * state.losses[m] + loss


def _known(features: Mapping[str, float], forecast: Sequence[float]) -> dict[str, float]:
    """The finite features, in the order of their names, and the log odds of the filter's forecast."""
    finite = (name for name in sorted(features) if isfinite(features[name]))
    known = {name: min(max(float(features[name]), -LARGEST), LARGEST) for name in finite}
    first = log(max(forecast[0], LEAST_PROBABILITY))
    return known | {f"forecast_{k}": log(max(p, LEAST_PROBABILITY)) - first for k, p in enumerate(forecast) if k > 0}


def _forecast(classifier: Any, known: dict[str, float], regimes: int) -> Forecast:
    """A classifier's probabilities; what it leaves out, or is not a number, is shared alike."""
    found = classifier.predict_proba_one(known)
    raw = [found.get(k, 0.0) for k in range(regimes)]
    total = sum(raw)
    if not (isfinite(total) and total > 0.0):
        return [1.0 / regimes] * regimes
    return [(1.0 - UNIFORM) * p / total + UNIFORM / regimes for p in raw]
