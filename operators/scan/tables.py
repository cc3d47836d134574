"""A venue's tables of keys as arrays, for the kernel."""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from operators.scan.words import every, packed
from venues.keys import Layout, Slot

MOST_FIELDS = 63  # of one message: a bit of an int64 for each
MARK = -1  # as the kind of a message: it is a mark price
NO_MESSAGE = -1

# Words of up to LONGEST_WORD bytes stand in two columns.
FIELD = np.dtype(
    [
        ("key", np.uint64),
        ("key_rest", np.uint64),
        ("word", np.uint64),
        ("word_rest", np.uint64),
        ("form", np.int64),
        ("slot", np.int64),
        ("pattern", np.uint64),  # the key as it is mostly written: "key":
        ("mask", np.uint64),  # of its bytes
        ("width", np.int64),  # their number
    ]
)
MESSAGE = np.dtype(
    [
        ("stream", np.uint64),
        ("stream_rest", np.uint64),
        ("event", np.uint64),
        ("event_rest", np.uint64),
        ("symbol", np.uint64),  # key of the symbol
        ("symbol_rest", np.uint64),
        ("kind", np.int64),
        ("first", np.int64),  # its fields in `fields`
        ("count", np.int64),
        ("required", np.int64),  # a bit for each of them
        ("dense", np.bool_),  # it continues the id before its first
    ],
    align=True,
)
LAYOUT = np.dtype(
    [
        ("stream", np.uint64),
        ("stream_rest", np.uint64),
        ("data", np.uint64),
        ("data_rest", np.uint64),
        ("event", np.uint64),
        ("event_rest", np.uint64),
        ("separator", np.uint64),  # eight times
        ("part", np.int64),
        ("unnamed", np.int64),  # a message, NO_MESSAGE for none
    ]
)
Rows = NDArray[np.void]


class Tables(NamedTuple):
    """All messages of a venue."""

    layout: Rows  # one row of LAYOUT
    messages: Rows
    fields: Rows


@cache
def compiled(layout: Layout) -> Tables:
    """The arrays of a layout; raises ValueError where a key is too long or a message has too many."""
    messages = np.zeros(len(layout.messages), MESSAGE)
    fields = np.zeros(sum(len(message.fields) for message in layout.messages), FIELD)
    first = 0
    for row, message in zip(messages, layout.messages, strict=True):
        if len(message.fields) > MOST_FIELDS:
            raise ValueError(f"a message of {len(message.fields)} keys; {MOST_FIELDS} are the most")
        slots = [field.slot for field in message.fields]
        row["stream"], row["stream_rest"] = packed(message.stream)
        row["event"], row["event_rest"] = packed(message.event)
        row["symbol"], row["symbol_rest"] = packed(message.fields[slots.index(Slot.SYMBOL)].key)
        row["kind"] = MARK if message.kind is None else message.kind
        row["first"], row["count"] = first, len(message.fields)
        row["required"] = sum(1 << number for number, field in enumerate(message.fields) if field.required)
        row["dense"] = Slot.PREVIOUS_ID not in slots
        for field in message.fields:
            fields[first] = *packed(field.key), *packed(field.word), field.form, field.slot, *_pattern(field.key)
            first += 1
    return Tables(_layout(layout), messages, fields)


def _pattern(key: str) -> tuple[int, int, int]:
    """A key with its quotes and colon as one word, the bits that count, its bytes; what nothing equals beyond eight."""
    written = f'"{key}":'.encode()
    if len(written) > 8:
        return 1, 0, 0
    return int.from_bytes(written, "little"), (1 << 8 * len(written)) - 1, len(written)


def _layout(layout: Layout) -> Rows:
    words = [message.event for message in layout.messages]
    unnamed = words.index(layout.unnamed) if layout.unnamed in words else NO_MESSAGE
    names = *packed(layout.stream), *packed(layout.data), *packed(layout.event)
    return np.array([(*names, every(ord(layout.separator)), layout.part, unnamed)], LAYOUT)
