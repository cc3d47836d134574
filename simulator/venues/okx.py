"""OKX v5: books chained by seqId and prevSeqId, everything a string but those ids, a bare text ping.

Sources: official API documentation v5 in its mirror of 2026-07 (overview, order-book-trading, public-data, error-code);
forms of numbers as in a recorded capture. `checksum` is 0 as since 2026-06, unless the older one is asked for. After
an announced maintenance ids begin anew, as the documentation says they may.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

from market.clock import MILLISECOND_NS, SECOND_NS
from simulator.listing import Listing
from simulator.venues import okx_rest
from simulator.venues.book import BUY, SELL, Book, Level, Window
from simulator.venues.desk import Answer, Desk, Query, Session
from simulator.venues.frame import Role
from simulator.venues.limits import Limits
from simulator.venues.listed import coin
from simulator.venues.market import Step, Trade
from simulator.venues.wire import Printer, compact

BOOKS = {"books": 400, "books5": 5, "bbo-tbt": 1}  # channel: levels a side
CHANNELS = (*BOOKS, "trades", "tickers", "mark-price", "funding-rate", "index-tickers")
GENERAL = ("instruments", "status")  # of no one instrument
LOCKED = ("books-l2-tbt", "books50-l2-tbt")  # for accounts of a high tier
HASHED = 25
FIRST_ID = 363_996_337
KEEPALIVE_S = 60  # an unchanged book is told again
IDLE_S = 30
FUNDING_EVERY_S = 30
SPOT_STEPS = {"BTC": ("0.1", "0.00000001"), "ETH": ("0.01", "0.000001"), "SOL": ("0.01", "0.000001")}
SWAP_STEPS = {"BTC": ("0.1", "0.01"), "ETH": ("0.01", "0.01"), "SOL": ("0.01", "0.01")}
NOTICE = "The connection will soon be closed for a service upgrade. Please reconnect."


class Okx:
    """The venue's words; `checksums` of the form that books had before 2026-06."""

    name = "okx"
    limits = Limits(connections=(3, 1), requests=(480, 3600), request_bytes=1 << 16, weight=(40, 2))

    def __init__(self, *, checksums: bool = False) -> None:
        self._checksums = checksums
        self._print: list[Printer] = []
        self._ids: list[int] = []
        self._windows: dict[str, Window] = {}
        self._told: dict[str, tuple[int, int]] = {}  # id and time of the last message, by stream of books

    def listed(self, symbol: str) -> Listing:
        """BTC-USDT, or BTC-USDT-SWAP in contracts."""
        parts = symbol.split("-")
        if symbol != symbol.upper() or not (len(parts) == 2 or (len(parts) == 3 and parts[2] == "SWAP")):
            raise ValueError(f"{symbol!r} is not a symbol of this venue: write it like BTC-USDT or BTC-USDT-SWAP")
        tick, lot = (SPOT_STEPS if len(parts) == 2 else SWAP_STEPS).get(parts[0], ("", "0.01"))
        return coin(symbol, parts[0], tick_size=tick, lot_size=lot)

    def open(self, desk: Desk) -> None:
        """Begin."""
        self._print = [Printer(row, zeros=False) for row in desk.market.listings]
        self._ids = [FIRST_ID + 7_777 * i for i in range(len(self._print))]

    def accepts(self, desk: Desk, path: str) -> bool:  # noqa: ARG002
        """Public and business."""
        return path in ("/ws/v5/public", "/ws/v5/business")

    def greet(self, desk: Desk, session: Session) -> None:
        """Nothing is said before the first request."""

    def hear(self, desk: Desk, session: Session, message: Mapping[str, Any] | None, data: bytes) -> None:
        """ping, subscribe, unsubscribe, login."""
        if data == b"ping":
            session.send("pong", role="control")
            return
        operation = message.get("op") if message else None
        named = message.get("args") if message else None
        if message is None or operation not in ("subscribe", "unsubscribe", "login") or not isinstance(named, list):
            _error(session, "60012", f"Invalid request: {data[:200].decode('utf-8', 'replace')}", message)
        elif session.request():
            for one in named:
                if operation == "login":
                    self._login(desk, session, one, message)
                else:
                    self._subscription(desk, session, str(operation), one, message)

    def exceeded(self, desk: Desk, session: Session, what: str) -> None:  # noqa: ARG002
        """Too many requests are refused, too long ones end the connection."""
        if what == "request_bytes":
            session.close_with(1009, "request message exceeds the maximum frame length")
        else:
            _error(session, "60014", "Requests too frequent", None)

    def step(self, desk: Desk, step: Step) -> None:
        """Best, books, trades, ticker."""
        i, symbol = step.instrument, desk.market.listings[step.instrument].symbol
        if step.changes:
            self._ids[i] += (7, 12, 13, 20, 45, 93)[step.time_ns % 6]
        for channel in ("bbo-tbt", "books", "books5"):
            stream = f"{channel}:{symbol}"
            if desk.listeners(stream):
                self._book(desk, stream, channel, i, step)
        stream = f"trades:{symbol}"
        if step.trades and desk.listeners(stream):
            for trade in step.trades:
                desk.publish(stream, self._trades(desk, i, symbol, trade))
        if step.trades:
            self._ticker(desk, i, symbol)

    def second(self, desk: Desk) -> None:
        """Marks, funding, keepalives of books, the end of idle connections."""
        second = desk.now_ns // SECOND_NS
        for i, row in enumerate(desk.market.listings):
            if desk.listeners(f"mark-price:{row.symbol}"):
                desk.publish(f"mark-price:{row.symbol}", self._mark(desk, i))
            index = f"index-tickers:{okx_rest.index_of(row.symbol)}"
            if desk.listeners(index):
                desk.publish(index, okx_rest.index_ticker(desk, i, self._print[i]))
            if desk.listeners(f"funding-rate:{row.symbol}") and second % FUNDING_EVERY_S == 0:
                desk.publish(f"funding-rate:{row.symbol}", self._funding(desk, row.symbol))
            stream = f"books:{row.symbol}"
            if desk.listeners(stream) and desk.now_ns - self._told[stream][1] >= KEEPALIVE_S * SECOND_NS:
                self._tell(desk, stream, i, "update", ([], []))
        for session in desk.alive():
            if desk.now_ns - max(session.told_ns, session.heard_ns) >= IDLE_S * SECOND_NS:
                desk.ledger.violate(desk.now_ns, "idle", f"nothing in {IDLE_S} s and no ping", session.address)
                session.close_with(4004, "No data received in 30s.")

    def get(self, desk: Desk, query: Query) -> tuple[Answer, int]:
        """Instruments, books, trades, mark price, funding rate, time."""
        return okx_rest.get(desk, query, self._print, self._ids), 1

    def books(self, desk: Desk) -> Sequence[str]:
        """The book of each instrument."""
        return [f"/api/v5/market/books?instId={row.symbol}&sz=400" for row in desk.market.listings]

    def notice(self, desk: Desk, word: str) -> bool:
        """An upgrade is announced; maintenance to those who asked for the status, and after it ids begin anew."""
        if word == "shutdown":
            for session in desk.alive():
                told = {"event": "notice", "code": "64008", "msg": NOTICE, "connId": _name(session)}
                session.send(compact(told), role="control")
        elif word in ("maintenance", "back"):
            desk.publish("status:", okx_rest.status(desk, over=word == "back"), "control")
        if word == "back":
            self._ids = [3 + i for i in range(len(self._ids))]
        return word in ("shutdown", "maintenance", "back")

    def _login(self, desk: Desk, session: Session, one: object, message: Mapping[str, Any]) -> None:
        if isinstance(one, dict) and desk.admits(one.get("apiKey")):
            session.logged_in = True
            session.send(compact({"event": "login", "code": "0", "msg": "", "connId": _name(session)}))
        else:
            _error(session, "60009", "Login failed.", message)
            session.close_with(4001, "Login failed.")

    def _subscription(
        self, desk: Desk, session: Session, operation: str, one: object, message: Mapping[str, Any]
    ) -> None:
        argument = one if isinstance(one, dict) else {}
        channel, symbol = argument.get("channel"), argument.get("instId", argument.get("instType", ""))
        if channel in LOCKED:
            _error(session, "64003", "Your trading fee tier does not meet the requirement", message)
            return
        if channel == "index-tickers":
            known = any(okx_rest.index_of(listed) == symbol and desk.lists(listed) for listed in desk.symbols)
        else:
            known = channel in GENERAL or (channel in CHANNELS and desk.lists(symbol))
        if not known:
            text = f"Wrong URL or channel:{channel},instId:{symbol} doesn't exist. Please use the correct URL, channel"
            _error(session, "60018", f"{text} and parameters referring to API document.", message)
            return
        stream = f"{channel}:{symbol}"
        answer = {"event": operation, "arg": argument, "connId": _name(session)}
        number = {"id": message["id"]} if "id" in message else {}
        if operation == "unsubscribe":
            session.unsubscribe([stream])
            session.send(compact({**number, **answer}))
            return
        heard = bool(desk.listeners(stream))
        new = session.subscribe([stream])
        session.send(compact({**number, **answer}))
        if new:
            self._begin(desk, session, stream, heard=heard)

    def _begin(self, desk: Desk, session: Session, stream: str, *, heard: bool) -> None:
        """What a new subscription is told first; it continues with what all others hear."""
        channel, _, symbol = stream.partition(":")
        if channel == "instruments":
            rows = [okx_rest.instrument(row) for row in desk.market.listings if okx_rest.kind(row.symbol) == symbol]
            body = compact({"arg": {"channel": channel, "instType": symbol}, "data": rows})
            session.send(body, stream=stream, role="snapshot")
        if channel in ("instruments", "index-tickers", "status"):
            return
        i = desk.symbols[symbol]
        if channel in BOOKS:
            if not heard:
                self._windows[stream] = Window(desk.market.books[i], BOOKS[channel])
                self._told[stream] = (self._ids[i], desk.now_ns)
            self._tell(desk, stream, i, "snapshot", self._windows[stream].best(), only=session)
        elif channel == "mark-price":
            session.send(self._mark(desk, i), stream=stream, role="data")
        elif channel == "funding-rate":
            session.send(self._funding(desk, symbol), stream=stream, role="data")
        elif channel == "tickers":
            self._ticker(desk, i, symbol, only=session)
        elif desk.recent[i]:
            session.send(self._trades(desk, i, symbol, desk.recent[i][-1][1]), stream=stream, role="data")

    def _book(self, desk: Desk, stream: str, channel: str, i: int, step: Step) -> None:
        bids, asks = self._windows[stream].changes(step.changes)
        if not bids and not asks:
            return
        if channel == "books":
            self._tell(desk, stream, i, "update", desk.faults.haunt(stream, bids, asks))
        else:
            self._tell(desk, stream, i, "", self._windows[stream].best())

    def _tell(
        self,
        desk: Desk,
        stream: str,
        i: int,
        action: str,
        sides: tuple[list[Level], list[Level]],
        only: Session | None = None,
    ) -> None:
        """A book: all of it, or what changed since the last message."""
        channel, _, symbol = stream.partition(":")
        told, now = self._told[stream][0], self._ids[i]
        bids, asks = (self._levels(i, side) for side in sides)
        body = f'"asks":[{asks}],"bids":[{bids}],"ts":"{desk.stamp_ns // MILLISECOND_NS}"'
        head = f'{{"arg":{{"channel":"{channel}","instId":"{symbol}"}},'
        if channel == "books":
            previous = -1 if action == "snapshot" else told
            now = told if action == "snapshot" else now
            checksum = self._checksum(desk.market.books[i], i) if self._checksums else 0
            head += f'"action":"{action}",'
            body += f',"checksum":{checksum},"prevSeqId":{previous}'
        text = f'{head}"data":[{{{body},"seqId":{now}}}]}}'
        if only is not None:
            role: Role = "snapshot" if channel == "books" else "data"
            only.send(text, stream=stream, role=role)
            return
        self._told[stream] = (now, desk.now_ns)
        desk.publish(stream, text)

    def _levels(self, i: int, levels: list[Level]) -> str:
        price, size = self._print[i].price, self._print[i].size
        return ",".join(
            [f'["{price(ticks)}","{size(lots)}","0","{1 + lots % 5 if lots else 0}"]' for ticks, lots in levels]
        )

    def _checksum(self, book: Book, i: int) -> int:
        """CRC32, signed, of up to 25 levels a side as price:size, bid and ask in turn."""
        price, size = self._print[i].price, self._print[i].size
        bids, asks = book.best(BUY, HASHED), book.best(SELL, HASHED)
        tokens = []
        for rank in range(max(len(bids), len(asks))):
            tokens += [f"{price(side[rank][0])}:{size(side[rank][1])}" for side in (bids, asks) if rank < len(side)]
        found = crc32(":".join(tokens).encode())
        return found - (1 << 32) if found >= 1 << 31 else found

    def _trades(self, desk: Desk, i: int, symbol: str, trade: Trade) -> str:
        one = self._print[i]
        return (
            f'{{"arg":{{"channel":"trades","instId":"{symbol}"}},"data":[{{"instId":"{symbol}",'
            f'"tradeId":"{trade.number}","px":"{one.price(trade.ticks)}","sz":"{one.size(trade.lots)}",'
            f'"side":"{"buy" if trade.side == BUY else "sell"}","ts":"{desk.stamp_ns // MILLISECOND_NS}","count":"1",'
            f'"source":"0","seqId":{self._ids[i]}}}]}}'
        )

    def _ticker(self, desk: Desk, i: int, symbol: str, only: Session | None = None) -> None:
        stream = f"tickers:{symbol}"
        for session in desk.listeners(stream):
            if only in (None, session):
                session.send(okx_rest.ticker(desk, i, self._print[i]), stream=stream, role="data")

    def _mark(self, desk: Desk, i: int) -> str:
        symbol, price = desk.market.listings[i].symbol, self._print[i].price(desk.market.mark(i))
        kind = "SWAP" if symbol.endswith("-SWAP") else "MARGIN"
        return (
            f'{{"arg":{{"channel":"mark-price","instId":"{symbol}"}},"data":[{{"instType":"{kind}",'
            f'"instId":"{symbol}","markPx":"{price}","ts":"{desk.stamp_ns // MILLISECOND_NS}"}}]}}'
        )

    def _funding(self, desk: Desk, symbol: str) -> str:
        row = okx_rest.funding(desk, symbol)
        return compact({"arg": {"channel": "funding-rate", "instId": symbol}, "data": [row]})


def _name(session: Session) -> str:
    return f"{0xA4D3AE55 + session.number:08x}"


def _error(session: Session, code: str, text: str, message: Mapping[str, Any] | None) -> None:
    number = {"id": message["id"]} if message and "id" in message else {}
    session.send(compact({**number, "event": "error", "code": code, "msg": text, "connId": _name(session)}))
