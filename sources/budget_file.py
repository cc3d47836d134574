"""DATA/limits/<venue>.json: what was used of a venue's budget and how long it banned us, so that no restart, and no
loop of crashes, begins with a clean slate.

Where several processes capture the venue, each has a file of its own and reads of bans in those of the others.

It is written in one step before every attempt. A wall clock that was set back since makes nothing longer than it was.
"""

import logging
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from market.clock import SECOND_NS, Clock
from sources.budget import MAX_BAN_S, Budget

log = logging.getLogger("barograph.capture")


class _Kept(msgspec.Struct):
    address: str  # of the venue: what was used of a test network says nothing about the real one
    time_ns: int  # wall clock; the others are as of then
    counted_ns: int  # how long before, `spent` was counted
    spent: float  # weight
    banned_ns: int  # what is left of a ban
    reason: str
    attempts_ns: list[int]  # how long before, oldest first


class BudgetFile:
    """Keeps a budget; `address` is the venue's. `others` are the files of who else captures it."""

    def __init__(self, path: Path, address: str, clock: Clock, others: Sequence[Path] = ()) -> None:
        self._path, self._address, self._clock = path, address, clock
        self._others, self._looked_ns, self._banned_ns = others, clock.monotonic_ns() - SECOND_NS, 0

    def restore(self, budget: Budget) -> Budget:
        """Lay what was kept over a new budget, and keep it from now on."""
        kept = self._read(self._path)
        if self._others:
            budget.banned_elsewhere_ns = self._elsewhere_ns
        if kept is not None and kept.address == self._address:
            self._lay(kept, budget)
        budget.changed = self.write
        return budget

    def write(self, budget: Budget) -> None:
        """Replace the file in one step; a disk that takes nothing ends no connection."""
        wall_ns, now_ns = self._clock.now_ns(), self._clock.monotonic_ns()
        kept = _Kept(
            self._address,
            wall_ns,
            now_ns - budget.counted_ns,
            budget.spent,
            max(0, budget.banned_until_ns - now_ns),
            budget.reason,
            [now_ns - attempt_ns for attempt_ns in budget.attempts_ns],
        )
        partial = self._path.with_suffix(f".{os.getpid()}.partial")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(msgspec.json.encode(kept))
            partial.replace(self._path)
        except OSError as error:
            log.warning("what was used of the venue's limits cannot be kept: %s", error)

    def _elsewhere_ns(self) -> int:
        """Until when, on our clock, another may ask nothing; read again no more often than every second."""
        now_ns = self._clock.monotonic_ns()
        if now_ns - self._looked_ns >= SECOND_NS:
            self._looked_ns = now_ns
            found = [kept for path in self._others if (kept := self._read(path)) and kept.address == self._address]
            self._banned_ns = max((self._then_ns(kept) + kept.banned_ns for kept in found if kept.banned_ns), default=0)
        return min(self._banned_ns, now_ns + int(MAX_BAN_S * SECOND_NS))

    def _then_ns(self, kept: _Kept) -> int:
        """When a file was written, on our clock. Timers begin anew with every boot, so it may be below zero."""
        return self._clock.monotonic_ns() - max(0, self._clock.now_ns() - kept.time_ns)

    def _read(self, path: Path) -> _Kept | None:
        try:
            return msgspec.json.decode(path.read_bytes(), type=_Kept)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError) as error:
            log.warning("%s cannot be read, so the venue's limits are counted anew: %s", path, error)
            return None

    def _lay(self, kept: _Kept, budget: Budget) -> None:
        then_ns = self._then_ns(kept)
        budget.banned_until_ns = then_ns + min(kept.banned_ns, int(MAX_BAN_S * SECOND_NS))
        banned_ns = budget.banned_until_ns - self._clock.monotonic_ns()
        budget.reason = kept.reason if banned_ns > 0 else ""
        budget.spent, budget.counted_ns = kept.spent, then_ns - kept.counted_ns
        budget.attempts_ns.clear()
        budget.attempts_ns.extend(then_ns - age_ns for age_ns in kept.attempts_ns)
        if banned_ns > 0:
            log.warning("still banned by %s for %.0f s: %s", self._address, banned_ns / SECOND_NS, kept.reason)
