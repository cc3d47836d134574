"""Trades that were received twice: sockets overlap at a rotation, recordings at their ends, and recorders repeat lines.

A trade is told by its id, per instrument and kind; one without an id (NO_SEQUENCE) never came before. There are two
memories, by what the venue's ids are (`venue.capability.trade_ids`):

- dense: which of REMEMBERED_IDS consecutive ids have come, in one bit each; these move, no further than they must, to
  where the newest trade is, up or down. So among any REMEMBERED_IDS consecutive ids every repetition is found, and no
  trade is ever taken for another: an id that comes again after others so far away counts again.
- scattered (hashes, or in no order): the REMEMBERED_IDS newest ids that differ, in a ring, with a table that finds them
  (open addressing, Knuth, The Art of Computer Programming 3, 6.4, algorithms L and R). Every repetition among so many
  newest ids is found. No id is taken for another; two that a venue hashes to one number (venues/ids.py) are one trade
  here: with 63 bits, once in 1e15.

Cost: dense 0.01 µs per trade and 1 µs per batch, 2 KiB per instrument; scattered 0.06 µs and 3 µs, and 96 KiB for each
instrument and kind that has trades at all.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from market.batch import Events
from market.schema import Kind
from operators.kernel import EVENTS, int32, int64, kernel, out_type, output, part

REMEMBERED_IDS = 8_192  # a rotation repeats up to 1 s; the busiest instruments trade some thousand times in one
TABLE_BITS = 14  # twice as many places as ids
TABLE_MASK = (1 << TABLE_BITS) - 1
LOW_HALF = (1 << 32) - 1
TRADE, AGGREGATE_TRADE = int(Kind.TRADE), int(Kind.AGGREGATE_TRADE)
STATE = np.dtype(
    [
        ("lowest", np.int64, (2,)),  # of the ids remembered; trades, aggregate trades
        ("came", np.uint8, (2, REMEMBERED_IDS // 8)),  # bit n mod REMEMBERED_IDS: whether id n has come
    ]
)
SCATTERED = np.dtype(
    [
        ("count", np.int64),  # ids that came so far; the next goes to count mod REMEMBERED_IDS of the ring
        ("ids", np.int64, (REMEMBERED_IDS,)),  # the ring
        ("table", np.uint16, (1 << TABLE_BITS,)),  # place in the ring + 1 of an id, at its home or after; 0: free
    ]
)


@dataclass
class Remembered:
    """The trades that came; rows by instrument but for `scattered`."""

    dense: NDArray[np.void]
    rows: NDArray[np.int32]  # by kind: row of `scattered`, −1 for none yet
    scattered: NDArray[np.void]


def empty(instruments: int) -> Remembered:
    """No trade yet."""
    return Remembered(np.zeros(instruments, STATE), np.full((instruments, 2), -1, np.int32), np.zeros(0, SCATTERED))


def repeated(remembered: Remembered, events: Events, *, scattered: bool = False) -> NDArray[np.int64]:
    """Positions of the trades that came before; the other trades are remembered."""
    positions = np.empty(len(events), np.int64)
    if not scattered:
        return positions[: mark(remembered.dense, events, positions)]
    used = int(remembered.rows.max(initial=-1)) + 1
    missing = make_rows(remembered.rows, events, used) - len(remembered.scattered)
    if missing > 0:
        more = np.zeros(max(missing, used // 4), SCATTERED)
        remembered.scattered = np.concatenate([remembered.scattered, more])
    return positions[: mark_scattered(remembered.rows, remembered.scattered, events, positions)]


@part
def column_of(kind: int) -> int:
    """0 for trades, 1 for aggregate trades, −1 for what is neither."""
    return 0 if kind == TRADE else 1 if kind == AGGREGATE_TRADE else -1


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
        column, number = column_of(event["kind"]), event["sequence"]
        if column >= 0 and number >= 0:
            row = remembered[event["instrument"]]
            came = row["came"][column]
            row["lowest"][column] = moved(came, row["lowest"][column], number)
            place = number % REMEMBERED_IDS
            if came[place >> 3] >> (place & 7) & 1:
                positions[found] = position
                found += 1
            came[place >> 3] |= 1 << (place & 7)
        position += 1 + event["levels"]
    return found


@part
def home(number: int) -> int:
    """Where an id belongs in the table: scattered, so that ids in order do not stand side by side in it.

    Its halves times odd numbers of 31 bits, which no int64 is too small for.
    """
    mixed = ((number & LOW_HALF) * 0x5851F42D) ^ ((number >> 32) * 0x4C957F2D)
    return ((mixed >> 17) ^ (mixed >> 40)) & TABLE_MASK


@part
def seek(ids: Any, table: Any, number: int) -> int:
    """The place in the table of an id, or the free one where it would go."""
    at = home(number)
    while table[at] != 0 and ids[table[at] - 1] != number:
        at = (at + 1) & TABLE_MASK
    return at


@part
def withdraw(ids: Any, table: Any, number: int) -> None:
    """Free the place of an id, and move up those after it that would not be found any more."""
    hole = seek(ids, table, number)
    at = (hole + 1) & TABLE_MASK
    while table[at] != 0:
        if ((at - home(ids[table[at] - 1])) & TABLE_MASK) >= ((at - hole) & TABLE_MASK):
            table[hole] = table[at]
            hole = at
        at = (at + 1) & TABLE_MASK
    table[hole] = 0


@part
def came_before(row: Any, number: int) -> bool:
    """Whether an id is among those remembered; it is from now on, in place of the oldest."""
    ids, table, count = row["ids"], row["table"], row["count"]
    if table[seek(ids, table, number)] != 0:
        return True
    place = count % REMEMBERED_IDS
    if count >= REMEMBERED_IDS:
        withdraw(ids, table, ids[place])
    ids[place] = number
    table[seek(ids, table, number)] = place + 1
    row["count"] = count + 1
    return False


ROWS = output(int32).copy(ndim=2)


@kernel(ROWS, EVENTS, int64, counted=False)
def make_rows(rows: Any, events: Any, count: int) -> int:
    """Give rows from `count` on to the instruments and kinds that have none; returns how many there are."""
    position = 0
    while position < len(events):
        event = events[position]
        column = column_of(event["kind"])
        if column >= 0 and rows[event["instrument"], column] < 0:
            rows[event["instrument"], column] = count
            count += 1
        position += 1 + event["levels"]
    return count


@kernel(ROWS, out_type(SCATTERED), EVENTS, output(int64), counted=False)
def mark_scattered(rows: Any, remembered: Any, events: Any, positions: Any) -> int:
    """As `mark`, where ids are scattered."""
    found, position = 0, 0
    while position < len(events):
        event = events[position]
        column, number = column_of(event["kind"]), event["sequence"]
        if column >= 0 and number >= 0 and came_before(remembered[rows[event["instrument"], column]], number):
            positions[found] = position
            found += 1
        position += 1 + event["levels"]
    return found
