"""What tests of venues with arrays of messages share: reading a frame, and frames that somebody damaged."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from market.errors import FrameError
from market.instrument import Instrument
from venues.rows import Rows
from venues.venue import Listing, Venue, listing

FOLDER = "05_ws_equity_frames"
RECEIVED, POSITION = 1_800_000_000_000_000_000, 5
TOKENS = (
    *(b"NaN", b"-1", b"1e400", b"1e-08", b"null", b"true", b'""', b'"x"', b"[]", b"{}", b"[", b"}", b'"', b",", b":"),
    *(b"0", b"9" * 40, b"18446744073709551616", b"\xff", b"\\u003a", b'"T":"t",', b'"ev":"T",', b'"S":"AAPL",', b" "),
)


def captured(name: str) -> list[bytes]:
    """The lines of a captured file; skips the test where there are no captures."""
    root = os.environ.get("BAROGRAPH_CAPTURES", "")
    file = Path(root) / FOLDER / name
    if not root or not file.is_file():
        pytest.skip("BAROGRAPH_CAPTURES does not name a folder of captures")
    return file.read_bytes().splitlines()


def listings(venue: Venue, symbols: Sequence[str], tick_size: str = "0.000000001") -> dict[str, Listing]:
    """Symbols as instruments 0, 1, …"""
    return {
        symbol: listing(number, Instrument(venue.name, symbol, Decimal(tick_size), Decimal(1)))
        for number, symbol in enumerate(symbols)
    }


def read(venue: Venue, frame: bytes, *symbols: str, tick_size: str = "0.01") -> Rows:
    """The rows of one frame."""
    rows = Rows()
    venue.read(frame, RECEIVED, POSITION, listings(venue, symbols, tick_size), rows)
    return rows


def damaged(frames: Sequence[bytes], count: int, seed: int) -> Iterator[bytes]:
    """Frames with bytes changed, cut, doubled, swapped and replaced by tokens."""
    random = Random(seed)
    for _ in range(count):
        frame = bytearray(random.choice(frames))
        for _ in range(random.randint(1, 3)):
            start = random.randrange(len(frame) + 1)
            end = min(len(frame), start + random.randint(0, 20))
            match random.randrange(5):
                case 0:
                    frame[start:end] = b""
                case 1:
                    frame[start:end] = random.choice(TOKENS)
                case 2:
                    frame[start:start] = frame[start:end]
                case 3 if start < len(frame):
                    frame[start] = random.randrange(256)
                case _:
                    frame[start:end] = bytes(reversed(frame[start:end]))
        yield bytes(frame)


def lengths(rows: Rows) -> list[int]:
    """How much of everything was read."""
    return [len(part) for part in vars(rows).values()]


def refusals(venue: Venue, frames: Iterable[bytes], known: Mapping[str, Listing]) -> int:
    """How many frames are refused; each for a reason and without a trace. Nothing else may be raised by anything."""
    rows, refused = Rows(), 0
    for frame in frames:
        venue.streams_of(frame)
        venue.reply(frame)
        with suppress(FrameError):
            venue.texts(frame)
        before = lengths(rows)
        try:
            venue.read(frame, RECEIVED, POSITION, known, rows)
        except FrameError as error:
            reason, after = str(error), lengths(rows)
        else:
            continue
        assert reason
        assert after == before
        refused += 1
    assert len(rows.events()) == len(rows.headers) + len(rows.level_prices)
    return refused
