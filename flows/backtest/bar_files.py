"""Files of bars as one stream of history: frames of `record.Bar` in the order in which bars closed, as batches.

They are the frames that `barograph import` writes (flows/history.py), so the market flow reads them as it reads those.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from math import isnan
from pathlib import Path

import numpy as np

import venues
from flows.backtest.assumed import Steps
from flows.history import STEP_TEXTS
from flows.history_file import FileBars, bars_of, texts
from market import record
from market.bar_columns import by_name, times_of
from market.batch import Batch
from market.clock import SECOND_NS
from market.errors import CaptureError, SettingsError
from market.frames import Frames
from market.schema import TIMEFRAMES
from sources.bar_file import BAR_FILES, read_bars
from venues.decimals import finest_step
from venues.venue import Seen

BATCH_BARS = 1_000
SEPARATORS = "-_. "


@dataclass(frozen=True)
class BarFile:
    """The sound bars of one file, and whose they are."""

    instrument: str
    timeframe: str
    bars: FileBars
    faulty: int  # rows that are no bars, left out
    opened: tuple[int, float] | None = None  # when the bar after the last opened, ns, and at what price, if it did

    def until(self, time_ns: int | None) -> "BarFile":
        """What was known at a time: the bars that had closed, and the open of the one that had only opened."""
        if time_ns is None:
            return self
        count = int(np.searchsorted(self.closed, time_ns, side="right"))
        begun = count < len(self.bars) and self.bars.open_time[count] <= time_ns
        opened = (int(self.bars.open_time[count]), float(self.bars.open[count])) if begun else None
        return replace(self, bars=self.bars.of(slice(0, count)), opened=opened)

    @property
    def closed(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """When each bar was over, ns."""
        closed: np.ndarray[tuple[int], np.dtype[np.int64]] = self.bars.open_time + self.bars.interval_ns
        return closed


def read_file(text: str, *, now_ns: int) -> BarFile:
    """A file named PATH or INSTRUMENT=PATH; else its instrument is its name up to the first of SEPARATORS.

    Raises SettingsError or CaptureError where it holds no bars of a timeframe that we know.
    """
    named, _, after = text.partition("=")
    path = Path(after or text)
    if after and ("/" in named or not named):
        named, path = "", Path(text)
    instrument = named if after and named else instrument_of(path)
    if not instrument:
        raise SettingsError(f"{path} does not say whose bars it holds; write INSTRUMENT={path}")
    timeframe = _timeframe(path)
    bars = bars_of(path, timeframe=timeframe, now_ns=now_ns)
    sound = np.flatnonzero(bars.fault == "")
    kept = FileBars(path, bars.interval_ns, *(getattr(bars, name)[sound] for name in _ARRAYS))
    return BarFile(instrument.upper(), timeframe, kept, len(bars) - len(sound))


_ARRAYS = ("open_time", "open", "high", "low", "close", "volume", "buy_volume", "notional", "trades", "fault")


def instrument_of(path: Path) -> str:
    """Whose bars a file's name says it holds.

    >>> instrument_of(Path("bars/BTCUSDT-1m.parquet")), instrument_of(Path("SPY.csv.gz"))
    ('BTCUSDT', 'SPY')
    """
    name = path.name
    for ending in BAR_FILES:
        name = name.removesuffix(ending)
    cut = min((name.find(mark) for mark in SEPARATORS if mark in name), default=len(name))
    return name[:cut]


def _timeframe(path: Path) -> str:
    """The timeframe that a file's rows are apart, most of them."""
    try:
        times = times_of(by_name(read_bars(path)))
    except SettingsError as error:
        raise SettingsError(str(error) if str(path) in str(error) else f"{path}: {error}") from None
    steps = np.diff(times)
    steps = steps[steps > 0]
    if len(steps) == 0:
        raise CaptureError(f"{path} holds no two bars that follow each other")
    values, counts = np.unique(steps, return_counts=True)
    usual_s = int(values[counts.argmax()]) / SECOND_NS
    for name, seconds in TIMEFRAMES.items():
        if seconds == usual_s:
            return name
    known = ", ".join(f"{name} ({seconds} s)" for name, seconds in TIMEFRAMES.items())
    raise CaptureError(f"{path}: its rows are {usual_s:g} s apart; there are bars of {known}")


def steps_of(file: BarFile, venue: str) -> Steps:
    """The tick and lot that all prices and volumes of a file are multiples of, as `barograph import` infers them."""
    price, size = (finest_step(texts(values, STEP_TEXTS)) for values in (file.bars.close, file.bars.volume))
    if not np.isfinite(file.bars.volume).any():
        size = _lot(float(file.bars.close[0]))
    defined = venues.get(venue).infer(file.instrument, Seen(f"{price:f}", f"{size:f}", 0, 0))
    tick, lot, contract = (float(text) for text in (defined.tick_size, defined.lot_size, defined.contract_size))
    return Steps(venue, file.instrument, tick, lot, contract, defined.inverse)


def _lot(price: float) -> Decimal:
    """A lot worth 1 or less where no volume tells: a power of ten.

    >>> _lot(46_319.0)
    Decimal('0.00001')
    """
    return Decimal(10) ** -max(int(np.ceil(np.log10(max(price, 1.0)))), 0)


def batches(files: Sequence[BarFile], steps: Sequence[Steps], venue: str) -> Iterator[Batch]:
    """The bars of all files, oldest close first, after the definitions of their instruments."""
    known = {one.instrument: one for one in steps}
    defined = [record.encode(_defined(known[name])) for name in sorted(known)]
    times = np.concatenate([file.closed for file in files]) if files else np.empty(0, np.int64)
    if not len(times):
        return
    numbers = np.concatenate([np.full(len(file.bars), number) for number, file in enumerate(files)])
    rows = np.concatenate([np.arange(len(file.bars)) for file in files])
    lengths = np.array([file.bars.interval_ns for file in files], np.int64)[numbers]
    order = np.lexsort((numbers, lengths, times))
    shard = f"{venue}/0"
    yield Batch(shard, 1, np.full(len(defined), times[order[0]], np.int64), Frames.of(defined))
    for offset, start in enumerate(range(0, len(order), BATCH_BARS), 2):
        chosen = order[start : start + BATCH_BARS]
        frames = [_frame(files[numbers[row]], int(rows[row])) for row in chosen.tolist()]
        yield Batch(shard, offset, times[chosen], Frames.of(frames))


def _defined(steps: Steps) -> record.InstrumentDefined:
    tick, lot, contract = (
        f"{Decimal(repr(value)):f}" for value in (steps.tick_size, steps.lot_size, steps.contract_size)
    )
    return record.InstrumentDefined(steps.instrument, tick, lot, contract, steps.inverse, assumed=True)


def _frame(file: BarFile, row: int) -> bytes:
    bars = file.bars
    volume, bought, notional = (_told(values[row]) for values in (bars.volume, bars.buy_volume, bars.notional))
    return record.encode(
        record.Bar(
            symbol=file.instrument,
            timeframe=file.timeframe,
            open_time=int(bars.open_time[row]),
            open=float(bars.open[row]),
            high=float(bars.high[row]),
            low=float(bars.low[row]),
            close=float(bars.close[row]),
            volume=volume,
            buy_volume=bought,
            sell_volume=None if volume is None or bought is None else max(volume - bought, 0.0),
            notional=notional,
            trades=0 if isnan(bars.trades[row]) else int(bars.trades[row]),
        )
    )


def _told(value: float) -> float | None:
    return None if isnan(value) else float(value)
