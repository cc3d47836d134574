"""A venue's layout to the arrays of `tables`; one that the kernel could not follow is refused with the reason."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from market.schema import Kind
from operators.scan.tables import (
    ABSENT,
    ARRAY,
    BEFORE_FIRST,
    BEFORE_LAST,
    BOOK,
    ENTRANCE,
    FIELD,
    GIVEN,
    LEVEL,
    LEVELS,
    MOST_FIELDS,
    NEWEST_FIRST,
    NO_NODE,
    NODE,
    NOT,
    OBJECT,
    OUTSIDE,
    QUOTES,
    TOGETHER,
    TRADE,
    UNQUOTED,
    WORD,
    Rows,
    Tables,
)  # fmt: skip
from operators.scan.words import every, packed
from venues.keys import MARK, Array, Entrance, Field, Form, Layout, Levels, Object, Slot

OUTER_SLOTS = {Slot.NOTHING, Slot.SYMBOL, Slot.KIND, Slot.NUMBER, Slot.EXCHANGE_TIME, Slot.SENT_TIME}
SIDES = {Slot.BIDS, Slot.ASKS, Slot.UPDATES}
BEST = {Slot.BID_PRICE, Slot.BID_SIZE, Slot.ASK_PRICE, Slot.ASK_SIZE}
MOST_DEPTH = 8  # objects in objects
MANNERS: dict[int | None, int] = {
    None: NOT, MARK: NOT, Kind.LEVEL: LEVEL, Kind.TRADE: TRADE, Kind.AGGREGATE_TRADE: TRADE, Kind.DEPTH: BOOK,
    Kind.SNAPSHOT: BOOK, Kind.PICTURE: BOOK, Kind.TICKER: QUOTES, Kind.QUOTE: QUOTES,
}  # fmt: skip
PRICED = {Form.PRICE, Form.NUMBER_PRICE}
Row = dict[str, Any]


@cache
def compiled(layout: Layout) -> Tables:
    """The arrays of a layout; raises ValueError naming what does not fit."""
    found = _Found([], [], [], [], {})
    for entrance in layout.entrances:
        _enter(found, entrance, layout.array)
    rows = found.entrances, found.nodes, found.fields, found.words
    return Tables(*(_fixed(some, dtype) for some, dtype in zip(rows, (ENTRANCE, NODE, FIELD, WORD), strict=True)))


class _Found(NamedTuple):
    """The rows of every table so far."""

    entrances: list[Row]
    nodes: list[Row]
    fields: list[Row]
    words: list[Row]
    known: dict[tuple[Object, bool], int]  # nodes by shape, and whether it stands in an object that writes


def _fixed(rows: list[Row], dtype: "np.dtype[np.void]") -> Rows:
    found = np.zeros(len(rows), dtype)
    for number, row in enumerate(rows):
        for name, value in row.items():
            found[name][number] = value
    found.flags.writeable = False
    return found


def _enter(found: _Found, entrance: Entrance, array: bool) -> None:
    nodes = {word: _node(found, shape, inside=False, depth=1) for word, shape in entrance.messages.items()}
    unnamed = nodes.pop("", NO_NODE)
    found.entrances.append(
        _key(entrance.key)
        | _words(found, nodes)
        | {
            "outer": packed(entrance.within),
            "within": bool(entrance.within),
            "leads": entrance.leads,
            "read": all(_is_told_by(shape, entrance) for shape in entrance.messages.values()),
            "array": array,
            "separator": every(ord(entrance.separator)) if entrance.separator else 0,
            "part": entrance.part,
            "unnamed": unnamed,
        }
    )


def _is_told_by(shape: Object, entrance: Entrance) -> bool:
    """Whether nothing is left to read of the key that told the message."""
    key = shape.fields[0]
    return not entrance.within and (key.key, key.form, key.slot) == (entrance.key, Form.TEXT, Slot.NOTHING)


def _text(text: str) -> Row:
    return dict(zip(("one", "two", "three"), packed(text), strict=True))


def _words(found: _Found, values: Mapping[str, int]) -> Row:
    first = len(found.words)
    found.words.extend(_text(word) | {"value": value} for word, value in values.items())
    return {"first": first, "count": len(values)}


def _node(found: _Found, shape: Object, *, inside: bool, depth: int) -> int:
    """The node of an object, and of all objects in it."""
    if (shape, inside) in found.known:
        return found.known[shape, inside]
    if depth > MOST_DEPTH:
        raise ValueError(f"objects stand in one another deeper than {MOST_DEPTH}")
    _check(shape, inside)
    number, first = len(found.nodes), len(found.fields)
    found.known[shape, inside] = number
    found.nodes.append({})
    found.fields.extend({} for _ in shape.fields)
    for place, field in enumerate(shape.fields):
        row = _field(found, field, inside or shape.writes is not None, depth)
        found.fields[first + place] = row | {"bit": 1 << place, "next": first + (place + 1) % len(shape.fields)}
    found.nodes[number] = written(shape) | {
        **_text(next((field.key for field in shape.fields if field.slot == Slot.SYMBOL), "")),
        "first": first,
        "count": len(shape.fields),
        "required": sum(1 << number for number, field in enumerate(shape.fields) if field.required),
        "names": any(field.slot == Slot.SYMBOL for field in shape.fields),
    }
    return number


def written(shape: Object) -> Row:
    """What an object writes, and how."""
    slots = {field.slot for field in shape.fields}
    manner = MANNERS[shape.writes]
    previous = BEFORE_LAST if Slot.COUNTED_ID in slots else BEFORE_FIRST if Slot.FIRST_ID in slots else GIVEN
    if Slot.PREVIOUS_ID in slots:
        previous = TOGETHER if Slot.LAST_ID in slots else GIVEN
    return {
        "kind": Kind.LEVEL if manner == NOT else shape.writes,
        "manner": QUOTES if manner == BOOK and slots & BEST else manner,
        "previous": previous,
        "opens": shape.writes is not None and manner != LEVEL,
        "marks": MARK in (shape.writes, shape.also),
    }


def _field(found: _Found, field: Field, inside: bool, depth: int) -> Row:
    """The row of a field, and the rows of what is in it."""
    slot = int(field.slot) if inside or field.slot in (Slot.NOTHING, Slot.SYMBOL) else OUTSIDE + field.slot
    row = _key(field.key) | {"slot": slot, "quotes": 1, "node": NO_NODE}
    row["other"] = ABSENT if field.other is None else field.other
    row["needs_symbol"] = field.slot in SIDES or field.form in PRICED
    match field.form:
        case Levels():
            quotes = int(field.form.price == Form.PRICE)
            return row | {"form": LEVELS, "quotes": quotes, "count": field.form.unused}
        case Object() | Array():
            of = field.form if isinstance(field.form, Object) else field.form.of
            return row | {"form": _container(field.form), "node": _node(found, of, inside=inside, depth=depth + 1)}
        case _:
            row |= {"form": UNQUOTED.get(field.form, field.form), "quotes": int(field.form not in UNQUOTED)}
            return row | _words(found, field.words)


def _container(form: Object | Array) -> int:
    if isinstance(form, Object):
        return OBJECT
    return NEWEST_FIRST if form.newest_first else ARRAY


def _key(key: str) -> Row:
    """A key, and how it is mostly written after a value."""
    written = f',"{key}":'.encode()
    words = [int.from_bytes(written[at : at + 8], "little") for at in range(0, 32, 8)]
    last = (len(written) - 1) % 8 + 1
    masks = {"mask": _mask(min(len(written), 8)), "last_mask": _mask(last)}
    return _text(key) | masks | {"pattern": words[0], "rest": words[1:], "width": len(written)}


def _mask(count: int) -> int:
    return (1 << 8 * count) - 1


def _check(shape: Object, inside: bool) -> None:
    """Raise ValueError where an object says what the kernel would not follow."""
    keys = [field.key for field in shape.fields]
    slots = [field.slot for field in shape.fields if field.slot != Slot.NOTHING]
    if len(keys) > MOST_FIELDS:
        raise ValueError(f"an object of {len(keys)} keys; {MOST_FIELDS} are the most")
    _refuse_twice("key", keys)
    _refuse_twice("slot", [slot.name for slot in slots])
    for field in shape.fields:
        _check_field(field)
    if shape.writes is None and not inside and (wrong := set(slots) - OUTER_SLOTS):
        raise ValueError(f"{', '.join(slot.name for slot in wrong)} in an object that writes nothing, nor is in one")
    if shape.writes not in (None, Kind.LEVEL) and inside:
        raise ValueError("an object that writes stands in another one")
    if shape.writes == Kind.LEVEL and set(slots) - {Slot.PRICE, Slot.SIZE, Slot.SIDE}:
        raise ValueError("a level has a price, a size, a side and no more")
    surely = {field.slot for field in shape.fields if field.required}
    needed = {Slot.PRICE, Slot.SIZE} if MANNERS[shape.writes] in (LEVEL, TRADE) else set()
    if missing := (needed | {Slot.FIRST_ID, Slot.COUNTED_ID} & set(slots)) - surely:
        raise ValueError(f"{', '.join(sorted(slot.name for slot in missing))} must be a field, and required")
    if shape.also not in (None, MARK):
        raise ValueError("what an object writes also is MARK or nothing")


def _refuse_twice(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{what} {name} twice in one object")
        seen.add(name)


def _check_field(field: Field) -> None:
    if isinstance(field.form, Levels):
        if (field.form.price, field.form.size) not in ((Form.PRICE, Form.DECIMAL), (Form.NUMBER_PRICE, Form.NUMBER)):
            raise ValueError(f"levels of {field.key!r}: price and size are both in quotes or both not")
    elif field.slot in SIDES:
        if not (isinstance(field.form, Array) and field.form.of.writes == Kind.LEVEL):
            raise ValueError(f"{field.key!r} holds levels: it is an array of objects that write Kind.LEVEL, or Levels")
        sided = any(level.slot == Slot.SIDE and level.required for level in field.form.of.fields)
        if field.slot == Slot.UPDATES and not sided:
            raise ValueError(f"{field.key!r}: each level has a side")
    if field.form in (Form.WORD, Form.WORDS, Form.LITERAL, Form.LITERALS) and not field.words and field.other is None:
        raise ValueError(f"{field.key!r} has no words")
    if field.form in (Form.LITERAL, Form.LITERALS) and field.other is not None:
        raise ValueError(f"{field.key!r}: what else may stand without quotes, nobody knows")
    if isinstance(field.form, Array) and field.form.newest_first and MANNERS[field.form.of.writes] != TRADE:
        raise ValueError(f"{field.key!r}: only trades are turned")
