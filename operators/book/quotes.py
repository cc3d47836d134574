"""The quotes of the exchanges of one instrument, and the picture that they make together. A part of `consolidate`."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from market.batch import Structs
from market.clock import FUTURE_NS
from market.schema import DEPTH_LEVELS, EVENT, NO_CHECKSUM, NO_SEQUENCE, NO_TIME, Flag, Kind
from operators.kernel import EVENTS, int64, kernel, out_type, part

MAX_EXCHANGES = 32  # of one instrument; for one more, the one that was silent longest is forgotten, with a note
LEVEL, RESET, PICTURE, QUOTE = int(Kind.LEVEL), int(Kind.RESET), int(Kind.PICTURE), int(Kind.QUOTE)
OFF_BOOK, BEST = int(Flag.OFF_BOOK), int(Flag.BEST)
LATE, DOUBTED, LIMIT = 0, 1, 2  # what a note tells
NOBODY = -1
MOST_LEVELS = 2 * DEPTH_LEVELS
EVERY = 1 << 62  # as a key: above every other
# The quotes of one instrument; of a side, 0 for bids and 1 for asks.
QUOTED = np.dtype(
    [
        ("exchanges", np.int64),  # how many of the slots are in use
        ("exchange", np.int64, (MAX_EXCHANGES,)),  # its number
        ("time", np.int64, (MAX_EXCHANGES,)),  # of its newest quote, ns
        ("price", np.int64, (2, MAX_EXCHANGES)),  # ticks
        ("size", np.float64, (2, MAX_EXCHANGES)),  # 0: no quote
        ("at", np.int64, (2, MAX_EXCHANGES)),  # when the quote of that side was made, ns
    ]
)
NOTE = np.dtype([("event", np.int64), ("cause", np.int64)])  # a gaps row to write about an event


def empty(instruments: int) -> Structs:
    """No quote yet."""
    return np.zeros(instruments, QUOTED)


@part
def stamp(event: Any) -> int:
    """When a quote was made: its exchange time, or when it was received if that is missing or not believed."""
    time, received = event["exchange_time"], event["receive_time"]
    return int(received if time == NO_TIME or time > received + FUTURE_NS else time)


@part
def slot_of(quoted: Any, exchange: int) -> int:
    """Where the quotes of an exchange are kept; NOBODY where it has none."""
    for slot in range(quoted["exchanges"]):
        if quoted["exchange"][slot] == exchange:
            return slot
    return NOBODY


@part
def room_for(quoted: Any, exchange: int) -> int:
    """A slot for one exchange more; where all are in use, the one of the exchange that was silent longest."""
    slot = quoted["exchanges"]
    if slot == MAX_EXCHANGES:
        slot = 0
        for other in range(1, MAX_EXCHANGES):
            if quoted["time"][other] < quoted["time"][slot]:
                slot = other
    else:
        quoted["exchanges"] = slot + 1
    quoted["exchange"][slot] = exchange
    quoted["time"][slot] = 0
    for side in range(2):
        quoted["size"][side][slot] = 0.0
    return int(slot)


@part
def take(quoted: Any, slot: int, level: Any, time: int, best: bool) -> None:
    """What one level says: the exchange's bid or ask, or none; the best of all ends what others had there."""
    side = 0 if level["side"] > 0 else 1
    if best:
        for other in range(quoted["exchanges"]):
            quoted["size"][side][other] = 0.0
    quoted["price"][side][slot] = level["price"]
    quoted["size"][side][slot] = max(0.0, level["size"])
    quoted["at"][side][slot] = time


@part
def best_price(quoted: Any, used: Any, side: int, below: int) -> int:
    """The best key (side × price) below another one, of the quotes in use; `below` itself where there is none."""
    found, any_found = below, False
    sign = 1 - 2 * side
    for slot in range(quoted["exchanges"]):
        key = sign * quoted["price"][side][slot]
        if used[side, slot] and key < below and (not any_found or key > found):
            found, any_found = key, True
    return int(found)


@part
def furthest_behind(quoted: Any, used: Any, side: int, keys: Any) -> tuple[int, int]:
    """Of the best quotes of a side, the oldest, and by how much the newest of the best of the other side is newer."""
    slot, newest = NOBODY, NO_TIME
    for other in range(quoted["exchanges"]):
        at_best = used[side, other] and (1 - 2 * side) * quoted["price"][side][other] == keys[side]
        if at_best and (slot == NOBODY or quoted["at"][side][other] < quoted["at"][side][slot]):
            slot = other
        if used[1 - side, other] and (2 * side - 1) * quoted["price"][1 - side][other] == keys[1 - side]:
            newest = max(newest, quoted["at"][1 - side][other])
    return slot, newest - quoted["at"][side][slot]


@part
def choose(quoted: Any, used: Any, skew: int) -> None:
    """Which quotes make the picture: all, but for those that newer ones of the other side prove to be gone."""
    for side in range(2):
        for slot in range(quoted["exchanges"]):
            used[side, slot] = quoted["size"][side][slot] > 0.0
    keys = np.empty(2, np.int64)
    while True:
        for side in range(2):
            keys[side] = best_price(quoted, used, side, EVERY)
        if keys[0] == EVERY or keys[1] == EVERY or keys[0] < -keys[1]:
            return
        bid, bid_behind = furthest_behind(quoted, used, 0, keys)
        ask, ask_behind = furthest_behind(quoted, used, 1, keys)
        if max(bid_behind, ask_behind) <= skew:
            return
        if bid_behind >= ask_behind:
            used[0, bid] = False
        else:
            used[1, ask] = False


@part
def write_picture(quoted: Any, used: Any, event: Any, out: Any, row: int) -> int:
    """Write the picture that the quotes in use make, best first; the row after it."""
    head = out[row]
    head["exchange_time"], head["receive_time"] = NO_TIME, event["receive_time"]
    head["sequence"], head["previous"], head["price"], head["size"] = 0, NO_SEQUENCE, NO_CHECKSUM, 0.0
    head["instrument"], head["frame"], head["kind"] = event["instrument"], event["frame"], PICTURE
    head["side"], head["flags"] = 0, 0
    levels = 0
    for side in range(2):
        key = EVERY
        for _ in range(DEPTH_LEVELS):
            below, key = key, best_price(quoted, used, side, key)
            if key == below:
                break
            levels += 1
            level = out[row + levels]
            level["exchange_time"], level["receive_time"] = NO_TIME, event["receive_time"]
            level["sequence"], level["previous"] = 0, NO_SEQUENCE
            level["price"], level["size"] = (1 - 2 * side) * key, 0.0
            level["instrument"], level["frame"], level["kind"] = event["instrument"], event["frame"], LEVEL
            level["side"], level["flags"], level["levels"] = 1 - 2 * side, 0, 0
            for slot in range(quoted["exchanges"]):
                if used[side, slot] and quoted["price"][side][slot] == level["price"]:
                    level["size"] += quoted["size"][side][slot]
                    head["exchange_time"] = max(head["exchange_time"], quoted["at"][side][slot])
    if levels == 0:
        head["exchange_time"] = stamp(event)
    for number in range(1, levels + 1):
        out[row + number]["exchange_time"] = head["exchange_time"]
    head["levels"] = levels
    return row + 1 + levels


@kernel(out_type(QUOTED), EVENTS, int64, out_type(EVENT), out_type(NOTE))
def walk(quotes: Any, events: Any, skew: int, out: Any, notes: Any) -> tuple[int, int]:
    """Write events with a picture in place of every quote; the numbers of rows and of notes."""
    used = np.zeros((2, MAX_EXCHANGES), np.bool_)
    position, made, noted = 0, 0, 0
    while position < len(events):
        event = events[position]
        end = position + 1 + event["levels"]
        quoted = quotes[event["instrument"]]
        if event["kind"] != QUOTE:
            if event["kind"] == RESET:
                quoted["exchanges"] = 0
            for row in range(position, end):
                out[made] = events[row]
                made += 1
            position = end
            continue
        slot, time, cause = slot_of(quoted, event["previous"]), stamp(event), NOBODY
        if event["flags"] & OFF_BOOK:
            cause = DOUBTED
        elif slot != NOBODY and time < quoted["time"][slot]:
            cause = LATE
        else:
            if slot == NOBODY:
                cause = LIMIT if quoted["exchanges"] == MAX_EXCHANGES else NOBODY
                slot = room_for(quoted, event["previous"])
            quoted["time"][slot] = time
            for row in range(position + 1, end):
                take(quoted, slot, events[row], time, event["flags"] & BEST != 0)
            choose(quoted, used, skew)
            made = write_picture(quoted, used, event, out, made)
        if cause != NOBODY:
            notes[noted]["event"], notes[noted]["cause"] = position, cause
            noted += 1
        position = end
    return made, noted


def room(events: Structs) -> tuple[NDArray[np.void], NDArray[np.void]]:
    """Where `walk` may write what these events become, and its notes; no room where nothing among them is for it."""
    quotes = int(np.count_nonzero(events["kind"] == QUOTE))
    rows = len(events) + quotes * MOST_LEVELS if quotes or (events["kind"] == RESET).any() else 0
    return np.empty(rows, EVENT), np.empty(quotes, NOTE)
