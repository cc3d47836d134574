"""The newest book of every instrument as of a frame: whether it is valid, how old it is and how it leans.

Trades and the venue's own ticker do not vouch for the rebuilt book, so only SNAPSHOT, DEPTH and RESET rows count.
Cost: 10 ns per tick row.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from market.schema import Kind
from operators.kernel import boolean, column, float64, int64, kernel, output, state_type

SNAPSHOT, DEPTH, RESET = int(Kind.SNAPSHOT), int(Kind.DEPTH), int(Kind.RESET)


class Books(NamedTuple):
    """State, one entry per instrument id."""

    time: NDArray[np.int64]  # receive time of its newest book row, ns; 0 before the first
    valid: NDArray[np.bool_]
    imbalance: NDArray[np.float64]  # −1 … 1; 0 while not valid


def empty(instruments: int) -> Books:
    """No instrument has a book yet."""
    return Books(np.zeros(instruments, np.int64), np.zeros(instruments, np.bool_), np.zeros(instruments))


@kernel(state_type(empty(1)), column(types.int32), column(types.int32), column(types.int8), column(int64),
        column(boolean), column(float64), int64, int64)  # fmt: skip
def advance(
    state: Books, instruments: Any, frames: Any, kinds: Any, times: Any, valid: Any, imbalance: Any, row: int, last: int
) -> Any:
    """Take the tick rows from `row` on, up to and with frame `last`; return the first row not taken."""
    while row < len(frames) and frames[row] <= last:
        if kinds[row] == SNAPSHOT or kinds[row] == DEPTH or kinds[row] == RESET:
            n = instruments[row]
            sound = valid[row] and np.isfinite(imbalance[row])
            state.time[n] = times[row]
            state.valid[n] = sound
            state.imbalance[n] = imbalance[row] if sound else 0.0
        row += 1
    return row


@kernel(column(types.int32), column(types.int8), output(int64))
def newest_rows(instruments: Any, kinds: Any, newest: Any) -> None:
    """Write the number of each instrument's last book row; instruments without one keep what `newest` holds."""
    for row in range(len(instruments)):
        if kinds[row] == SNAPSHOT or kinds[row] == DEPTH or kinds[row] == RESET:
            newest[instruments[row]] = row
