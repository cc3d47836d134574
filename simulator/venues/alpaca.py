"""Alpaca's market data: stocks (v2) and crypto (v1beta3). Arrays of objects, JSON or msgpack, a login, no sequences.

Sources: docs.alpaca.markets real-time-stock-pricing-data, streaming-market-data, crypto-pricing-data; alpaca-py and
alpaca-trade-api-go. A symbol that is not listed is acknowledged and stays silent.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from market.clock import SECOND_NS
from simulator.listing import Listing
from simulator.venues import alpaca_data, alpaca_rest
from simulator.venues.book import Window
from simulator.venues.desk import Answer, Desk, Query, Session
from simulator.venues.frame import Role
from simulator.venues.limits import Limits
from simulator.venues.listed import coin, split, stock
from simulator.venues.market import Step
from simulator.venues.minute import Minutes
from simulator.venues.wire import Clock, Printer, compact, texts

STOCK_PATHS = ("/v2/sip", "/v2/iex", "/v2/delayed_sip", "/v2/test")
CRYPTO_PATHS = ("/v1beta3/crypto/us",)
STOCK_CHANNELS = (
    *("trades", "quotes", "bars", "updatedBars", "dailyBars", "statuses", "lulds", "corrections", "cancelErrors"),
)
CRYPTO_CHANNELS = ("trades", "quotes", "bars", "updatedBars", "dailyBars", "orderbooks")
WITH_TRADES = ("corrections", "cancelErrors")  # subscribed along, for the same symbols
LOGIN_S = 10
FREE_SYMBOLS = 30  # of the feed iex
BOOK_LEVELS = 1000
ERRORS = {
    400: "invalid syntax",
    401: "not authenticated",
    402: "auth failed",
    403: "already authenticated",
    404: "auth timeout",
    405: "symbol limit exceeded",
    406: "connection limit exceeded",
    410: "invalid subscribe action for this feed",
}


class Alpaca:
    """The venue's words; `crypto` or stocks."""

    def __init__(self, *, crypto: bool) -> None:
        self.crypto = crypto
        self.name = "alpaca-crypto" if crypto else "alpaca-stocks"
        self.limits = Limits(weight=(200, 60))
        self.clock = Clock()
        self.print: list[Printer] = []
        self.minutes = Minutes(0)
        self.halted = False
        self._windows: list[Window] = []
        self._touches: list[tuple[int, int, int, int] | None] = []

    def listed(self, symbol: str) -> Listing:
        """AAPL, or BTC/USD."""
        if not self.crypto:
            return stock(symbol)
        base, _ = split(symbol, "/")
        return coin(symbol, base, tick_size={"BTC": "0.001", "ETH": "0.001"}.get(base, ""), lot_size="0.000000001")

    def open(self, desk: Desk) -> None:
        """Begin."""
        self.print = [Printer(row, zeros=False) for row in desk.market.listings]
        self.minutes = Minutes(len(self.print))
        self._windows = [Window(book, BOOK_LEVELS) for book in desk.market.books]
        self._touches = [book.touch() for book in desk.market.books]

    def accepts(self, desk: Desk, path: str) -> bool:  # noqa: ARG002
        """Feeds of stocks, or of crypto."""
        return path in (CRYPTO_PATHS if self.crypto else STOCK_PATHS)

    def greet(self, desk: Desk, session: Session) -> None:
        """Connected; and logged in where the headers say who it is."""
        session.facts["packed"] = session.headers.get("content-type", "") == "application/msgpack"
        self.say(session, [{"T": "success", "msg": "connected"}], role="control")
        if "apca-api-key-id" in session.headers:
            self._login(desk, session, session.headers["apca-api-key-id"])

    def hear(self, desk: Desk, session: Session, message: Mapping[str, Any] | None, data: bytes) -> None:
        """auth, subscribe, unsubscribe."""
        if message is None and session.facts["packed"]:
            message = alpaca_data.unpacked(data)
        action = message.get("action") if message else None
        if message is None or action not in ("auth", "subscribe", "unsubscribe"):
            self._error(session, 400)
        elif action == "auth":
            if session.logged_in:
                self._error(session, 403)
            else:
                self._login(desk, session, message.get("key"))
        elif not session.logged_in:
            self._error(session, 401)
        else:
            self._subscription(desk, session, str(action), message)

    def exceeded(self, desk: Desk, session: Session, what: str) -> None:  # noqa: ARG002
        """More symbols than the plan has change nothing."""
        self._error(session, 405 if what == "streams" else 400)

    def step(self, desk: Desk, step: Step) -> None:
        """Trades, quote, book."""
        i = step.instrument
        for trade in step.trades:
            self.minutes.add(i, desk.stamp_ns, trade)
        if self.halted:
            return
        if step.trades:
            alpaca_data.trades(self, desk, i, step.trades)
        touch = desk.market.books[i].touch()
        if touch is not None and touch != self._touches[i]:
            self._touches[i] = touch
            alpaca_data.quote(self, desk, i, touch)
        stream = f"orderbooks:{desk.market.listings[i].symbol}"
        if desk.listeners(stream) or desk.listeners("orderbooks:*"):
            bids, asks = desk.faults.haunt(stream, *self._windows[i].changes(step.changes))
            if bids or asks:
                alpaca_data.book(self, desk, i, (bids, asks))

    def second(self, desk: Desk) -> None:
        """Bars at the minute; the end of those who do not log in."""
        if desk.now_ns % (60 * SECOND_NS) == 0:
            for i in range(len(self.print)):
                alpaca_data.bar(self, desk, i)
        for session in desk.alive():
            if not session.logged_in and desk.now_ns - session.opened_ns >= LOGIN_S * SECOND_NS:
                desk.ledger.violate(desk.now_ns, "login", f"no login within {LOGIN_S} s", session.address)
                self._error(session, 404)
                session.close_with(1000)

    def get(self, desk: Desk, query: Query) -> tuple[Answer, int]:
        """Assets, trades, latest books."""
        return alpaca_rest.get(desk, query, self.print, crypto=self.crypto), 1

    def books(self, desk: Desk) -> Sequence[str]:
        """Latest books, of crypto alone."""
        if not self.crypto:
            return ()
        return [f"/v1beta3/crypto/us/latest/orderbooks?symbols={row.symbol}" for row in desk.market.listings]

    def notice(self, desk: Desk, word: str) -> bool:
        """Stocks are halted and resumed."""
        if self.crypto or word not in ("halt", "resume"):
            return False
        self.halted = word == "halt"
        for i in range(len(self.print)):
            alpaca_data.status(self, desk, i)
        return True

    def say(self, session: Session, rows: Sequence[object], *, stream: str = "", role: Role = "answer") -> None:
        """An array of objects."""
        self.send(session, compact(rows), stream=stream, role=role)

    def send(self, session: Session, text: str, *, stream: str, role: Role) -> None:
        """JSON, or the same as msgpack to those who asked for it."""
        if session.facts["packed"]:
            session.send_bytes(alpaca_data.packed(text), opcode="binary", stream=stream, role=role)
        else:
            session.send(text, stream=stream, role=role)

    def publish(self, desk: Desk, channel: str, symbol: str, text: str, role: Role = "data") -> None:
        """To all who are subscribed to a symbol, or to every symbol."""
        stream = f"{channel}:{symbol}"
        for session in dict.fromkeys([*desk.listeners(stream), *desk.listeners(f"{channel}:*")]):
            self.send(session, text, stream=stream, role=role)

    def _login(self, desk: Desk, session: Session, key: object) -> None:
        if not desk.admits(key):
            self._error(session, 402)
            session.close_with(1000)
            return
        session.key = str(key)
        others = [one for one in desk.alive() if one is not session and one.key == session.key and one.logged_in]
        if others:
            desk.ledger.violate(desk.now_ns, "sessions", "one connection at a time", session.address)
            self._error(session, 406)
            session.close_with(1000)
            return
        session.logged_in = True
        self.say(session, [{"T": "success", "msg": "authenticated"}])

    def _subscription(self, desk: Desk, session: Session, action: str, message: Mapping[str, Any]) -> None:
        known = CRYPTO_CHANNELS if self.crypto else STOCK_CHANNELS
        asked = {channel: texts(symbols) for channel, symbols in message.items() if channel != "action"}
        if not set(asked) <= set(known) or not asked:
            self._error(session, 410 if asked else 400)
            return
        if any(desk.faults.refuses("bad_symbol", symbol) for symbols in asked.values() for symbol in symbols):
            self._error(session, 400)
            return
        for channel in WITH_TRADES if not self.crypto else ():
            asked[channel] = [*asked.get(channel, []), *asked.get("trades", [])]
        streams = [f"{channel}:{symbol}" for channel, symbols in asked.items() for symbol in symbols]
        if action == "unsubscribe":
            session.unsubscribe(streams)
        elif session.path.startswith("/v2/iex") and self._beyond(session, streams):
            session.excess("streams", f"more than {FREE_SYMBOLS} symbols")
            return
        new = session.subscribe(streams) if action == "subscribe" else []
        self.say(session, [{"T": "subscription", **_held(session, known)}])
        for stream in new:
            channel, _, symbol = stream.partition(":")
            wanted = [symbol] if symbol in desk.symbols else list(desk.symbols) if symbol == "*" else []
            for one in wanted if channel == "orderbooks" else ():
                i = desk.symbols[one]
                if len(desk.listeners(f"orderbooks:{one}")) + len(desk.listeners("orderbooks:*")) == 1:
                    self._windows[i].begin()
                text = alpaca_data.book_text(self, desk, i, self._windows[i].best(), full=True)
                self.send(session, text, stream=f"orderbooks:{one}", role="snapshot")

    def _beyond(self, session: Session, streams: Sequence[str]) -> bool:
        held = {stream for stream in {*session.streams, *streams} if stream.startswith(("trades:", "quotes:"))}
        return len(held) > FREE_SYMBOLS

    def _error(self, session: Session, code: int) -> None:
        self.say(session, [{"T": "error", "code": code, "msg": ERRORS[code]}])


def _held(session: Session, known: Sequence[str]) -> dict[str, list[str]]:
    """The whole set, by channel."""
    held: dict[str, list[str]] = {channel: [] for channel in known}
    for stream in session.streams:
        channel, _, symbol = stream.partition(":")
        held[channel].append(symbol)
    return held
