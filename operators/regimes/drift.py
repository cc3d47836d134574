"""River's drift detectors on what is known of a bar: when did a feature, or the error of the forecasts, last change?

Three ways to see it, in River's own objects, one of each per series and watched value:
- adwin: the means of an old and a new part of an adaptive window differ. Bifet, Gavaldà (2007), Learning from
  time-changing data with adaptive windowing, doi:10.1137/1.9781611972771.42. Looks every 32 bars.
- page_hinkley: cumulative departures from the mean pass a threshold. Page (1954), Continuous inspection schemes,
  doi:10.1093/biomet/41.1-2.100.
- kswin: the distributions of the last 30 and of 30 out of the 70 values before differ by Kolmogorov and Smirnov. Raab,
  Heusinger, Schleif (2020), Reactive soft prototype computing, doi:10.1016/j.neucom.2019.11.111.

Every value is standardised by its own mean and deviation with a half-life of HALF_LIFE_BARS, as known before it, and
brought within ±LARGEST standard deviations, so that thresholds mean the same for all; adwin, whose bound wants values
0 … 1, gets the normal share below it. NaN: not known, nobody looks. Warm-up: WARM_UP_BARS values.

Alarms per 1000 independent values of one distribution: adwin 0.0, page_hinkley 0.2, kswin 0.3 per 1000 of its looks.
Bars until the mean is seen to have moved by one standard deviation: adwin 70, page_hinkley 23, kswin 28 looks.

Cost per value: 3 µs, and 400 µs for each look of kswin, which is why it takes every `kswin_every`-th value only: by
KSWIN_EVERY, 7 µs a bar of seconds, 20 µs of minutes, 400 µs of hours and days, for each value. Memory: 10 KB.
Deterministic: kswin draws its 30 values by SEED; all state can be pickled and goes on as it would have.
"""

from dataclasses import dataclass, field
from math import isfinite, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from river import drift

from operators.regimes.normal_score import share_of

WATCHED = ("size", "return", "product", "forecast_error")
DETECTORS = ("adwin", "page_hinkley", "kswin")
NEVER = -1  # bars since an alarm there has not been
KSWIN_EVERY = {"ultra_short": 60, "short": 20, "medium": 1, "long": 1}  # bars, by regime timeframe
HALF_LIFE_BARS = 2000.0
WARM_UP_BARS = 30
LARGEST = 4.0
SEED = 1
ADWIN_DELTA = 0.05
ALLOWANCE, THRESHOLD = 0.25, 18.0  # of page_hinkley, standard deviations
KSWIN_LEVEL = 1e-3  # p-value of an alarm

Float64Array = NDArray[np.float64]
Int64Array = NDArray[np.int64]


@dataclass
class Watch:
    """One value of one series: its moments, its detectors and how long ago each of them gave an alarm."""

    seen: int = 0
    mean: float = 0.0
    variance: float = 0.0
    adwin: Any = field(default_factory=lambda: drift.ADWIN(delta=ADWIN_DELTA))  # type: ignore[no-untyped-call]
    page_hinkley: Any = field(default_factory=lambda: drift.PageHinkley(delta=ALLOWANCE, threshold=THRESHOLD))
    kswin: Any = field(default_factory=lambda: drift.KSWIN(alpha=KSWIN_LEVEL, seed=SEED))
    since: list[int] = field(default_factory=lambda: [NEVER] * len(DETECTORS))


Drifts = list[list[Watch]]  # by series and watched value


def empty(series: int, values: int) -> Drifts:
    """Before the first bar."""
    return [[Watch() for _ in range(values)] for _ in range(series)]


def advance(
    state: Drifts, series: Int64Array, values: Float64Array, since: Int64Array, *, kswin_every: int = 20
) -> None:
    """Take one bar per row of `values`, rows by values; write into `since`, rows by values by DETECTORS.

    since: bars from the last alarm of each detector to this one, 0 for an alarm at this bar, NEVER before any.
    """
    if kswin_every < 1:
        raise ValueError(f"kswin_every must be at least 1, got {kswin_every}")
    for row, (n, known) in enumerate(zip(series.tolist(), values.tolist(), strict=True)):
        for place, value in enumerate(known):
            watch = state[n][place]
            watch.since = [NEVER if bars == NEVER else bars + 1 for bars in watch.since]
            if isfinite(value):
                _take(watch, value, kswin_every)
            since[row, place] = watch.since


def watched(returns: Float64Array, before: Float64Array, shortfalls: Float64Array) -> Float64Array:
    """Values to watch, rows by WATCHED: changes of volatility, drift, dependence, and of how well bars are forecast.

    returns: of each bar, in any unit; before: of the bar before, of the same series; shortfalls: expected less observed
    log density of each bar (operators/regimes/anomaly.py), or any other error of a forecast.
    """
    return np.stack([np.abs(returns), returns, returns * before, shortfalls], axis=1)


def _take(watch: Watch, value: float, kswin_every: int) -> None:
    """Show a value to the detectors, then let it into the moments."""
    z = _standardised(watch, value)
    if watch.seen >= WARM_UP_BARS and watch.variance > 0.0:
        _show(watch, 0, watch.adwin, share_of(z))
        _show(watch, 1, watch.page_hinkley, z)
        if watch.seen % kswin_every == 0:
            _show(watch, 2, watch.kswin, z)
    watch.seen += 1
    weight = max(1.0 / watch.seen, 1.0 - 0.5 ** (1.0 / HALF_LIFE_BARS))
    away = value - watch.mean if watch.seen <= WARM_UP_BARS else z * sqrt(watch.variance)
    watch.mean += weight * away
    watch.variance = (1.0 - weight) * (watch.variance + weight * away * away)


def _standardised(watch: Watch, value: float) -> float:
    """Standard deviations from the mean, at most LARGEST."""
    if watch.variance <= 0.0:
        return 0.0
    return min(max((value - watch.mean) / sqrt(watch.variance), -LARGEST), LARGEST)


def _show(watch: Watch, number: int, detector: Any, value: float) -> None:
    """Let a detector look at a value, and remember its alarm. River forgets the past of a detector that gave one."""
    detector.update(value)
    if detector.drift_detected:
        watch.since[number] = 0
