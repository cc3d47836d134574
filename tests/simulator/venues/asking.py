"""How a client of each venue asks for everything: the path, and the messages after it."""

import json

from simulator.venues import EXAMPLES, make_desk

START_NS = 1_767_225_600_000_000_000  # 2026-01-01
SECOND_NS = 1_000_000_000
PATHS = {
    "binance-spot": "/stream",
    "binance-usdm": "/public/stream",
    "coinbase": "/",
    "kraken": "/v2",
    "bybit-linear": "/v5/public/linear",
    "bybit-spot": "/v5/public/spot",
    "okx": "/ws/v5/public",
    "alpaca-iex": "/v2/iex",
    "alpaca-sip": "/v2/sip",
    "alpaca-crypto": "/v1beta3/crypto/us",
    "massive-stocks": "/stocks",
    "massive-crypto": "/crypto",
}


def requests(venue, symbols):
    """The client's messages for all streams."""
    if venue.startswith("binance"):
        channels = [
            "depth@100ms",
            "bookTicker",
            *(["trade"] if venue.endswith("spot") else ["aggTrade", "markPrice@1s"]),
        ]
        names = [f"{symbol.lower()}@{channel}" for symbol in symbols for channel in channels]
        return [{"method": "SUBSCRIBE", "params": names, "id": 1}]
    if venue == "coinbase":
        channels = ("heartbeats", "market_trades", "ticker", "level2")
        return [{"type": "subscribe", "product_ids": list(symbols), "channel": channel} for channel in channels]
    if venue == "kraken":
        params = [{"channel": channel, "symbol": list(symbols), "snapshot": True} for channel in ("trade", "ticker")]
        params += [{"channel": "book", "symbol": list(symbols), "depth": 10}, {"channel": "instrument"}]
        return [{"method": "subscribe", "params": one, "req_id": number} for number, one in enumerate(params, 1)]
    if venue.startswith("bybit"):
        channels = ("orderbook.50", "publicTrade", "tickers")
        return [
            {"op": "subscribe", "req_id": "7", "args": [f"{one}.{symbol}" for one in channels for symbol in symbols]}
        ]
    if venue == "okx":
        channels = ("books", "trades", "tickers", "mark-price", "funding-rate")
        named = [{"channel": channel, "instId": symbol} for channel in channels for symbol in symbols]
        return [{"id": "3", "op": "subscribe", "args": named}]
    if venue.startswith("alpaca"):
        channels = [
            "trades",
            "quotes",
            "bars",
            *(["orderbooks"] if venue.endswith("crypto") else ["statuses", "lulds"]),
        ]
        wanted = {channel: list(symbols) for channel in channels}
        return [{"action": "auth", "key": "key", "secret": "s"}, {"action": "subscribe", **wanted}]
    channels = ("XT", "XQ", "XL2", "XA") if venue.endswith("crypto") else ("T", "Q", "AM", "LULD")
    named = ",".join(f"{channel}.{symbol}" for channel in channels for symbol in symbols)
    return [{"action": "auth", "params": "key"}, {"action": "subscribe", "params": named}]


def opened(venue, *, path=None, **options):
    """A desk and a connection that has asked for everything."""
    desk = make_desk(venue, EXAMPLES[venue], start_ns=START_NS, **options)
    session = desk.connect(path or PATHS[venue], {}, START_NS)
    for message in requests(venue, EXAMPLES[venue]):
        session.receive(json.dumps(message).encode(), START_NS)
    return desk, session


def run(desk, session, seconds, *, keepalive=b""):
    """All frames of so many virtual seconds, as the server wakes up, and the close."""
    frames, until_ns, asked = [], desk.now_ns + int(seconds * SECOND_NS), 0
    while session.open and desk.next_ns <= until_ns:
        now_ns = desk.next_ns
        found, close = session.due(now_ns)
        frames += found
        if close:
            return frames, close
        if keepalive and now_ns - desk.start_ns >= asked:
            asked += 20 * SECOND_NS
            session.receive(keepalive, now_ns)
        for frame in found:
            if frame.opcode == "ping":
                session.receive(frame.data, now_ns, "pong")
    found, close = session.due(until_ns)
    return frames + found, close
