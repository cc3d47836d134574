"""The frame of a tick: what its file's name says, a number, and the line as it stood there.

    trade IBM 20131007 1 14430270,1815200,283,P,20002020,0
    quote IBM 20131007 2 14400241,1800100,300,0,0,P,1,0

The number is the line's in its file, from 1 on; ticks have no id of their own, so it makes that of a trade.
"""

import re
from typing import NamedTuple

from market.errors import FrameError
from venues.lean.times import nanoseconds

COLUMNS = {"trade": 6, "quote": 8}
_FRAME = re.compile(r"(trade|quote) ([A-Z0-9.$/_-]{1,32}) ([0-9]{8}) ([0-9]{1,9}) (.{0,512})", re.ASCII)


class Tick(NamedTuple):
    """One line, in its parts."""

    what: str  # trade, quote
    symbol: str
    date: str  # in New York: 20131007
    number: int  # of the line
    values: list[str]  # after the time
    time: int  # ns UTC


def frame(what: str, symbol: str, date: str, number: int, line: bytes) -> bytes:
    """The frame of a line."""
    return f"{what} {symbol} {date} {number} ".encode() + line


def tick(frame: bytes) -> Tick:
    """The parts of a frame; raises FrameError with the reason."""
    match = _FRAME.fullmatch(frame.decode("utf-8", "replace"))
    if match is None:
        raise FrameError("not `<trade or quote> <symbol> <date> <number> <line>`")
    what, symbol, date, number, line = match.groups()
    time, *values = line.split(",")
    if len(values) + 1 != COLUMNS[what]:
        raise FrameError(f"a {what} has {COLUMNS[what]} columns, this line {len(values) + 1}")
    return Tick(what, symbol, date, int(number), values, nanoseconds(date, time))


def stream_of(frame: bytes) -> str:
    """`trade:IBM`, "" where it is no frame of ours."""
    what, _, rest = frame.partition(b" ")
    symbol = rest.partition(b" ")[0]
    if what not in (b"trade", b"quote") or not symbol:
        return ""
    return f"{what.decode()}:{symbol.decode('utf-8', 'replace')}"
