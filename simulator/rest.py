"""The venue's REST answers: depth snapshot, exchange info, time, ping, and its error objects."""

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import msgspec
import numpy as np

from simulator.compiled import compiled
from simulator.draws import Integers
from simulator.engine import BUY, LEVELS, NONE, SELL, Book, best_level
from simulator.exchange import Exchange
from simulator.listing import Listing
from simulator.protocol import LEVEL_BYTES, MILLISECOND_NS, Bytes, Templates, levels

DEPTH_WEIGHTS = {5: 2, 10: 2, 20: 2, 50: 2, 100: 5, 500: 10, 1000: 20}  # request weight by limit
DEFAULT_LIMIT = 500
MIN_NOTIONAL = "5"


class Answer(NamedTuple):
    """One HTTP answer."""

    status: int
    body: bytes
    weight: int = 1  # of the request, against the budget per minute
    snapshot_of: str = ""  # the symbol, where the body is a depth snapshot


def answer(exchange: Exchange, path: str, *, now_ns: int, epoch_ns: int) -> Answer:
    """Answer a GET; `now_ns` is the venue's wall time, `epoch_ns` that of simulated time 0."""
    parts = urlsplit(path)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if parts.path == "/fapi/v1/ping":
        return Answer(200, b"{}")
    if parts.path == "/fapi/v1/time":
        return Answer(200, msgspec.json.encode({"serverTime": now_ns // MILLISECOND_NS}))
    if parts.path == "/fapi/v1/exchangeInfo":
        return Answer(200, exchange_info(exchange.listings, now_ns))
    if parts.path == "/fapi/v1/fundingInfo":
        return Answer(200, b"[]")
    if parts.path == "/fapi/v1/depth":
        return _depth(exchange, query, now_ns, epoch_ns)
    return Answer(404, error(-5000, f"Path {parts.path}, Method GET is invalid"))


def error(code: int, message: str) -> bytes:
    """The venue's error object."""
    return msgspec.json.encode({"code": code, "msg": message})


def _depth(exchange: Exchange, query: dict[str, str], now_ns: int, epoch_ns: int) -> Answer:
    symbol, limit = query.get("symbol", "").upper(), query.get("limit", str(DEFAULT_LIMIT))
    if not symbol:
        return Answer(400, error(-1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."))
    if symbol not in exchange.symbols:
        return Answer(400, error(-1121, "Invalid symbol."))
    if not limit.isdecimal() or int(limit) not in DEPTH_WEIGHTS:
        return Answer(400, error(-4021, f"{limit} is not valid depth limit."))
    time_ms = (epoch_ns + exchange.time_ns) // MILLISECOND_NS
    body = snapshot(
        exchange, symbol, limit=int(limit), event_ms=max(now_ns // MILLISECOND_NS, time_ms), time_ms=time_ms
    )
    return Answer(200, body, DEPTH_WEIGHTS[int(limit)], symbol)


def snapshot(exchange: Exchange, symbol: str, *, limit: int, event_ms: int, time_ms: int, named: bool = False) -> bytes:
    """The book as of now, best first. `named` adds the symbol, as coin-M's snapshots carry it."""
    i = exchange.symbols.index(symbol)
    world = exchange.world
    rows = np.zeros((2 * limit, 2), np.int64)
    base_ticks = int(world.fixed[i]["base_ticks"])
    bids = best_levels(world.book, i, BUY, base_ticks, rows[:limit])
    asks = best_levels(world.book, i, SELL, base_ticks, rows[limit:])
    name = f'"symbol":"{symbol}",' if named else ""
    head = f'{{"lastUpdateId":{world.work[i]["update_id"]},{name}"E":{event_ms},"T":{time_ms},"bids":['
    bid_text = _text(exchange.templates, i, rows[:bids])
    ask_text = _text(exchange.templates, i, rows[limit : limit + asks])
    return head.encode() + bid_text + b'],"asks":[' + ask_text + b"]}"


def _text(known: Templates, i: int, rows: Integers) -> bytes:
    buffer: Bytes = np.zeros(len(rows) * LEVEL_BYTES + 1, np.uint8)
    return buffer[: levels(known.units[i], rows, 0, len(rows), buffer, 0)].tobytes()


@compiled
def best_levels(book: Book, i: int, side: int, base_ticks: int, rows: Integers) -> int:
    """Ticks and lots of a side's levels, best first, as many as there are rows; how many there are."""
    level, count = best_level(book, i, side), 0
    while 0 <= level < LEVELS and count < len(rows):
        if book.ladder[i, level]["head"] != NONE:
            rows[count, 0] = base_ticks + level
            rows[count, 1] = book.ladder[i, level]["volume"]
            count += 1
        level -= side
    return count


def exchange_info(listings: Sequence[Listing], now_ns: int) -> bytes:
    """The metadata of all instruments."""
    return msgspec.json.encode(
        {
            "timezone": "UTC",
            "serverTime": now_ns // MILLISECOND_NS,
            "rateLimits": [
                {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2400},
            ],
            "exchangeFilters": [],
            "assets": [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "0"}],
            "symbols": [_symbol(row) for row in listings],
        }
    )


def _symbol(row: Listing) -> dict[str, object]:
    base = row.symbol.removesuffix("USDT")
    return {
        "symbol": row.symbol,
        "pair": row.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": 4133404800000,
        "onboardDate": 1569398400000,
        "status": "TRADING",
        "baseAsset": base,
        "quoteAsset": "USDT",
        "marginAsset": "USDT",
        "pricePrecision": row.price_decimals,
        "quantityPrecision": row.size_decimals,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "settlePlan": 0,
        "triggerProtect": "0.0500",
        "orderTypes": ["LIMIT", "MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": row.tick_size,
                "maxPrice": "1000000000",
                "tickSize": row.tick_size,
            },
            {"filterType": "LOT_SIZE", "minQty": row.lot_size, "maxQty": "1000000", "stepSize": row.lot_size},
            {"filterType": "MARKET_LOT_SIZE", "minQty": row.lot_size, "maxQty": "1000000", "stepSize": row.lot_size},
            {"filterType": "MIN_NOTIONAL", "notional": MIN_NOTIONAL},
        ],
    }
