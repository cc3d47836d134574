"""How likely it is that a market is in none of the regimes known: a score 0 … 1 per bar, from how the forecasts fail.

Being well forecast is one hidden state, each way to be forecast badly another, and the score is the filtered
probability of not being in the first: Hamilton's filter, as for the regimes themselves. With z the normal score of the
bar in its forecast, which is standard normal while the forecasts are right (operators/regimes/normal_score.py):

    known       z ~ N(0, 1)          up, down                z ~ N(±SHIFT, 1)
    wide        z ~ N(0, WIDE²)      persistent, alternating z ~ N(±LINK z of the bar before, 1 − LINK²)
    narrow      z ~ N(0, NARROW²)    unlikely                z ~ N(0, 1), share ~ 1 / (2 √share)

Mean, variance and dependence are what Berkowitz (2001) tests, doi:10.1198/07350010152596718. The last state hears what
the return cannot tell, where forecasts are of more than it: `shortfall`, how much lower the log density of the bar was
than it was expected to be, enters as the share of bars that fell short by more, in its own long-run distribution.

False alarms (score above 0.5) where forecasts are right: 0.1 per 1000 bars. Bars until an alarm: 16 where deviations
are twice as large as forecast, 13 where a third, 17 where off by one, 42 where linked by 0.6. An anomaly begins every
`onset_bars`; z is brought within ±LARGEST_SCORE and shares above LEAST_SHARE, so that one bar alone is none.

The long-run distribution is a histogram with a half-life of HALF_LIFE_BARS, learned as far as the score says that the
bar is normal, at least LEAST_LESSON of it; its shares count once WARM_UP_BARS bars have taught it.
NaN in `pits`: no observation; the score only drifts back to its mean. NaN in `shortfalls`: not known, told by z alone.
Warm-up: none of its own; give NaN while the forecasts have one. Cost: 0.2 µs per bar, 1.1 KB per series.
"""

from dataclasses import dataclass
from math import exp, isfinite, log, sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from operators.kernel import column, float64, int8, int64, kernel, output, part, rows_type, state_type
from operators.regimes.normal_score import score_of

KINDS = ("known", "wide", "narrow", "up", "down", "persistent", "alternating", "unlikely")
KNOWN, UNLIKELY = 0, KINDS.index("unlikely")
WIDE, NARROW, SHIFT, LINK = 2.0, 1.0 / 3.0, 1.0, 0.6
LARGEST_SCORE = 4.0
LEAST_SHARE = 1e-3
LOWEST, BIN, BINS = -4.0, 0.125, 128  # of the histogram, nats
HALF_LIFE_BARS = 2000.0
WARM_UP_BARS = 200.0
LEAST_LESSON = 0.1

Float64Array = NDArray[np.float64]


@dataclass(frozen=True)
class Parameters:
    """What may be changed."""

    onset_bars: float = 5000.0  # bars from one anomaly to the next, on average
    stay_bars: float = 50.0  # bars that one lasts

    def __post_init__(self) -> None:
        if not 1 < self.stay_bars < self.onset_bars:
            raise ValueError(f"stay_bars must be 1 … onset_bars, got {self.stay_bars} of {self.onset_bars}")


DEFAULTS = Parameters()
RULES = np.dtype([("onset", np.float64), ("end", np.float64)])  # probabilities per bar


class Anomalies(NamedTuple):
    """State of N series; inner values stay finite."""

    probability: Float64Array  # N by KINDS
    score: Float64Array  # N, z of the newest bar; 0: none
    histogram: Float64Array  # N by BINS, discounted bars by shortfall


def empty(series: int) -> Anomalies:
    """Before the first bar: all is known."""
    probability = np.zeros((series, len(KINDS)))
    probability[:, KNOWN] = 1.0
    return Anomalies(probability, np.zeros(series), np.zeros((series, BINS)))


def rules(parameters: Parameters = DEFAULTS) -> NDArray[np.void]:
    """The parameters as the one row of RULES that the kernel reads."""
    return np.array([(1.0 / parameters.onset_bars, 1.0 / parameters.stay_bars)], RULES)


@part
def _drift(p: Any, rule: Any) -> None:
    """One bar passes: anomalies begin, all kinds alike, and end."""
    known, kinds = p[KNOWN], len(p) - 1
    ended = 0.0
    for k in range(1, kinds + 1):
        ended += p[k] * rule["end"]
        p[k] += known * rule["onset"] / kinds - p[k] * rule["end"]
    p[KNOWN] += ended - known * rule["onset"]


@part
def _log_ratio(z: float, mean: float, deviation: float) -> float:
    """log of N(z; mean, deviation²) / N(z; 0, 1)."""
    away = (z - mean) / deviation
    return 0.5 * (z * z - away * away) - log(deviation)


@part
def _judge(p: Any, z: float, before: float, share: float) -> None:
    """Weigh every kind by what it says of the bar; share NaN: it is not known."""
    spread = sqrt(1.0 - LINK * LINK)
    p[1] *= exp(_log_ratio(z, 0.0, WIDE))
    p[2] *= exp(_log_ratio(z, 0.0, NARROW))
    p[3] *= exp(_log_ratio(z, SHIFT, 1.0))
    p[4] *= exp(_log_ratio(z, -SHIFT, 1.0))
    if before != 0.0:
        p[5] *= exp(_log_ratio(z, LINK * before, spread))
        p[6] *= exp(_log_ratio(z, -LINK * before, spread))
    if isfinite(share):
        p[UNLIKELY] *= 0.5 / sqrt(max(share, LEAST_SHARE))
    total = 0.0
    for k in range(len(p)):
        total += p[k]
    for k in range(len(p)):
        p[k] /= total


@part
def _share(histogram: Any, shortfall: float) -> float:
    """Share of bars that fell short by more, linear within a bin; NaN until there are enough."""
    place = min(max((shortfall - LOWEST) / BIN, 0.0), BINS - 1e-9)
    own = int(place)
    more, total = histogram[own] * (own + 1 - place), 0.0
    for i in range(BINS):
        total += histogram[i]
        more += histogram[i] if i > own else 0.0
    return more / total if total >= WARM_UP_BARS else np.nan


@part
def _learn(histogram: Any, shortfall: float, weight: float) -> None:
    """Let a bar of some weight into the long-run distribution; all others weigh that much less."""
    keep = 0.5 ** (weight / HALF_LIFE_BARS)
    for i in range(BINS):
        histogram[i] *= keep
    histogram[int(min(max((shortfall - LOWEST) / BIN, 0.0), BINS - 1e-9))] += weight


@kernel(state_type(empty(1)), rows_type(RULES), column(int64), column(float64), column(float64), output(float64),
        output(int8))  # fmt: skip
def advance(state: Anomalies, settings: Any, series: Any, pits: Any, shortfalls: Any, scores: Any, kinds: Any) -> None:
    """Take one bar per row; write the score, and the place in KINDS of the likeliest anomaly where it is above 0.5.

    pits: share 0 … 1 of the forecast below the observation; shortfalls: expected less observed log density, nats.
    """
    for row in range(len(pits)):
        n = series[row]
        p = state.probability[n]
        _drift(p, settings[0])
        z = 0.0
        if isfinite(pits[row]):
            z = min(max(score_of(pits[row]), -LARGEST_SCORE), LARGEST_SCORE)
            known = isfinite(shortfalls[row])
            share = _share(state.histogram[n], shortfalls[row]) if known else np.nan
            _judge(p, z, state.score[n], share)
            if known:
                _learn(state.histogram[n], shortfalls[row], max(p[KNOWN], LEAST_LESSON))
        state.score[n] = z
        scores[row] = min(max(1.0 - p[KNOWN], 0.0), 1.0)
        kinds[row] = 1 + p[1:].argmax() if scores[row] > 0.5 else KNOWN
