"""The kernel that walks messages through their books, by the venue's sequence rule, and writes their rows.

Cost of a level: constant within the window, beyond it a binary search and at most half the overflow moved. Sliding a
window costs a constant per tick that the touch moves.
"""

from typing import Any

import numpy as np

from market.schema import NO_SEQUENCE, Flag, Kind
from operators.book.depth import write_depth
from operators.book.ladders import NOTHING, empty
from operators.book.order_rows import change_order, lacks_slots
from operators.book.orders import forget_orders
from operators.book.rows import (
    APPLIED,
    CROSSED,
    DUPLICATE,
    EDGE,
    GAP,
    NEAR,
    OLD,
    RESET,
    SETTLED,
    Place,
    empty_rows,
    write_head,
    write_ticker,
    write_touch,
    write_trade,
)
from operators.book.sequence import judge
from operators.book.window import clear, put
from operators.kernel import EVENTS, boolean, int64, kernel, part, state_type

LEVEL, SNAPSHOT, DEPTH, TICKER = int(Kind.LEVEL), int(Kind.SNAPSHOT), int(Kind.DEPTH), int(Kind.TICKER)
TRADE, AGGREGATE_TRADE = int(Kind.TRADE), int(Kind.AGGREGATE_TRADE)
TICK_CHANGED = int(Flag.TICK_CHANGED)
ASK = -1  # as `answer`: stop at a message that needs help
LADDERS = state_type(empty(0))
ROWS = state_type(empty_rows(0, 0))
PLACE = state_type(Place(0, 0, 0, 0))


@part
def patch(ladders: Any, book: Any, events: Any, low: int, high: int) -> bool:
    """Apply the rows [low, high) of levels or orders in their order; whether the book is sound after it."""
    sound = True
    for side in range(2):
        book["added"][side], book["removed"][side] = 0.0, 0.0
    for i in range(low, high):
        level = events[i]
        if level["kind"] != LEVEL:
            sound &= change_order(ladders, book, level)
            continue
        sound &= 0.0 <= level["size"] < np.inf
        side = 0 if level["side"] > 0 else 1
        change = put(ladders, book, side, level["price"] if side == 0 else -level["price"], level["size"])
        if change > 0.0:
            book["added"][side] += change
        else:
            book["removed"][side] -= change
    return sound and not crossed(book)


@part
def crossed(book: Any) -> bool:
    """Whether the best bid is at or above the best ask; NOTHING is below every ask."""
    return bool(book["best"][0] >= -book["best"][1])


@part
def has_both(book: Any) -> bool:
    """Whether a synchronised book has a touch."""
    return bool(book["last"] != NO_SEQUENCE and book["filled"][0] > 0 and book["filled"][1] > 0)


@part
def beyond(book: Any, keys: Any) -> bool:
    """Whether the best level of a side lies below its one of two keys."""
    return bool(book["best"][0] < keys[0] or book["best"][1] < keys[1])


@part
def lose(ladders: Any, book: Any, instrument: int) -> None:
    """Forget the levels of a book that must not be trusted."""
    for side in range(2):
        clear(ladders, book, side)
        book["edge"][side], book["near"][side] = NOTHING, NOTHING
    forget_orders(ladders, instrument)
    book["last"] = NO_SEQUENCE


@part
def depth(ladders: Any, book: Any, events: Any, position: int, chained: bool) -> int:
    """Take one DEPTH message into its book; the verdict."""
    event = events[position]
    sequence = event["sequence"]
    verdict = judge(book["last"], book["seen"], event["previous"], sequence, chained)
    if verdict == APPLIED:
        book["last"] = sequence
        if not patch(ladders, book, events, position + 1, position + 1 + event["levels"]):
            verdict = CROSSED
        elif beyond(book, book["edge"]):
            verdict = EDGE
        elif beyond(book, book["near"]):
            book["near"][0], book["near"][1] = -NOTHING, -NOTHING
            verdict = NEAR
    if verdict in (GAP, CROSSED, EDGE):
        lose(ladders, book, event["instrument"])
    if verdict != DUPLICATE:
        book["seen"] = sequence
    return verdict


@part
def reset(ladders: Any, book: Any, instrument: int, flags: int) -> int:
    """Begin the book of an instrument anew; its price step changes here and nowhere else."""
    lose(ladders, book, instrument)
    book["seen"] = NO_SEQUENCE
    if flags & TICK_CHANGED:
        book["step"][0], book["step"][1] = book["next_step"][0], book["next_step"][1]
    return RESET


@part
def needs_help(ladders: Any, book: Any, events: Any, position: int) -> bool:
    """Whether a message is for the caller: a snapshot, or changes that its book may have no room for."""
    event = events[position]
    if event["kind"] == DEPTH and book["last"] != NO_SEQUENCE:
        if max(book["filled"][0], book["filled"][1]) + event["levels"] > book["room"] >> 1:
            return True
        return lacks_slots(ladders, events, position + 1, position + 1 + event["levels"])
    return bool(event["kind"] == SNAPSHOT)


@kernel(LADDERS, EVENTS, PLACE, int64, boolean, ROWS, counted=False)
def walk(ladders: Any, events: Any, place: Any, answer: int, chained: bool, rows: Any) -> Place:
    """Take messages into their books and write their rows, from a place on; returns the place it comes to.

    Stops before a message that needs help: the caller sees to it and calls again with the verdict on that message as
    `answer` (ASK: none yet). At the end, place.event = len(events).
    """
    position, tick, booked, told = place.event, place.tick, place.book, place.told
    while position < len(events):
        event = events[position]
        kind, book = event["kind"], ladders.books[event["instrument"]]
        if answer == ASK:
            book["stood"] = max(book["seen"], book["last"])
            if needs_help(ladders, book, events, position):
                break
        row = rows.ticks[tick]
        write_head(row, event)
        since, verdict = book["good_time"], APPLIED
        if answer != ASK:
            verdict = answer
        elif kind == DEPTH:
            verdict = depth(ladders, book, events, position, chained)
        elif kind not in (TICKER, TRADE, AGGREGATE_TRADE):
            verdict = reset(ladders, book, event["instrument"], event["flags"])
        answer = ASK
        good = verdict in (APPLIED, NEAR, SETTLED)
        if kind == TICKER:
            write_ticker(row, book, events, position)
        elif good and has_both(book):
            write_touch(row, ladders, book)
        if kind in (TRADE, AGGREGATE_TRADE):
            write_trade(row, book, event)
        elif good and kind != TICKER:
            book["good_time"] = event["receive_time"]
            row["sequence"] = book["last"]
            if row["valid"]:
                write_depth(ladders, book, rows.books[booked], kind == DEPTH)
                row["book"] = booked
                booked += 1
        if verdict > OLD:
            note = rows.told[told]
            note["event"], note["expected"], note["since"], note["verdict"] = position, book["stood"], since, verdict
            told += 1
        tick += 1
        position += 1 + event["levels"]
    return Place(position, tick, booked, told)


@kernel(EVENTS)
def count(events: Any) -> tuple[int, int]:
    """Messages, and how many of them could leave a BOOK row."""
    position, messages, books = 0, 0, 0
    while position < len(events):
        messages += 1
        books += events[position]["kind"] in (SNAPSHOT, DEPTH)
        position += 1 + events[position]["levels"]
    return messages, books


@kernel(LADDERS, EVENTS, int64)
def replace(ladders: Any, snapshot: Any, limit: int) -> bool:
    """Make a book exactly what a SNAPSHOT message (header and levels) says; whether the book is sound.

    A side of as many levels as the venue gives at most, `limit`, tells of nothing below its lowest key. When the touch
    has used up seven eighths of the way there, the next snapshot is asked for, so that the book stays valid meanwhile.
    """
    book = ladders.books[snapshot[0]["instrument"]]
    lose(ladders, book, snapshot[0]["instrument"])
    sound = patch(ladders, book, snapshot, 1, len(snapshot))
    for side in range(2):
        sign = 1 - 2 * side
        given, lowest = 0, -NOTHING
        for i in range(1, len(snapshot)):
            if snapshot[i]["side"] == sign:
                given, lowest = given + 1, min(lowest, sign * snapshot[i]["price"])
        if given >= limit:
            book["edge"][side] = lowest
            book["near"][side] = lowest + (book["best"][side] - lowest) // 8
    book["last"] = snapshot[0]["sequence"]
    return sound


@kernel(LADDERS, EVENTS)
def apply(ladders: Any, message: Any) -> bool:
    """Apply a kept DEPTH message (header and levels); whether the book is sound after it."""
    book = ladders.books[message[0]["instrument"]]
    book["last"] = message[0]["sequence"]
    return patch(ladders, book, message, 1, len(message))


@kernel(LADDERS, int64)
def forget(ladders: Any, instrument: int) -> None:
    """Forget the levels of a book that must not be trusted."""
    lose(ladders, ladders.books[instrument], instrument)
