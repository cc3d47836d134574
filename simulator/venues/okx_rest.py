"""OKX's REST answers: instruments, books, trades, mark price, funding rate, time.

Sources: official API documentation v5 in its mirror of 2026-07, public-data and order-book-trading.
"""

from collections.abc import Sequence

from market.clock import MILLISECOND_NS, SECOND_NS
from simulator.listing import Listing
from simulator.venues.book import BUY, SELL
from simulator.venues.desk import Answer, Desk, Query
from simulator.venues.market import Trade
from simulator.venues.wire import Printer, compact

FUNDING_NS = 8 * 3600 * SECOND_NS
CONTRACTS = {"BTC": "0.01", "ETH": "0.1", "SOL": "1"}  # coins that a contract is worth
CODES = {"BTC": 10459, "ETH": 10461}


def kind(symbol: str) -> str:
    """SPOT or SWAP."""
    return "SWAP" if symbol.endswith("-SWAP") else "SPOT"


def get(desk: Desk, query: Query, prints: Sequence[Printer], ids: Sequence[int]) -> Answer:
    """Answer a GET."""
    path, named = query.path, query.named
    if path == "/api/v5/public/time":
        return _ok([{"ts": str(desk.stamp_ns // MILLISECOND_NS)}])
    if path == "/api/v5/public/instruments":
        if named.get("instType") not in ("SPOT", "MARGIN", "SWAP", "FUTURES", "OPTION"):
            return _error("50014", "Parameter instType can not be empty.")
        rows = [row for row in desk.market.listings if kind(row.symbol) == named["instType"]]
        wanted = named.get("instId")
        rows = [row for row in rows if wanted in (None, row.symbol)]
        return _ok([instrument(row) for row in rows]) if rows else _error("51001", "Instrument ID does not exist")
    symbol = named.get("instId", "")
    if not desk.lists(symbol):
        return _error("51001", "Instrument ID does not exist")
    i = desk.symbols[symbol]
    if path == "/api/v5/market/books":
        return _ok([_book(desk, i, prints[i], ids[i], named.get("sz", "1"))])
    if path == "/api/v5/market/trades":
        return _ok([_trade(symbol, prints[i], *row) for row in reversed(desk.recent[i])])
    if path == "/api/v5/public/mark-price":
        price = prints[i].price(desk.market.mark(i))
        return _ok(
            [{"instType": kind(symbol), "instId": symbol, "markPx": price, "ts": str(desk.stamp_ns // MILLISECOND_NS)}]
        )
    if path == "/api/v5/public/funding-rate":
        return _ok([funding(desk, symbol)])
    return Answer(404, compact({"code": "404", "data": [], "msg": "Not Found"}).encode())


def instrument(row: Listing) -> dict[str, object]:
    """One row of the instruments, over REST and over the channel alike."""
    base, quote = row.symbol.split("-")[:2]
    swap = kind(row.symbol) == "SWAP"
    return {
        "alias": "",
        "auctionEndTime": "",
        "baseCcy": "" if swap else base,
        "category": "1",
        "contTdSwTime": "",
        "ctMult": "1" if swap else "",
        "ctType": "linear" if swap else "",
        "ctVal": CONTRACTS.get(base, "1") if swap else "",
        "ctValCcy": base if swap else "",
        "expTime": "",
        "instFamily": f"{base}-{quote}" if swap else "",
        "instId": row.symbol,
        "instIdCode": CODES.get(base, 20_000 + len(row.symbol)),
        "instType": kind(row.symbol),
        "lever": "100" if swap else "10",
        "listTime": "1611916828000",
        "lotSz": row.lot_size,
        "maxLmtSz": "9999999999",
        "maxMktSz": "1000000",
        "minSz": row.lot_size,
        "openType": "",
        "optType": "",
        "quoteCcy": "" if swap else quote,
        "ruleType": "normal",
        "settleCcy": quote if swap else "",
        "state": "live",
        "stk": "",
        "tickSz": row.tick_size,
        "uly": f"{base}-{quote}" if swap else "",
        "upcChg": [],
    }


def ticker(desk: Desk, i: int, one: Printer) -> str:
    """A frame of the channel tickers."""
    symbol = desk.market.listings[i].symbol
    bid, bid_lots, ask, ask_lots = desk.market.books[i].touch() or (0, 0, 0, 0)
    ticks, lots = desk.recent[i][-1][1][2:] if desk.recent[i] else (bid, 0)
    last = one.price(ticks)
    return (
        f'{{"arg":{{"channel":"tickers","instId":"{symbol}"}},"data":[{{"instType":"{kind(symbol)}",'
        f'"instId":"{symbol}","last":"{last}","lastSz":"{one.size(lots)}","askPx":"{one.price(ask)}",'
        f'"askSz":"{one.size(ask_lots)}","bidPx":"{one.price(bid)}","bidSz":"{one.size(bid_lots)}","open24h":"{last}",'
        f'"high24h":"{last}","low24h":"{last}","sodUtc0":"{last}","sodUtc8":"{last}","volCcy24h":"2620.289",'
        f'"vol24h":"779573","ts":"{desk.stamp_ns // MILLISECOND_NS}"}}]}}'
    )


def index_of(symbol: str) -> str:
    """BTC-USDT-SWAP -> BTC-USDT."""
    return symbol.removesuffix("-SWAP")


def index_ticker(desk: Desk, i: int, one: Printer) -> str:
    """A frame of the channel index-tickers."""
    name, price = index_of(desk.market.listings[i].symbol), one.price(desk.market.mark(i))
    return (
        f'{{"arg":{{"channel":"index-tickers","instId":"{name}"}},"data":[{{"instId":"{name}","idxPx":"{price}",'
        f'"open24h":"{price}","high24h":"{price}","low24h":"{price}","sodUtc0":"{price}","sodUtc8":"{price}",'
        f'"ts":"{desk.stamp_ns // MILLISECOND_NS}"}}]}}'
    )


def status(desk: Desk, *, over: bool) -> str:
    """A frame of the channel status: maintenance has begun, or is over."""
    stamp = desk.stamp_ns // MILLISECOND_NS
    row = {
        "begin": str(stamp),
        "end": str(stamp + 60_000),
        "href": "",
        "preOpenBegin": "",
        "scheDesc": "",
        "serviceType": "5",
        "state": "completed" if over else "ongoing",
        "system": "unified",
        "maintType": "1",
        "env": "1",
        "title": "Trading system upgrade",
        "ts": str(stamp),
    }
    return compact({"arg": {"channel": "status"}, "data": [row]})


def funding(desk: Desk, symbol: str) -> dict[str, str]:
    """Funding of a perpetual."""
    due = (desk.stamp_ns // FUNDING_NS + 1) * FUNDING_NS
    return {
        "fundingRate": "0.0001875391284828",
        "fundingTime": str(due // MILLISECOND_NS),
        "instId": symbol,
        "instType": kind(symbol),
        "method": "current_period",
        "maxFundingRate": "0.00375",
        "minFundingRate": "-0.00375",
        "nextFundingRate": "",
        "nextFundingTime": str((due + FUNDING_NS) // MILLISECOND_NS),
        "premium": "0.0001233824646391",
        "settFundingRate": "0.0001699799259033",
        "settState": "settled",
        "ts": str(desk.stamp_ns // MILLISECOND_NS),
    }


def _book(desk: Desk, i: int, one: Printer, last_id: int, size: str) -> dict[str, object]:
    count = min(400, int(size)) if size.isdecimal() else 1
    asks, bids = (
        [[one.price(ticks), one.size(lots), "0", "1"] for ticks, lots in desk.market.books[i].best(side, count)]
        for side in (SELL, BUY)
    )
    return {"asks": asks, "bids": bids, "ts": str(desk.stamp_ns // MILLISECOND_NS), "seqId": last_id}


def _trade(symbol: str, one: Printer, time_ns: int, trade: Trade) -> dict[str, str]:
    side = "buy" if trade.side == BUY else "sell"
    price, size = one.price(trade.ticks), one.size(trade.lots)
    stamp = str(time_ns // MILLISECOND_NS)
    return {"instId": symbol, "side": side, "sz": size, "px": price, "tradeId": str(trade.number), "ts": stamp}


def _ok(rows: Sequence[object]) -> Answer:
    return Answer(200, compact({"code": "0", "msg": "", "data": rows}).encode())


def _error(code: str, text: str) -> Answer:
    return Answer(200, compact({"code": code, "msg": text, "data": []}).encode())
