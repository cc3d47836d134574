"""Import of history: files of bars become rows of the journal, from which bars, statistics and regimes learn.

Bars go to the shard that will hear of the instrument: the one that capture writes, `<venue>/0`, unless captures of it
were imported (flows/imports.py). Each bar is one frame, received when it closed, so that nothing depends on when the
import was made. What was imported before is not written again; what the stream told first is ignored by
operators/bars.py. Rows of history name their source and are never pruned: a flow that begins anew learns them anew.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isnan
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

import venues
from flows.history_file import FileBars, bars_of, texts
from flows.imports import BLOCK_NS, imported_shards
from market import record
from market.clock import SECOND_NS
from market.errors import CaptureError
from market.history import HISTORY
from market.journal import LIVE_BLOCK_NS, partition_path
from market.schema import TIMEFRAMES
from market.shards import shard_name, shard_number
from sinks.journal import JournalWriter
from venues.decimals import finest_step
from venues.venue import Seen, Venue

BATCH_BARS = 1000  # a micro-batch has no more,
BATCH_NS = 3 * 366 * 86_400 * SECOND_NS  # nor longer ones: an insert block may not touch more than 100 months
STEP_TEXTS = 1000  # of a file, looked at for the steps of price and size

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Told:
    """What became of one file of bars."""

    path: Path
    instrument: str
    timeframe: str
    shard: str
    bars: int
    known: int  # rows that were imported before, or not later than what was
    faulty: int  # rows that are no bars; they are dead letters now
    first_ns: int
    last_ns: int  # of the newest bar, when it opened

    def __str__(self) -> str:
        known = f", {self.known:,} known already" if self.known else ""
        faulty = f", {self.faulty:,} no bars (dead letters)" if self.faulty else ""
        told = f"{self.path.name}: {self.bars:,} bars {self.timeframe} of {self.instrument}"
        span = f", {_date(self.first_ns)} to {_date(self.last_ns)}" if self.bars else ""
        return f"{told}{span}{known}{faulty}, into {self.shard}"


@dataclass(frozen=True)
class HistoryReport:
    """What became of all files, in order of their times; prints as one line each."""

    files: tuple[Told, ...]

    def __str__(self) -> str:
        return "\n".join(str(file) for file in self.files)


def import_history(
    paths: Sequence[Path],
    *,
    venue: str,
    instrument: str,
    timeframe: str,
    data: Path,
    now_ns: int,
    shards: int = 1,
    begin: Callable[[int], None] | None = None,
    progress: Progress | None = None,
) -> HistoryReport:
    """Append bars of one instrument and timeframe to the journal under `data`, each file whole or not at all.

    `shards`: how many captures share the venue's instruments out.

    `begin` is called with the number of all rows, `progress` with numbers of rows newly done. Raises CaptureError,
    before anything is written, for a file that holds no such bars; VenueError for an unknown venue.
    """
    if timeframe not in TIMEFRAMES:
        raise CaptureError(f"timeframe must be one of {', '.join(TIMEFRAMES)}, got {timeframe!r}")
    protocol = venues.get(venue)
    files = sorted(
        (bars_of(path, timeframe=timeframe, now_ns=now_ns) for path in paths), key=lambda file: int(file.open_time[0])
    )
    if begin:
        begin(sum(map(len, files)))
    shard, block_ns = _shard(data, protocol, instrument, shards)
    path = partition_path(data, "market", shard)
    with JournalWriter(path, venue=protocol.name, shard=shard, block_ns=block_ns) as journal:
        told = tuple(_import_file(file, journal, protocol, instrument, timeframe, shard, progress) for file in files)
    return HistoryReport(told)


def _shard(data: Path, venue: Venue, instrument: str, shards: int) -> tuple[str, int]:
    """Where the instrument is heard of, and the insert blocks of that journal if it must be made."""
    live = shard_name(venue.name, shard_number(instrument, shards))
    sharing = [shard for shard, symbols in imported_shards(data, venue).items() if instrument in symbols]
    if len(sharing) == 1 and not partition_path(data, "market", live).exists():
        return sharing[0], BLOCK_NS
    return live, LIVE_BLOCK_NS


def _import_file(
    file: FileBars,
    journal: JournalWriter,
    venue: Venue,
    instrument: str,
    timeframe: str,
    shard: str,
    progress: Progress | None,
) -> Told:
    with journal.transaction():
        key = note_of(instrument, timeframe)
        known = _known(file, int(journal.meta().get(key, 0)))
        opened = file.open_time[known:][file.fault[known:] == ""].tolist()
        if progress:
            progress(known)
        if not opened:
            return Told(file.path, instrument, timeframe, shard, 0, known, len(file) - known, 0, 0)
        received = file.received
        _append(journal, [opened[0]], [_assumed(file, venue, instrument)])
        for rows in _batches(received, known):
            _append(journal, received[rows].tolist(), _frames(file.of(rows), instrument, timeframe))
            if progress:
                progress(rows.stop - rows.start)
        journal.note(key, str(opened[-1]))
    faulty = len(file) - known - len(opened)
    return Told(file.path, instrument, timeframe, shard, len(opened), known, faulty, opened[0], opened[-1])


def _known(file: FileBars, newest_ns: int) -> int:
    """How many of its first rows are told by the bars up to the newest that was imported."""
    told = np.flatnonzero((file.fault == "") & (file.open_time <= newest_ns))
    return int(told[-1]) + 1 if len(told) else 0


def note_of(instrument: str, timeframe: str) -> str:
    """Under what a journal notes the newest bar of history that it holds."""
    return f"{HISTORY}:{instrument}:{timeframe}"


def _append(journal: JournalWriter, received_ns: Sequence[int], frames: Sequence[bytes]) -> None:
    journal.append(received_ns, frames, source=HISTORY, source_offset=journal.last_offset() + 1)


def _assumed(file: FileBars, venue: Venue, instrument: str) -> bytes:
    """The definition of an instrument that may not be known yet, by the steps that its bars seem to use."""
    price, size = (finest_step(texts(values, STEP_TEXTS)) for values in (file.close, file.volume))
    return record.encode(
        msgspec.structs.replace(venue.infer(instrument, Seen(f"{price:f}", f"{size:f}", 0, 0)), assumed=True)
    )


def _batches(received: NDArray[np.int64], start: int) -> Iterator[slice]:
    """Rows from `start` on, cut where a micro-batch is full or would span too long."""
    while start < len(received):
        end = start + int(np.searchsorted(received[start : start + BATCH_BARS], received[start] + BATCH_NS, "right"))
        yield slice(start, end)
        start = end


def _frames(file: FileBars, instrument: str, timeframe: str) -> list[bytes]:
    """Frames of a micro-batch."""
    sold = np.maximum(file.volume - file.buy_volume, 0.0)
    columns: Iterable[Iterable[float]] = (
        *(file.open_time, file.open, file.high, file.low, file.close),
        *(file.volume, file.buy_volume, sold, file.notional, file.trades),
    )
    rows = zip(*(np.asarray(values).tolist() for values in columns), strict=True)
    return [
        _skipped(row, fault) if fault else _bar(instrument, timeframe, row)
        for row, fault in zip(rows, file.fault.tolist(), strict=True)
    ]


def _bar(instrument: str, timeframe: str, row: tuple[float, ...]) -> bytes:
    time, open_, high, low, close, *sizes, trades = row
    volume, bought, sold, notional = (None if isnan(size) else size for size in sizes)
    counted = 0 if isnan(trades) else int(trades)
    return record.encode(
        record.Bar(instrument, timeframe, int(time), open_, high, low, close, volume, bought, sold, notional, counted)
    )


def _skipped(row: tuple[float, ...], fault: str) -> bytes:
    names = ("open_time", "open", "high", "low", "close", "volume", "buy_volume", "sell_volume", "notional", "trades")
    return record.encode(
        record.Skipped(msgspec.json.encode(dict(zip(names, row, strict=True))), f"no bar: {fault}", past=True)
    )


def _date(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / SECOND_NS, UTC).strftime("%Y-%m-%d %H:%M")
