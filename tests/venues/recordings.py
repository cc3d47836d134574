"""Recordings of several venues, and a venue's reading of them; the folder is named by BAROGRAPH_CAPTURES."""

import gzip
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
import zstandard

from market.errors import FrameError
from market.instrument import Instrument
from market.record import InstrumentDefined
from venues.decimals import finest_step
from venues.rows import Rows
from venues.venue import Listing, Venue, listing


def path(name: str) -> Path:
    """A file of the captures; skips the test where there is none."""
    named = os.environ.get("BAROGRAPH_CAPTURES", "")
    if not named or not (Path(named) / name).exists():
        pytest.skip(f"BAROGRAPH_CAPTURES does not name a folder with {name}")
    return Path(named) / name


@cache
def lines(name: str) -> tuple[str, ...]:
    """The lines of a text file, as it is or compressed."""
    data = path(name).read_bytes()
    if name.endswith(".zst"):
        data = zstandard.ZstdDecompressor().stream_reader(data).read()
    elif name.endswith(".gz"):
        data = gzip.decompress(data)
    return tuple(data.decode().splitlines())


@cache
def received(name: str) -> tuple[bytes, ...]:
    """The frames of a recording of JSON lines."""
    rows = map(json.loads, lines(name))
    return tuple(row["data"].encode() for row in rows if row["t"] == "recv")


@cache
def answered(name: str) -> bytes:
    """The one answer over REST in a recording of JSON lines."""
    (found,) = [row["data"].encode() for row in map(json.loads, lines(name)) if row["t"] == "http"]
    return found


def listings(definitions: Iterable[InstrumentDefined]) -> dict[str, Listing]:
    """Listings of these definitions, in their order."""
    return {
        said.symbol: listing(number, Instrument("", said.symbol, Decimal(said.tick_size), Decimal(said.lot_size)))
        for number, said in enumerate(definitions)
    }


def steps(prices: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """The finest price step of each symbol's texts."""
    return {symbol: f"{finest_step(texts):f}" for symbol, texts in prices.items()}


def inferred(venue: Venue, frames: Sequence[bytes]) -> dict[str, Listing]:
    """Listings by the steps that the frames' own texts show."""
    prices: dict[str, set[str]] = {}
    for frame in frames:
        for texts in venue.texts(frame):
            prices.setdefault(texts.symbol, set()).update(texts.prices)
    return {
        symbol: listing(number, Instrument("", symbol, finest_step(seen), Decimal("1e-8")))
        for number, (symbol, seen) in enumerate(prices.items())
    }


def read(venue: Venue, frames: Sequence[bytes], of: dict[str, Listing]) -> tuple[Rows, list[str]]:
    """The rows of all frames, and the reasons of the dead letters."""
    rows, dead_letters = Rows(), []
    for position, frame in enumerate(frames):
        try:
            venue.read(frame, 1, position, of, rows)
        except FrameError as error:
            dead_letters.append(f"{error}: {frame[:200]!r}")
    return rows, dead_letters
