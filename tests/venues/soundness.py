"""What holds of any frame whatever: it is read whole or refused, never written in part."""

from collections.abc import Sequence
from contextlib import suppress
from math import isfinite, isnan

from market.errors import FrameError
from venues.rows import Rows
from venues.venue import Listing, Venue


def hold(venue: Venue, frames: Sequence[bytes], listings: dict[str, Listing]) -> int:
    """Read each frame by itself; how many had rows."""
    read = 0
    for frame in frames:
        rows = Rows()
        try:
            venue.read(frame, 1, 0, listings, rows)
        except FrameError:
            assert rows == Rows(), frame
        read += bool(rows.headers or rows.marks)
        _sound(rows, frame)
        venue.reply(frame)
        venue.streams_of(frame)
        with suppress(FrameError):
            venue.texts(frame)
    return read


def _sound(rows: Rows, frame: bytes) -> None:
    assert sum(header.levels for header in rows.headers) == len(rows.level_prices) == len(rows.level_sizes), frame
    assert len(rows.headers) == len(rows.header_sizes), frame
    assert all(0 <= price < 2**62 for price in rows.level_prices), frame
    assert all(isfinite(size) and size >= 0 for size in rows.level_sizes + rows.header_sizes), frame
    for header in rows.headers:
        assert all(-1 <= value < 2**63 for value in header), frame
        assert 0 <= header.bids <= header.levels, frame
    for mark in rows.marks:
        values = mark.mark_price, mark.index_price, mark.funding_rate
        assert all(isnan(value) or isfinite(value) for value in values), frame
        assert not all(map(isnan, values)), frame
    if rows.headers:
        rows.events()
    rows.mark_rows()
