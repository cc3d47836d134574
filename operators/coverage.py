"""`coverage`: for what share of a trading session the book of an instrument was valid, and whether capture was there.

Reads batch.receive_times and tick columns instrument, frame, kind, sequence, valid. Adds table `coverage` (COVERAGE).
    share = valid_s / elapsed_s
elapsed_s: trading time of the session so far, by the calendar of the venue (market/calendar.py), lunch breaks left out;
recorded_s: how much of it capture was there for, from the first row of the instrument on;
valid_s: how much of that its book was valid, from the row that made it valid until the row that lost it.
What the venue gives no means to verify (detection none) counts as valid too, and its rows say so.
So elapsed_s − recorded_s is time without capture, recorded_s − valid_s is time with a broken book.

Time is receive time, and any frame of the shard moves it on, also one that makes no row: capture writes `alive` once a
second when nothing else comes. Silence is a dead capture, for a dead capture writes nothing: the book stays as it was
for `stale_s`, and the rest of the silence is not recorded. A receive time before an earlier one counts as that one.

A row tells the state at the end of a session (`ended`) and at every full minute of the session under way, newest where
silence spans many; `time` says which, and never comes twice. Sessions that passed in silence get their final row with
the first frame after it, as long as they ended less than MISSED_NS before that frame.
Frames that tell history (market/history.py) say nothing about capture and move no time.
An old message, one that names an update id the book has passed, says nothing; where venues count nothing (id 0), no
message is old.
Warm-up: none. NaN: none. Rows of trades and tickers say nothing about the book.
Cost: 0.02 µs per frame, 3 µs per batch; 0.3 ms per minute.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from bytewax.operators import KeyedStream
from numpy.typing import NDArray

import venues
from market.batch import Batch
from market.calendar import DAY_NS, Session, sessions
from market.clock import SECOND_NS
from market.history import live_times
from market.instrument import InstrumentTable
from market.schema import NO_SEQUENCE
from operators.features.rows import DEPTH, RESET, SNAPSHOT
from operators.kernel import TICKS, column, int64, kernel, out_type, part
from operators.slots import grown
from operators.stage import Stage, registered, wire

STALE_S = 5.0
MINUTE_NS = 60 * SECOND_NS
MISSED_NS = 7 * DAY_NS
COVERAGE: dict[str, type[pl.DataType]] = {
    "instrument": pl.String,
    "session": pl.String,  # date of the session on its exchange: 2026-11-22
    "session_start": pl.Int64,  # ns
    "session_end": pl.Int64,
    "time": pl.Int64,  # ns, what the row says is as of this time
    "receive_time": pl.Int64,  # of the first frame that came then or later
    "valid_s": pl.Float64,
    "recorded_s": pl.Float64,
    "elapsed_s": pl.Float64,
    "share": pl.Float64,  # valid_s / elapsed_s
    "ended": pl.Boolean,  # whether that was the end of the session
    "detection": pl.String,  # how a lost message shows on this venue; none: what is called valid is unverifiable
    "frame": pl.Int32,
}
# The time of a shard, ns.
CLOCK = np.dtype(
    [
        ("time", np.int64),  # up to when time was counted
        ("heard", np.int64),  # receive time of the newest frame
        ("recorded", np.int64),  # trading time of the session in which capture was there
        ("start", np.int64),  # of the session; it and the next three as in market.calendar.Session
        ("end", np.int64),
        ("break_start", np.int64),
        ("break_end", np.int64),
    ],
    align=True,
)
# One instrument; times are CLOCK.recorded.
BOOK_STATE = np.dtype(
    [
        ("known", np.int64),  # 1 from its first row on
        ("known_since", np.int64),
        ("sequence", np.int64),  # of the newest valid book
        ("valid", np.int64),  # 1 while its book is
        ("valid_since", np.int64),
        ("valid_before", np.int64),  # valid in the session before valid_since, ns
    ],
    align=True,
)


def empty(instruments: int) -> NDArray[np.void]:
    """No row yet."""
    books = np.zeros(instruments, BOOK_STATE)
    books["sequence"] = NO_SEQUENCE
    return books


@dataclass
class State:
    """The session of a shard, and how much of it every book was valid."""

    books: NDArray[np.void] = field(default_factory=lambda: empty(0))
    clock: NDArray[np.void] = field(default_factory=lambda: np.zeros(1, CLOCK))
    session: Session | None = None
    due: int = 0  # when rows are to be made next, ns; sessions end at full minutes too


@registered
def stage(*, stale_s: float = STALE_S) -> Stage:
    """stale_s: how long a silent shard counts as captured, 1 … 60 s; capture is never silent for more than 1 s."""
    if not 1 <= stale_s <= 60:
        raise ValueError(f"stale_s must be 1 … 60, got {stale_s}")
    stale_ns = int(stale_s * SECOND_NS)

    def advance(state: State, batch: Batch) -> Batch:
        times = live_times(batch)
        if batch.last or not times.any():
            return batch
        venue = venues.get(batch.venue)
        calendar, detection = venue.calendar, venue.capability.detection
        state.books = grown(state.books, empty, len(batch.instruments))
        if state.session is None:
            first = int(times[times > 0][0])
            _open(state, next(sessions(calendar, first)), first)
        found, frame, row = [], 0, 0
        while True:
            frame, row = walk(state.clock, state.books, times, batch.ticks, frame, row, state.due, stale_ns)
            if frame == len(times):
                break
            found += _due(state, calendar, int(times[frame]), stale_ns, frame, batch.instruments)
        rows = [(*row[:-1], detection, row[-1]) for row in found]
        return batch.with_table("coverage", pl.DataFrame(rows, COVERAGE, orient="row")) if rows else batch

    return Stage("coverage", State, advance)


def coverage(step_id: str, up: KeyedStream[Batch], *, stale_s: float = STALE_S) -> KeyedStream[Batch]:
    """The stage as a Bytewax step."""
    return wire(step_id, up, stage(stale_s=stale_s))


@part
def open_ns(clock: Any, start: int, end: int) -> int:
    """How much of [start, end) is trading time of the session."""
    trading = max(0, min(end, clock["end"]) - max(start, clock["start"]))
    closed = max(0, min(end, clock["break_end"]) - max(start, clock["break_start"]))
    return int(trading - closed)


@part
def pass_time(clock: Any, time: int, stale: int) -> None:
    """Count time on; what is later than `stale` after the newest frame is not recorded."""
    until = min(time, clock["heard"] + stale)
    if until > clock["time"]:
        clock["recorded"] += open_ns(clock, clock["time"], until)
    clock["time"] = max(clock["time"], time)


@part
def take(book: Any, tick: Any, recorded: int) -> None:
    """What one row says of its book."""
    kind = tick["kind"]
    if book["known"] == 0:
        book["known"], book["known_since"] = 1, recorded
    if kind not in (SNAPSHOT, DEPTH, RESET):
        return
    if tick["valid"]:
        book["sequence"] = tick["sequence"]
        if book["valid"] == 0:
            book["valid"], book["valid_since"] = 1, recorded
    elif book["valid"] == 1 and not (kind == DEPTH and 0 < tick["sequence"] <= book["sequence"]):
        book["valid_before"] += recorded - book["valid_since"]
        book["valid"] = 0


@kernel(out_type(CLOCK), out_type(BOOK_STATE), column(int64), TICKS, int64, int64, int64, int64)
def walk(clock: Any, books: Any, times: Any, ticks: Any, frame: int, row: int, due: int, stale: int) -> tuple[int, int]:
    """Walk frames and their rows until the first frame at or after `due`; where it stands then."""
    now = clock[0]
    while frame < len(times) and times[frame] < due:
        pass_time(now, times[frame], stale)
        now["heard"] = max(now["heard"], times[frame])
        while row < len(ticks) and ticks[row]["frame"] <= frame:
            take(books[ticks[row]["instrument"]], ticks[row], now["recorded"])
            row += 1
        frame += 1
    return frame, row


def _open(state: State, session: Session, heard: int) -> None:
    """Begin to count a session; every book is as it was before."""
    clock, books = state.clock[0], state.books
    clock["start"], clock["end"], clock["break_start"], clock["break_end"] = session[1:]
    clock["recorded"] = 0
    if state.session is None:
        clock["time"], clock["heard"] = heard, heard
    books["known_since"], books["valid_since"], books["valid_before"] = 0, 0, 0
    state.session = session
    state.due = int(max(clock["time"], session.start)) // MINUTE_NS * MINUTE_NS + MINUTE_NS


def _due(
    state: State, calendar: str, time: int, stale: int, frame: int, instruments: InstrumentTable
) -> list[tuple[Any, ...]]:
    """Rows due at the frame received at `time`, which is `due` or later: of ended sessions, of the newest minute."""
    found = []
    while state.session is not None and state.session.end <= time:
        found += _rows(state, state.session.end, stale, time, frame, instruments)
        _open(state, next(sessions(calendar, max(state.session.end, time - MISSED_NS))), time)
    minute = time // MINUTE_NS * MINUTE_NS
    if minute >= state.due:
        found += _rows(state, minute, stale, time, frame, instruments)
        state.due = minute + MINUTE_NS
    return found


def _rows(
    state: State, at: int, stale: int, time: int, frame: int, instruments: InstrumentTable
) -> list[tuple[Any, ...]]:
    """Rows of table `coverage` as of `at`, one for every instrument that is known."""
    assert state.session is not None
    clock, found = state.clock[0], []
    pass_time(clock, at, stale)
    elapsed = open_ns(clock, clock["start"], at)
    for number in np.flatnonzero(state.books["known"]).tolist():
        book = state.books[number]
        recorded = clock["recorded"] - book["known_since"]
        valid = book["valid_before"] + book["valid"] * (clock["recorded"] - book["valid_since"])
        seconds = (float(value) / SECOND_NS for value in (valid, recorded, elapsed))
        known = instruments[number].symbol, *state.session[:3], at, time
        found.append((*known, *seconds, float(valid / elapsed), at == state.session.end, frame))
    return found
