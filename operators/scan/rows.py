"""What a message means: its slots to a header, its levels and a row of marks.

An object writes its rows when it ends. What stands outside of it may come later, so the rows of a frame are settled
when the frame ends.
"""

from typing import Any

import numpy as np

from market.schema import NO_CHECKSUM, NO_SEQUENCE, NO_TIME, Kind
from operators.scan.machine import inlined, part
from operators.scan.tables import ABSENT, BEFORE_FIRST, BEFORE_LAST, NOT, OUTSIDE, QUOTES, TOGETHER, TRADE
from operators.scan.words import STOP
from venues.keys import Slot

KIND, NUMBER = int(Slot.KIND), int(Slot.NUMBER)
TIME, SENT = int(Slot.EXCHANGE_TIME), int(Slot.SENT_TIME)
FIRST, LAST, COUNTED, PREVIOUS = (
    int(Slot.FIRST_ID), int(Slot.LAST_ID), int(Slot.COUNTED_ID), int(Slot.PREVIOUS_ID),
)  # fmt: skip
CHECKSUM, SIDE, FLAGS = int(Slot.CHECKSUM), int(Slot.SIDE), int(Slot.FLAGS)
BIDS, ASKS, PRICE, SIZE = int(Slot.BIDS), int(Slot.ASKS), int(Slot.PRICE), int(Slot.SIZE)
BID_PRICE, BID_SIZE = int(Slot.BID_PRICE), int(Slot.BID_SIZE)
ASK_PRICE, ASK_SIZE = int(Slot.ASK_PRICE), int(Slot.ASK_SIZE)
MARK_PRICE, INDEX_PRICE = int(Slot.MARK_PRICE), int(Slot.INDEX_PRICE)
FUNDING_RATE, FUNDING_TIME = int(Slot.FUNDING_RATE), int(Slot.FUNDING_TIME)
LEVEL, SNAPSHOT, TICKER = int(Kind.LEVEL), int(Kind.SNAPSHOT), int(Kind.TICKER)
PICTURE, QUOTE = int(Kind.PICTURE), int(Kind.QUOTE)
LOWEST_CHECKSUM, HIGHEST_CHECKSUM = -(1 << 31), (1 << 32) - 1  # signed by some, unsigned by others


@part
def turn(events: Any, low: int, high: int) -> None:
    """Rows [low, high), levels or trades, in the other order."""
    high -= 1
    while low < high:
        one, other = events[low], events[high]
        one["exchange_time"], other["exchange_time"] = other["exchange_time"], one["exchange_time"]
        one["sequence"], other["sequence"] = other["sequence"], one["sequence"]
        one["price"], other["price"] = other["price"], one["price"]
        one["size"], other["size"] = other["size"], one["size"]
        one["instrument"], other["instrument"] = other["instrument"], one["instrument"]
        one["side"], other["side"] = other["side"], one["side"]
        one["flags"], other["flags"] = other["flags"], one["flags"]
        low, high = low + 1, high - 1


@part
def bids_first(events: Any, low: int, middle: int, high: int) -> None:
    """Exchange the asks [low, middle) and the bids [middle, high), each in their order."""
    turn(events, low, middle)
    turn(events, middle, high)
    turn(events, low, high)


@inlined
def forget(integers: Any, floats: Any, node: Any) -> None:
    """Slots that an object need not say, as they are before it is read."""
    integers[TIME] = integers[SENT] = integers[LAST] = ABSENT
    integers[KIND] = node["kind"]
    manner = node["manner"]
    if manner == TRADE:
        integers[SIDE] = integers[FLAGS] = 0
        return
    integers[FIRST] = integers[PREVIOUS] = ABSENT
    integers[BIDS] = integers[ASKS] = 0
    integers[CHECKSUM] = NO_CHECKSUM
    if manner == QUOTES:
        integers[BID_PRICE] = integers[ASK_PRICE] = ABSENT
        floats[BID_SIZE] = floats[ASK_SIZE] = np.nan
    if node["marks"]:
        floats[MARK_PRICE] = floats[INDEX_PRICE] = floats[FUNDING_RATE] = np.nan
        integers[FUNDING_TIME] = NO_TIME


@inlined
def forget_outside(integers: Any) -> None:
    """As `forget`, of what stands outside of the objects that write."""
    integers[OUTSIDE + TIME] = integers[OUTSIDE + SENT] = ABSENT
    integers[OUTSIDE + KIND] = integers[OUTSIDE + NUMBER] = ABSENT


@part
def time_of(integers: Any) -> int:
    """The exchange time that an object says itself; ABSENT for none."""
    time: int = integers[TIME] if integers[TIME] != ABSENT else integers[SENT]
    return time


@part
def sided(events: Any, row: int, kind: int, price: int, size: float, side: int) -> int:
    """The row after the level of one side, where it has one."""
    empty = price == 0 or size == 0
    if price == ABSENT or np.isnan(size) or (kind == PICTURE and empty):
        return row
    withdrawn = kind == QUOTE and empty
    level = events[row]
    level["price"], level["size"], level["side"] = 0 if withdrawn else price, 0.0 if withdrawn else size, side
    return row + 1


@part
def quotes(events: Any, header: int, integers: Any, floats: Any) -> int:
    """The row after the levels of the best prices; `header` where there is no message to write, STOP for no room."""
    kind = integers[KIND]
    if header + 2 >= len(events):
        return STOP
    bid = sided(events, header + 1, kind, integers[BID_PRICE], floats[BID_SIZE], 1)
    row = sided(events, bid, kind, integers[ASK_PRICE], floats[ASK_SIZE], -1)
    integers[BIDS], integers[ASKS] = bid - header - 1, row - bid
    return header if row < header + (3 if kind == TICKER else 2) and kind != PICTURE else row


@inlined
def write(events: Any, header: int, row: int, node: Any, instrument: int, integers: Any, floats: Any) -> int:
    """The header of an object whose levels are in place; the row after it, STOP where it contradicts itself."""
    manner = node["manner"]
    if manner == QUOTES:
        row = quotes(events, header, integers, floats)
    if manner == NOT or row in (STOP, header):
        return STOP if row == STOP else header
    event = events[header]
    event["exchange_time"] = time_of(integers)
    event["instrument"], event["levels"], event["kind"] = instrument, row - header - 1, integers[KIND]
    if manner == TRADE:
        event["sequence"], event["previous"] = integers[LAST], NO_SEQUENCE
        event["price"], event["size"] = integers[PRICE], floats[SIZE]
        event["side"], event["flags"] = integers[SIDE], integers[FLAGS]
        return row
    event["size"], event["side"], event["flags"] = 0.0, 0, 0
    checksum = integers[CHECKSUM]
    event["price"] = checksum & HIGHEST_CHECKSUM
    last, previous = integers[LAST], integers[PREVIOUS]
    if node["previous"] == BEFORE_FIRST:
        previous = integers[FIRST] - 1
    elif node["previous"] == BEFORE_LAST:
        last = integers[COUNTED]
        previous = last - 1
        if last <= 1:
            return STOP
    elif node["previous"] == TOGETHER and (last == ABSENT) != (previous == ABSENT):
        return STOP
    if last < integers[FIRST] or not LOWEST_CHECKSUM <= checksum <= HIGHEST_CHECKSUM:
        return STOP
    event["sequence"], event["previous"] = last, previous if previous != ABSENT else NO_SEQUENCE
    return row


@part
def write_mark(marks: Any, row: int, instrument: int, integers: Any, floats: Any) -> int:
    """The row after that of a mark price, where there is one; STOP for no room."""
    if np.isnan(floats[MARK_PRICE]) and np.isnan(floats[INDEX_PRICE]) and np.isnan(floats[FUNDING_RATE]):
        return row
    if row >= len(marks):
        return STOP
    mark = marks[row]
    mark["exchange_time"] = time_of(integers)
    mark["mark_price"], mark["index_price"] = floats[MARK_PRICE], floats[INDEX_PRICE]
    mark["funding_rate"] = floats[FUNDING_RATE]
    mark["next_funding_time"], mark["instrument"] = integers[FUNDING_TIME], instrument
    return row + 1


@inlined
def outer_time(integers: Any) -> int:
    """The exchange time that stands outside of the objects that write."""
    time = integers[OUTSIDE + TIME] if integers[OUTSIDE + TIME] != ABSENT else integers[OUTSIDE + SENT]
    return time if time != ABSENT else NO_TIME


@inlined
def settle(events: Any, row: int, behind: int, frame: int, received: int, integers: Any) -> None:
    """What all rows of a message say alike, and what its levels say as their header."""
    outer, kind, counted = outer_time(integers), integers[OUTSIDE + KIND], integers[OUTSIDE + NUMBER]
    while row < behind:
        header = events[row]
        if header["exchange_time"] == ABSENT:
            header["exchange_time"] = outer
        if header["sequence"] == ABSENT:
            header["sequence"] = counted if counted != ABSENT else 0
        if kind != ABSENT:
            header["kind"] = kind
        if header["kind"] in (SNAPSHOT, PICTURE, TICKER):
            header["previous"] = NO_SEQUENCE
        header["receive_time"], header["frame"] = received, frame
        levels = header["levels"]
        for number in range(row + 1, row + 1 + levels):
            level = events[number]
            level["exchange_time"], level["receive_time"] = header["exchange_time"], received
            level["sequence"], level["previous"] = header["sequence"], NO_SEQUENCE
            level["instrument"], level["levels"], level["frame"] = header["instrument"], 0, frame
            level["kind"], level["flags"] = LEVEL, 0
        row += 1 + levels


@inlined
def settle_marks(marks: Any, row: int, behind: int, frame: int, received: int, integers: Any) -> None:
    """As `settle`, of rows of marks."""
    outer = outer_time(integers)
    for number in range(row, behind):
        mark = marks[number]
        if mark["exchange_time"] == ABSENT:
            mark["exchange_time"] = outer
        mark["receive_time"], mark["frame"] = received, frame
