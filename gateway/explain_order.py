"""Why there is an order: what it was made for and against, who was asked, what was known, what the gate measured.

Rows are those of the tables, column by column. What was known later than the order is in `states`, `fills` and
`events` alone.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path
from pydantic import BaseModel, Field

from gateway.caller import Caller, may_see_account, needs
from gateway.explain import Name, Row, rows
from gateway.history.statement import seconds
from gateway.limits import EXPLAINED_AT_ONCE, MAX_EXPLAINED_ROWS
from gateway.problems import PROBLEM
from gateway.rows import time_ns
from gateway.store import Store

OrderId = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:-]+$", description="ours")]
NO_ORDER = "no order of this id was ever made here; /api/v1/intents lists those that were"

OF_INTENT = ("account", "venue", "instrument", "client_order_id", "offset", "target_offset")
FIRST = ("target", "solution", "risk", "limits", "states", "fills", "events")
THEN = ("signals", "regimes")  # as of the target
OF_SOLUTION = ("problem", "rebalance")


class OrderExplanation(BaseModel):
    """An order with all that it rests on, and what became of it."""

    intent: Row = Field(description="row of `intents`: target, schedule, book, position and equity; and the refusal")
    target: Row | None = Field(description="row of `targets` that it serves; None while reducing")
    signals: list[Row] = Field(description="rows of `signals` known when the target moved, evidence included")
    regimes: list[Row] = Field(description="rows of `regimes` known then")
    solution: Row | None = Field(description="row of `solutions` that became the target: rung, duals, slack")
    problem: Row | None = Field(description="row of `problems` that it answers")
    rebalance: Row | None = Field(description="row of `rebalances`: why it was asked")
    risk: Row | None = Field(description="row of `risk`, the newest before the order")
    limits: list[Row] = Field(description="rows of `limits` in force that were tighter than the settings, and why")
    states: list[Row] = Field(description="rows of `orders`: states entered, and on the first what the gate measured")
    fills: list[Row]
    events: list[Row] = Field(description="rows of `risk_events` of this order")


def order_explanations(store: Store) -> APIRouter:
    """The route."""
    api = APIRouter(prefix="/api/v1", tags=["explanations"])

    @api.get("/orders/{client_order_id}/explanation", responses={404: PROBLEM})
    def explanation(
        caller: Annotated[Caller, needs("account")], client_order_id: OrderId, account: Name = ""
    ) -> OrderExplanation:
        """Why there is an order, and what became of it."""
        found = explain(store, client_order_id, account) if may_see_account(caller) else None
        if found is None:
            raise HTTPException(404, NO_ORDER)
        return found

    return api


def explain(store: Store, client_order_id: str, account: str = "") -> OrderExplanation | None:
    """All of an order; None: there was never such an order. account: empty for any."""
    found = rows(store, "explain_order", {"account": account, "client_order_id": client_order_id})
    if not found:
        return None
    (intent,) = found
    order: Row = {name: intent[name] for name in OF_INTENT} | {"limit": MAX_EXPLAINED_ROWS}
    order["receive_time"] = order["known_at"] = _time(intent)
    told = _asked(store, FIRST, order)
    if told["target"]:
        order["known_at"] = _time(told["target"][0])
    if told["solution"]:
        order["request"] = told["solution"][0]["request"]
    told |= _asked(store, THEN + (OF_SOLUTION if told["solution"] else ()), order)
    single = {name: next(iter(told.get(name, ())), None) for name in (*OF_SOLUTION, "target", "solution", "risk")}
    return OrderExplanation(intent=intent, **told | single)


def _asked(store: Store, parts: Sequence[str], values: Row) -> dict[str, Any]:
    """The rows of each part, a few questions at a time."""
    with ThreadPoolExecutor(EXPLAINED_AT_ONCE) as pool:
        return dict(zip(parts, pool.map(lambda part: rows(store, f"explain_order_{part}", values), parts), strict=True))


def _time(row: Row) -> str:
    return seconds(time_ns(row["receive_time"]))
