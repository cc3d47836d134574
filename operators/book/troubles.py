"""What is wrong with which book since when: rows of `gaps` when trouble begins and ends, rows of `control` to ask for
help.

A trouble opens once per cause and instrument and heals with the next good snapshot. While a book is not synchronised,
or nears the edge of what its snapshot told of, and only when one of its messages comes (so that the messages kept begin
before the snapshot that is asked for), a snapshot is requested: at once, then after ASK_AGAIN_NS of data time, each
time twice as long, up to ASK_AT_LEAST_NS.
"""

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from market.clock import SECOND_NS
from market.schema import CONTROL, GAP

ASK_AGAIN_NS = SECOND_NS
ASK_AT_LEAST_NS = 64 * SECOND_NS


@dataclass
class Troubles:
    """Open causes by instrument id, the last request for each, and the rows of the present batch."""

    open: dict[int, list[str]] = field(default_factory=dict)
    asked: dict[int, tuple[int, int]] = field(default_factory=dict)  # receive time, wait until the next, ns
    gaps: list[dict[str, Any]] = field(default_factory=list)
    control: list[dict[str, Any]] = field(default_factory=list)

    def begin(self, instrument: int, row: dict[str, Any]) -> None:
        """A trouble of `row["cause"]`; nothing if it is open already."""
        causes = self.open.setdefault(instrument, [])
        if row["cause"] not in causes:
            causes.append(row["cause"])
            self.gaps.append({**row, "state": "open"})

    def note(self, row: dict[str, Any]) -> None:
        """A trouble that is over at once and cost nothing: a duplicate."""
        self.gaps.append({**row, "state": "healed"})

    def end(self, instrument: int, row: dict[str, Any]) -> None:
        """A good snapshot: everything open heals."""
        self.gaps.extend({**row, "cause": cause, "state": "healed"} for cause in self.open.pop(instrument, []))
        self.asked.pop(instrument, None)

    def may_ask(self, instrument: int, receive_time: int) -> bool:
        """Whether the last request is not too fresh for another."""
        asked, wait = self.asked.get(instrument, (0, 0))
        return wait == 0 or receive_time - asked >= wait

    def ask(self, instrument: int, row: dict[str, Any]) -> None:
        """Request a snapshot, for the last cause that is open or else for the row's own."""
        _, wait = self.asked.get(instrument, (0, 0))
        self.asked[instrument] = row["receive_time"], min(max(2 * wait, ASK_AGAIN_NS), ASK_AT_LEAST_NS)
        cause = (self.open.get(instrument) or [row["cause"]])[-1]
        self.control.append({"instrument": row["instrument"], "receive_time": row["receive_time"], "cause": cause})

    def take(self) -> dict[str, pl.DataFrame]:
        """The rows of this batch as tables, none left behind; only the tables that have any."""
        found = {"gaps": (self.gaps, GAP), "control": (self.control, CONTROL)}
        self.gaps, self.control = [], []
        return {name: pl.DataFrame(rows, schema) for name, (rows, schema) in found.items() if rows}
