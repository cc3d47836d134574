"""What the events of Binance mean: one decoded struct to EVENT rows and marks, all of them or FrameError."""

from math import isfinite, nan

from msgspec import UNSET

from market.errors import FrameError
from market.schema import NO_SEQUENCE, NO_TIME, Flag, Kind
from venues.binance import frames
from venues.rows import Header, Mark, Rows
from venues.venue import Listing, Listings
from venues.writing import find, nanoseconds


def _levels(listing: Listing, bids: frames.Levels, asks: frames.Levels) -> tuple[list[int], list[float]]:
    ticks = listing.ticks
    prices = [ticks[price] for price, _ in bids]
    prices += [ticks[price] for price, _ in asks]
    sizes = [size for _, size in bids]
    sizes += [size for _, size in asks]
    if not isfinite(sum(sizes)):
        raise FrameError("a size is not a finite number")
    return prices, sizes


def spot_depth(m: frames.SpotDepth, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """Ids are dense: the message continues the id before its first."""
    if m.pu is not UNSET:
        raise FrameError("a futures message: it names the id before it, pu; is it the right venue?")
    _write_depth(m, nanoseconds(m.E), m.U - 1, received, position, listings, rows)


def futures_depth(m: frames.FuturesDepth, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """Ids have holes: the message says which one it continues."""
    _write_depth(m, nanoseconds(m.T), m.pu, received, position, listings, rows)


def _write_depth(
    m: frames.SpotDepth | frames.FuturesDepth,
    exchange_time: int,
    previous: int,
    received: int,
    position: int,
    listings: Listings,
    rows: Rows,
) -> None:
    if m.u < m.U:
        raise FrameError(f"first update id {m.U} is above the last, {m.u}")
    listing = find(listings, m.s)
    prices, sizes = _levels(listing, m.b, m.a)
    header = Header(
        exchange_time, received, m.u, previous, 0, listing.instrument, position, Kind.DEPTH, 0, 0, len(m.b), len(prices)
    )
    rows.add_levels(header, prices, sizes)


def spot_ticker(m: frames.SpotTicker, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """The spot ticker names no time."""
    _write_ticker(m, NO_TIME, received, position, listings, rows)


def futures_ticker(m: frames.FuturesTicker, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """The futures ticker has the matching time."""
    _write_ticker(m, nanoseconds(m.T), received, position, listings, rows)


def _write_ticker(
    m: frames.SpotTicker | frames.FuturesTicker,
    exchange_time: int,
    received: int,
    position: int,
    listings: Listings,
    rows: Rows,
) -> None:
    listing = find(listings, m.s)
    prices, sizes = _levels(listing, [(m.b, m.B)], [(m.a, m.A)])
    header = Header(exchange_time, received, m.u, NO_SEQUENCE, 0, listing.instrument, position, Kind.TICKER, 0, 0, 1, 2)
    rows.add_levels(header, prices, sizes)


def trade(m: frames.Trade, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """A match; off the book unless X is MARKET or missing."""
    off_book = 0 if m.X is UNSET or m.X == "MARKET" else Flag.OFF_BOOK
    _write_trade(m, m.t, Kind.TRADE, off_book, received, position, listings, rows)


def aggregate(m: frames.AggregateTrade, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """Matches of one taker; the venue leaves out what met no order of the book."""
    _write_trade(m, m.a, Kind.AGGREGATE_TRADE, 0, received, position, listings, rows)


def _write_trade(
    m: frames.Trade | frames.AggregateTrade,
    trade_id: int,
    kind: Kind,
    flags: int,
    received: int,
    position: int,
    listings: Listings,
    rows: Rows,
) -> None:
    listing = find(listings, m.s)
    if not (isfinite(m.q) and m.q >= 0):
        raise FrameError(f"size {m.q} of a trade is not a finite number of at least 0")
    side = -1 if m.m else 1  # the buyer was the maker, so the seller was the aggressor
    header = Header(
        nanoseconds(m.T),
        received,
        trade_id,
        NO_SEQUENCE,
        listing.ticks[m.p],
        listing.instrument,
        position,
        kind,
        side,
        flags,
        0,
        0,
    )
    rows.add(header, m.q)


def mark(m: frames.MarkPrice, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """Mark price and funding; NaN where a delivery contract has no funding rate or the frame no index."""
    listing = find(listings, m.s)
    index, funding = (nan if m.i is UNSET else m.i), (float(m.r) if m.r else nan)
    if not isfinite(m.p):
        raise FrameError(f"mark price {m.p} is not a finite number")
    times = nanoseconds(m.E), received
    rows.marks.append(Mark(*times, m.p, index, funding, nanoseconds(m.T), listing.instrument, position))


def book(m: frames.Book, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """A full book; without a symbol it can only be the one instrument's that is defined."""
    symbol = m.symbol or (next(iter(listings)) if len(listings) == 1 else "")
    if not symbol:
        raise FrameError(f"a book that names no symbol, while {len(listings)} instruments are defined")
    listing = find(listings, symbol)
    prices, sizes = _levels(listing, m.bids, m.asks)
    header = Header(
        nanoseconds(m.T or m.E),
        received,
        m.lastUpdateId,
        NO_SEQUENCE,
        0,
        listing.instrument,
        position,
        Kind.SNAPSHOT,
        0,
        0,
        len(m.bids),
        len(prices),
    )
    rows.add_levels(header, prices, sizes)
