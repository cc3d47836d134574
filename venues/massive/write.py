"""What the messages of Massive mean: decoded structs to rows, or FrameError.

A quote of stocks is the best of all exchanges, and the whole book that there is: PICTURE. A quote of crypto is one
exchange's own: QUOTE, consolidated later (operators/book/consolidate.py). A book of crypto is one exchange's too; it
goes to the instrument `<pair>@<exchange>`, as the pair itself is a market of many.
"""

import re
from collections.abc import Sequence
from math import nan

from msgspec import UNSET, UnsetType

from market.errors import FrameError
from market.schema import NO_SEQUENCE, Flag, Kind
from venues.conditions import is_off_book_at_massive
from venues.ids import number_of
from venues.massive import frames
from venues.reading import Write
from venues.rows import Header, Rows, Status, VenueBar
from venues.shares import in_shares, trade_number
from venues.venue import Listing, Listings
from venues.writing import find, nanoseconds, nothing

SOLD, BOUGHT = 1, 2  # conditions of crypto trades
TIMEFRAMES = {
    frames.SecondAggregate: "1s",
    frames.MinuteAggregate: "1m",
    frames.CryptoSecond: "1s",
    frames.CryptoMinute: "1m",
}
REFUSALS = ("error", "auth_failed", "auth_timeout", "max_connections")
_DECIMAL = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,18})?")


def status(m: frames.Status, _received: int, _position: int, _listings: Listings, _rows: Rows) -> None:
    """A refusal is kept with the dead letters; other words are about the connection."""
    if m.status in REFUSALS:
        raise FrameError(f"the venue refused: {m.message or ''} ({m.status})")


def decimal(text: str) -> float:
    """A decimal number in quotes; raises FrameError for any other text."""
    if _DECIMAL.fullmatch(text) is None:
        raise FrameError(f"{text[:40]!r} is not a decimal number")
    return float(text)


def ticks(listing: Listing, price: frames.Price | UnsetType) -> int:
    """A price as it is written, in ticks; 0 for none."""
    return 0 if isinstance(price, UnsetType) else listing.ticks[bytes(price).decode()]


def trade(m: frames.Trade, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """A match, off the book if its conditions say that it is no price of the moment; its side is not told."""
    listing, when = find(listings, m.sym), nanoseconds(m.t)
    size = m.s if m.ds is UNSET else decimal(m.ds)
    if size is UNSET:
        raise FrameError(f"a trade of {m.sym[:40]} without a size")
    parts = m.x, *("" if part is UNSET else part for part in (m.z, m.trfi))
    number = NO_SEQUENCE if m.i is UNSET else trade_number(when, *parts, m.i)
    off_book = Flag.OFF_BOOK if m.c and is_off_book_at_massive(m.c) else 0
    what = listing.instrument, position, Kind.TRADE, 0, off_book, 0, 0
    rows.add(Header(when, received, number, NO_SEQUENCE, ticks(listing, m.p), *what), size)


def quote(m: frames.Quote, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """The best bid and ask; a side without a price or a size is no level."""
    listing, when = find(listings, m.sym), nanoseconds(m.t)
    bid, ask = (ticks(listing, m.bp), m.bs or 0.0), (ticks(listing, m.ap), m.as_ or 0.0)
    bids, asks = ([(price, in_shares(size, when))] if price and size else [] for price, size in (bid, ask))
    write_levels(Kind.PICTURE, (when, received, position), NO_SEQUENCE, listing, bids, asks, rows)


def crypto_quote(m: frames.CryptoQuote, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """One exchange's best bid and ask; a side without a price or a size is withdrawn."""
    listing = find(listings, m.pair)
    sides = (ticks(listing, m.bp), m.bs), (ticks(listing, m.ap), m.as_)
    bids, asks = ([(price, size) if price and size else (0, 0.0)] for price, size in sides)
    write_levels(Kind.QUOTE, (nanoseconds(m.t), received, position), m.x, listing, bids, asks, rows)


def crypto_book(m: frames.CryptoBook, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """One exchange's book. Those of exchanges that nobody asked for come with the others of their pair."""
    symbol = f"{m.pair}@{m.x}"
    if symbol not in listings and any(known.startswith(f"{m.pair}@") for known in listings):
        return
    listing = find(listings, symbol)
    bids, asks = ([(ticks(listing, price), size) for price, size in side] for side in (m.b, m.a))
    write_levels(Kind.PICTURE, (nanoseconds(m.t), received, position), NO_SEQUENCE, listing, bids, asks, rows)


def crypto_trade(m: frames.CryptoTrade, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """A match with the side of its taker; exchanges count their own ids."""
    listing = find(listings, m.pair)
    said = set(m.c or ())
    if {SOLD, BOUGHT} <= said:
        raise FrameError(f"a trade of {m.pair[:40]} that both bought and sold, by its conditions")
    side = -1 if SOLD in said else 1 if BOUGHT in said else 0
    number = NO_SEQUENCE if m.i is UNSET else number_of(f"{m.x}|{m.i}")
    what = listing.instrument, position, Kind.TRADE, side, 0, 0, 0
    rows.add(Header(nanoseconds(m.t), received, number, NO_SEQUENCE, ticks(listing, m.p), *what), m.s)


def write_levels(
    kind: Kind,
    times: tuple[int, int, int],
    previous: int,
    listing: Listing,
    bids: Sequence[tuple[int, float]],
    asks: Sequence[tuple[int, float]],
    rows: Rows,
) -> None:
    """A message with levels of (ticks, size); times are (exchange time, receive time, position of the frame)."""
    exchange_time, received, position = times
    levels = [*bids, *asks]
    what = listing.instrument, position, kind, 0, 0, len(bids), len(levels)
    header = Header(exchange_time, received, 0, previous, 0, *what)
    rows.add_levels(header, [price for price, _ in levels], [size for _, size in levels])


def aggregate(m: frames.MinuteAggregate, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """A bar of stocks; how many trades it has is not told."""
    volume = nan if m.v is UNSET else m.v
    _write_bar(m, m.sym, volume if m.dv is UNSET else decimal(m.dv), received, position, listings, rows)


def crypto_aggregate(m: frames.CryptoMinute, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """A bar of crypto."""
    _write_bar(m, m.pair, m.v, received, position, listings, rows)


def _write_bar(
    m: frames.MinuteAggregate | frames.CryptoMinute,
    symbol: str,
    volume: float,
    received: int,
    position: int,
    listings: Listings,
    rows: Rows,
) -> None:
    find(listings, symbol)
    notional = nan if m.vw is UNSET else volume * m.vw
    what = m.o, m.h, m.l, m.c, volume, notional, 0, False, position
    rows.venue_bars.append(VenueBar(symbol, TIMEFRAMES[type(m)], nanoseconds(m.s), received, *what))


def price_band(m: frames.PriceBand, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """Limit up and limit down."""
    find(listings, m.T)
    code = ",".join(map(str, m.i or ()))
    what = "limits", code, "limit up, limit down", m.l, m.h, position
    rows.statuses.append(Status(m.T, nanoseconds(m.t), received, *what))


WRITERS: dict[type, Write] = {
    frames.Trade: trade,
    frames.Quote: quote,
    frames.SecondAggregate: aggregate,
    frames.MinuteAggregate: aggregate,
    frames.PriceBand: price_band,
    frames.CryptoTrade: crypto_trade,
    frames.CryptoQuote: crypto_quote,
    frames.CryptoBook: crypto_book,
    frames.CryptoSecond: crypto_aggregate,
    frames.CryptoMinute: crypto_aggregate,
    frames.Imbalance: nothing,
    frames.FairValue: nothing,
    frames.LastValue: nothing,
    frames.IndexValue: nothing,
    frames.Status: status,
}
