"""Which stretch of time a page looks at, and where the next one goes on. Pure; times are ns since 1970.

A walk goes through [since, until) from one end to the other. A page looks at no more than `look` of it, however long
it is, so that no question costs more than another; where that stretch holds few rows the page is short, or empty, and
the walk goes on.
"""

from collections.abc import Mapping
from typing import NamedTuple

Value = str | int | bool
LATEST_NS = 4_102_444_800 * 1_000_000_000  # 2100


class Walk(NamedTuple):
    """What is left of a walk. `after`: key of the last row that was told; None: none of this stretch was.

    `marks`: how far every shard's journal was in the tables at the first page; what came later is not told.
    """

    since: int
    until: int
    after: tuple[Value, ...] | None
    marks: Mapping[str, int]


class Look(NamedTuple):
    """The stretch that one page looks at."""

    since: int
    until: int


def begun(since: int | None, until: int | None, *, newest: int, look: int, marks: Mapping[str, int]) -> Walk:
    """A walk from its first page; what is not given ends at the newest row, or begins one look before the end.

    >>> begun(None, None, newest=100, look=30, marks={})
    Walk(since=71, until=101, after=None, marks={})
    """
    end = newest + 1 if until is None else min(until, newest + 1)
    return Walk(max(0, end - look) if since is None else since, end, None, marks)


def looked_at(walk: Walk, look: int, newest_first: bool) -> Look:
    """What the next page looks at.

    >>> looked_at(Walk(0, 100, None, {}), 30, newest_first=True), looked_at(Walk(0, 100, None, {}), 30, False)
    (Look(since=70, until=100), Look(since=0, until=30))
    """
    if newest_first:
        return Look(max(walk.since, walk.until - look), walk.until)
    return Look(walk.since, min(walk.until, walk.since + look))


def going_on(walk: Walk, look: Look, last: tuple[Value, ...] | None, newest_first: bool) -> Walk | None:
    """What is left after a page: after its last row where it was full, beyond its stretch where it was not."""
    if last is not None:
        time = int(last[0])
        if newest_first:
            return walk._replace(until=time + 1, after=last)
        return walk._replace(since=time, after=last)
    if newest_first:
        return walk._replace(until=look.since, after=None) if look.since > walk.since else None
    return walk._replace(since=look.until, after=None) if look.until < walk.until else None
