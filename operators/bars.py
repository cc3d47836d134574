"""`bars`: what happened in every second, minute, quarter of an hour, hour and day of event time.

Reads ticks, mid_price and ofi of "order_flow", and table `trade_corrections`.
Adds table `bars` (market.schema.BAR) and rows of `gaps`. Trades give open, high, low, close (by event time, then
arrival), volumes, notional and count; valid SNAPSHOT and DEPTH rows give mid_open, mid_close, the sum of ofi and the
count of updates.
Trades that met no book, have no size, or are of the second kind (`trade` and `aggregate_trade` report the same
volume; the first kind that an instrument shows counts) are in no bar. A bar in which nothing counted is not emitted.

History: bars that were imported (table `history`, market/history.py) join the table as they are, with origin "history",
where they end after every bar of their instrument and timeframe that was told before; others are ignored, each with a
gaps row `late` of channel `bar`. Each time is told once: of what history told, ticks give no revision 0 any more, but
corrections, 1 and so on.

Closing: a bar of an instrument closes when a row of it has an event time of the bar's end plus `lateness_s` or more;
no wall clock, no other instrument, and no end of the stream closes anything. Rows without an event time are in no
bar. Rows stamped more than FUTURE_NS after they were received are in no bar either and move nothing; a gaps row
`future` opens with the first of them and heals with the next credible row. A row for a bar that has closed gives the
bar again, with `revision` one higher, as long as the bar is one of the last KEPT intervals; beyond that the row is
counted as a gaps row `late` (start_time = its event time).
Corrections: where a venue takes trades back or corrects them (its capability says so), the newest `kept_trades` of each
instrument are remembered and MOST_KEPT intervals are kept. A correction gives every bar that its trade is in and that
has closed again, with `revision` one higher, as if the trade had come so, or never (a bar with nothing left in it has
no prices and no volume). A correction after the trades remembered, or of a trade that never came, makes a gaps row
`unknown`; of a trade that was taken back before, `duplicate`; where bars of it are no longer kept, `late`: those stay
as they are. In these rows, start_time is the time of the correction and received_sequence the id of the trade.
Warm-up: none. NaN: prices of a bar without trades, mids of a bar without updates, what history does not say.
Cost: 1 µs per row, 0.06 ms per batch; 1 µs per bar of history; 10 µs per correction. Memory: 8 kB per
instrument, 100 kB where trades may be corrected.
Akidau et al. (2015), The Dataflow Model, doi:10.14778/2824032.2824076, for watermarks and revisions.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import numpy as np
import polars as pl
from bytewax.operators import KeyedStream
from numpy.typing import NDArray

import venues
from market.batch import Batch, Structs
from market.clock import SECOND_NS
from market.history import HISTORY
from market.instrument import InstrumentTable
from market.schema import BAR, GAP, NO_SEQUENCE, TIMEFRAMES
from operators.corrections import CHANGE, MOST_PER_CHANGE, OUTCOME, REPEATED, TOO_LATE, UNKNOWN, correct
from operators.features.rows import AGGREGATE_TRADE, TRADE
from operators.growing_bars import CREDIBLE, FUTURE, GROWING, LATE, NOTE, Series, collect, empty
from operators.kernel import boolean, column, int64, kernel, output, state_type
from operators.recent_trades import INTERVALS
from operators.slots import grown
from operators.stage import Stage, registered, wire

LATENESS_S = 0.25
KEPT_TRADES = 1_024  # of an instrument whose trades may be corrected; at most MOST_KEPT_TRADES
MOST_KEPT_TRADES = 65_536
CORRECTIONS = "trade_corrections"
NAMES = list(TIMEFRAMES)
CAUSES = {LATE: ("late", "healed"), FUTURE: ("future", "open"), CREDIBLE: ("future", "healed")}
OUTCOMES = {UNKNOWN: "unknown", REPEATED: "duplicate", TOO_LATE: "late"}
ROOM = 512  # bars that one call of the kernel may give before it is called again


@dataclass
class State:
    """The bars of all instruments of a shard."""

    series: Series = field(default_factory=lambda: empty(0))
    instruments: InstrumentTable = field(default_factory=InstrumentTable)


Taker = Callable[[State, Batch, pl.DataFrame], Batch]


@registered
def stage(*, lateness_s: float = LATENESS_S, kept_trades: int | None = None) -> Stage:
    """lateness_s: how long past its end a bar waits for stragglers, in event time, 0 … 5 s.

    kept_trades: the newest trades of an instrument that can be corrected, 0 … 65 536; None: KEPT_TRADES where the venue
    corrects trades, none where it never does.
    """
    if not 0 <= lateness_s <= 5:
        raise ValueError(f"lateness_s must be 0 … 5, got {lateness_s}")
    if kept_trades is not None and not 0 <= kept_trades <= MOST_KEPT_TRADES:
        raise ValueError(f"kept_trades must be 0 … {MOST_KEPT_TRADES}, got {kept_trades}")
    lateness_ns = int(lateness_s * SECOND_NS)

    def advance(state: State, batch: Batch) -> Batch:
        history, corrections = batch.tables.get(HISTORY), batch.tables.get(CORRECTIONS)
        if len(batch.ticks) == 0 and history is None and corrections is None:
            return batch
        _define(state, batch, kept_trades)
        row = 0
        for end, take, rows in _in_order(batch.ticks, history, corrections):
            batch, row = take(state, _collected(state, batch, row, end, lateness_ns), rows), end
        return _collected(state, batch, row, len(batch.ticks), lateness_ns)

    return Stage("bars", State, advance)


def bars(
    step_id: str, up: KeyedStream[Batch], *, lateness_s: float = LATENESS_S, kept_trades: int | None = None
) -> KeyedStream[Batch]:
    """The stage as a Bytewax step."""
    return wire(step_id, up, stage(lateness_s=lateness_s, kept_trades=kept_trades))


def _define(state: State, batch: Batch, kept_trades: int | None) -> None:
    """Rows and contract sizes for the instruments of a batch, where they are not those of the batch before."""
    if batch.instruments is state.instruments:
        return
    if kept_trades is None:
        kept_trades = KEPT_TRADES if venues.get(batch.venue).capability.corrects else 0
    if not len(state.series.watermark):
        state.series = empty(0, kept_trades)
    state.series = grown(state.series, partial(empty, trades=kept_trades), len(batch.instruments))
    for number, row in enumerate(batch.instruments.rows):
        state.series.recent.contract[number] = row.contract_size, row.inverse
    state.instruments = batch.instruments


def _in_order(
    ticks: Structs, history: pl.DataFrame | None, corrections: pl.DataFrame | None
) -> list[tuple[int, Taker, pl.DataFrame]]:
    """Tables as they stand among the ticks: the number of ticks before some of their rows, who takes them, and those.

    Bars of history stand before the ticks of their frame, corrections after them.
    """
    found = [*_pieces(ticks, history, _told, "left"), *_pieces(ticks, corrections, _corrected, "right")]
    return sorted(found, key=lambda piece: piece[0])


def _pieces(
    ticks: Structs, rows: pl.DataFrame | None, take: Taker, side: Literal["left", "right"]
) -> Iterator[tuple[int, Taker, pl.DataFrame]]:
    """The rows of one table."""
    if rows is None:
        return
    before = np.searchsorted(ticks["frame"], rows["frame"].to_numpy(), side=side)
    starts = np.flatnonzero(np.diff(before, prepend=-1)).tolist()
    for start, end in zip(starts, [*starts[1:], len(rows)], strict=True):
        yield int(before[start]), take, rows[start:end]


def _collected(state: State, batch: Batch, row: int, end: int, lateness_ns: int) -> Batch:
    """The batch with the bars and notes of its tick rows from `row` to `end`."""
    if row == end:
        return batch
    ticks, flow = batch.ticks[:end], batch.features["order_flow"]
    notes = np.empty(2 * (end - row), NOTE)
    while row < end:
        out = np.empty(ROOM, GROWING)
        row, made, noted = collect(state.series, ticks, flow, row, lateness_ns, out, notes)
        batch = batch.with_table("bars", _bars(out[:made], batch.instruments)) if made else batch
        batch = batch.with_table("gaps", _gaps(notes[:noted], batch)) if noted else batch
    return batch


def _told(state: State, batch: Batch, bars: pl.DataFrame) -> Batch:
    """The batch with those bars of history that count, and a note of each other."""
    instruments = np.array([batch.instruments.id_of(symbol) for symbol in bars["instrument"].to_list()], np.int64)
    timeframes = np.array([NAMES.index(name) for name in bars["timeframe"].to_list()], np.int64)
    counted = np.empty(len(bars), np.bool_)
    accept(state.series, instruments, timeframes, bars["open_time"].to_numpy() // INTERVALS[timeframes], counted)
    ignored = bars.filter(~counted).select(
        *("instrument", "receive_time"),
        *(pl.lit(value).alias(name) for name, value in (("channel", "bar"), ("cause", "late"), ("state", "healed"))),
        pl.col("open_time").alias("start_time"),
        *(pl.lit(NO_SEQUENCE, pl.Int64).alias(name) for name in ("expected_sequence", "received_sequence")),
        "frame",
    )
    return batch.with_table("bars", bars.filter(counted)).with_table("gaps", ignored)


def _corrected(state: State, batch: Batch, corrections: pl.DataFrame) -> Batch:
    """The batch with the bars that corrections give again, and a note of each correction that gives not all."""
    known = [batch.instruments.id_of(symbol) for symbol in corrections["instrument"].to_list()]
    changes = np.zeros(len(known), CHANGE)
    changes["instrument"] = known
    for name in ("trade_id", "new_trade_id", "receive_time", "frame", "new_price", "new_size"):
        changes[name] = corrections[name].to_numpy()
    out, outcomes = np.empty(MOST_PER_CHANGE * len(changes), GROWING), np.empty(len(changes), OUTCOME)
    made = correct(state.series, changes, out, outcomes)
    batch = batch.with_table("bars", _bars(out[:made], batch.instruments)) if made else batch
    rows = []
    for said, outcome in zip(corrections.iter_rows(named=True), outcomes["outcome"].tolist(), strict=True):
        if outcome in OUTCOMES:
            what = said["instrument"], said["receive_time"], "trade", OUTCOMES[outcome], "healed"
            rows.append((*what, said["exchange_time"], NO_SEQUENCE, said["trade_id"], said["frame"]))
    return batch.with_table("gaps", pl.DataFrame(rows, GAP, orient="row")) if rows else batch


@kernel(state_type(empty(0)), column(int64), column(int64), column(int64), output(boolean))
def accept(series: Series, instruments: Any, timeframes: Any, numbers: Any, counted: Any) -> None:
    """Walk bars of history; counted: whether a bar is later than all that were told before."""
    for row in range(len(numbers)):
        i, t = instruments[row], timeframes[row]
        counted[row] = numbers[row] > series.newest[i, t]
        if counted[row]:
            series.newest[i, t] = series.history[i, t] = numbers[row]


def _bars(made: NDArray[np.void], instruments: InstrumentTable) -> pl.DataFrame:
    """Rows of table `bars`."""
    interval = INTERVALS[made["timeframe"]]
    measured = [name for name in BAR if name in (made.dtype.names or ())]
    columns: dict[str, Any] = {name: np.ascontiguousarray(made[name]) for name in measured}
    columns["instrument"] = [instruments[number].symbol for number in made["instrument"].tolist()]
    columns["timeframe"] = [NAMES[number] for number in made["timeframe"].tolist()]
    columns["origin"] = ["ticks"] * len(made)
    columns["open_time"] = made["number"] * interval
    columns["close_time"] = columns["open_time"] + interval
    return pl.DataFrame([pl.Series(name, columns[name], kind) for name, kind in BAR.items()])


def _gaps(notes: NDArray[np.void], batch: Batch) -> pl.DataFrame:
    """Rows of table `gaps` about rows that are in no bar."""
    rows = []
    for row, cause in notes.tolist():
        tick = batch.ticks[row]
        channel = "trade" if tick["kind"] in (TRADE, AGGREGATE_TRADE) else "depth"
        symbol = batch.instruments[tick["instrument"]].symbol
        received, time, sequence, frame = tick[["receive_time", "exchange_time", "sequence", "frame"]].item()
        rows.append((symbol, received, channel, *CAUSES[cause], time, NO_SEQUENCE, sequence, frame))
    return pl.DataFrame(rows, GAP, orient="row")
