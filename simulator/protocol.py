"""Message rows → Binance USD-M frames: the combined form `{"stream":…,"data":…}` in one byte buffer.

Compiled, because at 10 000 messages per second formatting in Python would cost more than the whole exchange. FORMS
spells each kind as the venue prints it, with `<how column>` where a number of the message row goes. Field order as in
the vendor's samples of 2026 (binance-connector-python, derivatives_trading_usds_futures 17.2.0).
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import compiled
from simulator.listing import Listing
from simulator.publish import KINDS, LEVEL_ROWS, MESSAGES, Output

Integers = NDArray[np.int64]
Bytes = NDArray[np.uint8]

CHANNELS = ("depth@100ms", "bookTicker", "aggTrade", "markPrice@1s")  # by kind
INTEGER, PRICE, SIZE, FRACTION, FLAG, LEVELS, EVENT, TIME, SECOND, FUNDING, RATE, NOTHING = range(12)
HOWS = {
    "integer": INTEGER,
    "price": PRICE,  # ticks
    "size": SIZE,  # lots
    "fraction": FRACTION,  # millionths of a tick, printed with 8 decimals
    "flag": FLAG,
    "levels": LEVELS,  # bids where the column is that of their number, else asks
    "event": EVENT,  # when it was sent, ms
    "time": TIME,  # when it happened, ms
    "second": SECOND,  # the same as a whole second, which is what the venue stamps on marks
    "funding": FUNDING,  # when funding is next exchanged, ms
    "rate": RATE,
}
FORMS = (
    '{"e":"depthUpdate","E":<event>,"T":<time>,"s":"SYMBOL","U":<integer 3>,"u":<integer 4>,"pu":<integer 5>,'
    '"b":[<levels 7>],"a":[<levels 8>],"ps":"SYMBOL","st":1}',
    '{"e":"bookTicker","u":<integer 3>,"E":<event>,"T":<time>,"s":"SYMBOL","ps":"SYMBOL",'
    '"b":"<price 4>","B":"<size 5>","a":"<price 6>","A":"<size 7>","st":1}',
    '{"e":"aggTrade","E":<event>,"s":"SYMBOL","a":<integer 3>,"p":"<price 4>","q":"<size 5>","nq":"<size 5>",'
    '"f":<integer 6>,"l":<integer 7>,"T":<time>,"m":<flag 8>,"st":1}',
    '{"e":"markPriceUpdate","E":<second>,"s":"SYMBOL","p":"<fraction 3>","i":"<fraction 4>","P":"<fraction 4>",'
    '"r":"<rate>","ap":"<fraction 3>","T":<funding>,"st":1}',
)
BID_COLUMN = 7  # of the number of bids in a depth row; the start of its levels is in the column before
FRAME_BYTES = 400  # more than a frame without levels takes
LEVEL_BYTES = 56  # more than one price level takes
PIECES_MOST = 12
MILLISECOND_NS = 1_000_000
SECOND_NS = 1_000_000_000
FUNDING_NS = 8 * 3600 * 1_000_000_000
FUNDING_RATE = 10_000  # 0.00010000
WORDS = np.frombuffer(b"truefalse", np.uint8)
ZERO, COMMA, POINT, QUOTE, OPEN, CLOSE = b'0,."[]'


class Templates(NamedTuple):
    """Every kind of frame of every instrument as literal pieces, what to print after each, and in which units."""

    text: Bytes
    pieces: Integers  # instrument by kind by place by (start in `text`, end, how, column)
    payload: Integers  # instrument by kind: bytes before the payload of the combined form
    units: Integers  # instrument by (tick units, price decimals, lot units, size decimals)


class Frames(NamedTuple):
    """Frames of one slice, back to back."""

    buffer: Bytes
    start: Integers
    payload: Integers  # where `data` of the combined form begins; it ends one byte before the frame does
    end: Integers
    stream: Integers  # instrument × KINDS + kind
    total: Integers  # one entry


def frames() -> Frames:
    """Buffers for one slice."""
    return Frames(
        buffer=np.zeros(MESSAGES * FRAME_BYTES + LEVEL_ROWS * LEVEL_BYTES, np.uint8),
        start=np.zeros(MESSAGES, np.int64),
        payload=np.zeros(MESSAGES, np.int64),
        end=np.zeros(MESSAGES, np.int64),
        stream=np.zeros(MESSAGES, np.int64),
        total=np.zeros(1, np.int64),
    )


def stream_names(listings: Sequence[Listing]) -> tuple[str, ...]:
    """The name of every stream, at its number."""
    return tuple(f"{row.symbol.lower()}@{channel}" for row in listings for channel in CHANNELS)


def templates(listings: Sequence[Listing]) -> Templates:
    """The forms cut into pieces, for each instrument."""
    pieces = np.zeros((len(listings), KINDS, PIECES_MOST, 4), np.int64)
    payload = np.zeros((len(listings), KINDS), np.int64)
    text = bytearray()
    for i, row in enumerate(listings):
        for kind, channel in enumerate(CHANNELS):
            head = f'{{"stream":"{row.symbol.lower()}@{channel}","data":'
            payload[i, kind] = len(head)
            form = head + FORMS[kind].replace("SYMBOL", row.symbol) + "}"
            for place, (literal, how, column) in enumerate(_cut(form)):
                pieces[i, kind, place] = len(text), len(text) + len(literal), how, column
                text += literal
    units = [(row.tick_units, row.price_decimals, row.lot_units, row.size_decimals) for row in listings]
    return Templates(np.array(text, np.uint8), pieces, payload, np.array(units, np.int64))


def _cut(form: str) -> list[tuple[bytes, int, int]]:
    """Each literal with what follows it; the last is followed by nothing."""
    parts = re.split(r"<(\w+) ?(\d*)>", form)
    follow = [(HOWS[how], int(column or 0)) for how, column in zip(parts[1::3], parts[2::3], strict=True)]
    literals = [literal.encode() for literal in parts[::3]]
    return [(literal, *after) for literal, after in zip(literals, [*follow, (NOTHING, 0)], strict=True)]


@compiled
def format_slice(out: Output, known: Templates, into: Frames, epoch_ns: int, sent_ns: int) -> None:
    """Print all message rows; `epoch_ns` is the wall time of simulated time 0, `sent_ns` that of the sending."""
    at = 0
    for row in range(out.counts[0]):
        kind, i = out.messages[row, 0], out.messages[row, 1]
        into.start[row] = at
        into.payload[row] = at + known.payload[i, kind]
        into.stream[row] = i * KINDS + kind
        for place in range(PIECES_MOST):
            piece = known.pieces[i, kind, place]
            for source in range(piece[0], piece[1]):
                into.buffer[at] = known.text[source]
                at += 1
            if piece[2] == NOTHING:
                break
            at = _print(out, row, known, piece[2], piece[3], into.buffer, at, epoch_ns, sent_ns)
        into.end[row] = at
    into.total[0] = out.counts[0]


@compiled
def _print(
    out: Output, row: int, known: Templates, how: int, column: int, to: Bytes, at: int, epoch_ns: int, sent_ns: int
) -> int:
    message = out.messages[row]
    units = known.units[message[1]]
    if how == LEVELS:
        first = message[BID_COLUMN - 1] + (0 if column == BID_COLUMN else message[BID_COLUMN])
        return levels(units, out.levels, first, first + message[column], to, at)
    if how == FLAG:
        return _flag(to, at, message[column] == 1)
    value, decimals = message[column], 0
    time_ns = epoch_ns + message[2]
    if how == PRICE:
        value, decimals = value * units[0], units[1]
    elif how == SIZE:
        value, decimals = value * units[2], units[3]
    elif how == FRACTION:
        value, decimals = value * units[0] * 10 ** (8 - units[1]) // 1_000_000, 8
    elif how == EVENT:
        value = sent_ns // MILLISECOND_NS
    elif how == TIME:
        value = time_ns // MILLISECOND_NS
    elif how == SECOND:
        value = time_ns // SECOND_NS * 1_000
    elif how == FUNDING:
        value = (time_ns // FUNDING_NS + 1) * FUNDING_NS // MILLISECOND_NS
    elif how == RATE:
        value, decimals = FUNDING_RATE, 8
    return decimal(to, at, value, decimals)


@compiled
def levels(units: Integers, rows: Integers, first: int, last: int, to: Bytes, at: int) -> int:
    """Print `["price","size"],…` of the rows (ticks, lots) from first to before last; the position after them."""
    for row in range(first, last):
        if row != first:
            to[at] = COMMA
            at += 1
        to[at] = OPEN
        to[at + 1] = QUOTE
        at = decimal(to, at + 2, rows[row, 0] * units[0], units[1])
        to[at] = QUOTE
        to[at + 1] = COMMA
        to[at + 2] = QUOTE
        at = decimal(to, at + 3, rows[row, 1] * units[2], units[3])
        to[at] = QUOTE
        to[at + 1] = CLOSE
        at += 2
    return at


@compiled
def _flag(to: Bytes, at: int, value: bool) -> int:
    first, last = (0, 4) if value else (4, 9)
    for letter in range(first, last):
        to[at] = WORDS[letter]
        at += 1
    return at


@compiled
def decimal(to: Bytes, at: int, value: int, decimals: int) -> int:
    """Print value × 10^−decimals with that many decimals, value not negative; the position after it."""
    places = 1
    left = value // 10
    while left > 0 or places <= decimals:
        places += 1
        left //= 10
    width = places if decimals == 0 else places + 1
    for place in range(at + width - 1, at - 1, -1):
        if decimals > 0 and place == at + width - 1 - decimals:
            to[place] = POINT
        else:
            to[place] = ZERO + value % 10
            value //= 10
    return at + width
