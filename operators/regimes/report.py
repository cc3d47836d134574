"""What the timeframes saw of a batch, as rows of `regimes`, `regime_changes` and `regime_forecasts`.

Rows stand in the order of the frames that closed their bars, then of the timeframes, so that they do not depend on how
the stream was cut.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from market.batch import Batch
from operators.regimes import agreement, evidence, labels
from operators.regimes.agreement import Newest
from operators.regimes.labels import Columns
from operators.regimes.tables import REGIME, REGIME_CHANGE, REGIME_FORECAST
from operators.regimes.timeframe import Observed
from operators.slots import grown

BAR = ("instrument", "timeframe", "time", "receive_time", "frame")


@dataclass(frozen=True)
class Part:
    """What one timeframe saw of a batch."""

    timeframe: str
    number: int  # of the timeframe
    interval_ns: int
    rows: NDArray[np.int64]  # of the batch's bars
    observed: Observed


def report(newest: Newest, batch: Batch, bars: Columns, parts: Sequence[Part]) -> tuple[Batch, Newest]:
    """The batch with the tables, and what all instruments and timeframes hold after it."""
    known = [_known(bars, part) for part in parts]
    rows = [base | labels.regimes(part.observed, part.interval_ns) for base, part in zip(known, parts, strict=True)]
    starts = np.cumsum([0, *(len(base["frame"]) for base in known[:-1])])
    merged = {name: np.concatenate([part[name] for part in rows]) for name in rows[0]}
    order = np.argsort(merged["frame"], kind="stable")
    place = np.argsort(order)
    merged = {name: values[order] for name, values in merged.items()}
    newest, merged["agreement"] = _agreement(newest, len(batch.instruments), merged)
    merged["evidence"] = evidence.evidence(batch, merged)
    batch = batch.with_table("regimes", labels.table(merged, REGIME))
    changes = _of_bars([labels.changes(part.observed) for part in parts], known, place, starts)
    if len(changes["place"]):
        changes["evidence"] = merged["evidence"][changes["place"]]
        batch = batch.with_table("regime_changes", labels.table(changes, REGIME_CHANGE))
    expected = _of_bars([labels.forecasts(part.observed) for part in parts], known, place, starts)
    return batch.with_table("regime_forecasts", labels.table(expected, REGIME_FORECAST)), newest


def _known(bars: Columns, part: Part) -> Columns:
    """What names the bars of one timeframe, and what their evidence rests on."""
    columns = {name: bars[name][part.rows] for name in ("instrument", "receive_time", "frame", "series")}
    columns |= {"bars": bars["timeframe"][part.rows], "time": bars["close_time"][part.rows]}
    columns |= {"timeframe": np.full(len(part.rows), part.timeframe), "number": np.full(len(part.rows), part.number)}
    columns |= {f"lead_{name}": view.lead for name, view in part.observed.views.items()}
    held = np.stack([view.held for view in part.observed.views.values()], axis=1)
    return {**columns, "held": held, "drifts": part.observed.drifts}


def _of_bars(
    parts: Sequence[Columns], known: Sequence[Columns], place: NDArray[np.int64], starts: NDArray[Any]
) -> Columns:
    """Rows that belong to bars, in the order of their bars and with what names them; place: where each bar stands."""
    named = [
        {**made, **{name: base[name][made["row"]] for name in BAR}, "place": place[start + made["row"]]}
        for made, base, start in zip(parts, known, starts, strict=True)
    ]
    merged = {name: np.concatenate([part[name] for part in named]) for name in named[0]}
    order = np.argsort(merged["place"], kind="stable")
    return {name: values[order] for name, values in merged.items()}


def _agreement(newest: Newest, instruments: int, rows: Columns) -> tuple[Newest, NDArray[np.float64]]:
    """How far the timeframes agree, bar by bar."""
    _, timeframes, views = newest.held.shape
    newest = grown(newest, partial(agreement.empty, timeframes=timeframes, views=views), instruments)
    out, held = np.empty(len(rows["series"])), np.ascontiguousarray(rows["held"])
    agreement.agree_rows(newest, rows["series"], rows["number"], rows["time"], held, out)
    return newest, out
