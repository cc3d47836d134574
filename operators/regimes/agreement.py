"""Whether the timeframes of an instrument tell the same story.

agreement = share, among the held labels of the other timeframes, of those equal to this timeframe's label of the same
view; views unknown here or there do not count; NaN where none is left to compare. A state per instrument of T
timeframes by V views holds the newest held labels, −1 where unknown. Cost: T V comparisons.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from operators.kernel import column, float64, int64, kernel, output, part, state_type
from operators.regimes.decision import UNKNOWN_LABEL


def empty(instruments: int, *, timeframes: int, views: int) -> NDArray[np.int64]:
    """Nothing known: I by T by V."""
    return np.full((instruments, timeframes, views), UNKNOWN_LABEL, np.int64)


@part
def agreement(held: Any, timeframe: int) -> float:
    """Of one instrument's T by V held labels: 0 … 1, or NaN."""
    same, compared = 0, 0
    for other in range(held.shape[0]):
        for view in range(held.shape[1]):
            here, there = held[timeframe, view], held[other, view]
            if other != timeframe and min(here, there) != UNKNOWN_LABEL:
                compared += 1
                same += here == there
    return same / compared if compared else np.nan


@kernel(state_type(np.empty((1, 1, 1), np.int64)), column(int64), column(int64),
        state_type(np.empty((1, 1), np.int64)), output(float64))  # fmt: skip
def agree_rows(state: Any, instruments: Any, timeframes: Any, held: Any, out: Any) -> None:
    """Take R by V held labels, each row of one instrument and timeframe, in order; what each agrees with then."""
    for row in range(len(instruments)):
        labels, timeframe = state[instruments[row]], timeframes[row]
        for view in range(held.shape[1]):
            labels[timeframe, view] = held[row, view]
        out[row] = agreement(labels, timeframe)
