"""Frames that are arrays of messages, each with a word for its type: how they are read, and what they are named."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from market.errors import FrameError
from venues.reading import Reader, Spoiled, Write, texts_of
from venues.rows import Rows
from venues.venue import Listings, Texts

CountOf = Callable[[Any], int]


def array_reader(union: Any, writers: Mapping[type, Write], inner: CountOf = lambda _message: 0) -> Reader:
    """The reader of arrays of these tagged structs, each of which has its writer.

    All or none: a message of unknown type, or one that cannot be read, makes the whole array a dead letter, whose
    reason names it. Its neighbours are not lost, they lie in the dead letter; to read them alone would make half a
    frame look whole. `inner` counts the keys of objects within a message.
    """
    shapes: dict[type, tuple[int, tuple[str, ...]]] = {}

    def keys(messages: Sequence[Any]) -> int:
        found = 0
        for message in messages:
            kind = type(message)
            required, optional = shapes.get(kind) or shapes.setdefault(kind, _shape(kind))
            found += required + sum([getattr(message, name) is not UNSET for name in optional]) + inner(message)
        return found

    def write(messages: Sequence[Any], received: int, position: int, listings: Listings, rows: Rows) -> None:
        for message in messages:
            writers[type(message)](message, received, position, listings, rows)

    return Reader(msgspec.json.Decoder(list[union]).decode, keys, write)


def array_names(frame: bytes, decode: Callable[[bytes], Any], name: Callable[[Any], str]) -> tuple[str, ...]:
    """What the messages of a frame are named, each once, in their order; () for a frame that is none."""
    try:
        return tuple(dict.fromkeys(filter(None, map(name, decode(frame)))))
    except Spoiled:
        return ()


def array_texts(frame: bytes, texts: Callable[[dict[str, Any]], Texts]) -> tuple[Texts, ...]:
    """The symbols and decimal texts of the messages of a frame. Raises FrameError."""
    found = texts_of(frame)
    if not (isinstance(found, list) and all(isinstance(message, dict) for message in found)):
        raise FrameError("not understood: no array of messages")
    return tuple(map(texts, found))


def strings(values: Iterable[Any]) -> tuple[str, ...]:
    """Those that are texts."""
    return tuple(value for value in values if isinstance(value, str))


def array(value: Any) -> list[Any]:
    """A value that is an array; an empty one for any other."""
    return value if isinstance(value, list) else []


def _shape(kind: type) -> tuple[int, tuple[str, ...]]:
    """How many keys a message has at least, its type's word counted, and the names of the fields that it may lack.

    The default of a field must be UNSET: any other hides whether the key was there.
    """
    fields = msgspec.structs.fields(kind)
    optional = tuple(field.name for field in fields if not field.required)
    return 1 + len(fields) - len(optional), optional
