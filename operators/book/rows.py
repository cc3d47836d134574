"""What walking through messages writes: the columns of a tick frame, and what each message meant for its book."""

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Rows(NamedTuple):
    """What `walk` writes, one row per message: the columns of a tick frame, and what the message meant for its book."""

    instrument: NDArray[np.int32]
    frame: NDArray[np.int32]
    kind: NDArray[np.int8]
    exchange_time: NDArray[np.int64]
    receive_time: NDArray[np.int64]
    sequence: NDArray[np.int64]
    bid_price: NDArray[np.float64]
    bid_size: NDArray[np.float64]
    ask_price: NDArray[np.float64]
    ask_size: NDArray[np.float64]
    valid: NDArray[np.bool_]
    price: NDArray[np.float64]
    size: NDArray[np.float64]
    side: NDArray[np.int8]
    off_book: NDArray[np.bool_]
    verdict: NDArray[np.int8]  # Verdict
    event: NDArray[np.int64]  # position of the message in the events
    expected: NDArray[np.int64]  # update id the book stood at before the message
    since: NDArray[np.int64]  # good_time before the message


class Verdict(IntEnum):
    """What one message meant for the book of its instrument."""

    APPLIED = 0  # the book is at this message now; also trades and tickers, which change no book
    OLD = 1  # the snapshot already contains it; up to here there is nothing to tell
    PENDING = 2  # kept until a snapshot comes
    DUPLICATE = 3  # came before
    GAP = 4  # what it continues never came; kept like PENDING
    CROSSED = 5  # led to bid >= ask, or names a size that cannot be
    FULL = 6  # no room for its levels
    RESET = 7  # the feed was interrupted
    SETTLED = 8  # a snapshot made the book good
    TOO_OLD = 9  # a snapshot that the messages kept do not continue


def empty_rows(rows: int) -> Rows:
    """Room for that many rows."""
    widths = {"instrument": np.int32, "frame": np.int32, "kind": np.int8, "side": np.int8, "verdict": np.int8}
    exact = dict.fromkeys(("exchange_time", "receive_time", "sequence", "event", "expected", "since"), np.int64)
    types = {**widths, **exact, "valid": np.bool_, "off_book": np.bool_}
    return Rows(*(np.empty(rows, types.get(name, np.float64)) for name in Rows._fields))
