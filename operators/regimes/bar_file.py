"""`regimes_of`: the flow's own regimes for a frame of bars from anywhere; no store, the same operators, causal.

Rows must ascend in time. The length of a bar is the middle one of the first steps, while the regime is unknown
anyway, so later rows never change earlier ones. Steps longer than a bar are bars that never came: the filters go on
without an observation. Daily bars of a market that closes (weekends, holidays) may skip up to CLOSED_DAYS without
that.
"""

from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from market.bar_columns import by_name, numbers_of, times_of
from market.clock import SECOND_NS
from market.errors import SettingsError
from market.regimes import REGIME_TIMEFRAMES, VIEWS
from market.schema import TIMEFRAMES
from operators.regimes import labels, views
from operators.regimes import timeframe as watched
from operators.regimes.bank.bank import SETTLE
from operators.regimes.labels import Columns
from operators.regimes.tables import REGIME
from operators.regimes.views import Models

CLOSED_DAYS = 4
DAY_NS = 86_400 * SECOND_NS
CHUNK_BARS = 2_000  # between two words of progress
LEFT_OUT = ("instrument", "receive_time", "agreement", "frame")  # what one file of bars cannot say

Progress = Callable[[int, int], None]  # bars done, of how many


def regimes_of(
    bars: pl.DataFrame, *, timeframe: str, models: Models | None = None, progress: Progress | None = None
) -> pl.DataFrame:
    """One row per bar: close and the columns of table `regimes`, but for LEFT_OUT.

    bars: a time column (one of TIME_COLUMNS in market/bar_columns.py; Datetime, Date, ISO text or epoch numbers, UTC)
    and `close`; any case.
    timeframe: ultra_short, short, medium or long, or the bars they are made of: 1s, 1m, 1h, 1d.
    Raises SettingsError for a missing column, a time that does not ascend, an unknown timeframe or a close that is
    no number.
    """
    name = _timeframe(timeframe)
    columns = by_name(bars)
    times, close = _ascending(times_of(columns)), numbers_of(columns, "close")
    parts = _observed(name, times, close, models, progress)
    known = {"timeframe": np.full(len(times), name), "time": times, "evidence": _leads(parts)}
    merged = known | {column: np.concatenate([part[column] for part in parts]) for column in parts[0]}
    schema = {column: kind for column, kind in REGIME.items() if column not in LEFT_OUT}
    return labels.table(merged, schema).insert_column(2, pl.Series("close", close))


def _observed(
    name: str,
    times: NDArray[np.int64],
    close: NDArray[np.float64],
    models: Models | None,
    progress: Progress | None,
) -> list[Columns]:
    """Columns of `regimes`, chunk by chunk."""
    used, interval_ns = models or views.models(), _interval(times, name)
    state = watched.empty(used, name, interval_ns, 1)
    clock, parts = _without_closed_days(times, interval_ns), []
    for start in range(0, max(len(times), 1), CHUNK_BARS):
        chunk = slice(start, start + CHUNK_BARS)
        series = np.zeros(len(clock[chunk]), np.int64)
        found = watched.observe(used, state, name, interval_ns, series, clock[chunk], close[chunk])
        leads = {f"lead_{name}": view.lead for name, view in found.views.items()}
        parts.append(labels.regimes(found, interval_ns) | leads)
        if progress:
            progress(min(start + CHUNK_BARS, len(times)), len(times))
    return parts


def _leads(parts: list[Columns]) -> NDArray[np.object_]:
    """Evidence: how sure each view is of its held label."""
    rows = [row for part in parts for row in zip(*(part[f"lead_{name}"].tolist() for name in VIEWS), strict=True)]
    found = np.empty(len(rows), object)
    for row, leads in enumerate(rows):
        named = zip(VIEWS, leads, strict=True)
        found[row] = [{"key": f"lead_{name}", "value": lead} for name, lead in named if np.isfinite(lead)]
    return found


def _timeframe(timeframe: str) -> str:
    for name, bar in REGIME_TIMEFRAMES.items():
        if timeframe in (name, bar):
            return name
    accepted = ", ".join(f"{name} ({bar})" for name, bar in REGIME_TIMEFRAMES.items())
    raise SettingsError(f"timeframe must be one of {accepted}, got {timeframe!r}")


def _ascending(times: NDArray[np.int64]) -> NDArray[np.int64]:
    late = np.flatnonzero(np.diff(times) <= 0)
    if len(late):
        raise SettingsError(f"times must ascend: row {late[0] + 2} is not after row {late[0] + 1}; sort the file first")
    return times


def _interval(times: NDArray[np.int64], name: str) -> int:
    """Middle one of the first steps between bars, ns; that of the timeframe where there is only one bar."""
    steps = np.sort(np.diff(times[: SETTLE + 1]))
    return int(steps[(len(steps) - 1) // 2]) if len(steps) else TIMEFRAMES[REGIME_TIMEFRAMES[name]] * SECOND_NS


def _without_closed_days(times: NDArray[np.int64], interval_ns: int) -> NDArray[np.int64]:
    """Times on which a closed market did not pass: short holes between daily bars count as one step."""
    if interval_ns < DAY_NS * 0.9:
        return times
    steps = (np.diff(times, prepend=times[:1]) + interval_ns // 2) // interval_ns
    steps[(steps > 1) & (steps <= CLOSED_DAYS + 1)] = 1
    return np.asarray(times[:1].sum() + np.cumsum(steps) * interval_ns, np.int64)
