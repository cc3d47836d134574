"""`decode`: frames of a venue and records of ours to EVENT rows, marks and dead letters.

Reads `batch.frames`; adds `events` (one EVENT row per message and per price level, in frame order), `marks` (MARK),
`instruments`, and the tables `instruments` (INSTRUMENT), `gaps` (GAP, of streams that feed no book), `dead_letters`
(DEAD_LETTER) and `history` (BAR, as imported; operators/bars.py says which of them count); `past`, the frames of those.
A trade that was received before (operators/repeats.py) is no event but a row of `gaps`: cause duplicate, healed.

Where the venue numbers the frames of a connection, operators/connection.py looks for missing ones. What a venue says of
halts, its own bars and trades taken back are the tables `market_status` (STATUS), `venue_bars` (VENUE_BAR) and
`trade_corrections` (CORRECTION); steps of the machine's clock, as capture told of them, are `clock_steps` (CLOCK_STEP).
A frame that cannot be read resets the books it may be about, where the venue gives no other means to see what it held.

Two ways lead to the same rows. The scanner (operators/scan) walks the bytes of the whole batch by the venue's table of
keys and takes every frame that is written as it always is. Where it stops, `venue.read` parses that frame alone: what
is odd but allowed becomes rows too, what is not becomes a dead letter. Records of ours are read here.

Every frame becomes rows, is a control frame that is known and says nothing about the market, or is a dead letter with a
reason; no frame raises. Prices become integer ticks exactly. Warm-up: an instrument's frames are dead letters until it
is defined. An interruption of the feed of a book is a RESET row per instrument; other interruptions are rows of `gaps`
and leave the book be (operators/interruptions.py).
Cost: 0.43 µs per frame of USD-M (265 bytes, 5.6 levels in the mean) in batches of 256, of which 0.30 is the scanner's;
16 µs per batch of 16 besides the scanner; 5–20 µs per frame that the scanner leaves.
"""

from dataclasses import dataclass, field
from math import nan
from typing import Any

import msgspec
import numpy as np
import polars as pl
from bytewax.operators import KeyedStream
from numpy.typing import NDArray

import venues
from market import record
from market.batch import Batch, Events
from market.clock import SECOND_NS
from market.errors import FrameError
from market.history import HISTORY
from market.schema import (
    BAR,
    CORRECTION,
    DEAD_LETTER,
    GAP,
    INSTRUMENT,
    NO_SEQUENCE,
    STATUS,
    TIMEFRAMES,
    VENUE_BAR,
    Flag,
)
from operators.connection import Counter, check, mended, old_books
from operators.definitions import Change, Master, as_row
from operators.interruptions import Interruptions, Place, reset
from operators.repeats import Remembered, repeated
from operators.repeats import empty as no_trades
from operators.scan.reading import Reading
from operators.scan.symbols import Symbols
from operators.slots import grown
from operators.stage import Stage, registered, wire
from venues.rows import Rows
from venues.venue import Channel, Venue

CAUSES_OF_FAULTS = {None: "duplicate", Flag.DISCONNECTED: "disconnected", Flag.MISSED: "sequence"}
CLOCK_STEP: dict[str, type[pl.DataType]] = {
    "receive_time": pl.Int64,
    "step_ns": pl.Int64,  # wall clock minus the clock of the receive times
    "adopted": pl.Boolean,  # whether receive times follow it from here on
    "frame": pl.Int32,
}


@dataclass
class State:
    """What decoding must remember: the instruments, which of their streams are interrupted, and their newest trades."""

    master: Master = field(default_factory=Master)
    interruptions: Interruptions = field(default_factory=Interruptions)
    newest_ns: int = 0  # receive time of the newest frame
    trades: Remembered = field(default_factory=lambda: no_trades(0))
    symbols: Symbols = field(default_factory=Symbols)  # of the table
    counter: Counter = field(default_factory=Counter)  # of frames, where the venue numbers those of a connection


@dataclass
class _Found:
    """Rows of one batch as they are found."""

    venue: Venue
    receive_times: NDArray[np.int64]
    reading: Reading
    dead_letters: list[tuple[int, int, str, bytes]] = field(default_factory=list)
    instruments: list[tuple[Any, ...]] = field(default_factory=list)
    gaps: list[tuple[Any, ...]] = field(default_factory=list)
    history: list[tuple[Any, ...]] = field(default_factory=list)
    past: list[int] = field(default_factory=list)  # frames that tell history
    connected: list[int] = field(default_factory=list)  # frames that tell of a new connection
    clock_steps: list[tuple[Any, ...]] = field(default_factory=list)

    @property
    def rows(self) -> Rows:
        """Where the rows of the frame at hand go."""
        return self.reading.rows

    def newest(self, before: int, position: int) -> int:
        """The newest receive time of the frames before a position and of all batches before, ns."""
        return int(self.receive_times[:position].max(initial=before))


@registered
def stage() -> Stage:
    """Decoding by the protocol of the venue that the shard names."""
    return Stage("decode", State, advance)


def decode(step_id: str, up: KeyedStream[Batch]) -> KeyedStream[Batch]:
    """The stage as a Bytewax step."""
    return wire(step_id, up, stage())


def advance(state: State, batch: Batch) -> Batch:
    """The batch with its frames read."""
    venue = venues.get(batch.venue)
    found = _Found(venue, batch.receive_times, Reading(venue.keys, batch))
    if len(batch.receive_times):
        for change in state.master.due(venue.name, int(batch.receive_times[0])):
            _change(found, change, int(batch.receive_times[0]), 0)
    for position in found.reading.odd_frames(lambda: state.symbols.of(state.master.table)):
        _read(state, found, batch.frames[position], int(batch.receive_times[position]), position)
    state.newest_ns = found.newest(state.newest_ns, len(batch.frames))
    events = _counted(state, found, batch, found.reading.events())
    events = _without_repeats(state, found, events)
    marks = found.reading.marks()
    past = tuple(found.past)
    return _with_tables(batch._replace(events=events, marks=marks, instruments=state.master.table, past=past), found)


def _read(state: State, found: _Found, frame: bytes, received: int, position: int) -> None:
    """Read one frame that the scanner left."""
    try:
        if record.is_record(frame):
            _read_record(state, found, frame, received, position)
        else:
            found.venue.read(frame, received, position, state.master.listings, found.rows)
    except FrameError as error:
        found.dead_letters.append((received, position, str(error), frame))
        if found.venue.capability.detection == "none":
            _doubt(state, found, frame, received, position)


def _doubt(state: State, found: _Found, frame: bytes, received: int, position: int) -> None:
    """Reset the books that an unread frame may have been about; where it names no stream, all of the shard."""
    if record.is_record(frame):
        return
    streams = found.venue.streams_of(frame)
    named = {found.venue.symbol_of(one) for one in streams if found.venue.channel_of(one) is Channel.DEPTH}
    for symbol, listed in state.master.listings.items():
        if symbol in named or not streams:
            found.rows.add(reset(listed.instrument, Flag.UNREAD, received, position))


def _counted(state: State, found: _Found, batch: Batch, events: Events) -> Events:
    """The events as the numbers of frames on their connection allow; rows of `gaps` tell of what is missing."""
    if found.venue.capability.scope != "connection":
        return events
    numbers = found.reading.numbers()
    faults = check(state.counter, numbers, batch.receive_times, found.connected)
    for fault in faults:
        received = int(batch.receive_times[fault.frame])
        cause = CAUSES_OF_FAULTS[fault.flag]
        channel, touched = Channel.TRADE, list(range(len(state.master.table)))
        if fault.flag is None:
            channel, touched = Channel.DEPTH, old_books(events, fault.frame)
        what = received, channel.value, cause, "healed", fault.since_ns, fault.expected, fault.number, fault.frame
        found.gaps += [(state.master.table[number].symbol, *what) for number in touched]
    return mended(events, faults, len(state.master.table), batch.receive_times) if faults else events


def _without_repeats(state: State, found: _Found, events: Events) -> Events:
    """The events but for trades that came before; a row of `gaps` tells of each of those."""
    state.trades = grown(state.trades, no_trades, len(state.master.table))
    scattered = found.venue.capability.trade_ids == "scattered"
    repeats = repeated(state.trades, events, scattered=scattered)
    if len(repeats) == 0:
        return events
    for row in events[repeats]:
        symbol, received = state.master.table[row["instrument"]].symbol, int(row["receive_time"])
        what = symbol, received, Channel.TRADE.value, "duplicate", "healed", received
        found.gaps.append((*what, NO_SEQUENCE, int(row["sequence"]), int(row["frame"])))
    return np.delete(events, repeats)


def _with_tables(batch: Batch, found: _Found) -> Batch:
    for name, rows, schema in (
        ("dead_letters", found.dead_letters, DEAD_LETTER),
        ("instruments", found.instruments, INSTRUMENT),
        ("gaps", found.gaps, GAP),
        (HISTORY, found.history, BAR),
        ("market_status", found.rows.statuses, STATUS),
        ("venue_bars", found.rows.venue_bars, VENUE_BAR),
        ("trade_corrections", found.rows.corrections, CORRECTION),
        ("clock_steps", found.clock_steps, CLOCK_STEP),
    ):
        if rows:
            batch = batch.with_table(name, pl.DataFrame(rows, schema=schema, orient="row"))
    return batch


def _read_record(state: State, found: _Found, frame: bytes, received: int, position: int) -> None:
    """What one of our own records changes."""
    try:
        said = record.decode(frame)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise FrameError(f"a record of ours that is not understood: {error}") from error
    if record.is_past(said):
        found.past.append(position)
    elif isinstance(said, record.Connected):
        found.connected.append(position)
    match said:
        case record.InstrumentDefined():
            _define(state, found, said, received, position)
        case record.Snapshot():
            found.venue.read_snapshot(
                bytes(said.body), said.symbol, received, position, state.master.listings, found.rows
            )
        case record.Bar():
            found.history.append(_bar(state, said, received, position))
        case record.Alive():
            pass
        case record.ClockStepped():
            found.clock_steps.append((received, said.step_ns, said.adopted, position))
        case record.Skipped():
            found.dead_letters.append((received, position, said.reason, said.line))
        case _:
            place = Place(received, min(received, found.newest(state.newest_ns, position)), position)
            state.interruptions.take(said, found.venue, state.master.listings, place, found.rows, found.gaps)


def _define(state: State, found: _Found, said: record.InstrumentDefined, received: int, position: int) -> None:
    """Enter an instrument. Definitions are journal rows of their own, so that ticks keep their meaning in a row."""
    change = state.master.define(found.venue.name, said, received)
    if change is not None:
        _change(found, change, received, position)


def _change(found: _Found, change: Change, received: int, position: int) -> None:
    if change.restarts:
        found.rows.add(reset(change.number, Flag.TICK_CHANGED, received, position))
    if change.row is not None:
        detection = found.venue.capability.detection
        found.instruments.append(as_row(change.row, change.number, detection, received, position))


def _bar(state: State, said: record.Bar, received: int, position: int) -> tuple[Any, ...]:
    """A row of table `history`: revision 0, without a book."""
    if said.symbol not in state.master.listings:
        raise FrameError(f"no instrument is defined for {said.symbol}")
    if said.timeframe not in TIMEFRAMES:
        raise FrameError(f"a bar of timeframe {said.timeframe}; there are {', '.join(TIMEFRAMES)}")
    close_time = said.open_time + TIMEFRAMES[said.timeframe] * SECOND_NS
    volumes = (nan if value is None else value for value in (said.volume, said.buy_volume, said.sell_volume))
    return (
        *(said.symbol, said.timeframe, said.open_time, close_time, received),
        *(said.open, said.high, said.low, said.close, *volumes),
        *(nan if said.notional is None else said.notional, said.trades),
        *(nan, nan, 0.0, 0, 0, HISTORY, position),
    )
