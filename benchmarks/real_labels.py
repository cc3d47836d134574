"""What hindsight says about real series, for benchmarks/real_data.py: recessions, bear markets, volatility.

Every label uses what came later and is for scoring only.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.real_series import Floats, Integers, Series

# Months in which a recession of the NBER's chronology began and ended, first and last day.
RECESSIONS = (("1990-07-01", "1991-03-31"), ("2001-03-01", "2001-11-30"), ("2007-12-01", "2009-06-30"))
TURN = 0.20  # fall from the peak, or rise from the trough, that makes a market turn
HALF_WINDOW = 20  # bars on each side of the one whose volatility is told
SHARE = 0.67  # of past volatility that is below high
FIRST_QUANTILE = 250
QUANTILES = 5000  # at most so many are computed over a series


def volatility_labels(series: Series) -> Iterator[tuple[str, Integers]]:
    """ "volatility": centred volatility above the 67 % quantile of its own past; "of all": of the whole series.

    The first needs hindsight for the 20 bars around only, so it could be known in principle; the second cannot.
    Volatility of day-time is taken out first, with hindsight too.
    """
    centred = np.sqrt(_centred_mean(series.variance / _season(series) ** 2))
    yield "volatility", (centred > past_quantile(centred, HALF_WINDOW)).astype(np.int64)
    yield "of all", (centred > np.quantile(centred, SHARE)).astype(np.int64)


def _season(series: Series) -> Floats:
    """Root mean square of the clipped returns of each bar's slot over the whole series, 1 on average."""
    if series.slot_count == 1:
        return np.ones(len(series.returns))
    size = np.minimum(np.abs(series.returns), np.quantile(np.abs(series.returns), 0.99))
    count = np.bincount(series.slots, minlength=series.slot_count)
    profile = np.sqrt(np.bincount(series.slots, size**2, series.slot_count) / np.maximum(count, 1))
    profile = _circular_mean(profile, count, max(1, series.slot_count // 24))
    return np.asarray(profile[series.slots] / np.sqrt(np.mean(profile[series.slots] ** 2)))


def _circular_mean(profile: Floats, count: NDArray[np.integer], reach: int) -> Floats:
    """Mean over the slots within `reach` on either side, by their returns: an hour in all; hours stay as they are."""
    if reach <= 1:
        return np.maximum(profile, profile[profile > 0].min())
    shifts = range(-(reach // 2), reach // 2 + 1)
    total = sum(np.roll(count * profile**2, shift) for shift in shifts)
    return np.asarray(np.sqrt(total / sum(np.roll(count, shift) for shift in shifts)))


def _centred_mean(values: Floats) -> Floats:
    padded = np.pad(values, HALF_WINDOW, mode="edge")
    sums = np.cumsum(np.append(0.0, padded))
    width = 2 * HALF_WINDOW + 1
    return np.asarray(np.maximum(sums[width:] - sums[:-width], 0.0) / width)


def past_quantile(values: Floats, lag: int, step: int = 1) -> Floats:
    """SHARE quantile of the values more than `lag` bars old, of the first FIRST_QUANTILE at the beginning.

    Computed anew every `step` bars, or less often where the series is long.
    """
    step = max(step, len(values) // QUANTILES)
    quantile = np.empty(len(values))
    for bar in range(0, len(values), step):
        quantile[bar : bar + step] = np.quantile(values[: max(bar - lag, FIRST_QUANTILE)], SHARE)
    return quantile


def bull_markets(close: Floats) -> Integers:
    """1 from a trough to the next peak, 0 from a peak to the next trough; turns of 20 %.

    Lunde, Timmermann (2004), Duration dependence in stock prices, doi:10.1198/073500104000000136.
    """
    labels = np.ones(len(close), np.int64)
    rising, extreme, turned = True, 0, 0
    for bar, price in enumerate(close):
        if (price >= close[extreme]) == rising or price == close[extreme]:
            extreme = bar
        elif price <= close[extreme] * (1 - TURN) if rising else price >= close[extreme] * (1 + TURN):
            labels[turned:extreme] = rising
            rising, turned, extreme = not rising, extreme, bar
    labels[turned:] = rising
    return labels


def expansions(dates: NDArray[np.datetime64]) -> Integers:
    """0 in a recession of the NBER, else 1."""
    days = dates.astype("datetime64[D]")
    within = [(days >= np.datetime64(first)) & (days <= np.datetime64(last)) for first, last in RECESSIONS]
    return np.asarray(~np.logical_or.reduce(within), np.int64)
