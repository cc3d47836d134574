"""Looking through frames for what matters to a subscription: data that is awaited, time that is due. A part of
`availability`.
"""

from typing import Any

from market.batch import Structs
from market.schema import MARK, Kind
from operators.kernel import TICKS, column, int64, kernel, part, rows_type

SNAPSHOT, DEPTH, TICKER = int(Kind.SNAPSHOT), int(Kind.DEPTH), int(Kind.TICKER)
TRADE, AGGREGATE_TRADE = int(Kind.TRADE), int(Kind.AGGREGATE_TRADE)
DEPTH_BIT, TICKER_BIT, MARK_BIT, TRADE_BIT = 1, 2, 4, 8  # of channels, as in operators/subscriptions.py


@part
def bit_of(kind: int) -> int:
    """The channel that a tick is data of; 0 for a reset, which is none."""
    if kind in (SNAPSHOT, DEPTH):
        return DEPTH_BIT
    if kind in (TRADE, AGGREGATE_TRADE):
        return TRADE_BIT
    return TICKER_BIT if kind == TICKER else 0


PLACE = (int64, int64, int64)  # frame, and the next tick and mark
CLOCK = (int64, int64, int64, int64)


@kernel(column(int64), column(int64), TICKS, rows_type(MARK), *PLACE, *CLOCK)
def walk(
    awaited: Any, times: Any, ticks: Any, marks: Any, frame: int, tick: int, mark: int, stop: int, heard: int, due: int,
    stale: int,
) -> tuple[int, int, int, int]:  # fmt: skip
    """Walk frames up to `stop`, or to the first that has awaited data (masks of channels by instrument), is received at
    `due` or later, or after a silence longer than `stale`; the place there, and the newest receive time before it.
    """
    while frame < stop:
        if times[frame] >= due or times[frame] - heard > stale:
            break
        while tick < len(ticks) and ticks[tick]["frame"] < frame:
            tick += 1
        while mark < len(marks) and marks[mark]["frame"] < frame:
            mark += 1
        wanted, row = False, tick
        while row < len(ticks) and ticks[row]["frame"] == frame:
            wanted |= awaited[ticks[row]["instrument"]] & bit_of(ticks[row]["kind"]) != 0
            row += 1
        other = mark
        while other < len(marks) and marks[other]["frame"] == frame:
            wanted |= awaited[marks[other]["instrument"]] & MARK_BIT != 0
            other += 1
        if wanted:
            break
        tick, mark = row, other
        heard = max(heard, times[frame])
        frame += 1
    return frame, tick, mark, heard


def data_of(ticks: Structs, marks: Structs, frame: int, tick: int, mark: int) -> dict[int, int]:
    """Masks of the channels that a frame has data of, by instrument; `tick` and `mark` are not after its first."""
    found: dict[int, int] = {}
    for row in range(tick, len(ticks)):
        if ticks[row]["frame"] > frame:
            break
        if ticks[row]["frame"] == frame:
            number = int(ticks[row]["instrument"])
            found[number] = found.get(number, 0) | bit_of(int(ticks[row]["kind"]))
    for row in range(mark, len(marks)):
        if marks[row]["frame"] > frame:
            break
        if marks[row]["frame"] == frame:
            number = int(marks[row]["instrument"])
            found[number] = found.get(number, 0) | MARK_BIT
    return found
