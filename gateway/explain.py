"""Why there is a signal, and what became of it: rows it rests on, the bytes behind them, what trading made of it.

Rows are those of the tables, column by column. What was known later than the signal is in none of the parts but
`trading`.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, Field

from gateway.caller import Caller, may_see_account, needs
from gateway.history.statement import seconds
from gateway.history.times import TimeText, parsed
from gateway.limits import MAX_EXPLAINED_ROWS
from gateway.lineage import Origin, origin, trading_row
from gateway.problems import PROBLEM
from gateway.rows import time_ns
from gateway.store import Store, statement

Row = dict[str, Any]
Symbol = Annotated[str, Query(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:/-]+$")]
Name = Annotated[str, Query(max_length=64, pattern=r"^[A-Za-z0-9._:/-]*$", description="empty: any")]
END = 1 << 62
NO_SIGNAL = "there is no signal of this instrument and timeframe at this time; /api/v1/signals lists what there is"


class Trading(BaseModel):
    """What the trading flow made of a signal: from the row of its journal where it heard it to the next target."""

    offset: int = Field(description="row of the trading journal that carries the signal")
    moved: bool = Field(description="whether the signal moved the target; otherwise the one before still stood")
    target: Row | None = Field(description="row of `targets` that stood from then on")
    orders: list[Row] = Field(description="rows of `orders` until the target moved again")
    fills: list[Row]
    risk_events: list[Row] = Field(description="refusals, and changes of the trading state")


class Explanation(BaseModel):
    """A signal with all that it rests on."""

    signal: Row = Field(description="row of `signals`, evidence included")
    regime: Row | None = Field(description="row of `regimes` that it rests on: probabilities, evidence, confidence")
    features: Row | None = Field(description="row of `features` that was known then; None where none was for 10 min")
    lineage: Origin = Field(description="the frame that closed the bar, as the venue sent it")
    features_lineage: Origin | None = Field(description="the frame that the features were computed from")
    trading: Trading | None = Field(description="None: trading never heard it, or this key may not see the account")


def explanations(store: Store, data: Path) -> APIRouter:
    """The route."""
    api = APIRouter(prefix="/api/v1", tags=["explanations"])

    @api.get("/signals/explanation", responses={404: PROBLEM})
    def explanation(
        caller: Annotated[Caller, needs("read")],
        instrument: Symbol,
        timeframe: Literal["ultra_short", "short", "medium", "long"],
        time: TimeText,
        venue: Name = "",
    ) -> Explanation:
        """Why there is a signal, and what became of it."""
        when = {"instrument": instrument, "timeframe": timeframe, "time": seconds(parsed(time)), "venue": venue}
        signal = _one(store, "explain_signal", when)
        if signal is None:
            raise HTTPException(404, NO_SIGNAL)
        return explain(store, data, signal, account=may_see_account(caller))

    return api


def explain(store: Store, data: Path, signal: Row, *, account: bool) -> Explanation:
    """What a row of `signals` rests on, and with `account` what trading made of it."""
    place = {name: signal[name] for name in ("venue", "instrument", "shard", "offset", "frame")}
    when = {"timeframe": signal["timeframe"], "time": seconds(time_ns(signal["time"]))}
    received = {"receive_time": seconds(time_ns(signal["receive_time"]))}
    features = _one(store, "explain_features", place | received)
    return Explanation(
        signal=signal,
        regime=_one(store, "explain_regime", place | when),
        features=features,
        lineage=_origin(data, signal),
        features_lineage=_origin(data, features) if features is not None else None,
        trading=_trading(store, data, signal) if account else None,
    )


def _origin(data: Path, row: Row) -> Origin:
    return origin(data, row["shard"], row["offset"], row["frame"])


def _trading(store: Store, data: Path, signal: Row) -> Trading | None:
    offset = trading_row(data, signal["shard"], signal["offset"])
    if offset is None:
        return None
    whose = {"venue": signal["venue"], "instrument": signal["instrument"]}
    target = _one(store, "explain_target", whose | {"offset": offset})
    moved = target is not None and target["offset"] == offset
    last = offset
    if moved:
        again = _one(store, "explain_next_target", whose | {"offset": offset})
        last = int(again["moved_again"]) - 1 if again and again["moved_again"] else END
    stretch = whose | {"first": offset, "last": last, "limit": MAX_EXPLAINED_ROWS}
    made = {name: rows(store, f"explain_{name}", stretch) for name in ("orders", "fills", "risk_events")}
    return Trading(offset=offset, moved=moved, target=target, **made)


def _one(store: Store, query: str, values: Row) -> Row | None:
    found = rows(store, query, values)
    return found[0] if found else None


def rows(store: Store, query: str, values: Row) -> list[Row]:
    """The answer of `sql/queries/<query>.sql`, columns by name."""
    return msgspec.json.Decoder(Row).decode_lines(store.ask(statement(query), values))
