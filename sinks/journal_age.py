"""How long rows have been on record, in time during which capture ran.

A wall clock that jumps a day ahead must not make a journal look a day old; so age is counted by the timer clock, and
written down with offsets: row n was the newest when so much had been recorded. Time in which nothing ran ages nothing:
a row is kept longer for it, never shorter.
"""

from typing import NamedTuple

import msgspec

MARKS = 64  # marks within a retention: rows go at most 1/64 of it late


class Mark(NamedTuple):
    """Rows up to `offset` were there when `recorded_ns` had been recorded."""

    offset: int
    recorded_ns: int


class Age:
    """The marks of one partition; `text` is what an earlier process wrote down.

    >>> age = Age("", retention_ns=64_000, now_ns=0)
    >>> [age.grow(now_ns, last_offset=now_ns // 10) for now_ns in (0, 500, 1_000, 2_000)]
    [True, False, True, True]
    >>> age.grow(64_999, last_offset=7_000), age.expired_to
    (True, 0)
    >>> age.grow(66_000, last_offset=7_000), age.expired_to
    (True, 200)
    """

    def __init__(self, text: str, *, retention_ns: int, now_ns: int) -> None:
        self._retention_ns = retention_ns
        try:
            self._marks = msgspec.json.decode(text, type=list[Mark]) if text else []
        except msgspec.MsgspecError:
            self._marks = []
        self._before_ns = self._marks[-1].recorded_ns if self._marks else 0
        self._began_ns = now_ns

    @property
    def text(self) -> str:
        """To be written down."""
        return msgspec.json.encode(self._marks).decode()

    @property
    def expired_to(self) -> int:
        """Rows up to this offset have been on record for longer than the retention."""
        newest_ns = self._marks[-1].recorded_ns if self._marks else 0
        old = [mark.offset for mark in self._marks if newest_ns - mark.recorded_ns >= self._retention_ns]
        return max(old, default=0)

    def grow(self, now_ns: int, *, last_offset: int) -> bool:
        """Time has passed by the timer clock; whether there is a new mark to write down."""
        recorded_ns = self._before_ns + max(0, now_ns - self._began_ns)
        if self._marks and recorded_ns - self._marks[-1].recorded_ns < self._retention_ns // MARKS:
            return False
        self._marks.append(Mark(last_offset, recorded_ns))
        oldest_ns = recorded_ns - self._retention_ns
        gone = sum(mark.recorded_ns <= oldest_ns for mark in self._marks) - 1
        del self._marks[: max(0, gone)]  # the newest of the expired stays, it says which rows are
        return True
