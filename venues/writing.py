"""What the writers of rows share: the listing of a symbol, headers, levels in ticks, numbers and times."""

import re
from collections.abc import Sequence
from math import isfinite, nan
from typing import Any

from msgspec import UNSET, UnsetType

from market.clock import LATEST_NS, MILLISECOND_NS, to_nanoseconds
from market.errors import FrameError
from market.schema import NO_SEQUENCE, NO_TIME, Kind
from venues.rows import Header, Rows
from venues.times import from_rfc3339
from venues.venue import Listing, Listings

Times = tuple[int, int, int]  # exchange time, receive time, position of the frame

LATEST_MS = LATEST_NS // MILLISECOND_NS
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?", re.ASCII)


def find(listings: Listings, symbol: str) -> Listing:
    """The listing of a symbol; raises FrameError where no definition came before."""
    found = listings.get(symbol)
    if found is None:
        raise FrameError(f"no instrument is defined for {symbol[:40]!r}")
    return found


def header(
    kind: Kind,
    times: Times,
    sequence: int,
    price: int,
    listing: Listing,
    *,
    side: int = 0,
    bids: int = 0,
    levels: int = 0,
) -> Header:
    """The header of a message that continues no id."""
    time, received, position = times
    return Header(
        time, received, sequence, NO_SEQUENCE, price, listing.instrument, position, kind, side, 0, bids, levels
    )


def nothing(_message: Any, _received: int, _position: int, _listings: Listings, _rows: Rows) -> None:
    """Writes a message that says nothing about the market that we use."""


def levels(listing: Listing, bids: Sequence[Any], asks: Sequence[Any]) -> tuple[list[int], list[float]]:
    """Prices in ticks and sizes of [price, size, …], bids first. Raises FrameError."""
    ticks = listing.ticks
    prices = [ticks[level[0]] for level in bids]
    prices += [ticks[level[0]] for level in asks]
    sizes = [level[1] for level in bids]
    sizes += [level[1] for level in asks]
    if sizes and not (isfinite(sum(sizes)) and min(sizes) >= 0.0):
        raise FrameError("a size is not a finite number of at least 0")
    return prices, sizes


def size(value: float) -> float:
    """A size that is one; raises FrameError for NaN, infinity and what is below 0."""
    if not (isfinite(value) and value >= 0.0):
        raise FrameError(f"size {value} is not a finite number of at least 0")
    return value


def number(text: str) -> float:
    """A decimal number, NaN for "". Raises FrameError.

    >>> number("-0.000212")
    -0.000212
    """
    if not text:
        return nan
    found = float(text) if _NUMBER.fullmatch(text) else nan
    if not isfinite(found):
        raise FrameError(f"{text[:40]!r} is not a decimal number")
    return found


def nanoseconds(stamp: int) -> int:
    """A stamp in ms, µs or ns, as ns. Raises FrameError where none of them puts it before 2100."""
    if stamp < LATEST_MS:
        return stamp * MILLISECOND_NS
    try:
        return to_nanoseconds(stamp)
    except ValueError as error:
        raise FrameError(str(error)) from error


def time(text: str) -> int:
    """A stamp as text, in ns; NO_TIME for "". Raises FrameError.

    >>> time("1673280000000")
    1673280000000000000
    """
    if not text:
        return NO_TIME
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise FrameError(f"{text[:40]!r} is not a time")
    return nanoseconds(int(text))


def rfc3339(text: str | UnsetType) -> int:
    """A time of RFC 3339, in ns; NO_TIME where the message has none. Raises FrameError."""
    return NO_TIME if text is UNSET else from_rfc3339(text)
