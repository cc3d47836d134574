"""Columns of a frame of bars from anywhere, whoever wrote it: times as ns, prices and sizes as numbers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from market.clock import to_nanoseconds
from market.errors import SettingsError

TIME_COLUMNS = ("time", "open_time", "timestamp", "date", "datetime")  # the first of them that is there counts

Columns = dict[str, pl.Series]


def by_name(bars: pl.DataFrame) -> Columns:
    """The columns by their names in lower case."""
    return {column.lower(): bars[column] for column in bars.columns}


def times_of(columns: Columns) -> NDArray[np.int64]:
    """The time column, ns UTC, in the file's order: Datetime, Date, ISO text or epoch numbers.

    Raises SettingsError where there is none, or it cannot be read as times.
    """
    found = next((columns[name] for name in TIME_COLUMNS if name in columns), None)
    if found is None:
        raise SettingsError(
            f"bars need a time column: name it one of {', '.join(TIME_COLUMNS)}; found {listed(tuple(columns))}"
        )
    try:
        return _nanoseconds(found)
    except (pl.exceptions.PolarsError, ValueError, TypeError, OverflowError) as error:
        raise SettingsError(f"column {found.name!r} cannot be read as times: {error}") from error


def numbers_of(columns: Columns, *names: str) -> NDArray[np.float64]:
    """The first of the named columns that is there, as numbers; NaN where empty.

    Raises SettingsError where there is none, or it does not hold numbers.
    """
    found = next((columns[name] for name in names if name in columns), None)
    if found is None:
        raise SettingsError(
            f"bars need a column {names[0]!r}: rename the one that holds it; found {listed(tuple(columns))}"
        )
    try:
        return np.ascontiguousarray(found.cast(pl.Float64).fill_null(np.nan).to_numpy())
    except pl.exceptions.PolarsError as error:
        raise SettingsError(f"column {found.name!r} must hold numbers: {error}") from error


def listed(names: Sequence[str]) -> str:
    """Names for a sentence."""
    return ", ".join(names) or "none"


def _nanoseconds(times: pl.Series) -> NDArray[np.int64]:
    if times.null_count():
        raise ValueError("some are missing")
    if times.dtype == pl.String:
        times = times.str.to_datetime(time_unit="ns")
    if times.dtype.is_temporal():
        return np.ascontiguousarray(times.cast(pl.Datetime("ns")).cast(pl.Int64).to_numpy())
    stamps: list[Any] = times.to_list()
    return np.array([to_nanoseconds(int(stamp)) for stamp in stamps], np.int64)
