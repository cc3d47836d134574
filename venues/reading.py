"""How a frame is read: its struct decodes it whole, no key may come twice, its rows are written all or none."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import UNSET

from market.errors import FrameError
from venues.keys import MAX_FRAME_BYTES
from venues.rows import Rows
from venues.venue import Listings

Write = Callable[[Any, int, int, Listings, Rows], None]
Spoiled = (msgspec.MsgspecError, ValueError, RecursionError)  # what a hostile frame makes decoders raise

_BLANKS = (b'" ', b'"\t', b'"\n', b'"\r')  # a string's end and a blank: its colon may stand further on


@dataclass(frozen=True)
class Reader:
    """How one kind of message is decoded and written as rows."""

    decode: Callable[[bytes], Any]
    keys: Callable[[Any], int | None]  # of the frame, if none is unknown and none comes twice; None: see `unsaid`
    write: Write


def read(reader: Reader, frame: bytes, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """Append the rows of a frame, all or none. Raises FrameError with the reason."""
    lists = _lists(rows)
    lengths = list(map(len, lists))
    try:
        message = decoded(reader.decode, frame)
        expected = reader.keys(message)
        if expected is None or keys_in(frame) != expected:
            refuse_duplicates(frame)
        reader.write(message, received, position, listings, rows)
    except Spoiled as error:
        for rows_of_kind, length in zip(lists, lengths, strict=True):
            del rows_of_kind[length:]
        raise as_frame_error(error) from error


def decoded(decode: Callable[[bytes], Any], frame: bytes) -> Any:
    """What the decoder makes of the frame; raises FrameError with its reason."""
    if len(frame) > MAX_FRAME_BYTES:
        raise FrameError(f"frame of {len(frame)} bytes is over the limit of {MAX_FRAME_BYTES}")
    try:
        return decode(frame)
    except Spoiled as error:
        raise as_frame_error(error) from error


def as_frame_error(error: Exception) -> FrameError:
    """The same as a FrameError, if it is none."""
    return error if isinstance(error, FrameError) else FrameError(f"not understood: {error}")


def keys_in(frame: bytes) -> int | None:
    """At least as many as the frame has keys; None where that cannot be counted."""
    return None if any(blank in frame for blank in _BLANKS) else frame.count(b'":')


def keys_of(*parts: msgspec.Struct) -> int:
    """How many keys some objects have, those inside them not counted."""
    return sum([getattr(part, name) is not UNSET for part in parts for name in part.__struct_fields__])


def unsaid(_: Any) -> None:
    """For messages that are few, or nested: each frame is searched for keys that come twice."""


def refuse_duplicates(frame: bytes) -> None:
    """Raise FrameError when any object in a frame has a key twice: which of them is meant, nobody knows."""
    try:
        json.loads(frame, object_pairs_hook=_unique, parse_float=str, parse_int=str)
    except Spoiled as error:
        raise as_frame_error(error) from error


def texts_of(frame: bytes) -> Any:
    """The frame as plain objects, its numbers as the texts they are written in. Raises FrameError."""
    try:
        return json.loads(frame, parse_float=str, parse_int=str)
    except Spoiled as error:
        raise as_frame_error(error) from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise FrameError(f"key {next(name for name in names if names.count(name) > 1)!r} comes twice")
    return found


def _lists(rows: Rows) -> list[list[Any]]:
    return [
        rows.headers,
        rows.header_sizes,
        rows.level_prices,
        rows.level_sizes,
        rows.marks,
        rows.statuses,
        rows.venue_bars,
        rows.corrections,
        rows.numbers,
    ]
