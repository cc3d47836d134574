"""The kernel that walks messages through their books, by the venue's sequence rule, and writes one row for each.

Prices stay integer ticks until a quote is written as `ticks × numerator / denominator`, which rounds once and so
equals the venue's own decimal text. Cost per message: 16 bytes moved for every level better than one that comes or
goes, O(log levels) to find it. All parts are in this file because Numba's cache knows a kernel by its file.
"""

from typing import Any

import numpy as np

from market.schema import NO_SEQUENCE, Flag, Kind
from operators.book.ladders import empty
from operators.book.rows import Verdict, empty_rows
from operators.kernel import EVENTS, boolean, int64, kernel, part, state_type

SNAPSHOT, DEPTH, TICKER = int(Kind.SNAPSHOT), int(Kind.DEPTH), int(Kind.TICKER)
TRADE, AGGREGATE_TRADE = int(Kind.TRADE), int(Kind.AGGREGATE_TRADE)
OFF_BOOK, TICK_CHANGED = int(Flag.OFF_BOOK), int(Flag.TICK_CHANGED)
APPLIED, OLD, PENDING = int(Verdict.APPLIED), int(Verdict.OLD), int(Verdict.PENDING)
DUPLICATE, GAP, CROSSED = int(Verdict.DUPLICATE), int(Verdict.GAP), int(Verdict.CROSSED)
RESET, SETTLED = int(Verdict.RESET), int(Verdict.SETTLED)
ASK = -1  # as `answer`: stop at a message that needs help
LADDERS = state_type(empty(0))
ROWS = state_type(empty_rows(0))


@part
def judge(last: int, seen: int, previous: int, sequence: int, chained: bool) -> int:
    """The venue's sequence rule: what a depth message that continues `previous` and ends at `sequence` means.

    last: update id of the book, seen: of the newest message that came; NO_SEQUENCE for none. `chained` venues (futures)
    name the message they continue, the others (spot) only the range they cover. Source: venue_protocols 1.5 and 2.4.
    """
    if seen != NO_SEQUENCE:
        if sequence <= seen:
            return DUPLICATE
        if previous > seen or (chained and previous != seen):
            return GAP
    if last == NO_SEQUENCE:
        return PENDING
    if sequence <= last:
        return OLD
    return APPLIED if previous <= last else GAP


@part
def find(key: Any, low: int, high: int, wanted: int) -> int:
    """First row in [low, high) whose key is not below `wanted`."""
    while low < high:
        middle = (low + high) // 2
        if key[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low


@part
def put(ladders: Any, instrument: int, side: int, price: int, size: float) -> None:
    """Set one level to an absolute size; 0 deletes, and deleting what is not there is normal."""
    key, sizes = ladders.key, ladders.size
    column = 0 if side > 0 else 1
    wanted = price if side > 0 else -price
    low = ladders.start[instrument, column]
    high = low + ladders.filled[instrument, column]
    row = find(key, low, high, wanted)
    present = row < high and key[row] == wanted
    if present and size > 0.0:
        sizes[row] = size
    elif present:
        for i in range(row, high - 1):
            key[i], sizes[i] = key[i + 1], sizes[i + 1]
        ladders.filled[instrument, column] -= 1
    elif size > 0.0:
        for i in range(high, row, -1):
            key[i], sizes[i] = key[i - 1], sizes[i - 1]
        key[row], sizes[row] = wanted, size
        ladders.filled[instrument, column] += 1


@part
def patch(ladders: Any, instrument: int, events: Any, low: int, high: int) -> bool:
    """Apply the LEVEL rows [low, high) in their order; whether the book is sound after it."""
    sound = True
    for i in range(low, high):
        level = events[i]
        sound &= level["size"] >= 0.0
        put(ladders, instrument, level["side"], level["price"], level["size"])
    return sound and not crossed(ladders, instrument)


@part
def crossed(ladders: Any, instrument: int) -> bool:
    """Whether the best bid is at or above the best ask."""
    bids, asks = ladders.filled[instrument, 0], ladders.filled[instrument, 1]
    if bids == 0 or asks == 0:
        return False
    bid = ladders.key[ladders.start[instrument, 0] + bids - 1]
    ask = -ladders.key[ladders.start[instrument, 1] + asks - 1]
    return bool(bid >= ask)


@part
def lose(ladders: Any, instrument: int) -> None:
    """Forget the levels of a book that must not be trusted."""
    ladders.filled[instrument, 0] = 0
    ladders.filled[instrument, 1] = 0
    ladders.last[instrument] = NO_SEQUENCE


@part
def depth(ladders: Any, events: Any, position: int, chained: bool) -> int:
    """Take one DEPTH message into its book; the verdict."""
    event = events[position]
    i, sequence = event["instrument"], event["sequence"]
    verdict = judge(ladders.last[i], ladders.seen[i], event["previous"], sequence, chained)
    if verdict == APPLIED:
        ladders.last[i] = sequence
        if not patch(ladders, i, events, position + 1, position + 1 + event["levels"]):
            verdict = CROSSED
    if verdict in (GAP, CROSSED):
        lose(ladders, i)
    if verdict != DUPLICATE:
        ladders.seen[i] = sequence
    return verdict


@part
def reset(ladders: Any, instrument: int, flags: int) -> int:
    """Begin the book of an instrument anew; its price step changes here and nowhere else."""
    lose(ladders, instrument)
    ladders.seen[instrument] = NO_SEQUENCE
    if flags & TICK_CHANGED:
        ladders.step[instrument] = ladders.next_step[instrument]
    return RESET


@part
def has_room(ladders: Any, instrument: int, levels: int) -> bool:
    """Whether both sides of a book could take that many more levels."""
    bids = ladders.filled[instrument, 0] + levels <= ladders.room[instrument, 0]
    asks = ladders.filled[instrument, 1] + levels <= ladders.room[instrument, 1]
    return bool(bids and asks)


@part
def write_quote(rows: Any, row: int, step: Any, bid: int, bid_size: float, ask: int, ask_size: float) -> None:
    """A quote from integer ticks."""
    rows.bid_price[row] = bid * step[0] / step[1]
    rows.bid_size[row] = bid_size
    rows.ask_price[row] = ask * step[0] / step[1]
    rows.ask_size[row] = ask_size
    rows.valid[row] = True


@part
def write_book(ladders: Any, rows: Any, row: int, instrument: int) -> None:
    """The best levels of a synchronised book that has both sides; nothing else."""
    bids, asks = ladders.filled[instrument, 0], ladders.filled[instrument, 1]
    if ladders.last[instrument] == NO_SEQUENCE or bids == 0 or asks == 0:
        return
    bid = ladders.start[instrument, 0] + bids - 1
    ask = ladders.start[instrument, 1] + asks - 1
    key, size = ladders.key, ladders.size
    write_quote(rows, row, ladders.step[instrument], key[bid], size[bid], -key[ask], size[ask])


@part
def write_ticker(ladders: Any, rows: Any, row: int, events: Any, position: int) -> None:
    """The venue's own best bid and ask, if they can be a quote: 0 < bid < ask and sizes above 0."""
    if events[position]["levels"] != 2:
        return
    bid, ask = events[position + 1], events[position + 2]
    if 0 < bid["price"] < ask["price"] and bid["size"] > 0.0 and ask["size"] > 0.0:
        step = ladders.step[events[position]["instrument"]]
        write_quote(rows, row, step, bid["price"], bid["size"], ask["price"], ask["size"])


@part
def write_head(ladders: Any, rows: Any, row: int, events: Any, position: int) -> None:
    """What every row says of its message; no quote and no trade yet."""
    event = events[position]
    i = event["instrument"]
    rows.instrument[row] = i
    rows.frame[row] = event["frame"]
    rows.kind[row] = event["kind"]
    rows.exchange_time[row] = event["exchange_time"]
    rows.receive_time[row] = event["receive_time"]
    rows.sequence[row] = event["sequence"]
    rows.bid_price[row], rows.bid_size[row] = np.nan, np.nan
    rows.ask_price[row], rows.ask_size[row] = np.nan, np.nan
    rows.valid[row] = False
    rows.price[row], rows.size[row] = np.nan, np.nan
    rows.side[row] = 0
    rows.off_book[row] = False
    rows.event[row] = position
    rows.expected[row] = ladders.seen[i] if ladders.seen[i] > ladders.last[i] else ladders.last[i]
    rows.since[row] = ladders.good_time[i]


@part
def write_trade(ladders: Any, rows: Any, row: int, event: Any) -> None:
    """Price, size and aggressor of a trade."""
    step = ladders.step[event["instrument"]]
    rows.price[row] = event["price"] * step[0] / step[1]
    rows.size[row] = event["size"]
    rows.side[row] = event["side"]
    rows.off_book[row] = (event["flags"] & OFF_BOOK) != 0


@kernel(LADDERS, EVENTS, int64, int64, boolean, ROWS, int64)
def walk(
    ladders: Any, events: Any, position: int, answer: int, chained: bool, rows: Any, written: int
) -> tuple[int, int]:
    """Take messages from `position` on into their books and write a row for each; returns (position, rows written).

    Stops before a SNAPSHOT, and before a DEPTH message its book has no room for: the caller sees to it and calls
    again with the verdict as `answer` to the message at `position` (ASK: none yet). At the end, position =
    len(events).
    """
    while position < len(events):
        event = events[position]
        kind, i = event["kind"], event["instrument"]
        if answer == ASK and (kind == SNAPSHOT or (kind == DEPTH and not has_room(ladders, i, event["levels"]))):
            return position, written
        write_head(ladders, rows, written, events, position)
        verdict = APPLIED
        if answer != ASK:
            verdict = answer
        elif kind == DEPTH:
            verdict = depth(ladders, events, position, chained)
        elif kind not in (TICKER, TRADE, AGGREGATE_TRADE):
            verdict = reset(ladders, i, event["flags"])
        answer = ASK
        if kind == TICKER:
            write_ticker(ladders, rows, written, events, position)
        elif verdict in (APPLIED, SETTLED):
            write_book(ladders, rows, written, i)
        if kind in (TRADE, AGGREGATE_TRADE):
            write_trade(ladders, rows, written, event)
        elif verdict in (APPLIED, SETTLED) and kind != TICKER:
            ladders.good_time[i] = event["receive_time"]
        if verdict == SETTLED:
            rows.sequence[written] = ladders.last[i]
        rows.verdict[written] = verdict
        written += 1
        position += 1 + event["levels"]
    return position, written


@kernel(LADDERS, EVENTS)
def replace(ladders: Any, snapshot: Any) -> bool:
    """Make a book exactly what a SNAPSHOT message (header and levels) says; whether the book is sound.

    Backwards, because venues list the best level first and sorted rows are cheapest to add from the far end.
    """
    i = snapshot[0]["instrument"]
    lose(ladders, i)
    sound = True
    for row in range(len(snapshot) - 1, 0, -1):
        level = snapshot[row]
        sound &= level["size"] >= 0.0
        put(ladders, i, level["side"], level["price"], level["size"])
    ladders.last[i] = snapshot[0]["sequence"]
    return sound and not crossed(ladders, i)


@kernel(LADDERS, EVENTS)
def change(ladders: Any, message: Any) -> bool:
    """Apply a kept DEPTH message (header and levels); whether the book is sound after it."""
    i = message[0]["instrument"]
    ladders.last[i] = message[0]["sequence"]
    return patch(ladders, i, message, 1, len(message))
