"""The newest book of every instrument as of a frame: whether it is valid, how old it is and how it leans.

Trades and the venue's own ticker do not vouch for the rebuilt book, so only SNAPSHOT, DEPTH and RESET rows count.
Cost: 10 ns per tick row.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from market.schema import Kind
from operators.features import order_flow
from operators.features.rows import AGGREGATE_TRADE, TRADE
from operators.kernel import TICKS, float64, int8, int64, kernel, output, rows_type, state_type

SNAPSHOT, DEPTH, RESET = int(Kind.SNAPSHOT), int(Kind.DEPTH), int(Kind.RESET)


class Books(NamedTuple):
    """State, one entry per instrument id."""

    time: NDArray[np.int64]  # receive time of its newest book row, ns; 0 before the first
    valid: NDArray[np.bool_]
    imbalance: NDArray[np.float64]  # −1 … 1; 0 while not valid


def empty(instruments: int) -> Books:
    """No instrument has a book yet."""
    return Books(np.zeros(instruments, np.int64), np.zeros(instruments, np.bool_), np.zeros(instruments))


@kernel(state_type(empty(1)), TICKS, rows_type(order_flow.COLUMNS), int64, int64)
def advance(state: Books, ticks: Any, flow: Any, row: int, last: int) -> Any:
    """Take the tick rows from `row` on, up to and with frame `last`; return the first row not taken."""
    while row < len(ticks) and ticks[row]["frame"] <= last:
        tick = ticks[row]
        if tick["kind"] in (SNAPSHOT, DEPTH, RESET):
            n, imbalance = tick["instrument"], flow[row]["imbalance"]
            sound = tick["valid"] and np.isfinite(imbalance)
            state.time[n] = tick["receive_time"]
            state.valid[n] = sound
            state.imbalance[n] = imbalance if sound else 0.0
        row += 1
    return row


@kernel(TICKS, output(int64))
def newest_rows(ticks: Any, newest: Any) -> None:
    """Write the number of each instrument's last book row; instruments without one keep what `newest` holds."""
    for row in range(len(ticks)):
        if ticks[row]["kind"] in (SNAPSHOT, DEPTH, RESET):
            newest[ticks[row]["instrument"]] = row


@kernel(TICKS, output(float64), output(int64), output(int8))
def traded_sizes(ticks: Any, sizes: Any, times: Any, kinds: Any) -> None:
    """Add the sizes of each instrument's trades in the book, write the newest receive time of one, and their kind.

    Where `trade` and `aggregate_trade` tell of the same matches, those of the kind that comes first count.
    """
    for row in range(len(ticks)):
        tick = ticks[row]
        if tick["kind"] in (TRADE, AGGREGATE_TRADE) and not tick["off_book"] and tick["size"] > 0.0:
            n = tick["instrument"]
            if kinds[n] == 0 or kinds[n] == tick["kind"]:
                kinds[n] = tick["kind"]
                sizes[n] += tick["size"]
                times[n] = max(times[n], tick["receive_time"])
