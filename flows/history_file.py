"""Bars of a file as history may take them: arrays in the file's order, and what is wrong with each row."""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from market.bar_columns import Columns, by_name, numbers_of, times_of
from market.clock import SECOND_NS
from market.errors import CaptureError, SettingsError
from market.schema import TIMEFRAMES
from sources.bar_file import read_bars

MAX_ROWS = 10_000_000  # of one file; it is read whole
FEW_STEPS = 10  # of fewer, none is usual
VOLUME = ("volume", "vol", "base_volume")
BUY_VOLUME = ("buy_volume", "taker_buy_volume", "taker_buy_base_volume")
NOTIONAL = ("notional", "quote_volume", "quote_asset_volume")
TRADES = ("trades", "count", "number_of_trades")

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FileBars:
    """N rows of one file."""

    path: Path
    interval_ns: int
    open_time: NDArray[np.int64]  # ns
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats  # NaN, here and below, where the file does not say
    buy_volume: Floats
    notional: Floats
    trades: Floats
    fault: NDArray[np.object_]  # why a row is no bar; "" where it is one

    def __len__(self) -> int:
        return len(self.open_time)

    @property
    def received(self) -> NDArray[np.int64]:
        """When each row was received, ns: a bar when it closed, what is no bar with the bar before it."""
        closed = np.where(self.fault == "", self.open_time + self.interval_ns, 0)
        received: NDArray[np.int64] = np.maximum.accumulate(np.maximum(closed, closed[closed > 0].min()))
        return received

    def of(self, rows: slice) -> "FileBars":
        """Some of the rows."""
        arrays = {field.name: getattr(self, field.name)[rows] for field in fields(self)[2:]}
        return FileBars(self.path, self.interval_ns, **arrays)


def bars_of(path: Path, *, timeframe: str, now_ns: int) -> FileBars:
    """Read a file; a bar that ends after `now_ns` is not over yet, and no bar.

    Raises SettingsError for a file that cannot be read or lacks a column, CaptureError where its rows are not of this
    timeframe, do not ascend at all, or none is a bar.
    """
    frame = read_bars(path)
    if not 0 < len(frame) <= MAX_ROWS:
        raise CaptureError(f"{path} has {len(frame):,} rows; a file of bars has 1 to {MAX_ROWS:,}, split it")
    try:
        columns = by_name(frame)
        times, prices = times_of(columns), [numbers_of(columns, name) for name in ("open", "high", "low", "close")]
        sizes = [_optional(columns, names) for names in (VOLUME, BUY_VOLUME, NOTIONAL, TRADES)]
    except SettingsError as error:
        raise CaptureError(f"{path}: {error}") from None
    _check_steps(path, times, timeframe)
    interval_ns = TIMEFRAMES[timeframe] * SECOND_NS
    faults = _faults(times, prices, sizes, interval_ns, now_ns)
    if all(faults):
        raise CaptureError(f"{path}: none of its {len(faults):,} rows is a bar; the first: {faults[0]}")
    open_, high, low, close = prices
    volume, buy_volume, notional, trades = sizes
    return FileBars(path, interval_ns, times, open_, high, low, close, volume, buy_volume, notional, trades, faults)


def _optional(columns: Columns, names: tuple[str, ...]) -> Floats:
    if any(name in columns for name in names):
        return numbers_of(columns, *names)
    return np.full(len(next(iter(columns.values()))), np.nan)


def _check_steps(path: Path, times: NDArray[np.int64], timeframe: str) -> None:
    """Refuse a file whose rows are not so far apart: most likely another timeframe than was said."""
    steps = np.diff(times)
    forward = steps[steps > 0]
    if len(steps) and len(forward) == 0:
        raise CaptureError(f"{path}: its times do not ascend; sort it, oldest first")
    if len(forward) < FEW_STEPS:
        return
    values, counts = np.unique(forward, return_counts=True)
    usual_s = int(values[counts.argmax()]) / SECOND_NS
    if usual_s != TIMEFRAMES[timeframe]:
        raise CaptureError(
            f"{path}: its rows are {usual_s:g} s apart and --timeframe {timeframe} is {TIMEFRAMES[timeframe]} s; "
            f"there are {', '.join(f'{name} ({seconds} s)' for name, seconds in TIMEFRAMES.items())}"
        )


def _faults(
    times: NDArray[np.int64], prices: list[Floats], sizes: list[Floats], interval_ns: int, now_ns: int
) -> NDArray[np.object_]:
    """Why each row is no bar; the first reason found."""
    open_, high, low, close = prices
    finite = np.isfinite(np.stack(prices)).all(axis=0)
    found = np.full(len(times), "", np.object_)
    rules = (
        (finite, "a price is no number"),
        (np.stack(prices).min(axis=0) > 0, "a price is not above 0"),
        ((high >= np.maximum(open_, close)) & (low <= np.minimum(open_, close)), "open or close is not in low … high"),
        (~np.any([values < 0 for values in sizes], axis=0), "a volume is below 0"),
        (~np.any([np.isinf(values) for values in sizes], axis=0), "a volume is not finite"),
        (~(sizes[1] > sizes[0] * (1 + 1e-9)), "more was bought than traded"),
        (times > 0, "it is before 1970"),
        (times % interval_ns == 0, "it does not open at a multiple of its timeframe, UTC"),
        (times + interval_ns <= now_ns, "it is not over yet"),
    )
    for holds, reason in rules:
        found[~holds & (found == "")] = reason
    sound = np.where(found == "", times, np.iinfo(np.int64).min)
    before = np.maximum.accumulate(np.concatenate([[np.iinfo(np.int64).min], sound[:-1]]))
    found[(found == "") & (times <= before)] = "it is not later than a bar before it"
    return found


def texts(values: Floats, most: int) -> list[str]:
    """Up to `most` of the finite values, evenly spread, as the shortest text that reads back equal."""
    finite = values[np.isfinite(values)]
    return [repr(value) for value in finite[:: max(1, len(finite) // most)].tolist()]
