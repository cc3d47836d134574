"""An account at an outside venue, fed by hand: every word one row of the trading journal, everything said kept."""

import pickle
from typing import Any

from market.messages import (
    Approved,
    Cancel,
    Fill,
    Funding,
    Held,
    Link,
    Order,
    OrderState,
    OrderUpdate,
    Side,
    Statement,
)
from operators.execution import trade
from operators.execution.intents import Manner
from operators.execution.outside import Outside
from operators.execution.terms import Terms
from operators.risk.gate import Limits
from tests.operators.portfolio.decision_stream import SECOND, START, VENUE, item, quote, target

LIMITS = Limits(max_order_notional=500.0, max_position_notional=1e6, max_gross_notional=1e6, max_drawdown=0.9,
                max_orders_per_s=1e6, max_leverage=50.0, max_daily_loss=0.9)  # fmt: skip
TERMS = Terms(account="live", limits=LIMITS, venue=Outside(), manner=Manner(retry_s=0.0))
BBB = (VENUE, "BBBUSDT")


def words(**changes: Any) -> dict[str, Any]:
    return {"venue": VENUE, "instrument": "BBBUSDT", "account": "live"} | changes


class Desk:
    def __init__(self, terms: Terms = TERMS, *, ready: bool = True, cash: float = 100_000.0) -> None:
        self.stage = trade.stage(terms=terms)
        self.account = self.stage.empty()
        self.offset, self.now = 0, START
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.sent: list[Order] = []
        self.cancels: list[Cancel] = []
        if ready:
            self.quote()
            self.statement(cash=cash)
            self.link("up")

    def take(self, *messages: Any) -> Any:
        self.offset += 1
        given = item(self.offset, *messages)
        done = self.stage.advance(self.account, given)
        for name, table in done.tables.items():
            self.rows.setdefault(name, []).extend(table.to_dicts())
        new = done.messages[len(messages) :]
        self.sent += [one.order for one in new if isinstance(one, Approved)]
        self.cancels += [one for one in new if isinstance(one, Cancel)]
        return done

    def after(self, seconds: float) -> "Desk":
        self.now += round(seconds * SECOND)
        return self

    def quote(self, bid: float = 50.0, symbol: str = "BBBUSDT", **changes: Any) -> Any:
        return self.take(quote(symbol, self.now, bid, bid + 0.01, **changes))

    def target(self, notional: float, symbol: str = "BBBUSDT") -> Any:
        return self.take(target(symbol, self.now, notional))

    def link(self, state: Any) -> Any:
        return self.take(Link(**words(instrument=""), time_ns=self.now, state=state, reason="test"))

    def update(self, name: str, state: OrderState, filled: float = 0.0, origin: Any = "stream", **changes: Any) -> Any:
        told = {"client_order_id": name, "state": state, "filled": filled, "origin": origin}
        return self.take(OrderUpdate(**(words(time_ns=self.now) | told | changes)))

    def fill(self, name: str, number: str, size: float, side: Side = Side.BUY, price: float = 50.0, **more: Any) -> Any:
        told = {"fill_id": number, "client_order_id": name, "side": side, "price": price, "size": size, "fee": 0.01}
        return self.take(Fill(**(words(time_ns=self.now) | told | more)))

    def pay(self, number: str, amount: float, kind: Any = "funding", time_ns: int | None = None) -> Any:
        time_ns = self.now if time_ns is None else time_ns
        return self.take(Funding(**words(time_ns=time_ns), payment_id=number, kind=kind, amount=amount))

    def statement(self, cash: float, positions: Any = (), orders: Any = (), cause: Any = "timer") -> Any:
        held = tuple(Held(*one) for one in positions)
        told = {"cause": cause, "positions": held, "open_orders": tuple(orders), "cash": cash}
        return self.take(Statement(**words(instrument=""), time_ns=self.now, **told))

    def restart(self) -> None:
        self.account = pickle.loads(pickle.dumps(self.account))

    @property
    def line(self) -> Any:
        return self.account.lines[BBB]

    def events(self) -> list[str]:
        return [row["event"] for row in self.rows.get("risk_events", [])]

    def states(self, name: str) -> list[str]:
        return [row["state"] for row in self.rows.get("orders", []) if row["client_order_id"] == name]
