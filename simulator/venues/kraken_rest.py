"""Kraken's REST answers: AssetPairs, Depth, Trades, Time, SystemStatus.

Sources: docs.kraken.com rest-api get-tradable-asset-pairs, get-order-book, get-recent-trades, get-server-time,
get-system-status. Pairs have names of their own there: XXBTZUSD is BTC/USD, whose wsname is XBT/USD.
"""

from collections.abc import Sequence

from market.clock import SECOND_NS
from simulator.listing import Listing
from simulator.venues.book import BUY, SELL
from simulator.venues.desk import Answer, Desk, Query
from simulator.venues.listed import split
from simulator.venues.wire import Clock, Printer, compact

OLD_CODES = {"BTC": "XBT", "DOGE": "XDG"}
LEGACY = ("BTC", "ETH", "LTC", "XRP", "DOGE")  # whose pairs are spelled with X and Z
DEPTH_LEVELS = 500


def name(symbol: str) -> str:
    """BTC/USD -> XXBTZUSD, SOL/USD -> SOLUSD."""
    base, quote = split(symbol, "/")
    if base in LEGACY and quote in ("USD", "EUR"):
        return f"X{OLD_CODES.get(base, base)}Z{quote}"
    return OLD_CODES.get(base, base) + OLD_CODES.get(quote, quote)


def get(desk: Desk, query: Query, prints: Sequence[Printer]) -> Answer:
    """Answer a GET."""
    wanted = [part for part in query.named.get("pair", "").split(",") if part]
    if query.path == "/0/public/Time":
        return _result({"unixtime": desk.stamp_ns // SECOND_NS})
    if query.path == "/0/public/SystemStatus":
        return _result({"status": "online", "timestamp": Clock().text(desk.stamp_ns, digits=0)})
    if query.path not in ("/0/public/AssetPairs", "/0/public/Depth", "/0/public/Trades"):
        return _error("EGeneral:Unknown method", 404)
    names = {spelled: row for row in desk.market.listings for spelled in _spellings(row.symbol)}
    if not set(wanted) <= set(names) or (not wanted and query.path != "/0/public/AssetPairs"):
        return _error("EQuery:Unknown asset pair")
    rows = [names[spelled] for spelled in wanted] or list(desk.market.listings)
    if query.path == "/0/public/AssetPairs":
        return _result({name(row.symbol): _pair(row) for row in rows})
    i = desk.symbols[rows[0].symbol]
    body = _book(desk, i, prints[i]) if query.path == "/0/public/Depth" else _trades(desk, i, prints[i])
    return _result(body)


def _spellings(symbol: str) -> set[str]:
    base, quote = split(symbol, "/")
    return {name(symbol), symbol, f"{base}{quote}", OLD_CODES.get(base, base) + OLD_CODES.get(quote, quote)}


def _pair(row: Listing) -> dict[str, object]:
    base, quote = split(row.symbol, "/")
    base, quote = OLD_CODES.get(base, base), OLD_CODES.get(quote, quote)
    return {
        "altname": f"{base}{quote}",
        "wsname": f"{base}/{quote}",
        "aclass_base": "currency",
        "base": f"X{base}",
        "aclass_quote": "currency",
        "quote": f"Z{quote}",
        "lot": "unit",
        "cost_decimals": 5,
        "pair_decimals": row.price_decimals,
        "lot_decimals": row.size_decimals,
        "lot_multiplier": 1,
        "leverage_buy": [2, 3],
        "leverage_sell": [2, 3],
        "fees": [[0, 0.4]],
        "fees_maker": [[0, 0.25]],
        "fee_volume_currency": "ZUSD",
        "margin_call": 80,
        "margin_stop": 40,
        "ordermin": "0.0001",
        "costmin": "0.5",
        "tick_size": row.tick_size,
        "status": "online",
    }


def _book(desk: Desk, i: int, one: Printer) -> dict[str, object]:
    second = desk.stamp_ns // SECOND_NS
    asks, bids = (
        [[one.price(ticks), one.size(lots), second] for ticks, lots in desk.market.books[i].best(side, DEPTH_LEVELS)]
        for side in (SELL, BUY)
    )
    return {name(desk.market.listings[i].symbol): {"asks": asks, "bids": bids}}


def _trades(desk: Desk, i: int, one: Printer) -> dict[str, object]:
    rows = [
        [
            *(one.price(trade.ticks), one.size(trade.lots), time_ns / SECOND_NS),
            *("b" if trade.side == BUY else "s", "m", "", trade.number),
        ]
        for time_ns, trade in desk.recent[i]
    ]
    last = desk.recent[i][-1][0] if desk.recent[i] else desk.stamp_ns
    return {name(desk.market.listings[i].symbol): rows, "last": str(last)}


def _result(result: object) -> Answer:
    return Answer(200, compact({"error": [], "result": result}).encode())


def _error(text: str, status: int = 200) -> Answer:
    return Answer(status, compact({"error": [text]}).encode())
