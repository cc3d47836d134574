"""Bybit's REST answers: instruments-info, orderbook, recent-trade, time; and the fields of its tickers.

Sources: bybit-exchange/docs v5 (2026-07-24) market/{instrument,orderbook,recent-trade,time}; recorded answers of
August 2026.
"""

from collections.abc import Sequence

from market.clock import MILLISECOND_NS, SECOND_NS
from simulator.listing import Listing
from simulator.venues.book import BUY, SELL
from simulator.venues.desk import Answer, Desk, Query
from simulator.venues.listed import split
from simulator.venues.market import Trade
from simulator.venues.wire import Printer, compact

FUNDING_NS = 8 * 3600 * SECOND_NS
PAGE = 500
PAGE_MOST = 1000


def get(desk: Desk, query: Query, prints: Sequence[Printer], sequences: Sequence[int], category: str) -> Answer:
    """Answer a GET."""
    path, named = query.path, query.named
    if path == "/v5/market/time":
        return _ok(desk, {"timeSecond": str(desk.stamp_ns // SECOND_NS), "timeNano": str(desk.stamp_ns)})
    if named.get("category") != category:
        return _error(desk, 10001, "params error: Category is invalid")
    symbol = named.get("symbol")
    if symbol is not None and not desk.lists(symbol):
        return _error(desk, 10001, "params error: Symbol Invalid")
    if path == "/v5/market/instruments-info":
        return _instruments(desk, category, named.get("symbol"), named.get("limit", ""), named.get("cursor", ""))
    if path not in ("/v5/market/orderbook", "/v5/market/recent-trade"):
        return Answer(404)
    if symbol is None:
        return _error(desk, 10001, "params error: Symbol Invalid")
    i = desk.symbols[symbol]
    if path == "/v5/market/orderbook":
        return _ok(desk, _book(desk, i, prints[i], sequences[i], named.get("limit", "25")))
    rows = [_trade(symbol, prints[i], category, *row) for row in reversed(desk.recent[i])]
    return _ok(desk, {"category": category, "list": rows})


def trade_id(category: str, number: int) -> str:
    """A UUID, or a long number on spot."""
    return f"{number:08x}-d8dd-5b31-9112-{number * 7919:012x}" if category == "linear" else f"22900000000{number:08d}"


def ticker(desk: Desk, i: int, prints: Sequence[Printer], category: str) -> dict[str, str]:
    """All fields of a ticker as of now."""
    symbol, one = desk.market.listings[i].symbol, prints[i]
    bid, bid_lots, ask, ask_lots = desk.market.books[i].touch() or (0, 0, 0, 0)
    mark = one.price(desk.market.mark(i))
    last = one.price(desk.recent[i][-1][1].ticks) if desk.recent[i] else mark
    if category == "spot":
        return {
            "symbol": symbol,
            "lastPrice": last,
            "highPrice24h": last,
            "lowPrice24h": last,
            "prevPrice24h": last,
            "volume24h": "6780.866843",
            "turnover24h": "141946527.22907118",
            "price24hPcnt": "0.0196",
            "usdIndexPrice": mark,
        }
    return {
        "symbol": symbol,
        "tickDirection": "ZeroPlusTick",
        "price24hPcnt": "0.001624",
        "lastPrice": last,
        "prevPrice24h": one.price(desk.market.listings[i].opening_ticks),
        "highPrice24h": one.price(desk.market.listings[i].opening_ticks),
        "lowPrice24h": one.price(desk.market.listings[i].opening_ticks),
        "prevPrice1h": one.price(desk.market.listings[i].opening_ticks),
        "markPrice": mark,
        "indexPrice": mark,
        "openInterest": "59891.732",
        "openInterestValue": "3899996265.01",
        "turnover24h": "1142118412.9021",
        "volume24h": "17573.9120",
        "fundingIntervalHour": "8",
        "fundingCap": "0.005",
        "singleOpenInterest": "29945.866",
        "singleOpenInterestValue": "1949998132.50",
        "nextFundingTime": str((desk.stamp_ns // FUNDING_NS + 1) * FUNDING_NS // MILLISECOND_NS),
        "fundingRate": "0.0001",
        "bid1Price": one.price(bid),
        "bid1Size": one.size(bid_lots),
        "ask1Price": one.price(ask),
        "ask1Size": one.size(ask_lots),
        "preOpenPrice": "",
        "preQty": "",
        "curPreListingPhase": "",
    }


def _instruments(desk: Desk, category: str, symbol: str | None, limit: str, cursor: str) -> Answer:
    """A page of them; the cursor is where the next begins."""
    count = min(PAGE_MOST, int(limit)) if limit.isdecimal() and int(limit) else PAGE
    first = int(cursor) if cursor.isdecimal() else 0
    rows = [row for row in desk.market.listings if symbol in (None, row.symbol)]
    page, after = rows[first : first + count], first + count
    listed = [_linear(row, number) if category == "linear" else _spot(row) for number, row in enumerate(page, 5)]
    following = str(after) if after < len(rows) else ""
    return _ok(desk, {"category": category, "list": listed, "nextPageCursor": following})


def _linear(row: Listing, number: int) -> dict[str, object]:
    base, quote = split(row.symbol, "")
    return {
        "symbol": row.symbol,
        "contractType": "LinearPerpetual",
        "status": "Trading",
        "baseCoin": base,
        "quoteCoin": quote,
        "launchTime": "1584230400000",
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": str(row.price_decimals),
        "priceFilter": {"minPrice": row.tick_size, "maxPrice": "1999999.80", "tickSize": row.tick_size},
        "lotSizeFilter": {"maxOrderQty": "1500.000", "minOrderQty": row.lot_size, "qtyStep": row.lot_size},
        "unifiedMarginTrade": True,
        "fundingInterval": 480,
        "settleCoin": quote,
        "isPreListing": False,
        "preListingInfo": None,
        "symbolType": "",
        "symbolId": number,
    }


def _spot(row: Listing) -> dict[str, object]:
    base, quote = split(row.symbol, "")
    return {
        "symbolId": 9,
        "symbol": row.symbol,
        "baseCoin": base,
        "quoteCoin": quote,
        "innovation": "0",
        "status": "Trading",
        "marginTrading": "utaOnly",
        "stTag": "0",
        "lotSizeFilter": {"basePrecision": row.lot_size, "quotePrecision": "0.0000001", "minOrderQty": row.lot_size},
        "priceFilter": {"tickSize": row.tick_size},
        "symbolType": "",
    }


def _book(desk: Desk, i: int, one: Printer, sequence: int, limit: str) -> dict[str, object]:
    count = min(200, int(limit)) if limit.isdecimal() else 25
    bids, asks = (
        [[one.price(ticks), one.size(lots)] for ticks, lots in desk.market.books[i].best(side, count)]
        for side in (BUY, SELL)
    )
    stamp = desk.stamp_ns // MILLISECOND_NS
    symbol = desk.market.listings[i].symbol
    return {"s": symbol, "b": bids, "a": asks, "ts": stamp, "u": sequence % 10**8, "seq": sequence, "cts": stamp}


def _trade(symbol: str, one: Printer, category: str, time_ns: int, trade: Trade) -> dict[str, object]:
    return {
        "execId": trade_id(category, trade.number),
        "symbol": symbol,
        "price": one.price(trade.ticks),
        "size": one.size(trade.lots),
        "side": "Buy" if trade.side == BUY else "Sell",
        "time": str(time_ns // MILLISECOND_NS),
        "isBlockTrade": False,
    }


def _ok(desk: Desk, result: object) -> Answer:
    body = {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": desk.stamp_ns // MILLISECOND_NS}
    return Answer(200, compact(body).encode())


def _error(desk: Desk, code: int, text: str) -> Answer:
    body = {"retCode": code, "retMsg": text, "result": {}, "retExtInfo": {}, "time": desk.stamp_ns // MILLISECOND_NS}
    return Answer(200, compact(body).encode())
