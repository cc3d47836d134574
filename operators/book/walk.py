"""The kernel that walks messages through their books, by the venue's sequence rule, and writes their rows.

Cost of a level: constant within the window, beyond it a binary search and at most half the overflow moved. Sliding a
window costs a constant per tick that the touch moves.
"""

from typing import Any

from market.schema import NO_SEQUENCE, Flag, Kind
from operators.book.changes import crossed, has_touch, lose, patch
from operators.book.checksum import NO_TEXT
from operators.book.depth import write_depth
from operators.book.ladders import NOTHING, empty
from operators.book.order_rows import lacks_slots
from operators.book.pictures import after_picture
from operators.book.rows import (
    APPLIED,
    CHECKSUM,
    CROSSED,
    DOUBTED,
    DUPLICATE,
    EDGE,
    GAP,
    NEAR,
    OLD,
    RESET,
    SETTLED,
    SOUND,
    VERIFIED,
    Place,
    empty_rows,
    write_head,
    write_note,
    write_ticker,
    write_touch,
    write_trade,
)
from operators.book.sequence import CHAIN, STREAM, judge, judge_stream
from operators.book.streams import after_stream, came_before
from operators.kernel import EVENTS, int64, kernel, part, state_type

SNAPSHOT, DEPTH, TICKER = int(Kind.SNAPSHOT), int(Kind.DEPTH), int(Kind.TICKER)
TRADE, AGGREGATE_TRADE = int(Kind.TRADE), int(Kind.AGGREGATE_TRADE)
INTERRUPTION, PICTURE = int(Kind.RESET), int(Kind.PICTURE)
TICK_CHANGED = int(Flag.TICK_CHANGED)
ASK, ROOMY = -1, -2  # as `answer`: stop at a message that needs help; take this one, it has room
LADDERS = state_type(empty(0))
TEXT = state_type(NO_TEXT)
ROWS = state_type(empty_rows(0, 0))
PLACE = state_type(Place(0, 0, 0, 0))


@part
def beyond(book: Any, keys: Any) -> bool:
    """Whether the best level of a side lies below its one of two keys."""
    return bool(book["best"][0] < keys[0] or book["best"][1] < keys[1])


@part
def take(ladders: Any, book: Any, events: Any, position: int, rule: int, scheme: int, text: Any) -> int:
    """Take one DEPTH or PICTURE message into its book; the verdict.

    Changes are applied in one place for all venues, so that the compiler keeps it within the loop.
    """
    event = events[position]
    first, end, whole = position + 1, position + 1 + event["levels"], event["kind"] == PICTURE
    if whole:
        verdict = APPLIED
    elif rule == STREAM:
        verdict = judge_stream(book["last"], event["previous"], event["sequence"], came_before(book, events, position))
    else:
        verdict = judge(book["last"], book["seen"], event["previous"], event["sequence"], rule == CHAIN)
    if verdict == DUPLICATE:
        return verdict
    book["seen"] = event["sequence"]
    if verdict == APPLIED:
        shown = book["last"] != NO_SEQUENCE and not crossed(book)
        book["last"] = event["sequence"]
        if not patch(ladders, book, events, first, end):
            verdict = CROSSED
        elif whole:
            verdict = after_picture(ladders, book, events, first, end, shown)
        elif rule == STREAM:
            verdict = after_stream(ladders, book, events, position, shown, scheme, text)
        else:
            verdict = after_change(book)
    if verdict in (GAP, CROSSED, EDGE, CHECKSUM):
        lose(ladders, book, event["instrument"])
    return verdict


@part
def after_change(book: Any) -> int:
    """The verdict on changes to a book whose snapshot came over REST."""
    if crossed(book):
        return CROSSED
    if beyond(book, book["edge"]):
        return EDGE
    if beyond(book, book["near"]):
        book["near"][0], book["near"][1] = -NOTHING, -NOTHING
        return NEAR
    return APPLIED


@part
def reset(ladders: Any, book: Any, instrument: int, flags: int) -> int:
    """Begin the book of an instrument anew; its price step changes here and nowhere else."""
    lose(ladders, book, instrument)
    book["seen"] = NO_SEQUENCE
    if flags & TICK_CHANGED:
        book["step"][0], book["step"][1], book["unit"] = book["next_step"][0], book["next_step"][1], book["next_unit"]
    return RESET


@part
def needs_help(ladders: Any, book: Any, events: Any, position: int) -> bool:
    """Whether a message is for the caller: a snapshot, or changes that its book may have no room for."""
    event = events[position]
    if (event["kind"] == DEPTH and book["last"] != NO_SEQUENCE) or event["kind"] == PICTURE:
        if max(book["filled"][0], book["filled"][1]) + event["levels"] > book["room"] >> 1:
            return True
        return lacks_slots(ladders, events, position + 1, position + 1 + event["levels"])
    return bool(event["kind"] == SNAPSHOT)


@kernel(LADDERS, EVENTS, PLACE, int64, int64, int64, ROWS, counted=False)
def walk(ladders: Any, events: Any, place: Any, answer: int, rule: int, scheme: int, rows: Any) -> Place:
    """Take messages into their books and write their rows, from a place on; returns the place it comes to.

    Stops before a message that needs help: the caller sees to it and calls again with the verdict on that message as
    `answer`, or ROOMY (ASK: none yet). At the end, place.event = len(events).
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
        since, verdict, doubt = book["good_time"], APPLIED, book["doubt"]
        if answer >= 0:
            verdict, doubt = answer, 0
        elif kind in (DEPTH, PICTURE):
            verdict = take(ladders, book, events, position, rule, scheme, rows.text)
        elif kind == INTERRUPTION:
            verdict = reset(ladders, book, event["instrument"], event["flags"])
        answer = ASK
        good = verdict in (APPLIED, NEAR, SETTLED, SOUND)
        if kind == TICKER:
            write_ticker(row, book, events, position)
        elif good and has_touch(book):
            write_touch(row, ladders, book)
        if kind in (TRADE, AGGREGATE_TRADE):
            write_trade(row, book, event)
        elif good and kind in (SNAPSHOT, DEPTH, PICTURE):
            book["good_time"] = event["receive_time"]
            row["sequence"] = book["last"]
            if row["valid"]:
                write_depth(ladders, book, rows.books[booked], kind != SNAPSHOT)
                row["book"] = booked
                booked += 1
        if verdict > OLD:
            write_note(rows.told[told], book, position, since, verdict)
            told += 1
        if book["doubt"] != doubt and book["last"] != NO_SEQUENCE:
            write_note(rows.told[told], book, position, since, DOUBTED if doubt == 0 else VERIFIED)
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
        books += events[position]["kind"] in (SNAPSHOT, DEPTH, PICTURE)
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
    sound = patch(ladders, book, snapshot, 1, len(snapshot)) and not crossed(book)
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


@kernel(LADDERS, EVENTS, int64, int64, TEXT)
def replace_in_stream(ladders: Any, snapshot: Any, depth: int, scheme: int, text: Any) -> int:
    """Make a book exactly what a SNAPSHOT message in band says, cut to `depth` levels a side; the verdict."""
    head = snapshot[0]
    book = ladders.books[head["instrument"]]
    lose(ladders, book, head["instrument"])
    book["last"], book["seen"], book["depth"] = head["sequence"], head["sequence"], depth
    sound = patch(ladders, book, snapshot, 1, len(snapshot))
    verdict = after_stream(ladders, book, snapshot, 0, True, scheme, text) if sound else CROSSED
    if verdict in (CROSSED, CHECKSUM):
        lose(ladders, book, head["instrument"])
    return SETTLED if verdict == APPLIED else verdict


@kernel(LADDERS, EVENTS)
def apply(ladders: Any, message: Any) -> bool:
    """Apply a kept DEPTH message (header and levels); whether the book is sound after it."""
    book = ladders.books[message[0]["instrument"]]
    book["last"] = message[0]["sequence"]
    return patch(ladders, book, message, 1, len(message)) and not crossed(book)


@kernel(LADDERS, int64)
def forget(ladders: Any, instrument: int) -> None:
    """Forget the levels of a book that must not be trusted."""
    lose(ladders, ladders.books[instrument], instrument)
