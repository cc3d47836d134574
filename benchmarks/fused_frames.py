"""The scanner of the bar: one frame of Binance USD-M as bytes to numbers, every byte of it looked at.

Any order of keys, unknown keys with a text or a truth value, white space. A key that comes twice or is missing, a value
of the wrong kind, an escape, a price off the tick or a size off the lot: the frame is not understood.
Values go to `state["mantissa"]` and `state["places"]`, by the key's letter & 63; levels go to `scratch`.
Tried and left out: numbers eight digits at a time in one register cost as much as digit by digit (1.2 ns a byte).
"""

from numba import types
from numba.extending import intrinsic
from numba.extending import register_jitable as part

from benchmarks.capture import PRICE_PLACES, SIZE_PLACES, SYMBOL

MAX_TICKS = 1 << 22
MAX_LEVELS = 1 << 16  # of one side in one frame
SYMBOL_BYTES = SYMBOL.encode()
PADDING = 64  # bytes behind the last frame, so that looking ahead needs no check


def key_bits(letters: str) -> int:
    """The set of one-letter keys as bits; "pu" is written @, which no key is."""
    return sum(1 << (ord(letter) & 63) for letter in letters)


# What every event must have as whole numbers, as decimal texts and otherwise.
DEPTH, TICKER, TRADE, MARK, SNAPSHOT = 1, 2, 3, 4, 5
DEPTH_NUMBERS, DEPTH_OTHERS = key_bits("ETUu@"), key_bits("esba")
TICKER_NUMBERS, TICKER_TEXTS, TICKER_OTHERS = key_bits("uET"), key_bits("bBaA"), key_bits("es")
TRADE_NUMBERS, TRADE_TEXTS, TRADE_OTHERS = key_bits("ETt"), key_bits("pq"), key_bits("esm")
MARK_NUMBERS, MARK_TEXTS, MARK_OTHERS = key_bits("ET"), key_bits("piPr"), key_bits("es")
SNAPSHOT_NUMBERS, SNAPSHOT_OTHERS = key_bits("uT"), key_bits("ba")
NUMBERS, TEXTS, LISTS = key_bits("ETUu@t"), key_bits("bBaApqPir"), key_bits("ba")


@intrinsic
def at(_typing, data, position):  # noqa: ARG001 - the signature is what Numba reads
    """A byte as an integer; unlike `data[position]` it asks nothing about negative positions, which saves a fifth."""

    def generate(context, builder, signature, arguments):
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        byte = builder.load(builder.gep(array.data, [arguments[1]]))
        return builder.zext(byte, context.get_value_type(types.int64))

    return types.int64(data, types.int64), generate


@part
def is_text(data, p, text):
    """Whether the bytes at p are this text."""
    for i in range(len(text)):  # noqa: SIM110 - Numba compiles no generators
        if at(data, p + i) != text[i]:
            return False
    return True


@part
def blanks(data, p):
    """Past white space."""
    while at(data, p) == 32 or at(data, p) == 10 or at(data, p) == 13 or at(data, p) == 9:
        p += 1
    return p


@part
def text_end(data, p, end):
    """The closing quote of a text that begins at p; −1 where it is escaped, not ASCII or open."""
    while p < end and at(data, p) != 34:
        if at(data, p) < 32 or at(data, p) > 126 or at(data, p) == 92:
            return -1
        p += 1
    return p if p < end else -1


@part
def whole(data, p):
    """(past it, value) of digits at p; (−1, 0) where there are none or too many."""
    begin, value = p, 0
    while 48 <= at(data, p) <= 57:
        value = value * 10 + (at(data, p) - 48)
        p += 1
    if p == begin or p - begin > 18 or (at(data, begin) == 48 and p - begin > 1):
        return -1, 0
    return p, value


@part
def decimal(data, p):
    """(past it, digits as a number, decimal places) of decimal text at p; (−1, 0, 0) where there is none."""
    begin, value = p, 0
    while 48 <= at(data, p) <= 57:
        value = value * 10 + (at(data, p) - 48)
        p += 1
    if p == begin:
        return -1, 0, 0
    places = 0
    if at(data, p) == 46:
        p += 1
        point = p
        while 48 <= at(data, p) <= 57:
            value = value * 10 + (at(data, p) - 48)
            p += 1
        places = p - point
        if places == 0:
            return -1, 0, 0
    if p - begin > 18:
        return -1, 0, 0
    return p, value, places


@part
def in_steps(value, places, wanted):
    """A decimal in steps of 10 ** −wanted; −1 where it is no multiple of them."""
    while places > wanted:
        rest = value
        value //= 10
        if value * 10 != rest:
            return -1
        places -= 1
    while places < wanted:
        value *= 10
        places += 1
    return value


@part
def ladder(data, p, state, scratch, side):
    """Past a list of [price, size] texts at p, which goes to `scratch`; −1 where it is none."""
    count = 0
    p = blanks(data, p + 1)
    ticks, lots = scratch[0, side], scratch[1, side]
    more = at(data, p) != 93
    while more:
        if at(data, p) != 91 or at(data, p + 1) != 34 or count == MAX_LEVELS:
            return -1
        p, value, places = decimal(data, p + 2)
        if p < 0 or at(data, p) != 34:
            return -1
        tick = in_steps(value, places, PRICE_PLACES)
        p = blanks(data, p + 1)
        if at(data, p) != 44:
            return -1
        p = blanks(data, p + 1)
        if at(data, p) != 34:
            return -1
        p, value, places = decimal(data, p + 1)
        if p < 0 or at(data, p) != 34 or at(data, p + 1) != 93:
            return -1
        size = in_steps(value, places, SIZE_PLACES)
        if tick < 0 or tick >= MAX_TICKS or size < 0:
            return -1
        ticks[count], lots[count] = tick, size
        count += 1
        p = blanks(data, p + 2)
        more = at(data, p) == 44
        if more:
            p = blanks(data, p + 1)
    if at(data, p) != 93:
        return -1
    state["levels"][side] = count
    return p + 1


@part
def event_of(data, p, length):
    """Which event a name says; 0 for another."""
    if length == 11 and is_text(data, p, b"depthUpdate"):
        return DEPTH
    if length == 10 and is_text(data, p, b"bookTicker"):
        return TICKER
    if length == 5 and is_text(data, p, b"trade"):
        return TRADE
    if length == 15 and is_text(data, p, b"markPriceUpdate"):
        return MARK
    return 0


@part
def key_of(data, p, length):
    """The letter that stands for a key; 0 for a key that is not known."""
    if length == 1:
        return at(data, p)
    if length == 2 and is_text(data, p, b"pu"):
        return 64
    if length == 4 and is_text(data, p, b"bids"):
        return 98
    if length == 4 and is_text(data, p, b"asks"):
        return 97
    if length == 12 and is_text(data, p, b"lastUpdateId"):
        return 117
    return 0


@part
def complete(event, numbers, texts, others):
    """The event, if it has all that it must have; 0 otherwise."""
    if event == DEPTH:
        whole = numbers & DEPTH_NUMBERS == DEPTH_NUMBERS and others & DEPTH_OTHERS == DEPTH_OTHERS
    elif event == TICKER:
        whole = numbers & TICKER_NUMBERS == TICKER_NUMBERS and others & TICKER_OTHERS == TICKER_OTHERS
        whole &= texts & TICKER_TEXTS == TICKER_TEXTS
    elif event == TRADE:
        whole = numbers & TRADE_NUMBERS == TRADE_NUMBERS and others & TRADE_OTHERS == TRADE_OTHERS
        whole &= texts & TRADE_TEXTS == TRADE_TEXTS
    elif event == MARK:
        whole = numbers & MARK_NUMBERS == MARK_NUMBERS and others & MARK_OTHERS == MARK_OTHERS
        whole &= texts & MARK_TEXTS == MARK_TEXTS
    else:
        whole = numbers & SNAPSHOT_NUMBERS == SNAPSHOT_NUMBERS and others & SNAPSHOT_OTHERS == SNAPSHOT_OTHERS
    return event if whole else 0


@part
def scan(data, p, end, state, scratch):
    """The event of a frame, its values in `state`; 0 where the frame is not understood."""
    numbers = texts = others = seen = 0
    event, depth, snapshot = 0, 0, False
    state["mantissa"][88 & 63] = 1  # X: a trade that does not say is one of the book
    p = blanks(data, p)
    if at(data, p) != 123:
        return 0
    p = blanks(data, p + 1)
    while True:
        if at(data, p) != 34:
            return 0
        begin = p + 1
        p = begin + 1 if at(data, begin + 1) == 34 else text_end(data, begin, end)
        if p < 0:
            return 0
        length = p - begin
        p = blanks(data, p + 1)
        if at(data, p) != 58:
            return 0
        p = blanks(data, p + 1)
        first = at(data, p)
        if first == 123:
            if depth == 1 or length != 4 or not is_text(data, begin, b"data"):
                return 0
            depth = 1
            p = blanks(data, p + 1)
            continue
        key = key_of(data, begin, length)
        snapshot |= length == 12 and key == 117
        bit = 1 << (key & 63) if key else 0
        if seen & bit:
            return 0
        seen |= bit
        if first == 91:
            if not bit & LISTS:
                return 0
            p = ladder(data, p, state, scratch, 0 if key == 98 else 1)
            others |= bit
        elif first == 34 and bit & TEXTS:
            negative = key == 114 and at(data, p + 1) == 45  # a funding rate
            p, state["mantissa"][key & 63], state["places"][key & 63] = decimal(data, p + 1 + negative)
            if p < 0 or at(data, p) != 34:
                return 0
            p += 1
            texts |= bit
        elif first == 34:
            start = p + 1
            p = text_end(data, start, end)
            if p < 0:
                return 0
            if key == 101:
                event = event_of(data, start, p - start)
            elif key == 115 and (p - start != len(SYMBOL_BYTES) or not is_text(data, start, SYMBOL_BYTES)):
                return 0
            elif key == 88:
                state["mantissa"][key & 63] = p - start == 6 and is_text(data, start, b"MARKET")
            p += 1
            others |= bit
        elif bit & NUMBERS:
            p, state["mantissa"][key & 63] = whole(data, p)
            numbers |= bit
        elif is_text(data, p, b"true"):
            state["mantissa"][key & 63] = 1
            p += 4
            others |= bit
        elif is_text(data, p, b"false"):
            state["mantissa"][key & 63] = 0
            p += 5
            others |= bit
        else:
            return 0
        if p < 0:
            return 0
        p = blanks(data, p)
        while at(data, p) == 125 and depth >= 0:
            depth -= 1
            p = blanks(data, p + 1)
        if depth < 0:
            break
        if at(data, p) != 44:
            return 0
        p = blanks(data, p + 1)
    if p != end:
        return 0
    return complete(SNAPSHOT if snapshot else event, numbers, texts, others)
