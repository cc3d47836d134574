"""Frames that a connection numbers: those that never came, and those that came again.

Some venues (capability scope "connection", as Coinbase) number all frames of a socket from 0 on, control frames
included, and nothing else shows a loss. `check` looks at the numbers of a batch in their order:
- a number beyond the next: frames are missing, so every book of the shard is in doubt: a RESET row (Flag.MISSED) of
  each instrument stands before the frame's rows, and a row of `gaps` (channel trade, cause sequence, healed: what is
  lost stays lost) tells of each;
- a number that came before: its book messages and tickers are old and are left out, with a row of `gaps` (cause
  duplicate); its trades stay, for operators/repeats.py knows which of them came before;
- 0, or ANOTHER old numbers in a row: another connection; if nothing said so, the books are reset as after any loss of a
  socket (Flag.DISCONNECTED);
- a number more than MOST_MISSED beyond the next, or below 0, is none: what it says cannot be.
Whatever comes first after a `Connected` record begins anew.
Cost: 3 µs per batch that nothing is wrong with.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from market.batch import Events
from market.schema import EVENT, NO_SEQUENCE, NO_TIME, Flag, Kind

MOST_MISSED = 10_000_000
ANOTHER = 3
OLD = (Kind.SNAPSHOT, Kind.DEPTH, Kind.PICTURE, Kind.TICKER)  # messages that are worthless when they come late


@dataclass
class Counter:
    """The number that the next frame should have; NO_SEQUENCE: any."""

    expected: int = NO_SEQUENCE
    newest_ns: int = 0  # receive time of the newest numbered frame
    behind: int = NO_SEQUENCE  # the newest number that came before
    run: int = 0  # how many of those in a row


@dataclass(frozen=True)
class Fault:
    """One frame whose number is not the next."""

    frame: int
    number: int
    expected: int
    since_ns: int  # receive time of the frame before
    flag: Flag | None  # why books are reset; None: the frame came before


def check(
    counter: Counter, numbers: NDArray[np.int64], receive_times: NDArray[np.int64], connected: Sequence[int]
) -> list[Fault]:
    """What is wrong with the numbers of a batch (NO_SEQUENCE: a frame without one), in their order.

    connected: positions of frames that are records of a new connection.
    """
    numbered = np.flatnonzero(numbers != NO_SEQUENCE)
    if len(numbered) == 0 or (not connected and _is_next(counter, numbers[numbered])):
        if len(numbered):
            _pass(counter, int(numbers[numbered[-1]]), int(receive_times[numbered[-1]]))
        elif connected:
            counter.expected = NO_SEQUENCE
        return []
    found, waiting = [], sorted(connected)
    for frame in numbered.tolist():
        number, received = int(numbers[frame]), int(receive_times[frame])
        while waiting and waiting[0] < frame:
            waiting.pop(0)
            counter.expected = NO_SEQUENCE
        expected, since = counter.expected, counter.newest_ns
        if number < 0 or number > max(expected, 0) + MOST_MISSED:
            continue
        if expected not in (NO_SEQUENCE, number):
            flag = Flag.MISSED if number > expected else _of_another(counter, number)
            found.append(Fault(frame, number, expected, since, flag))
            if flag is None:
                continue
        _pass(counter, number, received)
    if waiting:
        counter.expected = NO_SEQUENCE
    return found


def _of_another(counter: Counter, number: int) -> Flag | None:
    """Why a number below the next is no repetition; None where it is one."""
    counter.run = counter.run + 1 if number == counter.behind + 1 else 1
    counter.behind = number
    other = (number == 0 and counter.expected > 1) or counter.run >= ANOTHER
    return Flag.DISCONNECTED if other else None


def _is_next(counter: Counter, numbers: NDArray[np.int64]) -> bool:
    first = int(numbers[0])
    if not 0 <= first <= max(counter.expected, 0) + MOST_MISSED:
        return False
    return counter.expected in (NO_SEQUENCE, first) and bool((np.diff(numbers) == 1).all())


def _pass(counter: Counter, number: int, received: int) -> None:
    counter.expected, counter.newest_ns = number + 1, received
    counter.behind, counter.run = NO_SEQUENCE, 0


def mended(events: Events, faults: Sequence[Fault], instruments: int, receive_times: NDArray[np.int64]) -> Events:
    """The events without old messages, and with a RESET of every instrument where frames are missing."""
    late = [fault.frame for fault in faults if fault.flag is None]
    if late:
        events = events[~_of_old_messages(events, late)]
    resets = [fault for fault in faults if fault.flag is not None]
    if not resets or instruments == 0:
        return events
    before = np.searchsorted(events["frame"], [fault.frame for fault in resets])
    rows = np.concatenate([_resets(fault, instruments, int(receive_times[fault.frame])) for fault in resets])
    return np.insert(events, np.repeat(before, instruments), rows)


def old_books(events: Events, frame: int) -> list[int]:
    """The instruments whose book messages or tickers in a frame are old."""
    rows = events[(events["frame"] == frame) & np.isin(events["kind"], OLD)]
    return sorted(set(rows["instrument"].tolist()))


def _of_old_messages(events: Events, frames: Sequence[int]) -> NDArray[np.bool_]:
    """Which rows are headers or levels of messages that came too late."""
    headers = np.flatnonzero(events["kind"] != Kind.LEVEL)
    old = np.isin(events["frame"][headers], frames) & np.isin(events["kind"][headers], OLD)
    return np.repeat(old, np.diff(headers, append=len(events)))


def _resets(fault: Fault, instruments: int, received: int) -> Events:
    rows = np.zeros(instruments, EVENT)
    rows["exchange_time"], rows["receive_time"] = NO_TIME, received
    rows["sequence"] = rows["previous"] = NO_SEQUENCE
    rows["instrument"], rows["frame"], rows["kind"] = np.arange(instruments), fault.frame, Kind.RESET
    rows["flags"] = fault.flag
    return rows
