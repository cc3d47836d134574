"""What an account did in one item, as rows of the tables orders, fills, positions and risk_events.

`row` numbers the rows of one table within one item, so that (account, offset, row) is a key.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import polars as pl

from market.decisions import Decisions
from market.messages import Fill, Order, OrderState, Position, Refused
from operators.risk.switch import Event

PAIRS = pl.List(pl.Struct({"key": pl.String, "value": pl.Float64}))
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
    "event": pl.String,  # refused, warning, reducing, halted, resumed
    "reason": pl.String,
    "values": PAIRS,
    "client_order_id": pl.String,
    "offset": pl.Int64,
    "row": pl.Int32,
}
SCHEMAS = {"orders": ORDER, "fills": FILL, "positions": POSITION, "risk_events": RISK_EVENT}


@dataclass
class Ledger:
    """Rows of one item, in the order things happened."""

    account: str
    receive_time: int
    offset: int
    rows: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)

    def order(self, order: Order, state: OrderState, time_ns: int, reason: str, checks: Mapping[str, float]) -> None:
        """An order entered a state."""
        self._add("orders", order, time_ns, order.client_order_id, int(order.side), order.size, order.limit_price,
                  state.value, reason, _pairs(checks), numbered=True)  # fmt: skip

    def fill(self, fill: Fill) -> None:
        """A trade of ours."""
        self._add("fills", fill, fill.time_ns, fill.fill_id, fill.client_order_id, int(fill.side), fill.price,
                  fill.size, fill.fee, numbered=False)  # fmt: skip

    def position(self, position: Position) -> None:
        """What is held after a change."""
        self._add("positions", position, position.time_ns, position.size, position.average_price, position.mark_price,
                  position.realised_pnl, position.unrealised_pnl, position.fees, numbered=True)  # fmt: skip

    def refused(self, verdict: Refused) -> None:
        """The gate's no."""
        self._add("risk_events", verdict, verdict.time_ns, "refused", verdict.reason, _pairs(verdict.checks),
                  verdict.order.client_order_id, numbered=True)  # fmt: skip

    def event(self, event: Event, time_ns: int) -> None:
        """The kill switch moved, or was asked to."""
        self._add("risk_events", None, time_ns, event.event, event.reason, _pairs(event.values), "", numbered=True)

    def written(self, item: Decisions) -> Decisions:
        """The item with these rows in its tables."""
        for table, rows in self.rows.items():
            item = item.with_table(table, pl.DataFrame(rows, schema=SCHEMAS[table], orient="row"))
        return item

    def _add(self, table: str, of: Any, time_ns: int, *values: Any, numbered: bool) -> None:
        rows = self.rows.setdefault(table, [])
        named = ("", "") if of is None else (of.venue, of.instrument)
        tail = (self.offset, len(rows)) if numbered else (self.offset,)
        rows.append((self.account, *named, time_ns, self.receive_time, *values, *tail))


def _pairs(values: Mapping[str, float]) -> list[dict[str, Any]]:
    return [{"key": key, "value": value} for key, value in values.items() if isfinite(value)]
