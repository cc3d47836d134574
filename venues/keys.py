"""Tables of keys: how a venue's messages are written, so that one scanner reads every venue.

A message is a tree of shapes, as it stands on the wire: an `Object` lists its keys in the order of the wire, each a
`Field` with the form of its value and the `Slot` that the value goes to; an `Array` is one object after another;
`Levels` is an array of [price, size]. An object that `writes` becomes a row of that kind, with what it and the objects
inside it say; what the objects around it say (a time, a kind, a number) holds for all rows of the message.
A `Layout` says how a frame tells which message it is: an `Entrance` names the key, or the part of its value, that is a
word of its messages.

The scanner (operators/scan) takes only what a table says to the letter. Keys may stand in any order and blanks where
JSON has them; a key that no table knows is skipped if its value is a scalar, but not in the outermost object. Whatever
else a frame may be (an escape, an exponent, a null, a key twice), the venue's `read` sees to it, and for what a table
does say, `read` must give the same rows to the bit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, auto

MAX_FRAME_BYTES = 16 << 20  # three times the largest real one, a full book of Coinbase; beyond: a dead letter
MARK = -1  # as what an object writes: a row of market.schema.MARK


class Slot(IntEnum):
    """What a value means. Ids that a message does not say are 0, sides 0, flags 0, times NO_TIME."""

    NOTHING = 0  # not used, but its form is checked
    SYMBOL = auto()  # before the prices, or in the object that writes
    KIND = auto()  # a word for a Kind, in place of what the object writes
    NUMBER = auto()  # of the frame on its connection; the sequence, too, of messages that have no id of their own
    EXCHANGE_TIME = auto()
    SENT_TIME = auto()  # the exchange time of a message that has no EXCHANGE_TIME
    FIRST_ID = auto()  # the message continues the id before this one
    LAST_ID = auto()  # the sequence: update id of a book message, id of a trade
    COUNTED_ID = auto()  # as LAST_ID, and a change continues the id before this one; from 2 on
    PREVIOUS_ID = auto()  # the id that the message continues, never without LAST_ID; of a QUOTE: the exchange
    CHECKSUM = auto()  # CRC32 of the book after the message, signed or not
    BIDS = auto()  # Levels, or an Array of objects that write Kind.LEVEL
    ASKS = auto()
    UPDATES = auto()  # an Array of objects that write Kind.LEVEL, each with its SIDE: first all bids, then all asks
    BID_PRICE = auto()
    BID_SIZE = auto()
    ASK_PRICE = auto()
    ASK_SIZE = auto()
    PRICE = auto()  # of a trade, of a level
    SIZE = auto()
    SIDE = auto()  # a word for +1 (buy, bid) or -1 (sell, ask)
    FLAGS = auto()  # a word for bits of market.schema.Flag
    MARK_PRICE = auto()
    INDEX_PRICE = auto()
    FUNDING_RATE = auto()
    FUNDING_TIME = auto()


class Form(IntEnum):
    """How a value is written. In quotes, where not said otherwise; a NUMBER is written without."""

    ANY = 0  # any string, number or literal; no array, no object
    SCALARS = auto()  # array of ANY
    REFUSED = auto()  # a frame with this key is not for the scanner
    TEXT = auto()
    HASHED = auto()  # a text that stands for the id that venues/ids.py makes of it
    WORD = auto()  # one of the field's words
    WORDS = auto()  # array of WORD; their values are joined by "or", but for a SIDE there is one or none
    LITERAL = auto()  # one of the field's words, without quotes: true, false, 7
    LITERALS = auto()  # array of LITERAL, as WORDS
    PRICE = auto()  # decimal number, a multiple of the instrument's tick size
    NUMBER_PRICE = auto()
    DECIMAL = auto()  # decimal number
    NUMBER = auto()
    SIGNED = auto()  # decimal number that may be negative, or nothing between the quotes
    INTEGER = auto()  # without quotes: digits, no sign
    SIGNED_INTEGER = auto()  # without quotes
    TEXT_INTEGER = auto()  # INTEGER in quotes
    TIME = auto()  # without quotes: milliseconds, microseconds or nanoseconds, told apart by their size
    TEXT_TIME = auto()  # TIME in quotes
    RFC3339 = auto()  # 2026-08-09T21:05:48.228568804Z: UTC, up to nine decimal places or none


@dataclass(frozen=True, eq=False)  # these are told apart by identity, so that looking one up is quick
class Levels:
    """An array of [price, size, …]; `unused` strings follow."""

    price: Form = Form.PRICE
    size: Form = Form.DECIMAL
    unused: int = 0


@dataclass(frozen=True, eq=False)
class Object:
    """An object; its keys in the order of the wire.

    writes: the row that it becomes, a Kind or MARK; `also`: another, of those two kinds of rows. None: it becomes none.
    A TRADE has PRICE and SIZE. A DEPTH, SNAPSHOT or PICTURE has BIDS and ASKS, or UPDATES.
    A TICKER, PICTURE or QUOTE may have BID_PRICE, BID_SIZE, ASK_PRICE and ASK_SIZE instead: a TICKER is written if it
    has all four; a side of a PICTURE is a level if it has both and neither is 0, a side of a QUOTE if it has both.
    A MARK is written if it has a MARK_PRICE, an INDEX_PRICE or a FUNDING_RATE; what it has not is NaN.
    """

    fields: "tuple[Field, ...]"
    writes: int | None = None
    also: int | None = None


@dataclass(frozen=True, eq=False)
class Array:
    """An array of objects; the rows of one that is written newest first are turned."""

    of: Object
    newest_first: bool = False


@dataclass(frozen=True, eq=False)
class Field:
    """One key of an object.

    words: what the words of a WORD or LITERAL stand for: a Kind, a side, flags; without a slot, any number.
    other: what every other word stands for; None: there must be none.
    """

    key: str
    form: Form | Object | Array | Levels = Form.ANY
    slot: Slot = Slot.NOTHING
    words: Mapping[str, int] = field(default_factory=dict)
    other: int | None = None
    required: bool = True


@dataclass(frozen=True, eq=False)
class Entrance:
    """One way in which messages say what they are: by the value of a key, of a key within a key, or by a part of it.

    part: which of the parts between separators is the word, from 0; -1: all but the last.
    leads: the key must be the first one; otherwise it is looked for.
    messages: by their words; by "" the message that has no such key.
    """

    key: str
    messages: Mapping[str, Object]
    within: str = ""  # the key of the object that the key is in
    separator: str = ""  # one character; "": the whole value is the word
    part: int = 0
    leads: bool = False


@dataclass(frozen=True, eq=False)
class Layout:
    """The messages of a venue: the first entrance whose key a frame has leads to its message.

    array: a frame is an array of messages, each of them with a word of its own.
    """

    entrances: tuple[Entrance, ...]
    array: bool = False


def unused(*keys: str) -> Sequence[Field]:
    """Optional fields that we know but do not use."""
    return [Field(key, required=False) for key in keys]
