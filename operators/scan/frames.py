"""The kernel: a batch's bytes to EVENT rows and mark rows, up to the first frame that needs the slow path.

Cost: see operators/decode.py. A frame is read once from its first byte to its last (at most twice where its symbol
comes after its prices); every loop ends with the frame, and rows are never written beyond the arrays given.
"""

from typing import Any

import numpy as np
from numba import types

from market.schema import EVENT, NO_SEQUENCE, NO_TIME, Flag, Kind
from market.schema import MARK as MARK_ROW
from operators.kernel import column, float64, int32, int64, kernel, out_type, output, part, rows_type
from operators.scan.machine import inlined, integer
from operators.scan.message import CLOSE, OPEN, member, read, value_of
from operators.scan.symbols import SYMBOL as SYMBOL_ROW
from operators.scan.tables import FIELD, LAYOUT, MARK, MESSAGE, NO_MESSAGE
from operators.scan.words import COMMA, LONGEST_WORD, STOP, after_text, blank, cut, past, short, until
from venues.keys import MAX_FRAME_BYTES, Slot

LEVEL_BYTES = 10  # at least: ["1","1"],
SLOTS = len(Slot)
SYMBOL, TIME, FIRST, LAST, PREVIOUS = (
    int(Slot.SYMBOL), int(Slot.EXCHANGE_TIME), int(Slot.FIRST_ID), int(Slot.LAST_ID), int(Slot.PREVIOUS_ID),
)  # fmt: skip
BIDS, ASKS = int(Slot.BIDS), int(Slot.ASKS)
BID_PRICE, BID_SIZE = int(Slot.BID_PRICE), int(Slot.BID_SIZE)
ASK_PRICE, ASK_SIZE = int(Slot.ASK_PRICE), int(Slot.ASK_SIZE)
PRICE, SIZE, MAKER, CAUSE = int(Slot.PRICE), int(Slot.SIZE), int(Slot.BUYER_IS_MAKER), int(Slot.CAUSE)
MARK_PRICE, INDEX_PRICE = int(Slot.MARK_PRICE), int(Slot.INDEX_PRICE)
FUNDING_RATE, FUNDING_TIME = int(Slot.FUNDING_RATE), int(Slot.FUNDING_TIME)
LEVEL, DEPTH, TICKER = int(Kind.LEVEL), int(Kind.DEPTH), int(Kind.TICKER)
OFF_BOOK = int(Flag.OFF_BOOK)


def most_rows(frames: int, size: int) -> int:
    """Event rows that so many frames of so many bytes can fill."""
    return 4 * frames + size // LEVEL_BYTES


@inlined
def of_stream(data: Any, at: int, end: int, layout: Any, messages: Any) -> tuple[int, int]:
    """The place after the name of a stream, and the message that the word in it names."""
    after = after_text(data, at, end)
    if after == STOP:
        return STOP, NO_MESSAGE
    begin = at + 1
    for _ in range(layout["part"]):
        begin = until(data, begin, after - 1, layout["separator"]) + 1
    count = until(data, begin, after - 1, layout["separator"]) - begin
    if begin < after and count <= LONGEST_WORD:
        word, rest = cut(data, begin, count)
        for row in range(len(messages)):
            if messages[row]["stream"] == word and messages[row]["stream_rest"] == rest:
                return after, row
    return STOP, NO_MESSAGE


@part
def of_event(data: Any, at: int, end: int, layout: Any, messages: Any) -> int:
    """The message that a frame without an envelope is by its own word, or for want of one."""
    named = value_of(data, at, end, layout["event"], layout["event_rest"])
    if named == STOP:
        unnamed: int = layout["unnamed"]
        return unnamed
    named, word, rest = short(data, named)
    if named != STOP:
        for row in range(len(messages)):
            if messages[row]["event"] == word and messages[row]["event_rest"] == rest:
                return row
    return NO_MESSAGE


@inlined
def begin(data: Any, at: int, end: int, layout: Any, messages: Any) -> tuple[int, int, bool]:
    """The place of a message's first key, which message it is, and whether it stands alone, without an envelope."""
    first = past(data, at, end, OPEN)
    at, key, rest = member(data, first, end)
    if key != layout["stream"] or rest != layout["stream_rest"]:
        return first, of_event(data, first, end, layout, messages), True
    at, message = of_stream(data, at, end, layout, messages)
    at, key, rest = member(data, past(data, at, end, COMMA), end)
    if key != layout["data"] or rest != layout["data_rest"]:
        return STOP, NO_MESSAGE, False
    return past(data, at, end, OPEN), message, False


@inlined
def finish(data: Any, at: int, end: int, alone: bool) -> bool:
    """Whether a frame ends where it should."""
    at = blank(data, at, end)
    if not alone:
        at = past(data, at, end, CLOSE)
    return at == end


@inlined
def fill(
    events: Any, row: int, levels: int, kind: int, instrument: int, frame: int, received: int, integers: Any
) -> None:
    """What a header and its levels say alike, and what they do not but for price, size and side."""
    for number in range(row, row + levels + 1):
        event = events[number]
        event["exchange_time"], event["receive_time"] = integers[TIME], received
        event["sequence"], event["previous"] = integers[LAST], NO_SEQUENCE
        event["instrument"], event["levels"], event["frame"] = instrument, 0, frame
        event["kind"], event["flags"] = LEVEL, 0
    header = events[row]
    header["levels"], header["kind"] = levels, kind


@inlined
def write(
    events: Any, row: int, message: Any, instrument: int, frame: int, received: int, integers: Any, floats: Any
) -> int:
    """The rows of a message, whose levels of depth are in place; the row after them, STOP where they contradict."""
    kind, header = message["kind"], events[row]
    levels = 2 if kind == TICKER else integers[BIDS] + integers[ASKS]
    fill(events, row, levels, kind, instrument, frame, received, integers)
    header["price"], header["size"], header["side"] = 0, 0.0, 0
    if kind == DEPTH:
        header["previous"] = integers[FIRST] - 1 if message["dense"] else integers[PREVIOUS]
        if integers[LAST] < integers[FIRST]:
            return STOP
    elif kind == TICKER:
        bid, ask = events[row + 1], events[row + 2]
        bid["price"], bid["size"], bid["side"] = integers[BID_PRICE], floats[BID_SIZE], 1
        ask["price"], ask["size"], ask["side"] = integers[ASK_PRICE], floats[ASK_SIZE], -1
    else:
        header["price"], header["size"] = integers[PRICE], floats[SIZE]
        header["side"] = -1 if integers[MAKER] else 1
        header["flags"] = 0 if integers[CAUSE] else OFF_BOOK
    return row + 1 + levels


@part
def write_mark(marks: Any, row: int, instrument: int, frame: int, received: int, integers: Any, floats: Any) -> None:
    """The row of a mark price."""
    mark = marks[row]
    mark["exchange_time"], mark["receive_time"] = integers[TIME], received
    mark["mark_price"], mark["index_price"] = floats[MARK_PRICE], floats[INDEX_PRICE]
    mark["funding_rate"], mark["next_funding_time"] = floats[FUNDING_RATE], integers[FUNDING_TIME]
    mark["instrument"], mark["frame"] = instrument, frame


@kernel(
    column(types.uint8), column(int32), column(int64), int64, rows_type(LAYOUT), rows_type(MESSAGE), rows_type(FIELD),
    rows_type(SYMBOL_ROW), out_type(EVENT), int64, out_type(MARK_ROW), int64,
    output(int64), output(float64), types.Array(types.uint64, 2, "C"),
    counted=False,
)  # fmt: skip
def scan(
    data: Any, offsets: Any, receive_times: Any, frame: int, layouts: Any, messages: Any, fields: Any, symbols: Any,
    events: Any, row: int, marks: Any, marked: int, integers: Any, floats: Any, strangers: Any,
) -> tuple[int, int, int]:  # fmt: skip
    """Read frames from `frame` on into event rows from `row` and mark rows from `marked` on; returns all three as far
    as it got. Stops before a frame that it does not understand and at the end, where frame = number of frames.
    """
    layout = layouts[0]
    while frame < len(offsets) - 1 and row + 3 < len(events) and marked < len(marks):
        at, end = integer(offsets[frame]), integer(offsets[frame + 1])
        if end - at > MAX_FRAME_BYTES:
            break
        at, chosen, alone = begin(data, at, end, layout, messages)
        if at == STOP or chosen == NO_MESSAGE:
            break
        message = messages[chosen]
        integers[TIME], integers[BIDS], integers[ASKS], integers[CAUSE] = NO_TIME, 0, 0, 1
        floats[INDEX_PRICE] = np.nan
        at = read(data, at, end, message, fields, symbols, alone, strangers, integers, floats, events, row + 1)
        if at == STOP or not finish(data, at, end, alone):
            break
        instrument = symbols[integers[SYMBOL]]["instrument"]
        if message["kind"] == MARK:
            write_mark(marks, marked, instrument, frame, receive_times[frame], integers, floats)
            marked += 1
        else:
            after = write(events, row, message, instrument, frame, receive_times[frame], integers, floats)
            if after == STOP:
                break
            row = after
        frame += 1
    return frame, row, marked
