"""How many rows so many bytes can fill: from the shortest text that a table allows for each of them."""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from operators.scan.build import BEST, written
from operators.scan.tables import NOT, QUOTES
from venues.keys import MARK, Array, Field, Form, Layout, Levels, Object

QUOTED_NUMBERS = {Form.PRICE, Form.DECIMAL, Form.TEXT_INTEGER, Form.TEXT_TIME}
MAYBE_NOTHING = {Form.TEXT, Form.HASHED, Form.SIGNED, Form.SCALARS, Form.WORDS, Form.LITERALS}  # two quotes or brackets
TIME_BYTES = 22  # "2026-08-09T21:05:48Z"
MANY_BYTES = 1 << 20  # of rows that there are not


class Room(NamedTuple):
    """Bytes that one row takes."""

    events: int
    marks: int


def most_rows(layout: Layout, frames: int, size: int) -> tuple[int, int]:
    """The rows of events, and of marks, that so many frames of so many bytes can fill."""
    events, marks = fewest_bytes(layout)
    return frames + size // events, frames + size // marks


@cache
def fewest_bytes(layout: Layout) -> Room:
    """Bytes that one row of each kind takes at least."""
    shapes = [shape for entrance in layout.entrances for shape in entrance.messages.values()]
    found = [row for shape in shapes for row in _rows(shape)]
    return Room(min([MANY_BYTES, *(row.events for row in found)]), min([MANY_BYTES, *(row.marks for row in found)]))


def _rows(shape: Object) -> Iterator[Room]:
    """Bytes for each row that an object and what is in it become."""
    manner, size = written(shape)["manner"], _object(shape) + 1
    if manner != NOT:
        yield Room(size, MANY_BYTES)
    if manner == QUOTES:
        yield Room((size + sum(_member(field) for field in shape.fields if field.slot in BEST)) // 3, MANY_BYTES)
    yield Room(MANY_BYTES, size if MARK in (shape.writes, shape.also) else MANY_BYTES)
    for field in shape.fields:
        match field.form:
            case Object():
                yield from _rows(field.form)
            case Array():
                yield from _rows(field.form.of)
            case Levels():
                number = 3 if field.form.price == Form.PRICE else 1
                yield Room(2 * number + len("[,],") + len(',""') * field.form.unused, MANY_BYTES)


def _object(shape: Object) -> int:
    """Bytes of an object at least; those of the best prices are counted apart."""
    return len("{}") + sum(_member(field) for field in shape.fields if field.required and field.slot not in BEST)


def _member(field: Field) -> int:
    """Bytes of a key and its value at least, without a comma."""
    value = 1
    match field.form:
        case Object():
            value = _object(field.form)
        case Array() | Levels():
            value = len("[]")
        case Form.RFC3339:
            value = TIME_BYTES
        case Form.WORD:
            value = len('""') + (0 if field.other is not None else min(map(len, field.words)))
        case form if form in QUOTED_NUMBERS:
            value = len('"1"')
        case form if form in MAYBE_NOTHING:
            value = len('""')
    return len(field.key) + len('"":') + value
