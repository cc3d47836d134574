"""Massive (once Polygon): stocks and crypto. Arrays of events, a login, one connection whose successor kicks it out.

Sources: massive-com/client-python (2026-07) websocket models, .massive/websocket.json, its mock server; knowledge base
pages on connections and disconnects; a recorded stream of crypto quotes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from market.clock import SECOND_NS
from simulator.listing import Listing
from simulator.venues import massive_data, massive_rest
from simulator.venues.desk import Answer, Desk, Query, Session
from simulator.venues.frame import Role
from simulator.venues.limits import Limits
from simulator.venues.listed import coin, split, stock
from simulator.venues.market import Step
from simulator.venues.minute import Minutes
from simulator.venues.wire import Clock, Printer, compact

STOCK_CHANNELS = ("T", "Q", "A", "AM", "LULD")
CRYPTO_CHANNELS = ("XT", "XQ", "XL2", "XA")
LOGIN_S = 30
KICKED = "Maximum number of websocket connections exceeded. You have reached the connection limit for your account."


class Massive:
    """The venue's words; `crypto` or stocks."""

    def __init__(self, *, crypto: bool) -> None:
        self.crypto = crypto
        self.name = "massive-crypto" if crypto else "massive-stocks"
        self.limits = Limits()
        self.clock = Clock()
        self.print: list[Printer] = []
        self.minutes = Minutes(0)
        self.numbers: list[int] = []  # q, ascending by instrument and not dense
        self.pictures: list[massive_data.Levels] = []
        self._touches: list[tuple[int, int, int, int] | None] = []

    def listed(self, symbol: str) -> Listing:
        """AAPL, or BTC-USD."""
        if not self.crypto:
            return stock(symbol)
        base, _ = split(symbol, "-")
        return coin(symbol, base, tick_size={"BTC": "0.01", "ETH": "0.01"}.get(base, ""))

    def open(self, desk: Desk) -> None:
        """Begin."""
        self.print = [Printer(row, zeros=False) for row in desk.market.listings]
        self.pictures = [massive_data.Levels(one) for one in self.print]
        self.minutes = Minutes(len(self.print))
        self.numbers = [3_681_328 + 10**7 * i for i in range(len(self.print))]
        self._touches = [book.touch() for book in desk.market.books]

    def accepts(self, desk: Desk, path: str) -> bool:  # noqa: ARG002
        """A path for each market."""
        return path == ("/crypto" if self.crypto else "/stocks")

    def greet(self, desk: Desk, session: Session) -> None:  # noqa: ARG002
        """Connected."""
        _status(session, "connected", "Connected Successfully", role="control")

    def hear(self, desk: Desk, session: Session, message: Mapping[str, Any] | None, data: bytes) -> None:  # noqa: ARG002
        """auth, subscribe, unsubscribe."""
        action, named = (message.get("action"), message.get("params")) if message else (None, None)
        if action not in ("auth", "subscribe", "unsubscribe") or not isinstance(named, str):
            _status(session, "error", "invalid request")
        elif action == "auth":
            self._login(desk, session, named)
        elif not session.logged_in:
            _status(session, "auth_failed", "not authenticated")
        else:
            self._subscription(desk, session, str(action), [part.strip() for part in named.split(",") if part.strip()])

    def exceeded(self, desk: Desk, session: Session, what: str) -> None:  # noqa: ARG002
        """There is no limit of messages."""
        _status(session, "error", f"too many {what}")

    def step(self, desk: Desk, step: Step) -> None:
        """Trades, quote, picture of the book."""
        i = step.instrument
        self.numbers[i] += 1 + step.time_ns % 7
        for trade in step.trades:
            self.minutes.add(i, desk.stamp_ns, trade)
        if step.trades:
            massive_data.trades(self, desk, i, step.trades)
        touch = desk.market.books[i].touch()
        if touch is not None and touch != self._touches[i]:
            self._touches[i] = touch
            massive_data.quote(self, desk, i, touch)
        if self.crypto and step.changes:
            massive_data.picture(self, desk, i)

    def second(self, desk: Desk) -> None:
        """Bars and price bands at the minute; the end of those who do not log in."""
        if desk.now_ns % (60 * SECOND_NS) == 0:
            for i in range(len(self.print)):
                massive_data.bar(self, desk, i)
                if not self.crypto:
                    massive_data.band(self, desk, i, halted=False)
        for session in desk.alive():
            if not session.logged_in and desk.now_ns - session.opened_ns >= LOGIN_S * SECOND_NS:
                desk.ledger.violate(desk.now_ns, "login", f"no login within {LOGIN_S} s", session.address)
                _status(session, "auth_timeout", "authentication timed out")
                session.close_with(1008, "auth timeout")

    def get(self, desk: Desk, query: Query) -> tuple[Answer, int]:
        """Reference of tickers, trades of a time."""
        return massive_rest.get(desk, query, self.print, crypto=self.crypto), 1

    def books(self, desk: Desk) -> Sequence[str]:  # noqa: ARG002
        """There are none over REST."""
        return ()

    def notice(self, desk: Desk, word: str) -> bool:
        """A halt shows in the price bands of stocks."""
        if self.crypto or word not in ("halt", "resume"):
            return False
        for i in range(len(self.print)):
            massive_data.band(self, desk, i, halted=word == "halt")
        return True

    def publish(self, desk: Desk, channel: str, symbol: str, text: str) -> None:
        """To all who are subscribed to a symbol, or to every symbol."""
        stream = f"{channel}.{symbol}"
        for session in dict.fromkeys([*desk.listeners(stream), *desk.listeners(f"{channel}.*")]):
            session.send(text, stream=stream, role="data")

    def heard(self, desk: Desk, channel: str, symbol: str) -> bool:
        """Whether anybody listens."""
        return bool(desk.listeners(f"{channel}.{symbol}") or desk.listeners(f"{channel}.*"))

    def _login(self, desk: Desk, session: Session, key: str) -> None:
        if not desk.admits(key):
            _status(session, "auth_failed", "authentication failed")
            session.close_with(1008, "auth failed")
            return
        for older in desk.alive():
            if older is not session and older.logged_in and older.key == key:
                desk.ledger.violate(desk.now_ns, "sessions", "one connection at a time", session.address)
                _status(older, "max_connections", KICKED, role="control")
                older.close_with(1008, "max connections")
        session.key, session.logged_in = key, True
        _status(session, "auth_success", "authenticated")

    def _subscription(self, desk: Desk, session: Session, action: str, streams: Sequence[str]) -> None:
        known = CRYPTO_CHANNELS if self.crypto else STOCK_CHANNELS
        for stream in streams:
            channel, _, symbol = stream.partition(".")
            if channel not in known or not symbol or desk.faults.refuses("bad_symbol", symbol):
                _status(session, "error", f"not authorized for {stream}")
            elif action == "subscribe":
                session.subscribe([stream])
                _status(session, "success", f"subscribed to: {stream}")
            else:
                session.unsubscribe([stream])
                _status(session, "success", f"unsubscribed to: {stream}")


def _status(session: Session, status: str, message: str, role: Role = "answer") -> None:
    session.send(compact([{"ev": "status", "status": status, "message": message}]), role=role)
