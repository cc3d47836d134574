"""What the frames of OKX v5 mean: one decoded struct to EVENT rows, marks and statuses."""

from collections.abc import Iterator
from datetime import UTC, datetime
from math import isnan, nan

from msgspec import UNSET

from market.clock import SECOND_NS
from market.errors import FrameError
from market.schema import NO_SEQUENCE, NO_TIME, Kind
from venues.okx import frames
from venues.rows import Header, Mark, Rows, Status
from venues.venue import Listing, Listings
from venues.writing import find, levels, nanoseconds, number, size, time

CRC32 = 0xFFFFFFFF
# States of an instrument (public/instruments).
PHASES = {
    "live": "open",
    "suspend": "halted",
    "rebase": "halted",
    "settling": "halted",
    "post_only": "limited",
    "preopen": "closed",
    "test": "closed",
    "expired": "delisted",
}


def books(m: frames.Frame[frames.Book], received: int, position: int, listings: Listings, rows: Rows) -> None:
    """A snapshot, or changes that continue prevSeqId; before 2022 there were no ids but a checksum."""
    listing = find(listings, m.arg.instId)
    if m.action is UNSET:
        raise FrameError("a book that is neither snapshot nor update")
    kind = Kind.SNAPSHOT if m.action == "snapshot" else Kind.DEPTH
    for book in m.data:
        previous = NO_SEQUENCE if kind == Kind.SNAPSHOT else _continued(book)
        write_book(book, kind, previous, listing, received, position, rows)


def pictures(m: frames.Frame[frames.Book], received: int, position: int, listings: Listings, rows: Rows) -> None:
    """The best level, or five, whole in every message."""
    listing = find(listings, m.arg.instId)
    for book in m.data:
        write_book(book, Kind.PICTURE, NO_SEQUENCE, listing, received, position, rows)


def _continued(book: frames.Book) -> int:
    """The id that changes continue, NO_SEQUENCE where the venue counts nothing."""
    if book.prevSeqId is UNSET or book.seqId is UNSET:
        if book.prevSeqId is not book.seqId:
            raise FrameError("a book with one of prevSeqId and seqId")
        return NO_SEQUENCE
    if book.prevSeqId < 0:
        raise FrameError(f"changes that continue no id: prevSeqId is {book.prevSeqId}")
    return book.prevSeqId


def write_book(
    book: frames.Book, kind: Kind, previous: int, listing: Listing, received: int, position: int, rows: Rows
) -> None:
    """One header and its levels."""
    prices, sizes = levels(listing, book.bids, book.asks)
    header = Header(
        nanoseconds(book.ts),
        received,
        0 if book.seqId is UNSET else book.seqId,
        previous,
        book.checksum & CRC32,
        listing.instrument,
        position,
        kind,
        0,
        0,
        len(book.bids),
        len(prices),
    )
    rows.add_levels(header, prices, sizes)


def trades(m: frames.Frame[frames.Trade], received: int, position: int, listings: Listings, rows: Rows) -> None:
    """Matches; with a count they are those of one taker at one price, under the last one's id."""
    for trade in m.data:
        listing = find(listings, trade.instId)
        header = Header(
            nanoseconds(trade.ts),
            received,
            trade.tradeId,
            NO_SEQUENCE,
            listing.ticks[trade.px],
            listing.instrument,
            position,
            Kind.TRADE if trade.count is UNSET else Kind.AGGREGATE_TRADE,
            1 if trade.side == "buy" else -1,
            0,
            0,
            0,
        )
        rows.add(header, size(trade.sz))


def tickers(m: frames.Frame[frames.Ticker], received: int, position: int, listings: Listings, rows: Rows) -> None:
    """Best bid and ask, if there are both."""
    for ticker in m.data:
        quote = (ticker.bidPx, ticker.bidSz), (ticker.askPx, ticker.askSz)
        write_ticker(nanoseconds(ticker.ts), quote, find(listings, ticker.instId), received, position, rows)


def write_ticker(
    exchange_time: int,
    quote: tuple[tuple[str, str], tuple[str, str]],
    listing: Listing,
    received: int,
    position: int,
    rows: Rows,
) -> None:
    """Price and size of bid and ask; nothing where one of them is ""."""
    if not all(map(all, quote)):
        return
    bid, ask = ((price, number(text)) for price, text in quote)
    prices, sizes = levels(listing, [bid], [ask])
    what = exchange_time, received, 0, NO_SEQUENCE, 0, listing.instrument, position
    rows.add_levels(Header(*what, Kind.TICKER, 0, 0, 1, 2), prices, sizes)


def mark_prices(
    m: frames.Frame[frames.MarkPrice], received: int, position: int, listings: Listings, rows: Rows
) -> None:
    """Mark prices, without index and funding, which have channels of their own."""
    for mark in m.data:
        listing = find(listings, mark.instId)
        write_mark(nanoseconds(mark.ts), (number(mark.markPx), nan, nan), NO_TIME, listing, received, position, rows)


def fundings(m: frames.Frame[frames.Funding], received: int, position: int, listings: Listings, rows: Rows) -> None:
    """The funding rate and when it is paid."""
    for funding in m.data:
        listing, rate = find(listings, funding.instId), number(funding.fundingRate)
        paid = time(funding.fundingTime)
        write_mark(time(funding.ts), (nan, nan, rate), paid, listing, received, position, rows)


def indices(m: frames.Frame[frames.Index], received: int, position: int, listings: Listings, rows: Rows) -> None:
    """An index, as a mark of every contract that has it: BTC-USDT-SWAP, BTC-USDT-251226."""
    for index in m.data:
        contracts = [listing for symbol, listing in listings.items() if symbol.startswith(f"{index.instId}-")]
        if not contracts:
            raise FrameError(f"no contract is defined on the index {index.instId[:40]}")
        for listing in contracts:
            write_mark(
                nanoseconds(index.ts), (nan, number(index.idxPx), nan), NO_TIME, listing, received, position, rows
            )


def write_mark(
    exchange_time: int,
    values: tuple[float, float, float],
    paid: int,
    listing: Listing,
    received: int,
    position: int,
    rows: Rows,
) -> None:
    """Mark price, index, funding rate, NaN for what a message lacks; nothing where it lacks all."""
    if not all(map(isnan, values)):
        rows.marks.append(Mark(exchange_time, received, *values, paid, listing.instrument, position))


def instruments(m: frames.Frame[frames.Listed], received: int, position: int, listings: Listings, rows: Rows) -> None:
    """States of the instruments that are defined; the venue tells of all of a type."""
    for row in m.data:
        listing = listings.get(row.instId)
        if listing is not None:
            reason = "; ".join(_news(row, listing))
            status = Status(row.instId, NO_TIME, received, _phase(row, received), row.state, reason, nan, nan, position)
            rows.statuses.append(status)


def _phase(row: frames.Listed, received: int) -> str:
    """A listing begins with an auction until contTdSwTime; in it bids above asks are no fault."""
    if row.state == "live" and time(row.contTdSwTime) > received:
        return "auction"
    return PHASES.get(row.state, "unknown")


def _news(row: frames.Listed, listing: Listing) -> Iterator[str]:
    """Steps that are not as they were defined, and those that are going to change."""
    if row.tickSz and number(row.tickSz) != float(listing.ticks.tick_size):
        yield f"tickSz is {row.tickSz}, was defined as {listing.ticks.tick_size}"
    for change in row.upcChg:
        at = datetime.fromtimestamp(time(change.effTime) // SECOND_NS, UTC)
        yield f"{change.param} {change.newValue} from {at:%Y-%m-%dT%H:%M:%SZ}"
