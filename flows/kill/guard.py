"""`Guard`: waits for a trigger and pulls the kill switch; for a small process that shares nothing with the others.

The triggers: the file DATA/HALT, whoever made it, and POST /kill (flows/kill/door.py). What stands in HALT and no kill
has acknowledged is what is still to be done; so the guard also finishes what a kill that died has begun.
"""

import asyncio
import logging
import os
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from flows.kill.kill import Kill
from flows.kill.target import Target
from flows.kill.terms import Outcome, Terms
from market.beat import Beat
from market.clock import Clock
from sinks.orders.halt import HaltLine, halt_lines, halt_path

REASON_CHARACTERS = 1_000
LOOK_S = 0.1
AGAIN_S = 1.0  # after a kill that was not acknowledged in time
NO_WISH = ("acknowledged", "not acknowledged", "release")  # what else stands in HALT

log = logging.getLogger("barograph.kill")

Seen = tuple[int, int, int]


class Wish(NamedTuple):
    """A kill that somebody asked for."""

    reason: str
    flatten: bool
    lines: tuple[str, ...] = ()  # of HALT, by key, that ask for it

    def __add__(self, other: "Wish") -> "Wish":  # type: ignore[override]
        """Both in one."""
        reasons = dict.fromkeys((self.reason, other.reason))
        flatten, lines = self.flatten or other.flatten, self.lines + other.lines
        return Wish("; ".join(reasons)[:REASON_CHARACTERS], flatten, lines)


class Guard:
    """One account's. `ask` may be called from any thread. `find` says whom a kill is to ask."""

    def __init__(self, data: Path, find: Callable[[], Target], terms: Terms, clock: Clock) -> None:
        self._data, self._find, self._terms, self._clock = data, find, terms, clock
        self._wish: Wish | None = None  # by `ask`
        self._changed = threading.Condition()
        self._asked = self._served = 0  # numbers of wishes
        self._last = Outcome()
        self._read: Seen | None = None  # the HALT file as it was when it was last read
        self._obeyed: Seen | None = None  # … for a kill that was acknowledged

    def ask(self, wish: Wish, within_s: float) -> Outcome:
        """Have a kill made; how the first one ended that began after this. What takes longer is not acknowledged."""
        with self._changed:
            self._wish = wish if self._wish is None else self._wish + wish
            self._asked += 1
            number = self._asked
            self._changed.notify_all()
            if not self._changed.wait_for(lambda: self._served >= number, within_s):
                return Outcome(problems=["it is under way; the log of the guard says how it goes"])
            return self._last

    def run(self, stopped: Callable[[], bool], beat: Beat) -> None:
        """Watch until stopped."""
        while not stopped():
            beat("")
            from_file = self._from_file()
            with self._changed:
                if self._wish is None and from_file is None:
                    self._changed.wait(LOOK_S)
                    continue
                wish, number, self._wish = self._wish, self._asked, None
            wishes = [found for found in (from_file, wish) if found is not None]
            outcome = self._killed(wishes[0] if len(wishes) == 1 else wishes[0] + wishes[1], stopped, beat)
            with self._changed:
                self._served, self._last = number, outcome
                if not outcome.acknowledged and wish is not None:
                    self._wish = wish if self._wish is None else wish + self._wish
                self._changed.notify_all()
                if not outcome.acknowledged:
                    self._changed.wait(AGAIN_S)

    def _from_file(self) -> Wish | None:
        """What HALT asks for; nothing where a kill was acknowledged that could not write so there."""
        self._read = _seen(self._data)
        return None if self._read is None or self._read == self._obeyed else asked(self._data)

    def _killed(self, wish: Wish, stopped: Callable[[], bool], beat: Beat) -> Outcome:
        log.critical("the kill switch is pulled: %s", wish.reason)
        kill = Kill(
            self._data,
            self._find,
            self._terms,
            self._clock,
            reason=wish.reason,
            flatten=wish.flatten,
            say=log.warning,
            obeys=wish.lines,
        )

        async def beating() -> Outcome:
            running = asyncio.create_task(kill.run())
            while not running.done() and not stopped():
                beat("")
                await asyncio.wait({running}, timeout=LOOK_S)
            running.cancel()
            with suppress(asyncio.CancelledError):
                return await running
            return kill.outcome

        outcome = asyncio.run(beating())
        if outcome.acknowledged:
            self._obeyed = self._read or _seen(self._data)
        else:
            log.critical("the kill is NOT acknowledged: %s", "; ".join(outcome.problems) or "the guard was stopped")
        return outcome


def asked(data: Path) -> Wish | None:
    """What DATA/HALT asks for that no kill has acknowledged; None: nothing. One that cannot be read asks as well."""
    try:
        lines = halt_lines(data)
    except FileNotFoundError:
        return None
    except OSError as error:
        return Wish(f"{halt_path(data)} cannot be read ({error})", flatten=False)
    wishes = _not_obeyed(lines)
    if lines and not wishes:
        return None
    reasons = dict.fromkeys(str(wish.facts.get("reason") or "") for wish in wishes)
    reason = "; ".join(filter(None, reasons)) or f"the file {halt_path(data).name}"
    flatten = any(wish.facts.get("flatten") is True for wish in wishes)
    return Wish(reason[:REASON_CHARACTERS], flatten, tuple(wish.key for wish in wishes))


def _not_obeyed(lines: list[HaltLine]) -> list[HaltLine]:
    """Those that ask for a kill and that no acknowledgement names; a line that stands twice is to be named twice.

    A place in the file would not do: `echo flatten > HALT` makes it, and writes to its beginning when a kill may have
    written there already.
    """
    named: Counter[str] = Counter()
    for line in lines:
        obeyed = line.facts.get("obeyed")
        named.update(map(str, obeyed) if isinstance(obeyed, list) else ())
    left = []
    for line in lines:
        if line.facts.get("action") not in NO_WISH:
            if named[line.key]:
                named[line.key] -= 1
            else:
                left.append(line)
    return left


def _seen(data: Path) -> Seen | None:
    """What tells one state of the file from another; None where there is none."""
    try:
        found = os.lstat(halt_path(data))
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
