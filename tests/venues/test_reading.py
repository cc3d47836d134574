"""What every venue's reading rests on: all rows or none, no key twice, no frame too large, one kind of error."""

from dataclasses import fields

import msgspec
import pytest

from market.errors import FrameError
from venues import reading
from venues.keys import MAX_FRAME_BYTES
from venues.reading import Reader, keys_in, keys_of
from venues.rows import Header, Rows


class Message(msgspec.Struct):
    a: int
    b: str | msgspec.UnsetType = msgspec.UNSET


def writes_half(message: Message, received: int, position: int, listings: object, rows: Rows) -> None:
    """Something into every list, then trouble where `a` says so."""
    for field in fields(rows):
        getattr(rows, field.name).append(message.a)
    if message.a < 0:
        raise ValueError("negative")


READER = Reader(msgspec.json.Decoder(Message).decode, keys_of, writes_half)


def lengths(rows: Rows) -> set[int]:
    return {len(getattr(rows, field.name)) for field in fields(rows)}


def test_what_a_refused_frame_began_is_taken_back_and_nothing_else() -> None:
    rows = Rows()
    reading.read(READER, b'{"a":1}', 0, 0, {}, rows)
    with pytest.raises(FrameError, match="not understood: negative"):
        reading.read(READER, b'{"a":-1}', 0, 0, {}, rows)
    assert lengths(rows) == {1}
    rows.add(Header(*range(12)))
    assert len(rows.headers) == 2


@pytest.mark.parametrize(
    "frame",
    [b'{"a":1,"a":2}', b'{"a":1,"x":{"y":1,"y":2}}', b'{"a" :1,"a":2}', b'{"a":1,"a" :2}', b'{"a"\n:1,"a":2,"b":":"}'],
)
def test_a_key_twice_is_found_however_it_is_written(frame: bytes) -> None:
    rows = Rows()
    with pytest.raises(FrameError, match="comes twice"):
        reading.read(READER, frame, 0, 0, {}, rows)
    assert lengths(rows) == {0}


def test_frames_are_searched_only_where_the_count_does_not_settle_it(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[bytes] = []
    monkeypatch.setattr(reading, "refuse_duplicates", searched.append)
    for frame in (b'{"a":1}', b'{"a":1,"b":"x:y"}', b'{"a":1,"new":2}', b'{"a": 1,"b":"\\":"}'):
        reading.read(READER, frame, 0, 0, {}, Rows())
    assert searched == [b'{"a":1,"new":2}', b'{"a": 1,"b":"\\":"}']
    assert (keys_in(b'{"a":{"b":1}}'), keys_in(b'{"a" :1}')) == (2, None)


def test_a_frame_beyond_the_limit_is_not_even_looked_at() -> None:
    with pytest.raises(FrameError, match="over the limit"):
        reading.read(READER, b" " * (MAX_FRAME_BYTES + 1), 0, 0, {}, Rows())


@pytest.mark.parametrize("frame", [b"", b"{", b"\xff", b"[" * 100_000, b'{"a":1}x', b'{"a":' + b"9" * 5000 + b"}"])
def test_whatever_a_decoder_raises_is_a_frame_error(frame: bytes) -> None:
    with pytest.raises(FrameError, match="not understood"):
        reading.read(READER, frame, 0, 0, {}, Rows())


@pytest.mark.parametrize("frame", [b"", b"{", b"\xff", b"[" * 100_000])
def test_a_frame_that_cannot_be_searched_is_refused(frame: bytes) -> None:
    with pytest.raises(FrameError, match="not understood"):
        reading.refuse_duplicates(frame)
