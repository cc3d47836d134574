"""Coinbase Advanced Trade: one channel a request, full books, every frame of a connection numbered from 0.

Sources: docs.cdp.coinbase.com advanced-trade websocket-overview, -channels, -rate-limits; key order, forms of numbers
and the order of snapshots and acknowledgements as in recorded frames of August 2026. There `side` of a trade is the
maker's: nine tenths of BUY trades are at the best bid, and of SELL trades at the best ask.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from market.clock import SECOND_NS
from simulator.listing import Listing
from simulator.venues import coinbase_rest
from simulator.venues.book import BUY, SELL, Level
from simulator.venues.desk import Answer, Desk, Query, Session
from simulator.venues.frame import Role
from simulator.venues.limits import Limits
from simulator.venues.listed import coin, split
from simulator.venues.market import Step, Trade
from simulator.venues.wire import Clock, Printer, compact, texts

CHANNELS = ("level2", "market_trades", "ticker", "heartbeats", "status")
TRADES_KEPT = 100
TICKS = {"BTC": "0.01", "ETH": "0.01", "SOL": "0.01"}
FIRST_REQUEST_S = 5
IDLE_S = 90  # a connection without any message
ENGINE_LAG_NS = 3_000_000  # from the change in the book to the message that tells it


class Coinbase:
    """The venue's words."""

    name = "coinbase"
    limits = Limits(connections=(8, 1), messages=(8, 1), weight=(10, 1))

    def __init__(self) -> None:
        self._print: list[Printer] = []
        self._clock = Clock()
        self._beats = 41_690

    def listed(self, symbol: str) -> Listing:
        """BTC-USD."""
        base, _ = split(symbol, "-")
        return coin(symbol, base, tick_size=TICKS.get(base, ""))

    def open(self, desk: Desk) -> None:
        """Begin."""
        self._print = [Printer(row, zeros=False) for row in desk.market.listings]

    def accepts(self, desk: Desk, path: str) -> bool:  # noqa: ARG002
        """The root."""
        return path in ("", "/")

    def greet(self, desk: Desk, session: Session) -> None:
        """Nothing is said before the first request."""

    def hear(self, desk: Desk, session: Session, message: Mapping[str, Any] | None, data: bytes) -> None:  # noqa: ARG002
        """subscribe, unsubscribe."""
        kind = message.get("type") if message else None
        if message is None or kind not in ("subscribe", "unsubscribe"):
            _refuse(session, "Failed to subscribe", "malformed request")
            return
        channel = message.get("channel")
        if channel not in CHANNELS:
            _refuse(session, "Failed to subscribe", f"{channel} is not a valid channel")
            return
        products = ["heartbeats"] if channel == "heartbeats" else self._products(desk, session, message)
        if products is None:
            return
        session.facts["asked"] = True
        streams = [f"{channel}:{product}" for product in products]
        if kind == "subscribe":
            for stream in session.subscribe(streams):
                self._begin(desk, session, stream)
        else:
            session.unsubscribe(streams)
        self._subscriptions(desk, session)

    def exceeded(self, desk: Desk, session: Session, what: str) -> None:  # noqa: ARG002
        """A rate that is too high ends the connection."""
        _refuse(session, "rate limit exceeded", "too many messages")
        session.close_with(1008, "rate limit exceeded")

    def step(self, desk: Desk, step: Step) -> None:
        """Trades, ticker, book."""
        i, symbol = step.instrument, desk.market.listings[step.instrument].symbol
        if step.trades:
            for session in desk.listeners(f"market_trades:{symbol}"):
                rows = [self._trade(i, symbol, desk.stamp_ns, trade) for trade in reversed(step.trades)]
                self._trades(desk, session, symbol, "update", rows)
            for session in desk.listeners(f"ticker:{symbol}"):
                self._ticker(desk, session, i, symbol, "update")
        stream = f"level2:{symbol}"
        if desk.listeners(stream) and step.changes:
            bids, asks = (
                sorted([(one.ticks, one.lots) for one in step.changes if one.side == side], reverse=side == BUY)
                for side in (BUY, SELL)
            )
            bids, asks = desk.faults.haunt(stream, bids, asks)
            for session in desk.listeners(stream):
                self._book(desk, session, stream, (bids, asks), "update")

    def second(self, desk: Desk) -> None:
        """A heartbeat to those who asked for it; the end of connections that ask, or hear, nothing."""
        self._beats += 1
        current = self._clock.text(desk.stamp_ns, digits=9)[:-1].replace("T", " ")
        beat = f'{{"current_time":"{current} +0000 UTC m=+{self._beats}.260485341","heartbeat_counter":{self._beats}}}'
        for session in desk.alive():
            if "heartbeats:heartbeats" in session.streams:
                self._say(desk, session, "heartbeats", beat, role="control")
                session.facts["told_ns"] = desk.now_ns
            elif "asked" not in session.facts and desk.now_ns - session.opened_ns >= FIRST_REQUEST_S * SECOND_NS:
                desk.ledger.violate(
                    desk.now_ns, "first_request", f"no subscription within {FIRST_REQUEST_S} s", session.address
                )
                session.close_with(1008, "no subscription")
            elif desk.now_ns - max(session.told_ns, session.facts.get("told_ns", 0)) >= IDLE_S * SECOND_NS:
                session.close_with(1000, "idle")

    def get(self, desk: Desk, query: Query) -> tuple[Answer, int]:
        """Products, book, trades, time."""
        return coinbase_rest.get(desk, query, self._print), 1

    def books(self, desk: Desk) -> Sequence[str]:
        """The book of each product."""
        return [f"{coinbase_rest.ROOT}/product_book?product_id={row.symbol}" for row in desk.market.listings]

    def notice(self, desk: Desk, word: str) -> bool:  # noqa: ARG002
        """The venue announces nothing."""
        return False

    def _products(self, desk: Desk, session: Session, message: Mapping[str, Any]) -> list[str] | None:
        """The products of a request by the name that their data have; one that is unknown spoils the request."""
        found = []
        for asked in texts(message.get("product_ids")) or list(desk.symbols):
            product = asked.removesuffix("C") if asked not in desk.symbols and asked.endswith("-USDC") else asked
            if not desk.lists(product):
                _refuse(session, "Failed to subscribe", f"{asked} is not a valid product")
                return None
            found.append(product)
        return found

    def _begin(self, desk: Desk, session: Session, stream: str) -> None:
        channel, _, symbol = stream.partition(":")
        if channel == "heartbeats":
            return
        i = desk.symbols[symbol]
        if channel == "level2":
            book = desk.market.books[i]
            self._book(desk, session, stream, (book.best(BUY), book.best(SELL)), "snapshot")
        elif channel == "market_trades":
            rows = [self._trade(i, symbol, *row) for row in reversed(desk.recent[i][-TRADES_KEPT:])]
            self._trades(desk, session, symbol, "snapshot", rows)
        elif channel == "status":
            row = compact(coinbase_rest.status(desk.market.listings[i]))
            event = f'{{"type":"snapshot","products":[{row}]}}'
            self._say(desk, session, "status", event, stream=stream, role="snapshot")
        else:
            self._ticker(desk, session, i, symbol, "snapshot")

    def _subscriptions(self, desk: Desk, session: Session) -> None:
        """The acknowledgement is the whole set."""
        held: dict[str, list[str]] = {}
        for stream in sorted(session.streams):
            channel, _, product = stream.partition(":")
            held.setdefault(channel, []).append(product)
        self._say(desk, session, "subscriptions", f'{{"subscriptions":{compact(held)}}}', role="answer")

    def _book(
        self, desk: Desk, session: Session, stream: str, sides: tuple[list[Level], list[Level]], kind: str
    ) -> None:
        symbol = stream.partition(":")[2]
        one = self._print[desk.symbols[symbol]]
        time = self._clock.text(desk.stamp_ns - ENGINE_LAG_NS, zeros=False)
        rows = ",".join(
            [
                f'{{"side":"{name}","event_time":"{time}","price_level":"{one.price(ticks)}",'
                f'"new_quantity":"{one.size(lots)}"}}'
                for name, levels in zip(("bid", "offer"), sides, strict=True)
                for ticks, lots in levels
            ]
        )
        event = f'{{"type":"{kind}","product_id":"{symbol}","updates":[{rows}]}}'
        self._say(desk, session, "l2_data", event, stream=stream, role="snapshot" if kind == "snapshot" else "data")

    def _trades(self, desk: Desk, session: Session, symbol: str, kind: str, rows: Sequence[str]) -> None:
        """Newest first."""
        event = f'{{"type":"{kind}","trades":[{",".join(rows)}]}}'
        role: Role = "snapshot" if kind == "snapshot" else "data"
        self._say(desk, session, "market_trades", event, stream=f"market_trades:{symbol}", role=role)

    def _trade(self, i: int, symbol: str, time_ns: int, trade: Trade) -> str:
        price, size = self._print[i].price(trade.ticks), self._print[i].size(trade.lots)
        return (
            f'{{"product_id":"{symbol}","trade_id":"{trade.number}","price":"{price}","size":"{size}",'
            f'"time":"{self._clock.text(time_ns - ENGINE_LAG_NS, zeros=False)}",'
            f'"side":"{"SELL" if trade.side == BUY else "BUY"}"}}'
        )

    def _ticker(self, desk: Desk, session: Session, i: int, symbol: str, kind: str) -> None:
        one = self._print[i]
        bid, bid_lots, ask, ask_lots = desk.market.books[i].touch() or (0, 0, 0, 0)
        last = one.price(desk.recent[i][-1][1].ticks if desk.recent[i] else bid)
        event = (
            f'{{"type":"{kind}","tickers":[{{"type":"ticker","product_id":"{symbol}","price":"{last}",'
            f'"volume_24_h":"2867.54532609","low_24_h":"{last}","high_24_h":"{last}","low_52_w":"{last}",'
            f'"high_52_w":"{last}","price_percent_chg_24_h":"0.09601107287722","best_bid":"{one.price(bid)}",'
            f'"best_ask":"{one.price(ask)}","best_bid_quantity":"{one.size(bid_lots)}",'
            f'"best_ask_quantity":"{one.size(ask_lots)}"}}]}}'
        )
        role: Role = "snapshot" if kind == "snapshot" else "data"
        self._say(desk, session, "ticker", event, stream=f"ticker:{symbol}", role=role)

    def _say(self, desk: Desk, session: Session, channel: str, event: str, *, stream: str = "", role: Role) -> None:
        """One numbered frame."""
        time = self._clock.text(desk.stamp_ns, digits=9, zeros=False)
        head = f'{{"channel":"{channel}","timestamp":"{time}","sequence_num":'
        session.send(head, tail=f',"events":[{event}]}}', stream=stream, role=role)


def _refuse(session: Session, message: str, reason: str) -> None:
    session.send(compact({"type": "error", "message": message, "reason": reason}))
