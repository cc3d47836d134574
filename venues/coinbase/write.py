"""What the messages of Coinbase mean: one decoded struct to rows, or FrameError.

Times are the frame's, but for trades, which have their own. The side of a trade is the maker's (Exchange documentation,
"match": "the side field indicates the maker order side"; Advanced Trade does not say, and of 51 recorded trades at or
beyond the quote before them, all 51 have the maker's), so the aggressor's is the other.
"""

import re
from collections.abc import Iterable, Sequence
from math import nan

from msgspec import UNSET, UnsetType

from market.errors import FrameError
from market.schema import NO_CHECKSUM, NO_TIME, Kind
from venues.coinbase import exchange_frames as exchange
from venues.coinbase import frames
from venues.rows import Rows, Status
from venues.times import from_rfc3339
from venues.venue import Listing, Listings
from venues.writing import Times, find, header, levels, number, rfc3339
from venues.writing import size as at_least_0

Levels = Sequence[tuple[str, float]]
Quote = tuple[str | UnsetType, float]  # price, size

LARGEST_ID = 2**63 - 1
_ID = re.compile(r"[0-9]{1,19}")
_SELLER_MADE = ("SELL", "sell")
PHASES = {"online": "open", "offline": "halted", "internal": "closed", "delisted": "delisted"}


def counted(m: "frames.Frame[object]", _received: int, position: int, _listings: Listings, rows: Rows) -> None:
    """A frame that says nothing about the market; it has its number."""
    rows.numbers.append((position, m.sequence_num))


def books(m: "frames.Frame[frames.Book]", received: int, position: int, listings: Listings, rows: Rows) -> None:
    """Full books and changes; the frame's number is their update id."""
    time = from_rfc3339(m.timestamp)
    rows.numbers.append((position, m.sequence_num))
    for event in m.events:
        kind = Kind.SNAPSHOT if event.type == "snapshot" else Kind.DEPTH
        bids = [(level.price_level, level.new_quantity) for level in event.updates if level.side == "bid"]
        asks = [(level.price_level, level.new_quantity) for level in event.updates if level.side == "offer"]
        listing = find(listings, event.product_id)
        write_levels(kind, (time, received, position), m.sequence_num, listing, bids, asks, rows)


def trades(m: "frames.Frame[frames.Trades]", received: int, position: int, listings: Listings, rows: Rows) -> None:
    """Matches, oldest first: the venue has the newest first."""
    rows.numbers.append((position, m.sequence_num))
    for event in m.events:
        for trade in reversed(event.trades):
            listing = find(listings, trade.product_id)
            times = from_rfc3339(trade.time), received, position
            write_trade(times, trade_id(trade.trade_id), trade.price, trade.size, trade.side, listing, rows)


def tickers(m: "frames.Frame[frames.Tickers]", received: int, position: int, listings: Listings, rows: Rows) -> None:
    """Best bids and asks."""
    times = from_rfc3339(m.timestamp), received, position
    rows.numbers.append((position, m.sequence_num))
    for event in m.events:
        for ticker in event.tickers:
            bid = ticker.best_bid, size_of(ticker.best_bid_quantity)
            ask = ticker.best_ask, size_of(ticker.best_ask_quantity)
            write_ticker(times, m.sequence_num, find(listings, ticker.product_id), bid, ask, rows)


def statuses(m: "frames.Frame[frames.Products]", received: int, position: int, listings: Listings, rows: Rows) -> None:
    """States of the products that are ours; the venue may send all of its own."""
    times = from_rfc3339(m.timestamp), received, position
    rows.numbers.append((position, m.sequence_num))
    write_statuses(times, [product for event in m.events for product in event.products], listings, rows)


def exchange_snapshot(m: exchange.Snapshot, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """A full book of Exchange."""
    times = rfc3339(m.time), received, position
    write_levels(Kind.SNAPSHOT, times, 0, find(listings, m.product_id), m.bids, m.asks, rows)


def exchange_update(m: exchange.Update, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """Changes of a book of Exchange."""
    bids = [(price, size) for side, price, size in m.changes if side == "buy"]
    asks = [(price, size) for side, price, size in m.changes if side == "sell"]
    times = rfc3339(m.time), received, position
    write_levels(Kind.DEPTH, times, 0, find(listings, m.product_id), bids, asks, rows)


def exchange_match(m: exchange.Match, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """A match of Exchange."""
    times = from_rfc3339(m.time), received, position
    write_trade(times, m.trade_id, m.price, m.size, m.side, find(listings, m.product_id), rows)


def exchange_ticker(m: exchange.Ticker, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """Best bid and ask of Exchange; NaN where it has no sizes."""
    bid, ask = (m.best_bid, size_of(m.best_bid_size)), (m.best_ask, size_of(m.best_ask_size))
    write_ticker((rfc3339(m.time), received, position), 0, find(listings, m.product_id), bid, ask, rows)


def exchange_statuses(m: exchange.Products, received: int, position: int, listings: Listings, rows: Rows) -> None:
    """States of the products of Exchange that are ours."""
    write_statuses((NO_TIME, received, position), m.products, listings, rows)


def write_levels(
    kind: Kind, times: Times, sequence: int, listing: Listing, bids: Levels, asks: Levels, rows: Rows
) -> None:
    """A book message."""
    prices, sizes = levels(listing, bids, asks)
    head = header(kind, times, sequence, NO_CHECKSUM, listing, bids=len(bids), levels=len(prices))
    rows.add_levels(head, prices, sizes)


def write_trade(times: Times, identity: int, price: str, size: float, maker: str, listing: Listing, rows: Rows) -> None:
    """A match by the side of its maker."""
    side = 1 if maker in _SELLER_MADE else -1
    rows.add(header(Kind.TRADE, times, identity, listing.ticks[price], listing, side=side), at_least_0(size))


def write_ticker(
    times: Times,
    sequence: int,
    listing: Listing,
    bid: Quote,
    ask: Quote,
    rows: Rows,
) -> None:
    """A best bid and ask; nothing where a side is not told: then the message is about its trade alone."""
    if bid[0] and ask[0]:
        prices, sizes = [listing.ticks[bid[0]], listing.ticks[ask[0]]], [bid[1], ask[1]]
        rows.add_levels(header(Kind.TICKER, times, sequence, 0, listing, bids=1, levels=2), prices, sizes)


def write_statuses(times: Times, products: Iterable[frames.Product], listings: Listings, rows: Rows) -> None:
    """A row per product that is ours."""
    time, received, position = times
    for product in products:
        if product.id in listings:
            phase, reason = phase_of(product), product.status_message or ""
            rows.statuses.append(Status(product.id, time, received, phase, product.status, reason, nan, nan, position))


def phase_of(product: frames.Product) -> str:
    """Phase of market.schema.STATUS; a status that is not known is `unknown`, which no one takes for tradable."""
    if product.status != "online":
        return PHASES.get(product.status, "unknown")
    if product.trading_disabled:
        return "halted"
    if product.auction_mode:
        return "auction"
    return "limited" if product.cancel_only or product.limit_only or product.post_only else "open"


def trade_id(text: str) -> int:
    """An id of digits; raises FrameError for any other text."""
    if not _ID.fullmatch(text) or (identity := int(text)) > LARGEST_ID:
        raise FrameError(f"trade id {text[:40]!r} is not an integer of at most 63 bits")
    return identity


def size_of(text: str | UnsetType) -> float:
    """A size; NaN where there is none."""
    return nan if text is UNSET or not text else at_least_0(number(text))
