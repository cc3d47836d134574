"""What the messages of Kraken mean: one decoded struct to rows, or FrameError. Sides of trades are the takers'."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from math import nan

import msgspec
from msgspec import UNSET

from market.errors import FrameError
from market.schema import NO_TIME, Kind
from venues.kraken import frames
from venues.rows import Rows, Status
from venues.times import from_rfc3339
from venues.venue import Listing, Listings
from venues.writing import Times, find, header, levels, rfc3339, size

Levels = Sequence[tuple[str, float]]

# Of pairs and of the whole exchange. Without matching nothing trades: cancel_only, and work_in_progress.
PHASES = {
    "online": "open",
    "post_only": "limited",
    "limit_only": "limited",
    "reduce_only": "limited",
    "cancel_only": "halted",
    "maintenance": "halted",
    "work_in_progress": "halted",
    "delisted": "delisted",
}
EXCHANGE_WIDE = "the whole exchange"


def books(m: "frames.Frame[frames.Book]", received: int, position: int, listings: Listings, rows: Rows) -> None:
    """Full books and changes, each with its checksum."""
    kind = Kind.SNAPSHOT if m.type == "snapshot" else Kind.DEPTH
    for book in m.data:
        bids = [(text_of(level.price), level.qty) for level in book.bids]
        asks = [(text_of(level.price), level.qty) for level in book.asks]
        times = rfc3339(book.timestamp), received, position
        write_levels(kind, times, book.checksum, find(listings, book.symbol), bids, asks, rows)


def trades(m: "frames.Frame[frames.Trade]", received: int, position: int, listings: Listings, rows: Rows) -> None:
    """Matches, in the order of the array."""
    for trade in m.data:
        times = from_rfc3339(trade.timestamp), received, position
        side = 1 if trade.side == "buy" else -1
        write_trade(times, trade.trade_id, text_of(trade.price), trade.qty, side, find(listings, trade.symbol), rows)


def tickers(m: "frames.Frame[frames.Ticker]", received: int, position: int, listings: Listings, rows: Rows) -> None:
    """Best bids and asks."""
    for ticker in m.data:
        times = rfc3339(ticker.timestamp), received, position
        bid, ask = (text_of(ticker.bid), ticker.bid_qty), (text_of(ticker.ask), ticker.ask_qty)
        write_ticker(times, find(listings, ticker.symbol), bid, ask, rows)


def instruments(m: frames.Instruments, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """States of the pairs that are ours; the venue sends all of its own."""
    for pair in m.data.pairs:
        if (listing := listings.get(pair.symbol)) is not None:
            write_status(pair.symbol, pair.status, step_changed(pair, listing), received, position, rows)


def system(m: frames.SystemStatus, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """The state of the exchange is one of every pair."""
    for state in m.data:
        for symbol in listings:
            write_status(symbol, state.system, EXCHANGE_WIDE, received, position, rows)


def write_levels(
    kind: Kind, times: Times, checksum: int, listing: Listing, bids: Levels, asks: Levels, rows: Rows
) -> None:
    """A book message; no number counts them."""
    prices, sizes = levels(listing, bids, asks)
    rows.add_levels(header(kind, times, 0, checksum, listing, bids=len(bids), levels=len(prices)), prices, sizes)


def write_trade(
    times: Times, identity: int, price: str, amount: float, side: int, listing: Listing, rows: Rows
) -> None:
    """A match by the side of its taker."""
    rows.add(header(Kind.TRADE, times, identity, listing.ticks[price], listing, side=side), size(amount))


def write_ticker(times: Times, listing: Listing, bid: tuple[str, float], ask: tuple[str, float], rows: Rows) -> None:
    """A best bid and ask."""
    prices, sizes = levels(listing, [bid], [ask])
    rows.add_levels(header(Kind.TICKER, times, 0, 0, listing, bids=1, levels=2), prices, sizes)


def write_status(symbol: str, code: str, reason: str, received: int, position: int, rows: Rows) -> None:
    """A phase; `unknown` where the word is not known, which no one takes for tradable."""
    phase = PHASES.get(code, "unknown")
    rows.statuses.append(Status(symbol, NO_TIME, received, phase, code, reason, nan, nan, position))


def step_changed(pair: frames.Pair, listing: Listing) -> str:
    """What to say where the price step is not the one that is defined; "" where it is."""
    if pair.price_increment is UNSET:
        return ""
    text = text_of(pair.price_increment)
    try:
        step = Decimal(text)
    except InvalidOperation as error:
        raise FrameError(f"price_increment {text[:40]} of {pair.symbol} is no number") from error
    return "" if step == listing.ticks.tick_size else f"price step {text}, defined is {listing.ticks.tick_size}"


def text_of(number: msgspec.Raw) -> str:
    """A JSON number as it is written."""
    return bytes(number).decode()
