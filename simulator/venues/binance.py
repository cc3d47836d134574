"""Binance spot and USD-M futures: book changes by update ids, the full book over REST, streams that never refuse.

Sources: binance-spot-api-docs web-socket-streams.md and rest-api.md (2026-07); developers.binance.com, USDⓈ-M
"Websocket Market Streams" and "Important WebSocket Change Notice"; samples of binance-connector-python (2026-08). A
stream that does not exist, or belongs to another path, is acknowledged and stays silent.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from market.clock import MILLISECOND_NS, SECOND_NS
from simulator.listing import Listing, listing
from simulator.venues import binance_rest
from simulator.venues.book import BUY, SELL, Level
from simulator.venues.desk import Answer, Desk, Query, Session
from simulator.venues.limits import Limits
from simulator.venues.listed import split
from simulator.venues.market import Step, Trade
from simulator.venues.wire import Printer, compact, texts

DAY_S = 24 * 3600
FIRST_ID = 600_859_609_902
ROUTES = {"depth@100ms": "public", "bookTicker": "public", "aggTrade": "market", "markPrice@1s": "market"}
SPOT_TICKS = {"BTC": ("0.01", "0.00001"), "ETH": ("0.01", "0.0001"), "SOL": ("0.01", "0.001")}
FUNDING_NS = 8 * 3600 * SECOND_NS
SPOT_LIMITS = Limits(
    connections=(300, 300),
    messages=(5, 1),
    streams=1024,
    weight=(6000, 60),
    ping_every_s=20,
    pong_within_s=60,
    life_s=DAY_S,
    ban_status=418,
    ban_s=120,
)
FUTURES_LIMITS = Limits(
    connections=(300, 300),
    messages=(10, 1),
    streams=1024,
    weight=(2400, 60),
    ping_every_s=180,
    pong_within_s=600,
    life_s=DAY_S,
    ban_status=418,
    ban_s=120,
)


class Binance:
    """The venue's words; `futures` for USD-M."""

    def __init__(self, *, futures: bool) -> None:
        self.futures = futures
        self.name = "binance-usdm" if futures else "binance-spot"
        self.limits = FUTURES_LIMITS if futures else SPOT_LIMITS
        self._print: list[Printer] = []
        self._ids: list[int] = []  # of the newest state
        self._touches: list[tuple[int, int, int, int] | None] = []
        self._marks: list[Printer] = []

    def listed(self, symbol: str) -> Listing:
        """BTCUSDT."""
        base, _ = split(symbol, "")
        row = listing(symbol if self.futures else f"{base}USDT")
        if self.futures:
            return row
        tick, lot = SPOT_TICKS.get(base, (row.tick_size, row.lot_size))
        return row._replace(symbol=symbol, tick_size=tick, lot_size=lot, price_decimals=8, size_decimals=8)

    def open(self, desk: Desk) -> None:
        """Begin."""
        self._print = [Printer(row) for row in desk.market.listings]
        self._marks = [Printer(row._replace(price_decimals=8)) for row in desk.market.listings]
        self._ids = [FIRST_ID + 1_000_003 * i for i in range(len(self._print))]
        self._touches = [book.touch() for book in desk.market.books]

    def accepts(self, desk: Desk, path: str) -> bool:  # noqa: ARG002
        """/ws, /ws/<stream>, /stream; for futures below /public and /market too."""
        parts = path.strip("/").split("/")
        if self.futures and parts[0] in ("public", "market"):
            del parts[0]
        return parts[:1] in (["ws"], ["stream"])

    def greet(self, desk: Desk, session: Session) -> None:  # noqa: ARG002
        """Streams in the URL are subscribed without a word."""
        parts = urlsplit(session.path)
        place = parts.path.strip("/").split("/")
        # A connection without a routed path gets public streams only, since the venue split its hosts in 2026.
        session.facts["route"] = place.pop(0) if place[0] in ("public", "market") else "public"
        session.facts["combined"] = place[0] == "stream"
        named = parse_qs(parts.query).get("streams", [""])[0].split("/") + place[1:]
        session.subscribe([name for name in named if name])

    def hear(self, desk: Desk, session: Session, message: Mapping[str, Any] | None, data: bytes) -> None:  # noqa: ARG002
        """SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS, SET_PROPERTY."""
        if message is None:
            _refuse(session, 3, "Invalid JSON: expected value at line 1 column 1", None)
            return
        number, method, names = message.get("id"), message.get("method"), message.get("params", [])
        if method == "LIST_SUBSCRIPTIONS":
            session.send(compact({"result": list(session.streams), "id": number}))
        elif method == "SET_PROPERTY" and isinstance(names, list) and names[:1] == ["combined"] and len(names) == 2:
            session.facts["combined"] = names[1] is True
            session.send(compact({"result": None, "id": number}))
        elif method not in ("SUBSCRIBE", "UNSUBSCRIBE"):
            _refuse(session, 2, f"Invalid request: unknown variant `{method}`", number)
        elif not isinstance(names, list) or len(texts(names)) < len(names):
            _refuse(session, 2, "Invalid request: request params must be an array of strings", number)
        else:
            (session.subscribe if method == "SUBSCRIBE" else session.unsubscribe)(texts(names))
            session.send(compact({"result": None, "id": number}))

    def exceeded(self, desk: Desk, session: Session, what: str) -> None:  # noqa: ARG002
        """The connection ends."""
        session.close_with(1008, "Too many requests" if what == "messages" else f"Too many {what}")

    def step(self, desk: Desk, step: Step) -> None:
        """Trades, then the book, then its best."""
        i, symbol = step.instrument, desk.market.listings[step.instrument].symbol.lower()
        for trade in step.trades:
            self._trade(desk, i, symbol, trade)
        if not step.changes:
            return
        first = self._ids[i] + 1
        # Spot ids are dense. Futures count what other instruments do as well.
        first += step.time_ns % 97 if self.futures else 0
        last = first + len(step.changes) - 1
        previous, self._ids[i] = self._ids[i], last
        stream = f"{symbol}@depth@100ms"
        if desk.listeners(stream):
            bids, asks = (
                sorted([(one.ticks, one.lots) for one in step.changes if one.side == side], reverse=side == BUY)
                for side in (BUY, SELL)
            )
            bids, asks = desk.faults.haunt(stream, bids, asks)
            self._publish(desk, stream, self._depth(desk, i, (first, last, previous), bids, asks))
        self._ticker(desk, i, symbol)

    def second(self, desk: Desk) -> None:
        """Mark prices."""
        if not self.futures:
            return
        stamp = desk.stamp_ns // MILLISECOND_NS
        for i, row in enumerate(desk.market.listings):
            stream = f"{row.symbol.lower()}@markPrice@1s"
            if desk.listeners(stream):
                price = self._marks[i].price(desk.market.mark(i))
                due = (desk.stamp_ns // FUNDING_NS + 1) * FUNDING_NS // MILLISECOND_NS
                self._publish(
                    desk,
                    stream,
                    f'{{"e":"markPriceUpdate","E":{stamp},"s":"{row.symbol}","p":"{price}","i":"{price}",'
                    f'"P":"{price}","r":"0.00010000","ap":"{price}","T":{due},"st":1}}',
                )

    def get(self, desk: Desk, query: Query) -> tuple[Answer, int]:
        """exchangeInfo, depth, trades, time, ping."""
        return binance_rest.get(desk, query, self._print, self._ids, futures=self.futures)

    def books(self, desk: Desk) -> Sequence[str]:
        """The book of each symbol, with the most levels."""
        place, most = ("/fapi/v1", 1000) if self.futures else ("/api/v3", 5000)
        return [f"{place}/depth?symbol={row.symbol}&limit={most}" for row in desk.market.listings]

    def notice(self, desk: Desk, word: str) -> bool:
        """serverShutdown; nothing else is announced."""
        if word != "shutdown":
            return False
        event = f'{{"e":"serverShutdown","E":{desk.stamp_ns // MILLISECOND_NS}}}'
        for session in desk.alive():
            text = f'{{"stream":"!serverShutdown","data":{event}}}' if session.facts["combined"] else event
            session.send(text, role="control")
        return True

    def _publish(self, desk: Desk, stream: str, event: str) -> None:
        """To those whose path serves the stream, in the form that they asked for."""
        route = ROUTES.get(stream.partition("@")[2], "public") if self.futures else ""
        for session in desk.listeners(stream):
            if route in ("", session.facts["route"]):
                combined = session.facts["combined"]
                text = f'{{"stream":"{stream}","data":{event}}}' if combined else event
                session.send(text, stream=stream, role="data")

    def _depth(
        self, desk: Desk, i: int, ids: tuple[int, int, int], bids: Sequence[Level], asks: Sequence[Level]
    ) -> str:
        symbol, stamp = desk.market.listings[i].symbol, desk.stamp_ns // MILLISECOND_NS
        levels = f'"b":[{self.levels(i, bids)}],"a":[{self.levels(i, asks)}]'
        first, last, previous = ids
        if not self.futures:
            return f'{{"e":"depthUpdate","E":{stamp},"s":"{symbol}","U":{first},"u":{last},{levels}}}'
        return (
            f'{{"e":"depthUpdate","E":{stamp},"T":{stamp - 3},"s":"{symbol}","U":{first},"u":{last},"pu":{previous},'
            f'{levels},"ps":"{symbol}","st":1}}'
        )

    def levels(self, i: int, levels: Sequence[Level]) -> str:
        """`["price","size"],…`."""
        price, size = self._print[i].price, self._print[i].size
        return ",".join([f'["{price(ticks)}","{size(lots)}"]' for ticks, lots in levels])

    def _ticker(self, desk: Desk, i: int, symbol: str) -> None:
        touch, stream = desk.market.books[i].touch(), f"{symbol}@bookTicker"
        if touch is None or touch == self._touches[i]:
            return
        self._touches[i] = touch
        if desk.listeners(stream):
            one, stamp, name = self._print[i], desk.stamp_ns // MILLISECOND_NS, symbol.upper()
            best = (
                f'"b":"{one.price(touch[0])}","B":"{one.size(touch[1])}",'
                f'"a":"{one.price(touch[2])}","A":"{one.size(touch[3])}"'
            )
            head = f'"u":{self._ids[i]},'
            if self.futures:
                head = f'"e":"bookTicker",{head}"E":{stamp},"T":{stamp - 3},"s":"{name}","ps":"{name}",'
                self._publish(desk, stream, f'{{{head}{best},"st":1}}')
            else:
                self._publish(desk, stream, f'{{{head}"s":"{name}",{best}}}')

    def _trade(self, desk: Desk, i: int, symbol: str, trade: Trade) -> None:
        stream = f"{symbol}@{'aggTrade' if self.futures else 'trade'}"
        if not desk.listeners(stream):
            return
        one, stamp, name = self._print[i], desk.stamp_ns // MILLISECOND_NS, symbol.upper()
        price, size, maker = one.price(trade.ticks), one.size(trade.lots), "true" if trade.side == SELL else "false"
        if self.futures:
            event = (
                f'{{"e":"aggTrade","E":{stamp},"s":"{name}","a":{trade.number},"p":"{price}","q":"{size}",'
                f'"nq":"{size}","f":{2 * trade.number},"l":{2 * trade.number + 1},"T":{stamp - 3},"m":{maker},"st":1}}'
            )
        else:
            event = (
                f'{{"e":"trade","E":{stamp},"s":"{name}","t":{trade.number},"p":"{price}","q":"{size}",'
                f'"T":{stamp},"m":{maker},"M":true}}'
            )
        self._publish(desk, stream, event)


def _refuse(session: Session, code: int, message: str, number: object) -> None:
    session.send(compact({"error": {"code": code, "msg": message}, "id": number}))
