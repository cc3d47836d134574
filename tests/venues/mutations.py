"""Frames as no venue would send them: cut, spliced, retyped; and what must hold whatever they are."""

import json
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from math import isfinite, isnan
from random import Random

import pytest

from market.clock import EARLIEST_NS, LATEST_NS
from market.errors import FrameError
from market.schema import NO_TIME
from venues.rows import Rows
from venues.venue import Listing, Venue

SLOWEST_S = 0.05
VALUES = (
    *(b"NaN", b"-1", b"1e999", b"1e-08", b"null", b"true", b"[]", b"{}", b'""', b'"NaN"', b'"-0.5"', b'"inf"', b"0"),
    *(
        b'"1_0"',
        b'"0x10"',
        b"18446744073709551616",
        b'"99999999999999999999"',
        b'"\xd9\xa1"',
        b'"\\u0031"',
        b"[[[[]]]]",
    ),
    *(
        b'"2026-02-30T00:00:00Z"',
        b'"bid"',
        b'"ask"',
        b'"sell"',
        b'"snapshot"',
        b'"BTC-USD"',
        b"\xff",
        b'"' + b"9" * 400 + b'"',
    ),
)
_VALUE = re.compile(rb'(?<=[:,\[])(?:"[^"]*"|-?[0-9.eE+-]+|true|false|null)')
_MEMBER = re.compile(rb'"[a-z_0-9]+":(?:"[^"]*"|-?[0-9.eE+-]+|true|false|null)')


def mutated(frames: Sequence[bytes], count: int, seed: int) -> Iterator[bytes]:
    """Frames with one to three things changed in each."""
    random = Random(seed)
    for _ in range(count):
        frame = random.choice(frames)
        for _ in range(random.randint(1, 3)):
            frame = random.choice((_cut, _spliced, _flipped, _retyped, _twice, _renamed, _without))(frame, random)
        yield frame


def check(venue: Venue, frames: Sequence[bytes], listings: dict[str, Listing], *, count: int, seed: int = 1) -> int:
    """Read mutations: FrameError or sound rows, all or none, never slow. How many were read."""
    good = 0
    for frame in mutated(frames, count, seed):
        rows, began = Rows(), time.process_time()
        reason = _reason(venue, frame, listings, rows)
        took_s = time.process_time() - began
        assert took_s < SLOWEST_S, f"{took_s} s for {frame[:300]!r}"
        if reason is None:
            good += 1
            _sound(rows, frame)
        else:
            assert reason
            assert not any((rows.headers, rows.header_sizes, rows.level_prices, rows.level_sizes, rows.statuses)), frame
        venue.reply(frame)
        venue.streams_of(frame)
        with suppress(FrameError):
            venue.texts(frame)
    return good


def key_twice(frame: bytes) -> Iterator[bytes]:
    """The frame with each of its members written twice, one at a time, with and without a blank before the colon."""
    for match in _MEMBER.finditer(frame):
        for again in (match[0], match[0].replace(b'":', b'" :', 1)):
            yield frame[: match.end()] + b"," + again + frame[match.end() :]


def refused(venue: Venue, frame: bytes, listings: dict[str, Listing], reason: str) -> None:
    """Nothing is written of the frame, and the dead letter says why."""
    rows = Rows()
    with pytest.raises(FrameError, match=reason):
        venue.read(frame, 1, 0, listings, rows)
    assert not rows.headers
    assert not rows.level_prices


def _reason(venue: Venue, frame: bytes, listings: dict[str, Listing], rows: Rows) -> str | None:
    """Why a frame is not read; None for one that is."""
    try:
        venue.read(frame, 1, 0, listings, rows)
    except FrameError as error:
        return str(error)
    return None


def _sound(rows: Rows, frame: bytes) -> None:
    assert sum(header.levels for header in rows.headers) == len(rows.level_prices) == len(rows.level_sizes), frame
    assert all(price >= 0 for price in rows.level_prices), frame
    assert all(isnan(size) or (isfinite(size) and size >= 0) for size in rows.level_sizes + rows.header_sizes), frame
    for header in rows.headers:
        assert header.exchange_time == NO_TIME or EARLIEST_NS <= header.exchange_time < LATEST_NS, frame
        assert -1 <= header.sequence < 2**63, frame
        assert header.price >= 0, frame
        assert 0 <= header.bids <= header.levels, frame


def _cut(frame: bytes, random: Random) -> bytes:
    return frame[: random.randrange(len(frame) + 1)]


def _spliced(frame: bytes, random: Random) -> bytes:
    at, to = sorted(random.randrange(len(frame) + 1) for _ in range(2))
    return frame[:to] + frame[at:to] + frame[to:] if random.random() < 0.5 else frame[:at] + frame[to:]


def _flipped(frame: bytes, random: Random) -> bytes:
    at = random.randrange(len(frame) + 1)
    return frame[:at] + bytes([random.randrange(256)]) + frame[at + 1 :]


def _retyped(frame: bytes, random: Random) -> bytes:
    found = list(_VALUE.finditer(frame))
    if not found:
        return frame
    match = random.choice(found)
    return frame[: match.start()] + random.choice(VALUES) + frame[match.end() :]


def _twice(frame: bytes, random: Random) -> bytes:
    found = list(_MEMBER.finditer(frame))
    if not found:
        return frame
    match = random.choice(found)
    return frame[: match.end()] + b"," + match[0] + frame[match.end() :]


def _renamed(frame: bytes, random: Random) -> bytes:
    found = list(re.finditer(rb'"([a-z_]+)":', frame))
    if not found:
        return frame
    match = random.choice(found)
    return frame[: match.start(1)] + b"x" + frame[match.end(1) :]


def _without(frame: bytes, random: Random) -> bytes:
    found = list(_MEMBER.finditer(frame))
    if not found:
        return frame
    match = random.choice(found)
    return (
        (frame[: match.start()] + frame[match.end() :]).replace(b",,", b",").replace(b"{,", b"{").replace(b",}", b"}")
    )


def compact(name: str, text: str) -> bytes:
    """A frame written without blanks, its numbers as they are; `name` says which, where it is none."""
    try:
        json.loads(text)
    except ValueError as error:
        raise AssertionError(f"{name} is no JSON") from error
    return re.sub(r'("[^"]*")|\s+', lambda match: match[1] or "", text).encode()
