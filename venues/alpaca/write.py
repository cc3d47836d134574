"""What the messages of Alpaca mean: decoded structs to rows, or FrameError.

Quotes of stocks are the whole book that there is, again in every message: PICTURE. Those of crypto stand beside a real
book and are TICKER. Times are the exchange's. The side of a stock trade is not told.
"""

from math import nan

from msgspec import UNSET

from market.errors import FrameError
from market.schema import NO_SEQUENCE, Flag, Kind
from venues.alpaca import frames
from venues.conditions import is_off_book
from venues.reading import Write
from venues.rows import Correction, Header, Rows, Status, VenueBar
from venues.shares import in_shares, trade_number
from venues.times import from_rfc3339
from venues.venue import Listings
from venues.writing import find, nothing

TIMEFRAMES = {frames.MinuteBar: "1m", frames.UpdatedBar: "1m", frames.DailyBar: "1d"}
SIDES = {"B": 1, "S": -1, "": 0, UNSET: 0}
# Status codes of the UTP plan (letters H, P, Q, T) and of the CTA plan (2, 3, 5, 6): docs.alpaca.markets, "Real-time
# stock data", status codes; CTS specification, "security status". The others tell of imbalances (7, 8, 9, A, C, D) and
# of short sales (E), not of a phase.
PHASES = {
    "H": "halted",
    "P": "halted",
    "2": "halted",
    "Q": "auction",  # quotes before the market opens again
    "5": "auction",
    "6": "auction",
    "T": "open",
    "3": "open",
    "F": "limits",
}


def error(m: frames.Error, _received: int, _position: int, _listings: Listings, _rows: Rows) -> None:
    """A refusal is kept with the dead letters."""
    raise FrameError(f"the venue refused: {m.msg} (code {m.code})")


def text(price: frames.Price) -> str:
    """A price as it is written."""
    return bytes(price).decode()


def stock_trade(m: frames.StockTrade, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """A match, off the book if its conditions say that it is no price of the moment."""
    listing, time = find(listings, m.S), from_rfc3339(m.t)
    number = trade_number(time, m.x, m.z, m.i)
    off_book = Flag.OFF_BOOK if m.c and is_off_book(m.c, m.z) else 0
    ticks = listing.ticks[text(m.p)]
    what = listing.instrument, position, Kind.TRADE, 0, off_book, 0, 0
    rows.add(Header(time, received, number, NO_SEQUENCE, ticks, *what), m.s)


def crypto_trade(m: frames.CryptoTrade, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """A match with the side of its taker."""
    listing = find(listings, m.S)
    what = listing.instrument, position, Kind.TRADE, SIDES[m.tks], 0, 0, 0
    rows.add(Header(from_rfc3339(m.t), received, m.i, NO_SEQUENCE, listing.ticks[text(m.p)], *what), m.s)


def stock_quote(m: frames.StockQuote, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """The best bid and ask; a side without a price or a size is no level."""
    listing, time = find(listings, m.S), from_rfc3339(m.t)
    sides = [(listing.ticks[text(m.bp)], in_shares(m.bs, time)), (listing.ticks[text(m.ap)], in_shares(m.as_, time))]
    there = [price > 0 and size > 0.0 for price, size in sides]
    levels = [level for level, is_there in zip(sides, there, strict=True) if is_there]
    what = listing.instrument, position, Kind.PICTURE, 0, 0, int(there[0]), len(levels)
    rows.add_levels(
        Header(time, received, 0, NO_SEQUENCE, 0, *what), [price for price, _ in levels], [size for _, size in levels]
    )


def crypto_quote(m: frames.CryptoQuote, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """The best bid and ask beside the book."""
    listing = find(listings, m.S)
    prices = [listing.ticks[text(m.bp)], listing.ticks[text(m.ap)]]
    what = listing.instrument, position, Kind.TICKER, 0, 0, 1, 2
    rows.add_levels(Header(from_rfc3339(m.t), received, 0, NO_SEQUENCE, 0, *what), prices, [m.bs, m.as_])


def order_book(m: frames.OrderBook, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """The whole book, or changes of it; the venue counts nothing."""
    listing = find(listings, m.S)
    levels = m.b + m.a
    kind = Kind.SNAPSHOT if m.r else Kind.DEPTH
    header = Header(
        *(from_rfc3339(m.t), received, 0, NO_SEQUENCE, 0),
        *(listing.instrument, position, kind, 0, 0, len(m.b), len(levels)),
    )
    rows.add_levels(header, [listing.ticks[text(level.p)] for level in levels], [level.s for level in levels])


def bar(m: frames.MinuteBar, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """A bar of the venue; updated: minutes that are told again, and the day so far."""
    find(listings, m.S)
    notional = nan if m.vw is UNSET else m.v * m.vw
    what = m.o, m.h, m.l, m.c, m.v, notional, 0 if m.n is UNSET else m.n, type(m) is not frames.MinuteBar, position
    rows.venue_bars.append(VenueBar(m.S, TIMEFRAMES[type(m)], from_rfc3339(m.t), received, *what))


def correction(m: frames.Correction, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """A trade that was another; its number is that of a trade of the same day."""
    find(listings, m.S)
    time = from_rfc3339(m.t)
    before, after = (trade_number(time, m.x, m.z, number) for number in (m.oi, m.ci))
    what = before, m.op, m.os_, after, m.cp, m.cs, position
    rows.corrections.append(Correction(m.S, time, received, "correct", *what))


def cancel(m: frames.Cancel, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """A trade that is taken back."""
    find(listings, m.S)
    time = from_rfc3339(m.t)
    what = trade_number(time, m.x, m.z, m.i), m.p, m.s, NO_SEQUENCE, nan, nan, position
    rows.corrections.append(Correction(m.S, time, received, "cancel", *what))


def price_band(m: frames.PriceBand, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """Limit up and limit down."""
    find(listings, m.S)
    what = "limits", m.i or "", "limit up, limit down", m.d, m.u, position
    rows.statuses.append(Status(m.S, from_rfc3339(m.t), received, *what))


def trading_status(m: frames.TradingStatus, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """A halt, its end, or another word about how an instrument trades."""
    find(listings, m.S)
    why = [words.strip() for words in (m.sm, m.rc, m.rm) if words and words.strip()]
    what = PHASES.get(m.sc, "unknown"), m.sc, "; ".join(why), nan, nan, position
    rows.statuses.append(Status(m.S, from_rfc3339(m.t), received, *what))


WRITERS: dict[type, Write] = {
    frames.StockTrade: stock_trade,
    frames.StockQuote: stock_quote,
    frames.CryptoTrade: crypto_trade,
    frames.CryptoQuote: crypto_quote,
    frames.OrderBook: order_book,
    frames.MinuteBar: bar,
    frames.UpdatedBar: bar,
    frames.DailyBar: bar,
    frames.Correction: correction,
    frames.Cancel: cancel,
    frames.PriceBand: price_band,
    frames.TradingStatus: trading_status,
    frames.Imbalance: nothing,
    frames.Success: nothing,
    frames.Subscription: nothing,
    frames.Error: error,
}
