"""`signals.decide`: one signal per regime row: which way, how sure, on what evidence.

    direction = caution(regime) × clip(P(bull) − P(bear) + w(timeframe) × imbalance, −1, 1)

caution is CAUTION: half in stressed markets, half again where moves are undone, for what came may go. w is LEAN: the
lean of the best quotes tells something about the next second (Cont, Kukanov, Stoikov 2014, doi:10.1093/jjfinec/nbt003),
nothing about the next hour. confidence is the regime's own.

Reads table `regimes`, ticks, and imbalance of "order_flow"; the book is taken as of the frame that closed the bar, so a
later quote never changes a signal. Adds table `signals`.

Fails closed: direction 0, confidence 0, and the reason as evidence: `unknown_regime`, `invalid_book`, `stale_book_s`
(age of the book), `not_finite`. NaN appears in `volatility` alone, where the regime is unknown. Cost: about 15 µs per
batch, 0.3 ms where a bar closed. Regimes of history (market/history.py) give no signal: they are not the present.
"""

from collections.abc import Mapping
from functools import partial
from math import inf, isfinite, nan, prod
from typing import Any, NamedTuple

import polars as pl
from bytewax.operators import KeyedStream

from market.batch import Batch
from market.clock import SECOND_NS
from market.pairs import PAIRS
from market.regimes import UNKNOWN
from operators.signals.books import Books, advance, empty
from operators.slots import grown
from operators.stage import Stage, registered, wire

CAUTION: Mapping[str, float] = {"stressed": 0.5, "reverting": 0.5}  # by state; 1 in all others
LEAN: Mapping[str, float] = {"ultra_short": 0.25, "short": 0.0, "medium": 0.0, "long": 0.0}
SIGNAL: dict[str, Any] = {
    "instrument": pl.String,
    "timeframe": pl.String,
    "time": pl.Int64,  # close of the bar, ns
    "receive_time": pl.Int64,  # ns
    "direction": pl.Float64,  # −1 … +1
    "confidence": pl.Float64,  # 0 … 1
    "volatility": pl.Float64,  # per square-root second
    "regime": pl.String,
    "evidence": PAIRS,  # features and probabilities used, by column name
    "frame": pl.Int32,
}
BELIEVED = ("probability_bear", "probability_bull", "probability_stressed", "probability_reverting")
USED = (*BELIEVED, "confidence", "volatility")
LAST_FRAME = 2**31 - 1


class BookView(NamedTuple):
    """One instrument's book as a signal may use it."""

    valid: bool
    age_s: float
    imbalance: float  # −1 … 1


@registered
def stage(*, stale_s: float = 5.0) -> Stage:
    """The stage; a book whose newest row is older than `stale_s` (above 0) seconds of data time is stale."""
    if not stale_s > 0:
        raise ValueError(f"stale_s must be above 0, got {stale_s}")
    return Stage("signals.decide", lambda: [empty(0)], partial(_step, stale_s))


def decide(step_id: str, up: KeyedStream[Batch], *, stale_s: float = 5.0) -> KeyedStream[Batch]:
    """The stage as a Bytewax step."""
    return wire(step_id, up, stage(stale_s=stale_s))


def _step(stale_s: float, state: list[Books], batch: Batch) -> Batch:
    """Take the batch's ticks; where bars closed, stop at each of their frames and judge."""
    books = state[0] = grown(state[0], empty, len(batch.instruments))
    ticks, row, rows = batch.ticks, 0, []
    flow = batch.features["order_flow"]
    for regime in batch.tables["regimes"].iter_rows(named=True) if "regimes" in batch.tables else ():
        if regime["frame"] in batch.past:
            continue
        row = advance(books, ticks, flow, row, regime["frame"])
        number = batch.instruments.id_of(regime["instrument"])
        rows.append(signal(regime, view(books, number, regime["receive_time"]), stale_s=stale_s))
    advance(books, ticks, flow, row, LAST_FRAME)
    return batch.with_table("signals", pl.DataFrame(rows, schema=SIGNAL)) if rows else batch


def view(books: Books, number: int, time_ns: int) -> BookView:
    """What is known of one instrument's book at a time; nothing valid for an instrument that is not defined."""
    if not 0 <= number < len(books.time):
        return BookView(valid=False, age_s=inf, imbalance=nan)
    age_s = (time_ns - int(books.time[number])) / SECOND_NS
    return BookView(valid=bool(books.valid[number]), age_s=age_s, imbalance=float(books.imbalance[number]))


def signal(regime: Mapping[str, Any], book: BookView, *, stale_s: float) -> dict[str, Any]:
    """A row of table `signals` for a row of table `regimes`."""
    kept = {name: regime[name] for name in ("instrument", "timeframe", "time", "receive_time", "volatility", "frame")}
    reason = _objection(regime, book, stale_s)
    if reason:
        return {**kept, "direction": 0.0, "confidence": 0.0, "regime": regime["regime"], "evidence": _pairs(reason)}
    evidence = {name: regime[name] for name in BELIEVED}
    lean = LEAN[regime["timeframe"]]
    if lean:
        evidence["imbalance"] = book.imbalance
    belief = evidence["probability_bull"] - evidence["probability_bear"] + lean * book.imbalance
    caution = prod(CAUTION.get(state, 1.0) for state in regime["regime"].split("/"))
    return {
        **kept,
        "direction": caution * min(max(belief, -1.0), 1.0),
        "confidence": regime["confidence"],
        "regime": regime["regime"],
        "evidence": _pairs(evidence),
    }


def _objection(regime: Mapping[str, Any], book: BookView, stale_s: float) -> dict[str, float]:
    """Why there is no signal, as evidence; empty where nothing speaks against one."""
    if regime["regime"] == UNKNOWN:
        return {"unknown_regime": 1.0}
    if not book.valid:
        return {"invalid_book": 1.0}
    if not 0.0 <= book.age_s <= stale_s:
        return {"stale_book_s": book.age_s}
    if not all(isfinite(regime[name]) for name in USED) or not isfinite(book.imbalance):
        return {"not_finite": 1.0}
    return {}


def _pairs(evidence: Mapping[str, float]) -> list[dict[str, Any]]:
    return [{"key": key, "value": value} for key, value in evidence.items()]
