"""Trades that were received twice: sockets overlap at a rotation, recordings at their ends, and recorders repeat lines.

A trade is told by its id, per instrument and kind. Remembered is, in one bit each, which of REMEMBERED_IDS consecutive
ids have come; these move, no further than they must, to where the newest trade is, up or down. So among any
REMEMBERED_IDS consecutive ids every repetition is found, and no trade is ever taken for another: an id that comes again
after others so far away counts again.
Cost: 0.01 µs per trade and 1 µs per batch; memory 1 KiB per instrument and kind of trade.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from market.batch import Events
from market.schema import Kind
from operators.kernel import EVENTS, int64, kernel, out_type, output, part

REMEMBERED_IDS = 8_192  # a rotation repeats up to 1 s; the busiest instruments trade some thousand times in one
TRADE, AGGREGATE_TRADE = int(Kind.TRADE), int(Kind.AGGREGATE_TRADE)
STATE = np.dtype(
    [
        ("lowest", np.int64, (2,)),  # of the ids remembered; trades, aggregate trades
        ("came", np.uint8, (2, REMEMBERED_IDS // 8)),  # bit n mod REMEMBERED_IDS: whether id n has come
    ]
)
Remembered = NDArray[np.void]


def empty(instruments: int) -> Remembered:
    """No trade yet."""
    return np.zeros(instruments, STATE)


def repeated(remembered: Remembered, events: Events) -> NDArray[np.int64]:
    """Positions of the trades that came before; the other trades are remembered."""
    positions = np.empty(len(events), np.int64)
    return positions[: mark(remembered, events, positions)]


@part
def forget(came: Any, low: int, count: int) -> None:
    """Forget `count` consecutive ids."""
    if count >= REMEMBERED_IDS:
        came[:] = 0
        return
    for number in range(low, low + count):
        place = number % REMEMBERED_IDS
        came[place >> 3] &= ~(1 << (place & 7)) & 0xFF


@part
def moved(came: Any, lowest: int, number: int) -> int:
    """The lowest id remembered once `number` is among them."""
    if number < lowest:
        forget(came, number, lowest - number)
        return number
    beyond = number - (lowest + REMEMBERED_IDS - 1)
    if beyond <= 0:
        return lowest
    forget(came, lowest, beyond)
    return lowest + beyond


@kernel(out_type(STATE), EVENTS, output(int64), counted=False)
def mark(remembered: Any, events: Any, positions: Any) -> int:
    """Write the positions of repeated trades; returns how many there are."""
    found, position = 0, 0
    while position < len(events):
        event = events[position]
        if event["kind"] == TRADE or event["kind"] == AGGREGATE_TRADE:
            column = 0 if event["kind"] == TRADE else 1
            row, number = remembered[event["instrument"]], event["sequence"]
            came = row["came"][column]
            row["lowest"][column] = moved(came, row["lowest"][column], number)
            place = number % REMEMBERED_IDS
            if came[place >> 3] >> (place & 7) & 1:
                positions[found] = position
                found += 1
            came[place >> 3] |= 1 << (place & 7)
        position += 1 + event["levels"]
    return found
