"""Massive's REST answers: reference of tickers, trades. A key is needed for each.

Sources: massive.com REST reference: v3/reference/tickers, v3/trades.
"""

from collections.abc import Sequence

from simulator.venues.book import BUY
from simulator.venues.desk import Answer, Desk, Query
from simulator.venues.wire import Printer, compact


def get(desk: Desk, query: Query, prints: Sequence[Printer], *, crypto: bool) -> Answer:
    """Answer a GET."""
    bearer = query.headers.get("authorization", "").removeprefix("Bearer ")
    if not desk.admits(query.named.get("apiKey", bearer)):
        return Answer(401, compact({"status": "ERROR", "error": "Unknown API Key"}).encode())
    known = {_ticker(row.symbol, crypto=crypto): i for i, row in enumerate(desk.market.listings)}
    if query.path == "/v3/reference/tickers":
        rows = [_reference(name, crypto=crypto) for name in known]
        return _ok({"results": rows, "status": "OK", "count": len(rows)})
    place, _, name = query.path.rpartition("/")
    if name not in known or place not in ("/v3/reference/tickers", "/v3/trades"):
        return Answer(404, compact({"status": "NOT_FOUND", "message": "Ticker not found."}).encode())
    if place == "/v3/reference/tickers":
        return _ok({"results": _reference(name, crypto=crypto), "status": "OK"})
    return _ok({"results": _trades(desk, known[name], prints[known[name]], crypto=crypto), "status": "OK"})


def _ticker(symbol: str, *, crypto: bool) -> str:
    """BTC-USD is X:BTCUSD over REST."""
    return f"X:{symbol.replace('-', '')}" if crypto else symbol


def _reference(name: str, *, crypto: bool) -> dict[str, object]:
    market, kind = ("crypto", "") if crypto else ("stocks", "CS")
    return {"ticker": name, "name": name, "market": market, "locale": "us", "type": kind, "active": True}


def _trades(desk: Desk, i: int, one: Printer, *, crypto: bool) -> list[dict[str, object]]:
    """Newest first."""
    rows = []
    for time_ns, trade in reversed(desk.recent[i]):
        price, size = float(one.price(trade.ticks)), float(one.size(trade.lots))
        row: dict[str, object] = {"exchange": 1, "id": str(trade.number), "price": price, "size": size}
        row["participant_timestamp"] = time_ns
        row["conditions"] = [2 if trade.side == BUY else 1] if crypto else []
        rows.append(row)
    return rows


def _ok(body: object) -> Answer:
    return Answer(200, compact(body).encode())
