"""What is wrong with which book since when: rows of `gaps` when trouble begins and ends, rows of `control` to ask for
help.

A trouble opens once per cause and instrument and heals with the next good snapshot. While a book is not synchronised,
and only when one of its depth messages comes (so that the messages kept begin before the snapshot that is asked for),
a snapshot is requested: at once, then after ASK_AGAIN_NS of data time, each time twice as long, up to
ASK_AT_LEAST_NS.
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

    def ask(self, instrument: int, symbol: str, receive_time: int) -> None:
        """Request a snapshot, unless the last request is too fresh."""
        asked, wait = self.asked.get(instrument, (0, 0))
        if wait and receive_time - asked < wait:
            return
        self.asked[instrument] = receive_time, min(max(2 * wait, ASK_AGAIN_NS), ASK_AT_LEAST_NS)
        self.control.append({"instrument": symbol, "receive_time": receive_time, "cause": self.open[instrument][-1]})

    def take(self) -> dict[str, pl.DataFrame]:
        """The rows of this batch as tables, none left behind; only the tables that have any."""
        found = {"gaps": (self.gaps, GAP), "control": (self.control, CONTROL)}
        self.gaps, self.control = [], []
        return {name: pl.DataFrame(rows, schema) for name, (rows, schema) in found.items() if rows}
