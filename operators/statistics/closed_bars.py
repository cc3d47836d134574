"""Closed bars as kernels read them, and the rows that kernels make of them."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from market.clock import SECOND_NS
from market.instrument import InstrumentTable
from market.schema import TIMEFRAMES
from operators.frame import frame_of

INTERVALS = np.array(list(TIMEFRAMES.values()), np.int64) * SECOND_NS
KNOWN: dict[str, type[pl.DataType]] = {
    "instrument": pl.String,
    "timeframe": pl.String,
    "close_time": pl.Int64,  # ns, end of the bar
    "receive_time": pl.Int64,  # when that bar was known to be closed
    "frame": pl.Int32,
}
_PRICES = ("open", "high", "low", "close", "volume")
_PLACE = ("instrument", "timeframe", "close_time")
BARS = np.dtype([(name, np.int64) for name in _PLACE] + [(name, np.float64) for name in _PRICES], align=True)


def numbered(bars: pl.DataFrame, instruments: InstrumentTable) -> NDArray[np.void]:
    """Bars as kernels read them: BARS, instruments and timeframes by number."""
    symbols = bars["instrument"].to_list()
    ids = {symbol: instruments.id_of(symbol) for symbol in set(symbols)}
    if min(ids.values()) < 0:
        raise ValueError(f"bars of instruments that are not defined: {sorted(ids)}")
    numbers = {name: number for number, name in enumerate(TIMEFRAMES)}
    rows = np.empty(len(bars), BARS)
    rows["instrument"] = [ids[symbol] for symbol in symbols]
    rows["timeframe"] = [numbers[name] for name in bars["timeframe"].to_list()]
    for name in ("close_time", *_PRICES):
        rows[name] = bars[name].to_numpy()
    return rows


def rows_of(bars: pl.DataFrame, out: NDArray[np.void], counted: NDArray[np.bool_]) -> pl.DataFrame:
    """A table's rows: KNOWN of each bar and the columns of out, without the bars that do not count."""
    known: Sequence[pl.Series] = [bars[name] for name in KNOWN]
    rows = pl.DataFrame([*known, *frame_of(out).get_columns()])
    return rows if counted.all() else rows.filter(counted)
