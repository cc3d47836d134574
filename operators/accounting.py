"""`accounting`: what became of every frame of a batch, each counted once.

Reads batch.frames, ticks, marks and the tables that are there once the books are rebuilt. Sets batch.accounts
(market/accounts.py):
    received = applied + duplicate + dead_lettered + control,   and `shed` beside them
A frame is of the first class that fits:
- dead_lettered: it has a row in `dead_letters`; also where other parts of it were read;
- applied: it made a row that is news: a tick, a mark, or a row of any table but `dead_letters` and of `gaps` about
  duplicates and late quotes. Book messages that wait for a snapshot are news, and so are ours that tell of a fault;
- duplicate: it said only what was known: trades that came before, numbers of a connection that came before, quotes
  older than the newest of their exchange, book messages that the book has passed, an instrument defined as it is;
- control: nothing of it says anything of the market: acknowledgements, heartbeats, signs of life, first connections.
A book has passed a message that leaves no valid quote and came before (operators/book names those in `gaps`), or, where
snapshots come over REST, has an update id not above that of the newest valid quote since the last reset; or, for a
snapshot in band, an id below it, or an older exchange time where the venue counts nothing.
shed: frames that never came, as records of ours tell, by symbol: a frame of two symbols counts for both.

Warm-up: none. NaN: none. Cost: 9 µs per batch, 0.03 µs per frame.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from bytewax.operators import KeyedStream
from numpy.typing import NDArray

import venues
from market import record
from market.accounts import Accounts
from market.batch import Batch, Structs
from market.history import HISTORY
from market.schema import NO_SEQUENCE, NO_TIME, Kind
from operators.kernel import TICKS, boolean, column, int8, kernel, out_type, output
from operators.ours import ours
from operators.slots import grown
from operators.stage import Stage, registered, wire

NEWS, KNOWN, DEAD = 1, 2, 4  # what a frame left, as bits of its mark
KNOWN_CAUSES = ("duplicate", "late")  # of gaps rows about what was known
NEWS_TABLES = ("instruments", HISTORY, "market_status", "venue_bars", "trade_corrections", "clock_steps")
SNAPSHOT, DEPTH, RESET = int(Kind.SNAPSHOT), int(Kind.DEPTH), int(Kind.RESET)
# What one instrument shows.
PASSED = np.dtype(
    [
        ("sequence", np.int64),  # of the newest valid book since the last reset; NO_SEQUENCE for none
        ("time", np.int64),  # its exchange time, ns
    ]
)


def empty(instruments: int) -> Structs:
    """No book yet."""
    found = np.zeros(instruments, PASSED)
    found["sequence"], found["time"] = NO_SEQUENCE, NO_TIME
    return found


@dataclass
class State:
    """What the books of a shard have passed."""

    passed: Structs = field(default_factory=lambda: empty(0))


@registered
def stage() -> Stage:
    """The accounts of every batch."""
    return Stage("accounting", State, advance)


def accounting(step_id: str, up: KeyedStream[Batch]) -> KeyedStream[Batch]:
    """The stage as a Bytewax step."""
    return wire(step_id, up, stage())


def advance(state: State, batch: Batch) -> Batch:
    """The batch with its accounts."""
    if len(batch.frames) == 0:
        return batch
    marks = np.zeros(len(batch.frames), np.int8)
    state.passed = grown(state.passed, empty, len(batch.instruments))
    in_band = venues.get(batch.venue).capability.snapshot == "stream"
    walk(state.passed, batch.ticks, _noted(batch), in_band, marks)
    if len(batch.marks):
        marks[batch.marks["frame"]] |= NEWS
    for name, rows in batch.tables.items():
        _of_table(name, rows, marks)
    shed = 0
    for position, said in ours(batch.frames):
        if isinstance(said, record.Shed):
            shed += sum(said.symbols.values())
        elif isinstance(said, record.InstrumentDefined):
            marks[position] |= KNOWN
    applied, duplicate, dead_lettered, control = count(marks)
    return batch._replace(accounts=Accounts(len(marks), applied, duplicate, dead_lettered, control, shed))


def _of_table(name: str, rows: pl.DataFrame, marks: NDArray[np.int8]) -> None:
    """Mark the frames that the rows of a table are of."""
    if name == "dead_letters":
        marks[rows["frame"]] |= DEAD
    elif name in NEWS_TABLES:
        marks[rows["frame"]] |= NEWS
    elif name == "gaps":
        known = rows["cause"].is_in(KNOWN_CAUSES)
        marks[rows["frame"].filter(known)] |= KNOWN
        marks[rows["frame"].filter(~known)] |= NEWS


def _noted(batch: Batch) -> NDArray[np.bool_]:
    """The ticks of book messages that came before, as rows of `gaps` say."""
    noted = np.zeros(len(batch.ticks), np.bool_)
    if "gaps" not in batch.tables or len(noted) == 0:
        return noted
    told = batch.tables["gaps"].filter((pl.col("cause") == "duplicate") & (pl.col("channel") == "depth"))
    for symbol, sequence, frame in told.select("instrument", "received_sequence", "frame").rows():
        ticks = batch.ticks
        same = (ticks["frame"] == frame) & (ticks["instrument"] == batch.instruments.id_of(symbol))
        noted |= same & (ticks["kind"] == DEPTH) & (ticks["sequence"] == sequence) & ~ticks["valid"]
    return noted


@kernel(out_type(PASSED), TICKS, column(boolean), boolean, output(int8))
def walk(passed: Any, ticks: Any, noted: Any, in_band: bool, marks: Any) -> None:
    """Mark the frames of ticks that are news, and of those that a book has passed."""
    for row in range(len(ticks)):
        tick = ticks[row]
        book, kind = passed[tick["instrument"]], tick["kind"]
        old = False
        if kind == RESET:
            book["sequence"], book["time"] = NO_SEQUENCE, NO_TIME
        elif kind in (SNAPSHOT, DEPTH):
            sequence, time = tick["sequence"], tick["exchange_time"]
            if tick["valid"]:
                book["sequence"], book["time"] = sequence, time
            elif noted[row]:
                old = True
            elif not in_band:
                old = 0 < sequence <= book["sequence"]
            elif kind == SNAPSHOT and book["sequence"] != NO_SEQUENCE:
                old = 0 < sequence < book["sequence"] or (sequence == 0 and NO_TIME < time < book["time"])
        marks[tick["frame"]] |= KNOWN if old else NEWS


@kernel(column(int8))
def count(marks: Any) -> tuple[int, int, int, int]:
    """Frames that are applied, duplicate, dead-lettered and control."""
    applied, duplicate, dead = 0, 0, 0
    for mark in marks:
        if mark & DEAD:
            dead += 1
        elif mark & NEWS:
            applied += 1
        elif mark & KNOWN:
            duplicate += 1
    return applied, duplicate, dead, len(marks) - applied - duplicate - dead
