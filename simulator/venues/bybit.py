"""Bybit v5 public, linear and spot: books counted by one per topic, tickers that tell what changed, JSON pings.

Sources: bybit-exchange/docs v5 (2026-07-24): ws/connect, websocket/public/{orderbook,trade,ticker}; key order and forms
of numbers as in recorded frames of August 2026. One topic that is unknown spoils its request.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from market.clock import MILLISECOND_NS, SECOND_NS
from simulator.listing import Listing
from simulator.venues import bybit_rest
from simulator.venues.book import BUY, Level, Window
from simulator.venues.desk import Answer, Desk, Query, Session
from simulator.venues.frame import Role
from simulator.venues.limits import Limits
from simulator.venues.listed import coin, split
from simulator.venues.market import Step, Trade
from simulator.venues.wire import Printer, compact, texts

DEPTHS = (1, 50, 200, 1000)
ARGUMENTS_CHARS = 21_000  # of all topics of a connection
SPOT_ARGUMENTS = 10  # of one request
IDLE_S = 600
REPEAT_S = 3  # level 1 is told again without a change
LAG_MS = 100  # from the matching engine to the message
STEPS = {
    "linear": {"BTC": ("0.10", "0.001"), "ETH": ("0.01", "0.01"), "SOL": ("0.010", "0.1")},
    "spot": {"BTC": ("0.1", "0.000001"), "ETH": ("0.01", "0.00001"), "SOL": ("0.01", "0.001")},
}


class Bybit:
    """The venue's words; `category` is linear or spot."""

    def __init__(self, *, category: str = "linear") -> None:
        if category not in STEPS:
            raise ValueError(f"category {category!r} is unknown; there are {', '.join(STEPS)}")
        self.category = category
        self.name = f"bybit-{category}"
        self.limits = Limits(
            connections=(500, 300),
            request_streams=SPOT_ARGUMENTS if category == "spot" else None,
            weight=(600, 5),
            excess_status=403,
            ban_status=403,
            ban_s=600,
        )
        self._print: list[Printer] = []
        self._sequences: list[int] = []
        self._windows: dict[str, Window] = {}
        self._updates: dict[str, int] = {}  # u of the last message, by topic
        self._told: dict[str, int] = {}  # when, by topic
        self._tickers: dict[str, dict[str, str]] = {}  # fields as last told, by topic

    def listed(self, symbol: str) -> Listing:
        """BTCUSDT."""
        base, _ = split(symbol, "")
        tick, lot = STEPS[self.category].get(base, ("", "0.001"))
        row = coin(symbol, base, tick_size=tick.rstrip("0") if tick else "", lot_size=lot)
        return row._replace(tick_size=tick, price_decimals=len(tick.partition(".")[2])) if tick else row

    def open(self, desk: Desk) -> None:
        """Begin."""
        self._print = [Printer(row, zeros=self.category == "linear") for row in desk.market.listings]
        self._sequences = [753_843_911_359 + 1_000 * i for i in range(len(self._print))]

    def accepts(self, desk: Desk, path: str) -> bool:  # noqa: ARG002
        """One category has one path."""
        return path == f"/v5/public/{self.category}"

    def greet(self, desk: Desk, session: Session) -> None:
        """Nothing is said before the first request."""

    def hear(self, desk: Desk, session: Session, message: Mapping[str, Any] | None, data: bytes) -> None:  # noqa: ARG002
        """ping, subscribe, unsubscribe."""
        operation = message.get("op") if message else None
        if message is None or operation not in ("ping", "subscribe", "unsubscribe"):
            self._say(session, message, "unknown", success=False, text="Invalid request")
        elif operation == "ping":
            self._say(session, message, "ping", text="pong", control=True)
        else:
            topics = texts(message.get("args"))
            refusal = self._refusal(desk, session, topics)
            if refusal:
                self._say(session, message, str(operation), success=False, text=refusal)
            elif operation == "unsubscribe":
                session.unsubscribe(topics)
                self._say(session, message, "unsubscribe")
            else:
                self._subscribe(desk, session, message, topics)

    def exceeded(self, desk: Desk, session: Session, what: str) -> None:  # noqa: ARG002
        """Only what is refused with its request: `_refusal` says so."""
        session.close_with(1008, f"too many {what}")

    def step(self, desk: Desk, step: Step) -> None:
        """Trades, then books of every depth."""
        i, symbol = step.instrument, desk.market.listings[step.instrument].symbol
        self._sequences[i] += 1 + step.time_ns % 400
        if step.trades:
            self._trades(desk, i, symbol, step.trades)
        for depth in DEPTHS:
            topic = f"orderbook.{depth}.{symbol}"
            if not desk.listeners(topic):
                continue
            bids, asks = self._windows[topic].changes(step.changes)
            if not bids and not asks:
                continue
            self._updates[topic] += 1
            self._told[topic] = desk.now_ns
            if depth == 1:
                desk.publish(topic, self._book(desk, topic, i, "snapshot", self._windows[topic].best()))
            else:
                sides = desk.faults.haunt(topic, bids, asks)
                desk.publish(topic, self._book(desk, topic, i, "delta", sides))

    def second(self, desk: Desk) -> None:
        """Tickers, level 1 again, the end of idle connections."""
        for i, row in enumerate(desk.market.listings):
            self._ticker(desk, i, row.symbol)
            topic = f"orderbook.1.{row.symbol}"
            if desk.listeners(topic) and desk.now_ns - self._told[topic] >= REPEAT_S * SECOND_NS:
                self._told[topic] = desk.now_ns
                desk.publish(topic, self._book(desk, topic, i, "snapshot", self._windows[topic].best()))
        for session in desk.alive():
            if desk.now_ns - max(session.heard_ns, session.told_ns) >= IDLE_S * SECOND_NS:
                desk.ledger.violate(desk.now_ns, "idle", f"no ping in {IDLE_S} s", session.address)
                session.close_with(1006)

    def get(self, desk: Desk, query: Query) -> tuple[Answer, int]:
        """instruments-info, orderbook, recent-trade, time."""
        return bybit_rest.get(desk, query, self._print, self._sequences, self.category), 1

    def books(self, desk: Desk) -> Sequence[str]:
        """The book of each symbol."""
        place = f"/v5/market/orderbook?category={self.category}"
        return [f"{place}&symbol={row.symbol}&limit=200" for row in desk.market.listings]

    def notice(self, desk: Desk, word: str) -> bool:
        """Maintenance lets every topic begin anew with u = 1; nothing is announced."""
        if word != "maintenance":
            return False
        for topic in self._updates:
            self._updates[topic] = 1
            i = desk.symbols[topic.split(".")[2]]
            self._windows[topic].begin()
            desk.publish(topic, self._book(desk, topic, i, "snapshot", self._windows[topic].best()), "snapshot")
        return True

    def _refusal(self, desk: Desk, session: Session, topics: Sequence[str]) -> str:
        """Why a request is refused as a whole; "" where it is not."""
        most = self.limits.request_streams
        if most is not None and len(topics) > most:
            detail = f"{len(topics)} topics in a request, allowed are {most}"
            desk.ledger.violate(desk.now_ns, "request_streams", detail, session.address)
            return f"args size >{most}"
        chars = sum(len(topic) for topic in {*topics, *session.streams})
        if chars > ARGUMENTS_CHARS:
            detail = f"{chars} characters of topics, allowed are {ARGUMENTS_CHARS}"
            desk.ledger.violate(desk.now_ns, "streams", detail, session.address)
            return "args too long"
        unknown = next((topic for topic in topics if not self._knows(desk, topic)), None)
        if not topics or unknown is not None:
            return f"Invalid topic: {unknown or ''}"
        return ""

    def _knows(self, desk: Desk, topic: str) -> bool:
        channel, _, rest = topic.partition(".")
        if channel == "orderbook":
            depth, _, rest = rest.partition(".")
            if depth not in [str(known) for known in DEPTHS]:
                return False
        return channel in ("orderbook", "publicTrade", "tickers") and desk.lists(rest)

    def _subscribe(self, desk: Desk, session: Session, message: Mapping[str, Any], topics: Sequence[str]) -> None:
        """Tickers may come before the acknowledgement, as they did when recorded."""
        heard = {topic for topic in topics if desk.listeners(topic)}
        new = session.subscribe(topics)
        for topic in new:
            if topic.startswith("tickers."):
                symbol = topic.split(".")[1]
                fields = bybit_rest.ticker(desk, desk.symbols[symbol], self._print, self.category)
                if topic not in heard:
                    self._tickers[topic] = fields
                session.send(self._ticker_text(desk, topic, "snapshot", fields), stream=topic, role="snapshot")
        self._say(session, message, "subscribe")
        for topic in new:
            if topic.startswith("orderbook."):
                _, depth, symbol = topic.split(".")
                i = desk.symbols[symbol]
                if topic not in heard:
                    self._windows[topic] = Window(desk.market.books[i], int(depth))
                    self._updates.setdefault(topic, 15_076_952)
                    self._told[topic] = desk.now_ns
                text = self._book(desk, topic, i, "snapshot", self._windows[topic].best())
                session.send(text, stream=topic, role="snapshot")

    def _book(self, desk: Desk, topic: str, i: int, kind: str, sides: tuple[list[Level], list[Level]]) -> str:
        stamp, symbol = desk.stamp_ns // MILLISECOND_NS, desk.market.listings[i].symbol
        bids, asks = (self._levels(i, side) for side in sides)
        # Spot and level 1 have the time first, the others the type.
        first = self.category == "spot" or topic.startswith("orderbook.1.")
        order = f'"ts":{stamp},"type":"{kind}"' if first else f'"type":"{kind}","ts":{stamp}'
        return (
            f'{{"topic":"{topic}",{order},"data":{{"s":"{symbol}","b":[{bids}],"a":[{asks}],'
            f'"u":{self._updates[topic]},"seq":{self._sequences[i]}}},"cts":{stamp - LAG_MS}}}'
        )

    def _levels(self, i: int, levels: list[Level]) -> str:
        price, size = self._print[i].price, self._print[i].size
        return ",".join([f'["{price(ticks)}","{size(lots) if lots else "0"}"]' for ticks, lots in levels])

    def _trades(self, desk: Desk, i: int, symbol: str, trades: Sequence[Trade]) -> None:
        topic = f"publicTrade.{symbol}"
        if not desk.listeners(topic):
            return
        stamp, one = desk.stamp_ns // MILLISECOND_NS, self._print[i]
        rows = ",".join(
            [
                f'{{"T":{stamp - LAG_MS},"s":"{symbol}","S":"{"Buy" if trade.side == BUY else "Sell"}",'
                f'"v":"{one.size(trade.lots)}","p":"{one.price(trade.ticks)}","L":"PlusTick",'
                f'"i":"{bybit_rest.trade_id(self.category, trade.number)}","BT":false,"RPI":false,'
                f'"seq":{self._sequences[i]}}}'
                for trade in trades
            ]
        )
        desk.publish(topic, f'{{"topic":"{topic}","type":"snapshot","ts":{stamp},"data":[{rows}]}}')

    def _ticker(self, desk: Desk, i: int, symbol: str) -> None:
        topic = f"tickers.{symbol}"
        if not desk.listeners(topic):
            return
        fields = bybit_rest.ticker(desk, i, self._print, self.category)
        before, self._tickers[topic] = self._tickers[topic], fields
        changed = {name: text for name, text in fields.items() if before[name] != text}
        if not changed:
            return
        if self.category == "spot":
            desk.publish(topic, self._ticker_text(desk, topic, "snapshot", fields))
        else:
            desk.publish(topic, self._ticker_text(desk, topic, "delta", {"symbol": symbol, **changed}))

    def _ticker_text(self, desk: Desk, topic: str, kind: str, fields: Mapping[str, str]) -> str:
        stamp, sequence = desk.stamp_ns // MILLISECOND_NS, self._sequences[desk.symbols[topic.split(".")[1]]]
        if self.category == "spot":
            return f'{{"topic":"{topic}","ts":{stamp},"type":"{kind}","cs":{sequence},"data":{compact(fields)}}}'
        return f'{{"topic":"{topic}","type":"{kind}","data":{compact(fields)},"cs":{sequence},"ts":{stamp}}}'

    def _say(
        self,
        session: Session,
        message: Mapping[str, Any] | None,
        operation: str,
        *,
        success: bool = True,
        text: str = "",
        control: bool = False,
    ) -> None:
        number = (message or {}).get("req_id", "")
        body = {"success": success, "ret_msg": text, "conn_id": f"d8bu1olkndm7crnfs1e0-{session.number:x}"}
        role: Role = "control" if control else "answer"
        session.send(compact({**body, "req_id": number, "op": operation}), role=role)
