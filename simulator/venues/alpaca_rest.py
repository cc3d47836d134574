"""Alpaca's REST answers: assets, trades of a time, latest books of crypto. A key is needed for each.

Sources: docs.alpaca.markets reference: get-v2-assets, stocktrades, cryptotrades, cryptolatestorderbooks.
"""

from collections.abc import Sequence
from zlib import crc32

from simulator.listing import Listing
from simulator.venues.alpaca_data import trade_id
from simulator.venues.book import BUY, SELL
from simulator.venues.desk import Answer, Desk, Query
from simulator.venues.wire import Clock, Printer, compact


def get(desk: Desk, query: Query, prints: Sequence[Printer], *, crypto: bool) -> Answer:
    """Answer a GET."""
    if not desk.admits(query.headers.get("apca-api-key-id")):
        return Answer(403, b'{"message": "forbidden."}')
    path = query.path
    if path == "/v2/assets":
        return _ok([_asset(row, crypto=crypto) for row in desk.market.listings])
    if path.startswith("/v2/assets/"):
        symbol = path.removeprefix("/v2/assets/").replace("%2F", "/")
        if symbol not in desk.symbols:
            return Answer(404, compact({"code": 40410000, "message": f"asset not found for {symbol}"}).encode())
        return _ok(_asset(desk.market.listings[desk.symbols[symbol]], crypto=crypto))
    wanted = [symbol for symbol in query.named.get("symbols", "").split(",") if symbol in desk.symbols]
    if path == ("/v1beta3/crypto/us/trades" if crypto else "/v2/stocks/trades"):
        rows = {symbol: _trades(desk, desk.symbols[symbol], prints, crypto=crypto) for symbol in wanted}
        return _ok({"trades": rows, "next_page_token": None})
    if crypto and path == "/v1beta3/crypto/us/latest/orderbooks":
        return _ok({"orderbooks": {symbol: _book(desk, desk.symbols[symbol], prints) for symbol in wanted}})
    return Answer(404, b'{"message":"endpoint not found."}')


def _asset(row: Listing, *, crypto: bool) -> dict[str, object]:
    known: dict[str, object] = {
        "id": f"904837e3-3b76-47ec-b432-{crc32(row.symbol.encode()):012d}",
        "class": "crypto" if crypto else "us_equity",
        "exchange": "CRYPTO" if crypto else "NASDAQ",
        "symbol": row.symbol,
        "name": row.symbol,
        "status": "active",
        "tradable": True,
        "marginable": not crypto,
        "shortable": not crypto,
        "fractionable": True,
    }
    if crypto:
        steps = {"min_order_size": row.lot_size, "min_trade_increment": row.lot_size, "price_increment": row.tick_size}
        known.update(steps)
    return known


def _trades(desk: Desk, i: int, prints: Sequence[Printer], *, crypto: bool) -> list[dict[str, object]]:
    clock, rows = Clock(), []
    for time_ns, trade in desk.recent[i]:
        price, size = float(prints[i].price(trade.ticks)), float(prints[i].size(trade.lots))
        row: dict[str, object] = {
            "t": clock.text(time_ns, digits=9),
            "p": price,
            "s": size,
            "i": trade_id(trade) if crypto else trade.number,
        }
        row.update({"tks": "B" if trade.side == BUY else "S"} if crypto else {"x": "V", "c": ["@"], "z": "C"})
        rows.append(row)
    return rows


def _book(desk: Desk, i: int, prints: Sequence[Printer]) -> dict[str, object]:
    one = prints[i]
    asks, bids = (
        [{"p": float(one.price(ticks)), "s": float(one.size(lots))} for ticks, lots in desk.market.books[i].best(side)]
        for side in (SELL, BUY)
    )
    return {"a": asks, "b": bids, "t": Clock().text(desk.stamp_ns, digits=9)}


def _ok(body: object) -> Answer:
    return Answer(200, compact(body).encode())
