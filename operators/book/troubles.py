"""What is wrong with which book since when: rows of `gaps` when trouble begins and ends, rows of `control` to ask for
help.

A trouble opens once per cause and instrument and heals with the next good snapshot. While a book is not synchronised,
or nears the edge of what its snapshot told of, and only when one of its messages comes (so that the messages kept begin
before the snapshot that is asked for), a snapshot is requested: at once, then after ASK_AGAIN_NS of data time, each
time twice as long, up to ASK_AT_LEAST_NS.

A checksum that fails again after a snapshot may be our own fault, and then no snapshot helps: so a snapshot does not
make the next request quicker where it healed a checksum, and after MOST_FAILURES of them within FAILURES_NS nothing is
asked until the first of these is that old. The trouble stays open meanwhile, for all to see.
"""

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from market.clock import SECOND_NS
from market.schema import CONTROL, GAP, NO_TIME

ASK_AGAIN_NS = SECOND_NS
ASK_AT_LEAST_NS = 64 * SECOND_NS
MOST_FAILURES, FAILURES_NS = 6, 3_600 * SECOND_NS
CHECKSUM = "checksum"


@dataclass
class Troubles:
    """Open causes by instrument id, the last request for each, and the rows of the present batch."""

    open: dict[int, list[str]] = field(default_factory=dict)
    asked: dict[int, tuple[int, int]] = field(default_factory=dict)  # receive time, wait until the next, ns
    failed: dict[int, list[int]] = field(default_factory=dict)  # receive times of the newest wrong checksums or NO_TIME
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

    def heal(self, instrument: int, row: dict[str, Any]) -> None:
        """The trouble of `row["cause"]` alone is over, without a snapshot."""
        causes = self.open.get(instrument, [])
        if row["cause"] in causes:
            causes.remove(row["cause"])
            self.note(row)
        if not causes:
            self.open.pop(instrument, None)

    def end(self, instrument: int, row: dict[str, Any]) -> None:
        """A good snapshot: everything open heals."""
        causes = self.open.pop(instrument, [])
        self.gaps.extend({**row, "cause": cause, "state": "healed"} for cause in causes)
        if CHECKSUM not in causes and instrument in self.asked:
            self.asked[instrument] = NO_TIME, 0

    def count(self, instrument: int, receive_time: int) -> None:
        """One more wrong checksum."""
        failed = self.failed.get(instrument, [NO_TIME] * MOST_FAILURES)
        self.failed[instrument] = [*failed[1:], receive_time]

    def ask(self, instrument: int, row: dict[str, Any]) -> None:
        """Request a snapshot, for the last cause that is open or else for the row's own, unless it is too soon."""
        asked, wait = self.asked.get(instrument, (0, 0))
        causes, time = self.open.get(instrument, []), row["receive_time"]
        if (wait > 0 and time - asked < wait) or (CHECKSUM in causes and self._fails(instrument, time)):
            return
        self.asked[instrument] = time, min(max(2 * wait, ASK_AGAIN_NS), ASK_AT_LEAST_NS)
        cause = (causes or [row["cause"]])[-1]
        self.control.append({"instrument": row["instrument"], "receive_time": time, "cause": cause})

    def take(self) -> dict[str, pl.DataFrame]:
        """The rows of this batch as tables, none left behind; only the tables that have any."""
        found = {"gaps": (self.gaps, GAP), "control": (self.control, CONTROL)}
        self.gaps, self.control = [], []
        return {name: pl.DataFrame(rows, schema) for name, (rows, schema) in found.items() if rows}

    def _fails(self, instrument: int, receive_time: int) -> bool:
        """Whether checksums have been wrong too often lately."""
        first = self.failed.get(instrument, [NO_TIME])[0]
        return first != NO_TIME and receive_time - first < FAILURES_NS
