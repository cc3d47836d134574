"""`Drift`: where a venue's messages are no longer written as its table of keys says: fields added, removed, retyped.

The scanner skips a key that no table knows, where it can, and leaves a frame whose keys are missing or of another form
to `read`; nothing is lost by either, and nobody is told. This looks at whole frames instead, message by message: which
keys are not in the table, which required ones are not in the message, which values have another JSON type than their
form asks for. A message that has no table (trades of stocks, archives) is not judged.
Cost: some 20 µs per frame, so it is for verification and not for the flow.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from venues.keys import Array, Entrance, Form, Layout, Levels, Object

MOST_NAMES = 200  # different names that are counted one by one; what follows counts as OTHERS
OTHERS = "others"
_QUOTED = {
    Form.TEXT,
    Form.HASHED,
    Form.WORD,
    Form.PRICE,
    Form.DECIMAL,
    Form.SIGNED,
    Form.TEXT_INTEGER,
    Form.TEXT_TIME,
    Form.RFC3339,
}
_WHOLE = {Form.INTEGER, Form.SIGNED_INTEGER, Form.TIME}
_NUMBERS = {Form.NUMBER, Form.NUMBER_PRICE}
_LISTS = {Form.WORDS, Form.LITERALS, Form.SCALARS}


@dataclass
class Drift:
    """Counts by the name of a field: its message, then its path, as in `book: data.checksum`."""

    layout: Layout
    judged: int = 0  # messages that have a table
    added: Counter[str] = field(default_factory=Counter)
    removed: Counter[str] = field(default_factory=Counter)
    retyped: Counter[str] = field(default_factory=Counter)

    def __bool__(self) -> bool:
        """Whether anything is not as the table says."""
        return bool(self.added or self.removed or self.retyped)

    def take(self, frame: bytes) -> None:
        """Judge the messages of one frame of market data; what is no JSON is left to the dead letters."""
        if not self.layout.entrances:
            return
        try:
            said = msgspec.json.decode(frame)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return
        for message in said if self.layout.array and isinstance(said, list) else [said]:
            if not isinstance(message, dict):
                continue
            word, table = _table_of(self.layout, message)
            if table is not None:
                self.judged += 1
                self._object(table, message, f"{word}: ")

    def _object(self, table: Object, said: dict[str, Any], name: str) -> None:
        known = {one.key for one in table.fields}
        for key in said:
            if key not in known:
                _count(self.added, name + key)
        for one in table.fields:
            if one.key in said:
                self._value(one.form, said[one.key], name + one.key)
            elif one.required:
                _count(self.removed, name + one.key)

    def _value(self, form: Form | Object | Array | Levels, value: Any, name: str) -> None:
        inner = list(_objects(form, value))
        if isinstance(form, Object | Array):
            table = form.of if isinstance(form, Array) else form
            for said in inner:
                self._object(table, said, f"{name}.")
        if not _fits(form, value):
            _count(self.retyped, name)


def _count(counts: Counter[str], name: str) -> None:
    counts[name if name in counts or len(counts) < MOST_NAMES else OTHERS] += 1


def _table_of(layout: Layout, message: dict[str, Any]) -> tuple[str, Object | None]:
    """The word of a message and its table; None where it has none."""
    for entrance in layout.entrances:
        holder = message.get(entrance.within) if entrance.within else message
        if isinstance(holder, dict) and isinstance(holder.get(entrance.key), str):
            word = _word(entrance, holder[entrance.key])
            return word, entrance.messages.get(word)
        if "" in entrance.messages and not entrance.within:
            return "message", entrance.messages[""]
    return "", None


def _word(entrance: Entrance, value: str) -> str:
    if not entrance.separator:
        return value
    parts = value.split(entrance.separator)
    if entrance.part < 0:
        return entrance.separator.join(parts[:-1])
    return parts[entrance.part] if entrance.part < len(parts) else ""


def _objects(form: Form | Object | Array | Levels, value: Any) -> Iterator[dict[str, Any]]:
    """The objects in a value of this form."""
    values = value if isinstance(form, Array) and isinstance(value, list) else [value]
    if isinstance(form, Object | Array):
        yield from (one for one in values if isinstance(one, dict))


def _fits(form: Form | Object | Array | Levels, value: Any) -> bool:
    """Whether a value has the JSON type of its form."""
    match form:
        case Object():
            return isinstance(value, dict)
        case Array():
            return isinstance(value, list) and all(isinstance(one, dict) for one in value)
        case Levels():
            return isinstance(value, list) and all(_is_level(form, one) for one in value)
    if form in _QUOTED:
        return isinstance(value, str)
    if form in _WHOLE:
        return isinstance(value, int) and not isinstance(value, bool)
    if form in _NUMBERS:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if form in _LISTS:
        return isinstance(value, list)
    if form is Form.LITERAL:
        return not isinstance(value, str | list | dict)
    return form is Form.REFUSED or not isinstance(value, list | dict)


def _is_level(form: Levels, value: Any) -> bool:
    if not isinstance(value, list) or len(value) != 2 + form.unused:
        return False
    return _fits(form.price, value[0]) and _fits(form.size, value[1])
