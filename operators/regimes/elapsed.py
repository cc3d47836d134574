"""From bars to returns: one per bar that passed, NaN for each that never came or spans a hole.

A bar that is later than the newest of its series by several bars' length was preceded by bars that never came (nothing
traded, feed lost): they pass without a return, at most MOST_MISSING of them, and so does the return over the hole,
which is no one-bar return. A bar without a price has no return either. A bar that is not later is none.
"""

from math import isfinite, log
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from operators.kernel import column, float64, int64, kernel, output, state_type

MOST_MISSING = 100  # a longer hole tells of the states no more than that

Float64Array = NDArray[np.float64]
Int64Array = NDArray[np.int64]


class Newest(NamedTuple):
    """The newest bar of N series."""

    time: Int64Array  # ns; 0 before the first
    price: Float64Array  # 0 where it had none
    returns: Int64Array  # finite ones so far


class Passed(NamedTuple):
    """R bars as the B ≥ R bars that passed."""

    series: Int64Array  # (B,)
    returns: Float64Array  # (B,) log returns, NaN for none
    times: Int64Array  # (B,) close, ns
    rows: Int64Array  # which of the bars given were later than the newest
    places: Int64Array  # where each of those stands among the B
    seen: Int64Array  # finite returns of its series, up to and with it


def empty(series: int) -> Newest:
    """No bar yet."""
    return Newest(np.zeros(series, np.int64), np.zeros(series), np.zeros(series, np.int64))


@kernel(state_type(empty(1)), column(int64), column(int64), column(float64), int64,
        output(int64), output(float64), output(int64))  # fmt: skip
def step(
    state: Newest, series: Any, times: Any, prices: Any, interval: int, passed: Any, returns: Any, seen: Any
) -> None:
    """Row by row: how many bars have passed with this one, 0 if it is not later, and its return."""
    for row in range(len(times)):
        n = series[row]
        steps = 1 if state.time[n] == 0 else (times[row] - state.time[n] + interval // 2) // interval
        passed[row], returns[row] = min(max(steps, 0), MOST_MISSING + 1), np.nan
        if steps > 0:
            price = prices[row] if isfinite(prices[row]) and prices[row] > 0.0 else 0.0
            if steps == 1 and price > 0.0 and state.price[n] > 0.0:
                returns[row] = log(price / state.price[n])
                state.returns[n] += 1
            state.price[n], state.time[n] = price, times[row]
        seen[row] = state.returns[n]


def passed(state: Newest, series: Int64Array, times: Int64Array, prices: Float64Array, interval_ns: int) -> Passed:
    """Advance the series named row by row by bars that close at `times` with `prices` (NaN: none)."""
    counts, returns, seen = np.empty(len(times), np.int64), np.empty(len(times)), np.empty(len(times), np.int64)
    step(state, series, times, prices, interval_ns, counts, returns, seen)
    rows = np.flatnonzero(counts)
    places = np.cumsum(counts)[rows] - 1
    filled = np.full(int(counts.sum()), np.nan)
    filled[places] = returns[rows]
    back = np.repeat(np.cumsum(counts), counts) - 1 - np.arange(len(filled))
    return Passed(
        np.repeat(series, counts), filled, np.repeat(times, counts) - back * interval_ns, rows, places, seen[rows]
    )
