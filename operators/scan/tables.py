"""A venue's tables of keys as arrays, for the kernel.

A table of shapes is a tree; every `Object` of it is a node, once for all places where it stands, but for whether it
stands in an object that writes a row: what is said outside of those goes to slots of its own.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from venues.keys import Form, Slot

MOST_FIELDS = 63  # of one object: a bit of an int64 for each
NO_NODE = -1
SLOTS = len(Slot)
OUTSIDE = SLOTS  # added to the slots of what stands outside of the objects that write
ABSENT = np.iinfo(np.int64).min  # in a slot: no value

# What stands in FIELD.form where a value is no single one; forms that are the same but for the quotes are one.
OBJECT, ARRAY, NEWEST_FIRST, LEVELS = 100, 101, 102, 103
UNQUOTED: dict[Form, Form] = {
    Form.NUMBER_PRICE: Form.PRICE,
    Form.NUMBER: Form.DECIMAL,
    Form.INTEGER: Form.TEXT_INTEGER,
    Form.TIME: Form.TEXT_TIME,
}

# How an object that writes a row does it.
NOT, LEVEL, BOOK, QUOTES, TRADE = range(5)
# What the id before that of a book message is.
GIVEN, TOGETHER, BEFORE_FIRST, BEFORE_LAST = range(4)

TEXT = [("one", np.uint64), ("two", np.uint64), ("three", np.uint64)]  # a text in three words
KEY = [
    *TEXT,
    ("pattern", np.uint64),  # the first bytes of the key as it mostly follows a value: ,"key":
    ("mask", np.uint64),  # … and which bits of them count
    ("width", np.int64),  # the number of its bytes
    ("rest", np.uint64, (3,)),  # those beyond the first eight
    ("last_mask", np.uint64),  # of the last word of them
]
FIELD = np.dtype(
    [
        *KEY,
        ("form", np.int64),
        ("slot", np.int64),
        ("quotes", np.int64),  # before it, and behind: one or none
        ("needs_symbol", np.bool_),
        ("bit", np.int64),  # among the fields of its object
        ("next", np.int64),  # the field that mostly follows
        ("node", np.int64),  # of the object, or of those in the array
        ("first", np.int64),  # its words
        ("count", np.int64),  # … and their number; of levels: the strings behind price and size
        ("other", np.int64),  # value of any other word; ABSENT: there must be none
    ],
    align=True,
)
WORD = np.dtype([*TEXT, ("value", np.int64)])  # a word of a field, or of an entrance: then the value is the node
NODE = np.dtype(
    [
        *TEXT,  # key of the symbol
        ("first", np.int64),  # its fields
        ("count", np.int64),
        ("required", np.int64),  # a bit for each of them
        ("kind", np.int64),  # of the row of events that it writes
        ("manner", np.int64),  # … and how it does
        ("previous", np.int64),
        ("opens", np.bool_),  # it is an object that writes, other than a level
        ("names", np.bool_),  # it has a symbol
        ("marks", np.bool_),  # it writes a row of marks
    ],
    align=True,
)
ENTRANCE = np.dtype(
    [
        *KEY,
        ("outer", np.uint64, (3,)),  # the key of the object that it is in
        ("within", np.bool_),
        ("leads", np.bool_),
        ("read", np.bool_),  # the key is the first of all its messages, a text that is used for nothing else
        ("array", np.bool_),  # of the layout
        ("separator", np.uint64),  # eight times; 0: none
        ("part", np.int64),
        ("first", np.int64),  # its words
        ("count", np.int64),
        ("unnamed", np.int64),  # node of the message without such a key
    ],
    align=True,
)
Rows = NDArray[np.void]


class Tables(NamedTuple):
    """All messages of a venue; read-only, as the kernel is compiled for."""

    entrances: Rows
    nodes: Rows
    fields: Rows
    words: Rows
