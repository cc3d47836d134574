"""What an account did in one item, as rows of its tables: orders, intents, fills, positions, ledger, accounts, events.

`row` numbers the rows of one table within one item, so that (account, offset, row) is a key.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from market.decisions import Decisions
from market.messages import Approved, Cancel, Fill, Message, Order, OrderState, Position, Refused
from market.pairs import PAIRS, pairs
from market.rows import Rows
from operators.execution.books import QUANTUM_DIGITS, Posting, money
from operators.risk.switch import Event

_HEAD: dict[str, Any] = {
    "account": pl.String,
    "venue": pl.String,
    "instrument": pl.String,  # "" where the whole account is meant
    "time": pl.Int64,  # ns, data time
    "receive_time": pl.Int64,  # ns
}
ORDER: dict[str, Any] = {
    **_HEAD,
    "client_order_id": pl.String,
    "side": pl.Int8,
    "size": pl.Float64,
    "limit_price": pl.Float64,
    "state": pl.String,  # entered
    "reason": pl.String,
    "checks": PAIRS,  # measured by the gate; on the first row of an order
    "offset": pl.Int64,
    "row": pl.Int32,
}
FILL: dict[str, Any] = {
    **_HEAD,
    "fill_id": pl.String,
    "client_order_id": pl.String,
    "side": pl.Int8,
    "price": pl.Float64,
    "size": pl.Float64,
    "fee": pl.Float64,  # quote currency
    "offset": pl.Int64,
}
POSITION: dict[str, Any] = {
    **_HEAD,
    "size": pl.Float64,  # signed
    "average_price": pl.Float64,
    "mark_price": pl.Float64,
    "realised_pnl": pl.Float64,  # quote currency, after fees
    "unrealised_pnl": pl.Float64,
    "fees": pl.Float64,
    "offset": pl.Int64,
    "row": pl.Int32,
}
RISK_EVENT: dict[str, Any] = {
    **_HEAD,
    "event": pl.String,  # refused, warning, reducing, halted, resumed, or what an outside venue said (reconcile.py)
    "reason": pl.String,
    "values": PAIRS,
    "client_order_id": pl.String,
    "offset": pl.Int64,
    "row": pl.Int32,
}
POSTING: dict[str, Any] = {
    **_HEAD,
    "kind": pl.String,  # opening, fill, funding, …
    "reference": pl.String,  # of the venue: fill_id, payment_id
    "book": pl.String,  # cash, position, realised, fees, …
    "amount": pl.Decimal(38, QUANTUM_DIGITS),  # quote currency; above 0: debit
    "offset": pl.Int64,
    "row": pl.Int32,
}
ACCOUNT: dict[str, Any] = {
    "account": pl.String,
    "time": pl.Int64,  # ns, data time
    "receive_time": pl.Int64,  # ns
    "state": pl.String,  # of the kill switch
    "equity": pl.Float64,  # quote currency, at the marks
    "cash": pl.Float64,  # equity without positions at their marks
    "drawdown": pl.Float64,  # share of the peak that is lost
    "gross": pl.Float64,  # absolute notional at the marks, working orders included
    "link": pl.Int8,  # 1: orders can be made, as far as the venue is concerned
    "offset": pl.Int64,
}
INTENT: dict[str, Any] = {
    **_HEAD,
    "client_order_id": pl.String,
    "side": pl.Int8,
    "size": pl.Float64,
    "limit_price": pl.Float64,
    "refused": pl.String,  # name of the check that did; empty where the gate approved
    "reason": pl.String,  # of the target
    "schedule": pl.String,
    "state": pl.String,  # of the kill switch
    "target_offset": pl.Int64,  # row of the trading journal that the target came with
    "target_notional": pl.Float64,
    "wanted_size": pl.Float64,  # signed, what the target came to
    "paced_size": pl.Float64,  # signed, what its schedule asked for by now
    "position_size": pl.Float64,  # signed, held
    "working_size": pl.Float64,  # signed, of orders that worked already
    "decision_time": pl.Int64,  # ns, data time at which the target was first seen with a usable quote
    "decision_price": pl.Float64,  # mid then
    "bid_price": pl.Float64,  # now
    "bid_size": pl.Float64,
    "ask_price": pl.Float64,
    "ask_size": pl.Float64,
    "contract_size": pl.Float64,
    "inverse": pl.Boolean,
    "urgency": pl.Float64,
    "equity": pl.Float64,
    "offset": pl.Int64,
    "row": pl.Int32,
}
SCHEMAS = {
    "orders": ORDER,
    "intents": INTENT,
    "fills": FILL,
    "positions": POSITION,
    "ledger": POSTING,
    "accounts": ACCOUNT,
    "risk_events": RISK_EVENT,
}


@dataclass
class Ledger:
    """Rows of one item, in the order things happened."""

    account: str
    receive_time: int
    offset: int
    rows: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    outbox: list[Approved | Cancel] = field(default_factory=list)  # what leaves for an outside venue

    def order(self, order: Order, state: OrderState, time_ns: int, reason: str, checks: Mapping[str, float]) -> None:
        """An order entered a state."""
        self._add("orders", _key(order), time_ns, order.client_order_id, int(order.side), order.size, order.limit_price,
                  state.value, reason, pairs(checks), numbered=True)  # fmt: skip

    def fill(self, fill: Fill) -> None:
        """A trade of ours."""
        self._add("fills", _key(fill), fill.time_ns, fill.fill_id, fill.client_order_id, int(fill.side), fill.price,
                  fill.size, fill.fee, numbered=False)  # fmt: skip

    def position(self, position: Position) -> None:
        """What is held after a change."""
        self._add("positions", _key(position), position.time_ns, position.size, position.average_price,
                  position.mark_price, position.realised_pnl, position.unrealised_pnl, position.fees,
                  numbered=True)  # fmt: skip

    def refused(self, verdict: Refused) -> None:
        """The gate's no."""
        self._add("risk_events", _key(verdict.order), verdict.time_ns, "refused", verdict.reason,
                  pairs(verdict.checks), verdict.order.client_order_id, numbered=True)  # fmt: skip

    def event(self, event: Event, time_ns: int, key: tuple[str, str] = ("", ""), client_order_id: str = "") -> None:
        """The kill switch moved, or was asked to; or what is outside is not as the account had it."""
        self._add("risk_events", key, time_ns, event.event, event.reason, pairs(event.values), client_order_id,
                  numbered=True)  # fmt: skip

    def posting(self, posting: Posting) -> None:
        """The books moved: a row for each of its entries."""
        for book, amount in posting.entries:
            self._add("ledger", _key(posting), posting.time_ns, posting.kind, posting.reference, book, money(amount),
                      numbered=True)  # fmt: skip

    def intent(self, order: Order, time_ns: int, *values: Any) -> None:
        """What an order was made for, as it came before the gate; values: the columns of INTENT after limit_price."""
        self._add("intents", _key(order), time_ns, order.client_order_id, int(order.side), order.size,
                  order.limit_price, *values, numbered=True)  # fmt: skip

    def account_row(self, time_ns: int, *values: Any) -> None:
        """How the account stands; values: the columns of ACCOUNT after receive_time."""
        self.rows.setdefault("accounts", []).append((self.account, time_ns, self.receive_time, *values, self.offset))

    def written(self, item: Decisions) -> Decisions:
        """The item with these rows in its tables, and what leaves among its messages."""
        if self.outbox:
            item = item._replace(messages=(*item.messages, *self.outbox))
        return item.with_tables({table: Rows(SCHEMAS[table], rows) for table, rows in self.rows.items()})

    def _add(self, table: str, key: tuple[str, str], time_ns: int, *values: Any, numbered: bool) -> None:
        rows = self.rows.setdefault(table, [])
        tail = (self.offset, len(rows)) if numbered else (self.offset,)
        rows.append((self.account, *key, time_ns, self.receive_time, *values, *tail))


def _key(of: Message | Posting) -> tuple[str, str]:
    """What a row is of."""
    return of.venue, of.instrument
