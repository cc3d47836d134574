"""Kraken spot, WebSocket v2: books with a checksum over literal texts, JSON numbers, one acknowledgement per symbol.

Sources: docs.kraken.com (websocket-v2: book, trade, ticker, instrument, status, heartbeat, ping; guides:
spot-ws-book-v2; REST AssetPairs, Depth, Trades, Time). Numbers are written with all decimals of the pair, as the
checksum guide shows them.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

from market.clock import SECOND_NS
from simulator.listing import Listing
from simulator.venues import kraken_rest
from simulator.venues.book import BUY, SELL, Level, Window
from simulator.venues.desk import Answer, Desk, Query, Session
from simulator.venues.limits import Limits
from simulator.venues.listed import coin, split
from simulator.venues.market import Step, Trade
from simulator.venues.wire import Clock, Printer, compact, texts

DEPTHS = (10, 25, 100, 500, 1000)
HASHED = 10  # levels a side
TRADES_KEPT = 50
TICKS = {"BTC": "0.1", "ETH": "0.01", "SOL": "0.01"}
WS_IDLE_S = 60
HEARTBEAT_NS = SECOND_NS
ASSET = '{"id":"%s","status":"enabled","precision":10,"precision_display":5,"borrowable":true,"collateral_value":1.0}'
STATUS = (
    '{"channel":"status","data":[{"api_version":"v2","connection_id":%d,"system":"%s",'
    '"version":"2.0.9"}],"type":"update"}'
)


class Kraken:
    """The venue's words."""

    name = "kraken"
    # Connections: Cloudflare in front of the venue. The rate of messages is not published; this one is ours.
    limits = Limits(connections=(150, 600), messages=(50, 1), weight=(60, 60), ban_s=600)

    def __init__(self) -> None:
        self._windows: dict[str, Window] = {}
        self._print: list[Printer] = []
        self._clock = Clock()

    def listed(self, symbol: str) -> Listing:
        """BTC/USD."""
        base, _ = split(symbol, "/")
        return coin(symbol, base, tick_size=TICKS.get(base, ""))

    def open(self, desk: Desk) -> None:
        """Begin."""
        self._print = [Printer(row) for row in desk.market.listings]

    def accepts(self, desk: Desk, path: str) -> bool:  # noqa: ARG002 - the same for every desk
        """The public endpoint; any path serves, as mocks have no host names to tell endpoints apart."""
        return path.rstrip("/") in ("", "/v2", "/v2/public")

    def greet(self, desk: Desk, session: Session) -> None:  # noqa: ARG002
        """A status comes first."""
        session.send(STATUS % (12_393_906_104_898_154_338 + session.number, "online"), role="control")

    def hear(self, desk: Desk, session: Session, message: Mapping[str, Any] | None, data: bytes) -> None:  # noqa: ARG002
        """subscribe, unsubscribe, ping."""
        method = message.get("method") if message else None
        if message is None or not isinstance(method, str):
            session.send('{"error":"Malformed request","success":false}')
        elif method == "ping":
            self._say(desk, session, {"method": "pong"}, message)
        elif method in ("subscribe", "unsubscribe"):
            self._subscription(desk, session, method, message)
        else:
            self._say(desk, session, {"error": "Method not supported", "method": method, "success": False}, message)

    def exceeded(self, desk: Desk, session: Session, what: str) -> None:  # noqa: ARG002
        """Too many messages are refused one by one."""
        session.send('{"error":"Exceeded msg rate","success":false}')

    def step(self, desk: Desk, step: Step) -> None:
        """Trades, books, ticker."""
        i, symbol = step.instrument, desk.market.listings[step.instrument].symbol
        stream = f"trade:{symbol}"
        if step.trades and desk.listeners(stream):
            rows = ",".join([self._trade(i, symbol, desk.stamp_ns, trade) for trade in step.trades])
            desk.publish(stream, f'{{"channel":"trade","type":"update","data":[{rows}]}}')
        for depth in DEPTHS:
            stream = f"book:{symbol}:{depth}"
            if desk.listeners(stream):
                self._book(desk, stream, i, symbol)
        if step.trades and desk.listeners(f"ticker:{symbol}"):
            desk.publish(f"ticker:{symbol}", self._ticker(desk, i, symbol, "update"))

    def second(self, desk: Desk) -> None:
        """A heartbeat where nothing was said for a second; the end of connections that want nothing."""
        for session in desk.alive():
            if session.streams and desk.now_ns - session.told_ns >= HEARTBEAT_NS:
                session.send('{"channel":"heartbeat"}', role="control")
            idle_s = (desk.now_ns - session.heard_ns) // SECOND_NS
            if not session.streams and idle_s >= WS_IDLE_S:
                session.close_with(1000, "Idle")

    def get(self, desk: Desk, query: Query) -> tuple[Answer, int]:
        """AssetPairs, Depth, Trades, Time, SystemStatus."""
        return kraken_rest.get(desk, query, self._print), 1

    def books(self, desk: Desk) -> Sequence[str]:
        """Depth of every pair."""
        return [f"/0/public/Depth?pair={kraken_rest.name(row.symbol)}" for row in desk.market.listings]

    def notice(self, desk: Desk, word: str) -> bool:
        """The status channel says maintenance and online."""
        system = {"maintenance": "maintenance", "back": "online", "halt": "cancel_only", "resume": "online"}.get(word)
        if system is None:
            return False
        for session in desk.alive():
            session.send(STATUS % (session.number, system), role="control")
        return True

    def _subscription(self, desk: Desk, session: Session, method: str, message: Mapping[str, Any]) -> None:
        asked = message.get("params")
        asked = asked if isinstance(asked, dict) else {}
        channel, depth = asked.get("channel"), asked.get("depth", 10)
        if channel == "instrument":
            self._acknowledge(desk, session, method, {"channel": channel, "snapshot": True}, message)
            if method == "subscribe" and session.subscribe(["instrument"]):
                session.send(_instruments(desk), stream="instrument", role="snapshot")
            return
        if channel not in ("book", "trade", "ticker"):
            self._refuse(desk, session, method, "Channel not found", message)
            return
        if channel == "book" and depth not in DEPTHS:
            self._refuse(desk, session, method, f"Subscription depth not supported: {depth}", message)
            return
        for symbol in texts(asked.get("symbol")):
            self._one(desk, session, method, message, channel, symbol, int(depth))

    def _one(
        self,
        desk: Desk,
        session: Session,
        method: str,
        message: Mapping[str, Any],
        channel: str,
        symbol: str,
        depth: int,
    ) -> None:
        stream = f"book:{symbol}:{depth}" if channel == "book" else f"{channel}:{symbol}"
        if not desk.lists(symbol):
            self._refuse(desk, session, method, f"Currency pair not supported {symbol}", message, symbol)
        elif (stream in session.streams) == (method == "subscribe"):
            state = "Already subscribed" if method == "subscribe" else "Subscription Not Found"
            self._refuse(desk, session, method, state, message, symbol)
        else:
            wants = message["params"].get("snapshot", True) is not False
            result: dict[str, object] = {"channel": channel, "symbol": symbol}
            if channel == "book":
                result = {"channel": channel, "depth": depth, "snapshot": wants, "symbol": symbol}
            elif method == "subscribe":
                result["snapshot"] = wants
            if method == "unsubscribe":
                result.pop("snapshot", None)
                session.unsubscribe([stream])
                self._acknowledge(desk, session, method, result, message)
            else:
                heard = bool(desk.listeners(stream))
                session.subscribe([stream])
                self._acknowledge(desk, session, method, result, message)
                self._begin(desk, session, stream, symbol, heard=heard, wants=wants)

    def _begin(self, desk: Desk, session: Session, stream: str, symbol: str, *, heard: bool, wants: bool) -> None:
        """The snapshot of a new subscription, which continues with what all others hear."""
        i = desk.symbols[symbol]
        channel = stream.partition(":")[0]
        if channel == "book":
            if not heard:
                self._windows[stream] = Window(desk.market.books[i], int(stream.rpartition(":")[2]))
            text = self._levels_text(desk, i, symbol, self._windows[stream].best(), "snapshot")
        elif channel == "ticker":
            text = self._ticker(desk, i, symbol, "snapshot")
        else:
            rows = ",".join([self._trade(i, symbol, *row) for row in desk.recent[i][-TRADES_KEPT:]])
            text = f'{{"channel":"trade","type":"snapshot","data":[{rows}]}}'
        if wants:
            session.send(text, stream=stream, role="snapshot")

    def _book(self, desk: Desk, stream: str, i: int, symbol: str) -> None:
        bids, asks = self._windows[stream].changes(pushed_out=False)
        if bids or asks:
            bids, asks = desk.faults.haunt(stream, bids, asks)
            desk.publish(stream, self._levels_text(desk, i, symbol, (bids, asks), "update"))

    def _levels_text(self, desk: Desk, i: int, symbol: str, sides: tuple[list[Level], list[Level]], kind: str) -> str:
        bids, asks = (self._levels(i, side) for side in sides)
        return (
            f'{{"channel":"book","type":"{kind}","data":[{{"symbol":"{symbol}","bids":[{bids}],"asks":[{asks}],'
            f'"checksum":{self._checksum(desk, i)},"timestamp":"{self._clock.text(desk.stamp_ns)}"}}]}}'
        )

    def _levels(self, i: int, levels: list[Level]) -> str:
        price, size = self._print[i].price, self._print[i].size
        return ",".join([f'{{"price":{price(ticks)},"qty":{size(lots)}}}' for ticks, lots in levels])

    def _checksum(self, desk: Desk, i: int) -> int:
        """CRC32 of the ten best asks, then bids: texts of price and quantity without point and leading zeros."""
        book, price, size = desk.market.books[i], self._print[i].price, self._print[i].size
        tokens = [
            _token(price(ticks)) + _token(size(lots)) for side in (SELL, BUY) for ticks, lots in book.best(side, HASHED)
        ]
        return crc32("".join(tokens).encode())

    def _trade(self, i: int, symbol: str, time_ns: int, trade: Trade) -> str:
        price, size = self._print[i].price(trade.ticks), self._print[i].size(trade.lots)
        return (
            f'{{"symbol":"{symbol}","side":"{"buy" if trade.side == BUY else "sell"}","price":{price},"qty":{size},'
            f'"ord_type":"market","trade_id":{trade.number},"timestamp":"{self._clock.text(time_ns)}"}}'
        )

    def _ticker(self, desk: Desk, i: int, symbol: str, kind: str) -> str:
        one, touch = self._print[i], desk.market.books[i].touch()
        bid, bid_lots, ask, ask_lots = touch or (0, 0, 0, 0)
        last = desk.recent[i][-1][1].ticks if desk.recent[i] else bid
        return (
            f'{{"channel":"ticker","type":"{kind}","data":[{{"symbol":"{symbol}","bid":{one.price(bid)},'
            f'"bid_qty":{one.size(bid_lots)},"ask":{one.price(ask)},"ask_qty":{one.size(ask_lots)},'
            f'"last":{one.price(last)},"volume":997038.98383185,"vwap":{one.price(last)},"low":{one.price(last)},'
            f'"high":{one.price(last)},"change":0.0,"change_pct":0.0,"timestamp":"{self._clock.text(desk.stamp_ns)}"}}]}}'
        )

    def _refuse(
        self, desk: Desk, session: Session, method: str, error: str, asked: Mapping[str, Any], symbol: str = ""
    ) -> None:
        named = {"symbol": symbol} if symbol else {}
        self._say(desk, session, {"error": error, "method": method, "success": False, **named}, asked)

    def _acknowledge(
        self, desk: Desk, session: Session, method: str, result: Mapping[str, object], asked: Mapping[str, Any]
    ) -> None:
        self._say(desk, session, {"method": method, "result": result, "success": True}, asked)

    def _say(self, desk: Desk, session: Session, body: dict[str, object], asked: Mapping[str, Any]) -> None:
        """An answer with the id of its request and the times of both."""
        number = {"req_id": asked["req_id"]} if isinstance(asked.get("req_id"), int) else {}
        time = self._clock.text(desk.stamp_ns)
        session.send(compact({**body, "time_in": time, "time_out": time, **number}))


def _instruments(desk: Desk) -> str:
    pairs = ",".join([_instrument(row) for row in desk.market.listings])
    assets = sorted({part for row in desk.market.listings for part in split(row.symbol, "/")})
    listed = ",".join([ASSET % name for name in assets])
    return f'{{"channel":"instrument","type":"snapshot","data":{{"assets":[{listed}],"pairs":[{pairs}]}}}}'


def _instrument(row: Listing) -> str:
    """As the venue writes it: increments with an exponent where they are small, such as 1e-08."""
    base, quote = split(row.symbol, "/")
    return (
        f'{{"symbol":"{row.symbol}","base":"{base}","quote":"{quote}","status":"online",'
        f'"qty_precision":{row.size_decimals},"qty_increment":{float(row.lot_size)!r},'
        f'"price_precision":{row.price_decimals},"cost_precision":5,"marginable":true,"has_index":true,"cost_min":0.5,'
        f'"margin_initial":0.2,"position_limit_long":250,"position_limit_short":200,'
        f'"tick_size":{float(row.tick_size)!r},"price_increment":{float(row.tick_size)!r},"qty_min":0.0001}}'
    )


def _token(text: str) -> str:
    return text.replace(".", "").lstrip("0")
