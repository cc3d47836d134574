"""`opening_hours`: when the regular session of an exchange begins and ends, told among the words of its venue.

Reads batch.receive_times, batch.instruments and table `instruments`. Adds rows to table `market_status`
(market.schema.STATUS), one for every instrument that is known, at each bound of a session of the venue's calendar
(market/calendar.py): phase open at its start and at the end of its lunch break, closed at its end and at the start of
the break; code `session` or `break`. exchange_time is the bound itself, receive_time and frame are of the first frame
then or later, so that nothing is told before it is known. An instrument that is defined later has a row at once, about
the bound before. So a trade before the open, or after the close, is one whose newest row of these codes says closed.

Time is receive time and never goes back; frames that tell history move no time. Bounds that passed in silence are told
after it, but none that is older than MISSED_NS. Venues that never close have no rows.
Warm-up: none. NaN: the prices, which are of price bands. Cost: 3 µs per batch; 0.5 ms per bound.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import nan
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from bytewax.operators import KeyedStream
from numpy.typing import NDArray

import venues
from market.batch import Batch
from market.calendar import ALWAYS, DAY_NS, sessions
from market.schema import STATUS
from operators.stage import Stage, registered, wire

MISSED_NS = 7 * DAY_NS
LONGEST_CLOSED_NS = 31 * DAY_NS  # between two sessions


class Bound(NamedTuple):
    """When a market opens or closes."""

    time: int  # ns
    phase: str
    code: str


NO_BOUND = Bound(0, "", "")


@dataclass
class State:
    """Where the time of a shard stands among the bounds of its market."""

    time: int = 0  # ns, of the newest frame; 0: none yet
    before: Bound = NO_BOUND  # the newest that has passed
    after: Bound = NO_BOUND  # the next
    known: int = 0  # instruments that have a row


@registered
def stage() -> Stage:
    """The bounds by the calendar of the venue that the shard names."""
    return Stage("opening_hours", State, advance)


def opening_hours(step_id: str, up: KeyedStream[Batch]) -> KeyedStream[Batch]:
    """The stage as a Bytewax step."""
    return wire(step_id, up, stage())


def advance(state: State, batch: Batch) -> Batch:
    """The batch with rows about the bounds that its frames reach."""
    calendar = venues.get(batch.venue).calendar
    if calendar == ALWAYS or batch.last or not len(batch.receive_times):
        return batch
    times = _times(state, batch)
    if times[-1] == 0 or (times[-1] < state.after.time and len(batch.instruments) == state.known):
        state.time = int(times[-1])
        return batch
    if state.time == 0:
        state.before, state.after = _around(calendar, int(times[times > 0][0]))
    rows = list(_rows(state, batch, times, calendar))
    state.time = int(times[-1])
    return batch.with_table("market_status", pl.DataFrame(rows, STATUS, orient="row"))


def _times(state: State, batch: Batch) -> NDArray[np.int64]:
    """Time as of every frame."""
    times = batch.receive_times.copy()
    times[list(batch.past)] = 0
    return np.maximum.accumulate(np.maximum(times, state.time))


def _rows(state: State, batch: Batch, times: NDArray[np.int64], calendar: str) -> Iterator[tuple[Any, ...]]:
    """Rows of the bounds that are reached and of the instruments that are new, in the order of their frames."""
    symbols, begun = batch.instruments.symbols, int(np.searchsorted(times, 1))
    first = _defined(batch)
    while True:
        reached = int(np.searchsorted(times, state.after.time))
        new = state.known < len(symbols)
        defined = max(begun, first.get(symbols[state.known], 0)) if new else len(times)
        if min(reached, defined) == len(times):
            return
        frame = min(reached, defined)
        if reached <= defined:
            state.before, state.after = _next(calendar, state.after, int(times[frame]))
            told = symbols[: state.known]
        else:
            told = (symbols[state.known],)
            state.known += 1
        time, phase, code = state.before
        for symbol in told:
            yield symbol, time, int(times[frame]), phase, code, "", nan, nan, frame


def _defined(batch: Batch) -> dict[str, int]:
    """The first frame of this batch that defines an instrument."""
    if "instruments" not in batch.tables:
        return {}
    return dict(reversed(batch.tables["instruments"].select("instrument", "frame").rows()))


def _bounds(calendar: str, since: int) -> Iterator[Bound]:
    """The bounds of the sessions that end after `since`, in order."""
    for session in sessions(calendar, since):
        yield Bound(session.start, "open", "session")
        if session.break_start < session.break_end:
            yield Bound(session.break_start, "closed", "break")
            yield Bound(session.break_end, "open", "break")
        yield Bound(session.end, "closed", "session")


def _around(calendar: str, time: int) -> tuple[Bound, Bound]:
    """The bounds before and after a time."""
    before = Bound(0, "closed", "session")
    for bound in _bounds(calendar, time - LONGEST_CLOSED_NS):
        if bound.time > time:
            return before, bound
        before = bound
    raise AssertionError("a calendar has no end")


def _next(calendar: str, reached: Bound, time: int) -> tuple[Bound, Bound]:
    """The bound that is told now, the one reached or, where that is too long ago, a later one; and the next."""
    since = reached.time if time - reached.time <= MISSED_NS else time - MISSED_NS
    bounds = (bound for bound in _bounds(calendar, since - DAY_NS) if bound.time >= since)
    told = next(bounds)
    return (told, next(bounds)) if told.time <= time else _around(calendar, time)
