"""Frames that are arrays of messages, each with a word for its type: how they are decoded, and what they are named."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from venues.reading import Reader, Spoiled, Write

CountOf = Callable[[Any], int]


def array_reader(union: Any, write: Write, inner: CountOf = lambda _message: 0) -> Reader:
    """The reader of arrays of these tagged structs.

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

    return Reader(msgspec.json.Decoder(list[union]).decode, keys, write)


def array_names(frame: bytes, decode: Callable[[bytes], Any], name: Callable[[Any], str]) -> tuple[str, ...]:
    """What the messages of a frame are named, each once, in their order; () for a frame that is none."""
    try:
        return tuple(dict.fromkeys(filter(None, map(name, decode(frame)))))
    except Spoiled:
        return ()


def _shape(kind: type) -> tuple[int, tuple[str, ...]]:
    """How many keys a message has at least, its type's word counted, and the names of the fields that it may lack.

    The default of a field must be UNSET: any other hides whether the key was there.
    """
    fields = msgspec.structs.fields(kind)
    optional = tuple(field.name for field in fields if not field.required)
    return 1 + len(fields) - len(optional), optional
