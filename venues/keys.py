"""Tables of keys: how a venue's messages are written, so that one scanner reads every venue.

A `Message` lists the keys of one kind of message in the order of the wire, each with the form of its value and the
`Slot` that the value goes to. A `Layout` has a venue's messages and says how a frame tells which one it is: by a word
in the name of its stream, or by a word of its own. The scanner (operators/scan) takes only what a table says to the
letter; whatever else a frame may be, the venue's `read` sees to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, auto

from market.schema import Kind

MAX_FRAME_BYTES = 4 << 20  # ten times the largest real one, a REST book of 5000 levels a side; beyond: a dead letter


class Slot(IntEnum):
    """What a value means."""

    NOTHING = 0  # not used, but its form is checked
    SYMBOL = auto()
    EXCHANGE_TIME = auto()
    FIRST_ID = auto()  # a message with no PREVIOUS_ID continues the id before it
    LAST_ID = auto()  # the update id of a book message, the id of a trade
    PREVIOUS_ID = auto()
    BIDS = auto()
    ASKS = auto()
    BID_PRICE = auto()
    BID_SIZE = auto()
    ASK_PRICE = auto()
    ASK_SIZE = auto()
    PRICE = auto()  # of a trade
    SIZE = auto()
    BUYER_IS_MAKER = auto()  # the seller was the aggressor
    CAUSE = auto()  # of a trade: off the book unless it is the field's word
    MARK_PRICE = auto()
    INDEX_PRICE = auto()
    FUNDING_RATE = auto()
    FUNDING_TIME = auto()


class Form(IntEnum):
    """How a value is written."""

    ANY = 0  # any string, number or literal; no array, no object
    INTEGER = auto()  # digits, no sign
    TIME = auto()  # INTEGER: milliseconds, microseconds or nanoseconds, told apart by their size
    BOOLEAN = auto()
    TEXT = auto()  # string
    WORD = auto()  # string that must be the field's word
    PRICE = auto()  # string: decimal number, a multiple of the instrument's tick size
    DECIMAL = auto()  # string: decimal number
    SIGNED = auto()  # string: decimal number that may be negative, or nothing
    LEVELS = auto()  # array of [PRICE, DECIMAL]
    REFUSED = auto()  # a frame with this key is not for the scanner


@dataclass(frozen=True)
class Field:
    """One key of a message."""

    key: str
    form: Form = Form.ANY
    slot: Slot = Slot.NOTHING
    word: str = ""
    required: bool = True


@dataclass(frozen=True)
class Message:
    """One kind of message; `kind` is None for mark prices."""

    kind: Kind | None
    stream: str  # word in its stream's name
    event: str  # word of its own
    fields: tuple[Field, ...]


@dataclass(frozen=True, eq=False)  # told apart by identity, so that looking one up is quick
class Layout:
    """The messages of a venue: `{"<stream>":"…<word>…","<data>":{message}}`, or the message alone."""

    stream: str
    data: str
    separator: str  # one character, between the parts of a stream's name
    part: int  # which of them, from 0, is the word
    event: str  # key of the word that a message alone has
    unnamed: str  # word of the message that has none
    messages: tuple[Message, ...]


def unused(*keys: str) -> Sequence[Field]:
    """Optional fields that we know but do not use."""
    return [Field(key, required=False) for key in keys]
