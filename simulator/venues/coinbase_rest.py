"""Coinbase's public REST answers: products, product book, market trades, time.

Sources: docs.cdp.coinbase.com advanced-trade REST (public): list products, get product, get product book, get market
trades, get server time; keys as in a recorded answer of August 2026.
"""

from collections.abc import Sequence

from market.clock import SECOND_NS
from simulator.listing import Listing
from simulator.venues.book import BUY, SELL
from simulator.venues.desk import Answer, Desk, Query
from simulator.venues.listed import split
from simulator.venues.wire import Clock, Printer, compact

ROOT = "/api/v3/brokerage/market"


def get(desk: Desk, query: Query, prints: Sequence[Printer]) -> Answer:
    """Answer a GET."""
    if query.path == "/api/v3/brokerage/time":
        seconds = desk.stamp_ns // SECOND_NS
        time = Clock().text(desk.stamp_ns, digits=0)
        return _ok({"iso": time, "epochSeconds": str(seconds), "epochMillis": str(desk.stamp_ns // 1_000_000)})
    if query.path == f"{ROOT}/products":
        rows = [_product(row) for row in desk.market.listings]
        return _ok({"products": rows, "num_products": len(rows)})
    if query.path == f"{ROOT}/product_book":
        symbol, rest = query.named.get("product_id", ""), "book"
    else:
        symbol, _, rest = query.path.removeprefix(f"{ROOT}/products/").partition("/")
    if symbol not in desk.symbols or rest not in ("", "book", "ticker"):
        return Answer(404, compact({"error": "NOT_FOUND", "error_details": f"{symbol} is not valid"}).encode())
    i = desk.symbols[symbol]
    if rest == "":
        return _ok(_product(desk.market.listings[i]))
    return _ok(_book(desk, i, prints[i]) if rest == "book" else _trades(desk, i, prints[i]))


def status(row: Listing) -> dict[str, object]:
    """A row of the channel `status`."""
    base, quote = split(row.symbol, "-")
    return {
        "product_type": "SPOT",
        "id": row.symbol,
        "base_currency": base,
        "quote_currency": quote,
        "base_increment": row.lot_size,
        "quote_increment": row.tick_size,
        "display_name": f"{base}/{quote}",
        "status": "online",
        "status_message": "",
        "min_market_funds": "1",
    }


def _book(desk: Desk, i: int, one: Printer) -> dict[str, object]:
    bids, asks = (
        [{"price": one.price(ticks), "size": one.size(lots)} for ticks, lots in desk.market.books[i].best(side)]
        for side in (BUY, SELL)
    )
    symbol, time = desk.market.listings[i].symbol, Clock().text(desk.stamp_ns)
    return {"pricebook": {"product_id": symbol, "bids": bids, "asks": asks, "time": time}}


def _trades(desk: Desk, i: int, one: Printer) -> dict[str, object]:
    clock, symbol = Clock(), desk.market.listings[i].symbol
    rows = [
        {
            "trade_id": str(trade.number),
            "product_id": symbol,
            "price": one.price(trade.ticks),
            "size": one.size(trade.lots),
            "time": clock.text(time_ns, zeros=False),
            "side": "SELL" if trade.side == BUY else "BUY",
        }
        for time_ns, trade in reversed(desk.recent[i])
    ]
    bid, _, ask, _ = desk.market.books[i].touch() or (0, 0, 0, 0)
    return {"trades": rows, "best_bid": one.price(bid), "best_ask": one.price(ask)}


def _product(row: Listing) -> dict[str, object]:
    base, quote = split(row.symbol, "-")
    return {
        "product_id": row.symbol,
        "price": f"{row.price:g}",
        "base_increment": row.lot_size,
        "quote_increment": row.tick_size,
        "quote_min_size": "1",
        "quote_max_size": "150000000",
        "base_min_size": row.lot_size,
        "base_max_size": "3400",
        "base_name": base,
        "quote_name": quote,
        "watched": False,
        "is_disabled": False,
        "new": False,
        "status": "online",
        "cancel_only": False,
        "limit_only": False,
        "post_only": False,
        "trading_disabled": False,
        "auction_mode": False,
        "product_type": "SPOT",
        "quote_currency_id": quote,
        "base_currency_id": base,
        "alias": "",
        "alias_to": [f"{base}-USDC"] if quote == "USD" else [],
        "base_display_symbol": base,
        "quote_display_symbol": quote,
        "view_only": False,
        "price_increment": row.tick_size,
        "display_name": row.symbol,
        "product_venue": "CBE",
    }


def _ok(body: object) -> Answer:
    return Answer(200, compact(body).encode())
