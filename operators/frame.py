"""Tick frames: how columns get in and out of them cheaply.

Attaching finished columns costs 2 µs each; expressions over wide frames cost 70 µs and more, so kernels make the
columns.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import polars as pl

from market.schema import TICK, empty_ticks

Columns = Mapping[str, np.ndarray[Any, Any]]


def ticks(columns: Columns) -> pl.DataFrame:
    """A tick frame from one array per column of market.schema.TICK, each of the column's own type and of one length."""
    return pl.DataFrame([pl.Series(name, columns[name]) for name in TICK])


def widen(frame: pl.DataFrame, columns: Columns) -> pl.DataFrame:
    """The frame with columns added, one row per row of the frame; the frame itself is not changed."""
    return frame.hstack([pl.Series(name, values) for name, values in columns.items()])


def column(frame: pl.DataFrame, name: str) -> np.ndarray[Any, Any]:
    """One column as a contiguous array for a kernel; read-only where the frame owns the memory."""
    return np.ascontiguousarray(frame.get_column(name).to_numpy())


def concat(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Frames of equal columns, one below the other, in one chunk; a bare tick frame of no rows where there are none."""
    filled = [frame for frame in frames if not frame.is_empty()]
    return pl.concat(filled, rechunk=True) if filled else empty_ticks()
