"""Whether the timeframes of an instrument tell the same story.

agreement = share, among the held labels of the other timeframes, of those equal to this timeframe's label of the same
view; views unknown here or there do not count, nor does a timeframe whose newest bar is later than this one (history
that was imported before coarser history); NaN where none is left to compare. Cost: T V comparisons.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from operators.kernel import column, float64, int64, kernel, output, part, state_type
from operators.regimes.decision import UNKNOWN_LABEL


class Newest(NamedTuple):
    """What was held last, by I instruments and T timeframes."""

    held: NDArray[np.int64]  # (I, T, V), UNKNOWN_LABEL where not known
    time: NDArray[np.int64]  # (I, T) close of that bar, ns


def empty(instruments: int, *, timeframes: int, views: int) -> Newest:
    """Nothing known."""
    held = np.full((instruments, timeframes, views), UNKNOWN_LABEL, np.int64)
    return Newest(held, np.zeros((instruments, timeframes), np.int64))


@part
def agreement(held: Any, time: Any, timeframe: int) -> float:
    """Of one instrument's T by V held labels and their T times: 0 … 1, or NaN."""
    same, compared = 0, 0
    for other in range(held.shape[0]):
        for view in range(held.shape[1]):
            here, there = held[timeframe, view], held[other, view]
            known = min(here, there) != UNKNOWN_LABEL and time[other] <= time[timeframe]
            if other != timeframe and known:
                compared += 1
                same += here == there
    return same / compared if compared else np.nan


@kernel(state_type(empty(1, timeframes=1, views=1)), column(int64), column(int64), column(int64),
        state_type(np.empty((1, 1), np.int64)), output(float64))  # fmt: skip
def agree_rows(state: Newest, instruments: Any, timeframes: Any, times: Any, held: Any, out: Any) -> None:
    """Take R by V held labels, each of one instrument, timeframe and close, in order; what each agrees with then."""
    for row in range(len(instruments)):
        n, timeframe = instruments[row], timeframes[row]
        state.time[n, timeframe] = times[row]
        for view in range(held.shape[1]):
            state.held[n, timeframe, view] = held[row, view]
        out[row] = agreement(state.held[n], state.time[n], timeframe)
