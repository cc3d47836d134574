"""What walking through messages writes: TICK rows, BOOK rows, and what has to be told of a message. Parts of kernels.

Prices stay integer ticks until a row is written as `ticks × numerator / denominator`, which rounds once and so equals
the venue's own decimal text.
"""

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from market.batch import Structs
from market.schema import BOOK, NO_BOOK, TICK, Flag, Kind
from operators.book.checksum import NO_TEXT
from operators.book.window import cell_of
from operators.kernel import part


class Verdict(IntEnum):
    """What one message meant for the book of its instrument."""

    APPLIED = 0  # the book is at this message now; also trades and tickers, which change no book
    OLD = 1  # the snapshot already contains it; up to here there is nothing to tell
    NEAR = 2  # like APPLIED, but soon the touch will be where the snapshot told of nothing; kept like PENDING
    PENDING = 3  # kept until a snapshot comes
    DUPLICATE = 4  # came before
    GAP = 5  # what it continues never came; kept like PENDING
    CROSSED = 6  # led to bid >= ask where that means a fault, or names a size that cannot be
    EDGE = 7  # led to a touch where the snapshot told of nothing; kept like PENDING
    FULL = 8  # no room for its levels
    RESET = 9  # the feed was interrupted
    SETTLED = 10  # a snapshot made the book good
    TOO_OLD = 11  # a snapshot that the messages kept do not continue
    CHECKSUM = 12  # the venue's checksum is of another book
    OVERLAP = 13  # bid >= ask by the venue's own word: the book is kept, and shown when it is sound again
    SOUND = 14  # like APPLIED, after OVERLAP
    DOUBTED = 15  # also told beside another: a checksum cannot be verified from here on
    VERIFIED = 16  # and from here on it can


APPLIED, OLD, PENDING = int(Verdict.APPLIED), int(Verdict.OLD), int(Verdict.PENDING)
DUPLICATE, GAP, CROSSED = int(Verdict.DUPLICATE), int(Verdict.GAP), int(Verdict.CROSSED)
NEAR, EDGE = int(Verdict.NEAR), int(Verdict.EDGE)
RESET, SETTLED, CHECKSUM = int(Verdict.RESET), int(Verdict.SETTLED), int(Verdict.CHECKSUM)
OVERLAP, SOUND = int(Verdict.OVERLAP), int(Verdict.SOUND)
DOUBTED, VERIFIED = int(Verdict.DOUBTED), int(Verdict.VERIFIED)
OFF_BOOK, DEPTH, PICTURE = int(Flag.OFF_BOOK), int(Kind.DEPTH), int(Kind.PICTURE)

# One row per thing to tell of a message; two of one at most.
TOLD = np.dtype(
    [
        ("event", np.int64),  # position of the message in the events
        ("expected", np.int64),  # update id the book stood at before the message
        ("since", np.int64),  # receive time of the last good message before it
        ("verdict", np.int64),  # Verdict
    ]
)


class Rows(NamedTuple):
    """Where `walk` writes."""

    ticks: Structs  # TICK, one row per message
    books: Structs  # BOOK, one row per SNAPSHOT, DEPTH or PICTURE message that leaves a valid book
    told: Structs  # TOLD
    text: NDArray[np.int64]  # room for the text of a checksum, which no row keeps


class Place(NamedTuple):
    """How far `walk` has come: the message to read next, and the rows to write next."""

    event: int
    tick: int
    book: int
    told: int


def empty_rows(ticks: int, books: int, text: NDArray[np.int64] = NO_TEXT) -> Rows:
    """Room for so many rows, and to tell two things of every message."""
    return Rows(np.empty(ticks, TICK), np.empty(books, BOOK), np.empty(2 * ticks, TOLD), text)


@part
def write_head(row: Any, event: Any) -> None:
    """What every row says of its message; no quote and no trade yet."""
    row["instrument"] = event["instrument"]
    row["frame"] = event["frame"]
    row["kind"] = DEPTH if event["kind"] == PICTURE else event["kind"]
    row["exchange_time"] = event["exchange_time"]
    row["receive_time"] = event["receive_time"]
    row["sequence"] = event["sequence"]
    row["bid_price"], row["bid_size"] = np.nan, np.nan
    row["ask_price"], row["ask_size"] = np.nan, np.nan
    row["price"], row["size"] = np.nan, np.nan
    row["side"] = 0
    row["valid"], row["off_book"] = False, False
    row["book"] = NO_BOOK


@part
def write_quote(row: Any, book: Any, bid: int, bid_size: float, ask: int, ask_size: float) -> None:
    """A quote from integer ticks."""
    numerator, denominator = book["step"][0], book["step"][1]
    row["bid_price"] = bid * numerator / denominator
    row["bid_size"] = bid_size
    row["ask_price"] = ask * numerator / denominator
    row["ask_size"] = ask_size
    row["valid"] = True


@part
def write_touch(row: Any, ladders: Any, book: Any) -> None:
    """The best levels of a book that has both sides."""
    bid, ask = book["best"][0], book["best"][1]
    bid_size, ask_size = ladders.cells[cell_of(book, 0, bid)], ladders.cells[cell_of(book, 1, ask)]
    write_quote(row, book, bid, bid_size, -ask, ask_size)


@part
def write_ticker(row: Any, book: Any, events: Any, position: int) -> None:
    """The venue's own best bid and ask, if they can be a quote: 0 < bid < ask and sizes above 0."""
    if events[position]["levels"] != 2:
        return
    bid, ask = events[position + 1], events[position + 2]
    if 0 < bid["price"] < ask["price"] and bid["size"] > 0.0 and ask["size"] > 0.0:
        write_quote(row, book, bid["price"], bid["size"], ask["price"], ask["size"])


@part
def write_trade(row: Any, book: Any, event: Any) -> None:
    """Price, size and aggressor of a trade."""
    row["price"] = event["price"] * book["step"][0] / book["step"][1]
    row["size"] = event["size"]
    row["side"] = event["side"]
    row["off_book"] = (event["flags"] & OFF_BOOK) != 0


@part
def write_note(note: Any, book: Any, position: int, since: int, verdict: int) -> None:
    """What is to be told of a message."""
    note["event"], note["expected"], note["since"], note["verdict"] = position, book["stood"], since, verdict
