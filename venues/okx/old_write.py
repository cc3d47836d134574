"""What the frames of OKX v3 mean: one decoded struct to EVENT rows and marks. It counted nothing, but had checksums."""

from math import nan
from typing import Any

import msgspec
from msgspec import UNSET

from market.errors import FrameError
from market.schema import NO_SEQUENCE, NO_TIME, Kind
from venues.okx import old_frames as frames
from venues.okx.write import CRC32, write_mark, write_ticker
from venues.rows import Header, Rows
from venues.times import from_rfc3339
from venues.venue import Listings
from venues.writing import find, levels, number, size


def books(m: frames.Frame[frames.Book], received: int, position: int, listings: Listings, rows: Rows) -> None:
    """A snapshot ("partial") or changes; depth5 has neither word and is whole in every message."""
    kind = Kind.PICTURE if m.action is UNSET else Kind.SNAPSHOT if m.action == "partial" else Kind.DEPTH
    for book in m.data:
        listing = find(listings, book.instrument_id)
        prices, sizes = levels(listing, list(map(_level, book.bids)), list(map(_level, book.asks)))
        times, where = (from_rfc3339(book.timestamp), received), (listing.instrument, position)
        header = Header(*times, 0, NO_SEQUENCE, book.checksum & CRC32, *where, kind, 0, 0, len(book.bids), len(prices))
        rows.add_levels(header, prices, sizes)


def _level(row: list[Any]) -> tuple[str, float]:
    """Price and size, which are texts; what follows is not used."""
    if len(row) < 3 or not (isinstance(row[0], str) and isinstance(row[1], str) and row[1]):
        raise FrameError(f"a level that is no price and size in text: {msgspec.json.encode(row)[:80]!r}")
    return row[0], number(row[1])


def trades(m: frames.Frame[frames.Trade], received: int, position: int, listings: Listings, rows: Rows) -> None:
    """Matches; side is the taker's."""
    for trade in m.data:
        listing = find(listings, trade.instrument_id)
        amount = trade.qty if trade.size is UNSET else trade.size
        if amount is UNSET:
            raise FrameError(f"trade {trade.trade_id} has no size")
        what = from_rfc3339(trade.timestamp), received, trade.trade_id, NO_SEQUENCE, listing.ticks[trade.price]
        side = 1 if trade.side == "buy" else -1
        rows.add(Header(*what, listing.instrument, position, Kind.TRADE, side, 0, 0, 0), size(amount))


def tickers(m: frames.Frame[frames.Ticker], received: int, position: int, listings: Listings, rows: Rows) -> None:
    """Best bid and ask, if there are both, with sizes."""
    for ticker in m.data:
        quote = (ticker.best_bid, ticker.best_bid_size), (ticker.best_ask, ticker.best_ask_size)
        listing = find(listings, ticker.instrument_id)
        write_ticker(from_rfc3339(ticker.timestamp), quote, listing, received, position, rows)


def mark_prices(
    m: frames.Frame[frames.MarkPrice], received: int, position: int, listings: Listings, rows: Rows
) -> None:
    """Mark prices alone."""
    for mark in m.data:
        listing, exchange_time = find(listings, mark.instrument_id), from_rfc3339(mark.timestamp)
        write_mark(exchange_time, (number(mark.mark_price), nan, nan), NO_TIME, listing, received, position, rows)


def fundings(m: frames.Frame[frames.Funding], received: int, position: int, listings: Listings, rows: Rows) -> None:
    """The funding rate and when it is paid; the message has no time of its own."""
    for funding in m.data:
        listing, paid = find(listings, funding.instrument_id), from_rfc3339(funding.funding_time)
        write_mark(NO_TIME, (nan, nan, number(funding.funding_rate)), paid, listing, received, position, rows)
