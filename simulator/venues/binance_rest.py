"""Binance's REST answers, spot and USD-M: exchangeInfo, depth, trades, time, ping; with weights and error objects.

Sources: binance-spot-api-docs rest-api.md, filters.md (2026-07); developers.binance.com USDⓈ-M market data endpoints.
"""

from collections.abc import Sequence

from market.clock import MILLISECOND_NS
from simulator.listing import Listing
from simulator.venues.book import BUY, SELL
from simulator.venues.desk import Answer, Desk, Query
from simulator.venues.listed import split
from simulator.venues.market import Trade
from simulator.venues.wire import Printer, compact

FUTURES_WEIGHTS = {5: 2, 10: 2, 20: 2, 50: 2, 100: 5, 500: 10, 1000: 20}  # of a book, by its levels
SPOT_WEIGHTS = ((100, 5), (500, 25), (1000, 50), (5000, 250))


def get(
    desk: Desk, query: Query, prints: Sequence[Printer], ids: Sequence[int], *, futures: bool
) -> tuple[Answer, int]:
    """Answer a GET; with its weight."""
    answer, weight = _answer(desk, query, prints, ids, futures=futures)
    used = desk.ledger.used_weight(desk.now_ns, query.address) + weight
    return answer._replace(headers=(*answer.headers, ("X-MBX-USED-WEIGHT-1M", str(used)))), weight


def _answer(
    desk: Desk, query: Query, prints: Sequence[Printer], ids: Sequence[int], *, futures: bool
) -> tuple[Answer, int]:
    root, _, rest = query.path.rpartition("/")
    if root != ("/fapi/v1" if futures else "/api/v3"):
        return _error(404, -5000, f"Path {query.path}, Method GET is invalid"), 1
    if rest == "ping":
        return Answer(200, b"{}"), 1
    if rest == "time":
        return _ok({"serverTime": desk.stamp_ns // MILLISECOND_NS}), 1
    if rest == "exchangeInfo":
        return _ok(_info(desk, futures=futures)), 1 if futures else 20
    if rest == "fundingInfo" and futures:
        return _ok([]), 1
    if rest not in ("depth", "trades", "aggTrades"):
        return _error(404, -5000, f"Path {query.path}, Method GET is invalid"), 1
    symbol = query.named.get("symbol", "")
    if not symbol:
        return _error(400, -1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."), 1
    if not desk.lists(symbol):
        return _error(400, -1121, "Invalid symbol."), 1
    i = desk.symbols[symbol]
    if rest == "depth":
        return _depth(desk, query, i, prints[i], ids[i], futures=futures)
    return _ok([_trade(prints[i], row, aggregated=rest == "aggTrades") for row in desk.recent[i]]), 25


def _depth(desk: Desk, query: Query, i: int, one: Printer, last_id: int, *, futures: bool) -> tuple[Answer, int]:
    text = query.named.get("limit", "500" if futures else "100")
    limit = int(text) if text.isdecimal() else 0
    if futures:
        weight = FUTURES_WEIGHTS.get(limit, 0)
    else:
        weight = next((weight for most, weight in SPOT_WEIGHTS if 1 <= limit <= most), 0)
    if not weight:
        return _error(400, -4021, f"{text[:20]} is not valid depth limit."), 1
    book = desk.market.books[i]
    bids, asks = (
        ",".join([f'["{one.price(ticks)}","{one.size(lots)}"]' for ticks, lots in book.best(side, limit)])
        for side in (BUY, SELL)
    )
    times = f'"E":{desk.stamp_ns // MILLISECOND_NS},"T":{desk.stamp_ns // MILLISECOND_NS - 3},' if futures else ""
    return Answer(200, f'{{"lastUpdateId":{last_id},{times}"bids":[{bids}],"asks":[{asks}]}}'.encode()), weight


def _trade(one: Printer, row: tuple[int, Trade], *, aggregated: bool) -> dict[str, object]:
    time_ns, trade = row
    price, size, maker = one.price(trade.ticks), one.size(trade.lots), trade.side == SELL
    if aggregated:
        first = 2 * trade.number
        stamp = time_ns // MILLISECOND_NS
        return {"a": trade.number, "p": price, "q": size, "f": first, "l": first + 1, "T": stamp, "m": maker}
    return {"id": trade.number, "price": price, "qty": size, "time": time_ns // MILLISECOND_NS, "isBuyerMaker": maker}


def _info(desk: Desk, *, futures: bool) -> dict[str, object]:
    limit = desk.limits.weight[0] if desk.limits.weight else 0
    return {
        "timezone": "UTC",
        "serverTime": desk.stamp_ns // MILLISECOND_NS,
        "rateLimits": [{"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": limit}],
        "exchangeFilters": [],
        "symbols": [_symbol(row, futures=futures) for row in desk.market.listings],
    }


def _symbol(row: Listing, *, futures: bool) -> dict[str, object]:
    base, quote = split(row.symbol, "")
    filters: list[dict[str, str]] = [
        {"filterType": "PRICE_FILTER", "minPrice": row.tick_size, "maxPrice": "1000000000", "tickSize": row.tick_size},
        {"filterType": "LOT_SIZE", "minQty": row.lot_size, "maxQty": "1000000", "stepSize": row.lot_size},
    ]
    if not futures:
        return {
            "symbol": row.symbol,
            "status": "TRADING",
            "baseAsset": base,
            "baseAssetPrecision": 8,
            "quoteAsset": quote,
            "quotePrecision": 8,
            "quoteAssetPrecision": 8,
            "isSpotTradingAllowed": True,
            "filters": filters,
        }
    return {
        "symbol": row.symbol,
        "pair": row.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": 4133404800000,
        "onboardDate": 1569398400000,
        "status": "TRADING",
        "baseAsset": base,
        "quoteAsset": quote,
        "marginAsset": quote,
        "pricePrecision": row.price_decimals,
        "quantityPrecision": row.size_decimals,
        "filters": filters,
    }


def _ok(body: object) -> Answer:
    return Answer(200, compact(body).encode())


def _error(status: int, code: int, text: str) -> Answer:
    return Answer(status, compact({"code": code, "msg": text}).encode())
