"""What the frames of Bybit mean: one decoded struct to EVENT rows, marks and statuses."""

from math import isnan, nan

from msgspec import UNSET

from market.schema import NO_CHECKSUM, NO_SEQUENCE, Flag, Kind
from venues.bybit import frames
from venues.ids import number_of
from venues.rows import Header, Mark, Rows, Status
from venues.venue import Listings
from venues.writing import find, levels, nanoseconds, number, size, time

# Phases of a contract before its launch (docs/v5/enum, curAuctionPhase).
PHASES = {
    "NotStarted": "closed",
    "CallAuction": "auction",
    "CallAuctionNoCancel": "auction",
    "CrossMatching": "auction",
    "ContinuousTrading": "open",
    "Finished": "delisted",
}


def book(m: frames.BookFrame, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """A snapshot replaces the book, and so does any message with update id 1: the venue's service began anew."""
    _write_book(m, Kind.SNAPSHOT, received, position, listings, rows)


def best(m: frames.BookFrame, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """Level 1 is whole in every message, and comes again with the same id where nothing happens for 3 s."""
    _write_book(m, Kind.PICTURE, received, position, listings, rows)


def _write_book(m: frames.BookFrame, whole: Kind, received: int, position: int, listings: Listings, rows: Rows) -> None:
    data = m.data
    listing = find(listings, data.s)
    prices, sizes = levels(listing, data.b, data.a)
    kind = whole if m.type == "snapshot" or data.u == 1 else Kind.DEPTH
    header = Header(
        nanoseconds(m.ts if m.cts is UNSET else m.cts),
        received,
        data.u,
        data.u - 1 if kind == Kind.DEPTH else NO_SEQUENCE,
        NO_CHECKSUM,
        listing.instrument,
        position,
        kind,
        0,
        0,
        len(data.b),
        len(prices),
    )
    rows.add_levels(header, prices, sizes)


def trades(m: frames.TradeFrame, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """Matches, told apart by a hash of their ids."""
    for trade in m.data:
        listing = find(listings, trade.s)
        header = Header(
            nanoseconds(trade.T),
            received,
            number_of(trade.i),
            NO_SEQUENCE,
            listing.ticks[trade.p],
            listing.instrument,
            position,
            Kind.TRADE,
            1 if trade.S == "Buy" else -1,
            Flag.OFF_BOOK if trade.BT is True else 0,
            0,
            0,
        )
        rows.add(header, size(trade.v))


def ticker(m: frames.TickerFrame, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """A quote if all of it is there, a mark of what is there of it: what is absent has not changed."""
    data, exchange_time = m.data, nanoseconds(m.ts)
    listing = find(listings, data.symbol)
    if data.bid1Price and data.bid1Size and data.ask1Price and data.ask1Size:
        quote = [(data.bid1Price, number(data.bid1Size))], [(data.ask1Price, number(data.ask1Size))]
        prices, sizes = levels(listing, *quote)
        # Its `cs` counts with the book's `seq`, not with its update ids.
        what = exchange_time, received, 0, NO_SEQUENCE, NO_CHECKSUM, listing.instrument, position
        rows.add_levels(Header(*what, Kind.TICKER, 0, 0, 1, 2), prices, sizes)
    mark, index, funding = map(number, (data.markPrice, data.indexPrice, data.fundingRate))
    if not (isnan(mark) and isnan(index) and isnan(funding)):
        prices_and_rates = mark, index, funding, time(data.nextFundingTime)
        rows.marks.append(Mark(exchange_time, received, *prices_and_rates, listing.instrument, position))
    phase = data.curPreListingPhase
    if phase:
        times = exchange_time, received
        rows.statuses.append(Status(data.symbol, *times, PHASES.get(phase, "unknown"), phase, "", nan, nan, position))
