"""`regimes_of`: the flow's own regimes for a frame of bars from anywhere; no store, the same kernel, causal.

Rows must ascend in time. The length of a bar is the smallest step between the first bars, while the regime is unknown
anyway, so later rows never change earlier ones. Steps longer than a bar are bars that never came: the filter goes on
without an observation. Daily bars of a market that closes (weekends, holidays) may skip up to CLOSED_DAYS without
that.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from market.clock import SECOND_NS, to_nanoseconds
from market.errors import SettingsError
from operators.regimes.filter import advance, empty
from operators.regimes.labels import describe
from operators.regimes.model import DEFAULTS, REGIME_TIMEFRAMES, Parameters, build, interval_of

TIME_COLUMNS = ("time", "open_time", "timestamp", "date", "datetime")
CLOSED_DAYS = 4
DAY_NS = 86_400 * SECOND_NS


def regimes_of(bars: pl.DataFrame, *, timeframe: str, parameters: Parameters = DEFAULTS) -> pl.DataFrame:
    """One row per bar: time (ns), timeframe, close, regime, probabilities, confidence, volatility, drift, bars_seen.

    bars: a time column (one of TIME_COLUMNS; Datetime, Date, ISO text or epoch numbers, UTC) and `close`; any case.
    timeframe: ultra_short, short, medium or long, or the bars they are made of: 1s, 1m, 1h, 1d.
    Raises SettingsError for a missing column, a time that does not ascend, an unknown timeframe or a close that is
    no number.
    """
    name = _timeframe(timeframe)
    named = {column.lower(): bars[column] for column in bars.columns}
    times, close = _times(named), _close(named)
    interval = _interval(times, parameters.warm_up_bars, interval_of(name))
    model = build(parameters, interval_ns=interval)
    probability = np.empty((len(times), len(model.scale)))
    scale, returns = np.empty(len(times)), np.empty(len(times), np.int64)
    clock = _without_closed_days(times, interval)
    advance(empty(model, 1), model, np.zeros(len(times), np.int64), clock, close, probability, scale, returns)
    known = pl.DataFrame({"time": times, "close": close})
    return known.hstack([pl.Series("timeframe", [name] * len(times), pl.String)]).hstack(
        describe(model, probability, scale, returns)
    )


def _timeframe(timeframe: str) -> str:
    for name, bar in REGIME_TIMEFRAMES.items():
        if timeframe in (name, bar):
            return name
    accepted = ", ".join(f"{name} ({bar})" for name, bar in REGIME_TIMEFRAMES.items())
    raise SettingsError(f"timeframe must be one of {accepted}, got {timeframe!r}")


def _times(named: dict[str, pl.Series]) -> NDArray[np.int64]:
    """The time column as ascending ns."""
    found = next((named[name] for name in TIME_COLUMNS if name in named), None)
    if found is None:
        accepted = ", ".join(TIME_COLUMNS)
        raise SettingsError(f"bars need a time column: name it one of {accepted}; found {_list(named)}")
    try:
        times = _nanoseconds(found)
    except (pl.exceptions.PolarsError, ValueError, TypeError) as error:
        raise SettingsError(f"column {found.name!r} cannot be read as times: {error}") from error
    late = np.flatnonzero(np.diff(times) <= 0)
    if len(late):
        raise SettingsError(f"times must ascend: row {late[0] + 2} is not after row {late[0] + 1}; sort the file first")
    return times


def _nanoseconds(times: pl.Series) -> NDArray[np.int64]:
    if times.null_count():
        raise ValueError("some are missing")
    if times.dtype == pl.String:
        times = times.str.to_datetime(time_unit="ns")
    if times.dtype.is_temporal():
        return np.ascontiguousarray(times.cast(pl.Datetime("ns")).cast(pl.Int64).to_numpy())
    return np.array([to_nanoseconds(int(stamp)) for stamp in times.to_list()], np.int64)


def _close(named: dict[str, pl.Series]) -> NDArray[np.float64]:
    if "close" not in named:
        raise SettingsError(f"bars need a column 'close': rename the one that holds it; found {_list(named)}")
    try:
        return np.ascontiguousarray(named["close"].cast(pl.Float64).fill_null(np.nan).to_numpy())
    except pl.exceptions.PolarsError as error:
        raise SettingsError(f"column 'close' must hold numbers: {error}") from error


def _interval(times: NDArray[np.int64], bars: int, default_ns: int) -> int:
    """Smallest step among the first bars, ns."""
    steps = np.diff(times[: bars + 1])
    return int(steps.min()) if len(steps) else default_ns


def _without_closed_days(times: NDArray[np.int64], interval_ns: int) -> NDArray[np.int64]:
    """Times on which a closed market did not pass: short holes between daily bars count as one step."""
    if interval_ns < DAY_NS * 0.9:
        return times
    steps = (np.diff(times, prepend=times[:1]) + interval_ns // 2) // interval_ns
    steps[(steps > 1) & (steps <= CLOSED_DAYS + 1)] = 1
    return np.asarray(times[:1].sum() + np.cumsum(steps) * interval_ns, np.int64)


def _list(names: Sequence[str] | dict[str, pl.Series]) -> str:
    return ", ".join(names) or "none"
