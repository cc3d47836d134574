"""`Kill`: the steps of the kill switch, each of which may fail, and the acknowledgement, which may not be wrong.

1. HALT is written: no executor begins or sends from here.
2. The executor is killed; its fence is free: nothing more leaves this machine. What it sent last may be under way.
3. The venue suspends new orders, where it can.
4. All orders are cancelled, all at once and one by one, until none stands.
5. Every intent that is not settled is asked after; what lives is cancelled.
6. Where wanted, positions are closed: once nothing can be under way any more, the suspension is lifted for it.
7. Acknowledged: none stands, no intent lives, and did so for `settle_s` after the last request of the executor could
   have been taken: the venue suspends, or refuses late requests (`stale_s`), or `unstamped_s` have passed.

No step waits for another to succeed, but for these: positions are closed when no order stands, and acknowledged is what
was seen. Steps that fail are tried again until `within_s` has passed, or for ever.
"""

import asyncio
import getpass
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from flows.kill.audit import told_trading
from flows.kill.doubts import unsettled
from flows.kill.ending import Ending
from flows.kill.seat import empty_soon, executor_ended
from flows.kill.target import Target
from flows.kill.terms import Outcome, Terms
from flows.kill.under_way import under_way
from flows.kill.venue import Order, VenueSide
from market.clock import Clock
from market.errors import JournalError
from sinks.orders.halt import is_halted, read_halt, write_halt

SLOWER = 5  # times the pause while only time must pass
FIRST_S = 2.0  # for the executor to be gone, before the venue is asked all the same

Say = Callable[[str], None]


class Kill:
    """One kill of one account; `say` tells a person how it goes. While `find` does not know where orders go, this
    machine is stilled and nothing is acknowledged. `obeys`: the lines of HALT, by key, that asked for it.
    """

    def __init__(
        self,
        data: Path,
        find: Callable[[], Target],
        terms: Terms,
        clock: Clock,
        *,
        reason: str,
        flatten: bool,
        say: Say,
        obeys: Sequence[str] = (),
    ) -> None:
        self._data, self._find, self._terms, self._clock = data, find, terms, clock
        self._reason, self._flatten, self._say = reason, flatten, say
        self.outcome = Outcome()
        self._target: Target | None = None  # None: not looked for yet
        self._ending: Ending | None = None
        self._obeys = list(obeys)  # keys of lines of HALT
        self._gone_s = 0.0  # loop time since which no executor lives; 0: one may

    async def run(self, *, wait: bool = False) -> Outcome:
        """All steps, until acknowledged or out of time; with `wait` there is no such time."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + self._terms.within_s
        with under_way(self._data):
            self._halt()
            try:
                while not self.outcome.acknowledged and (wait or loop.time() < until_s):
                    self.outcome.problems.clear()
                    await self._round()
                    if not self.outcome.acknowledged:
                        await asyncio.sleep(self._pause_s())
            finally:
                if self._ending is not None:
                    self._ending.close()
                self._note()
            if self.outcome.acknowledged:
                self._tell()
        return self.outcome

    def _pause_s(self) -> float:
        """Until the next look: quick while something is to be done, slow while only time must pass."""
        if self._ending is not None and self._ending.quiet_s:
            return self._terms.settle_s
        quick = not self._gone_s or self._ending is None or self._ending.is_safe(self._gone_s)
        return self._terms.round_s if quick else SLOWER * self._terms.round_s

    async def _round(self) -> None:
        """One try at all that is not done yet; whatever breaks in it, the next one comes."""
        try:
            if not is_halted(self._data):
                self._gone_s = 0.0
                self._halt()
            await self._end_executor()
            self._look_for_target()
            if self._ending is not None:
                await self._ending.round(self._gone_s)
            await self._conclude()
        except Exception as error:  # noqa: BLE001 the kill switch does not end because of a bug
            self._trouble(f"{type(error).__name__}: {error}")

    def _halt(self) -> None:
        try:
            key = write_halt(
                self._data,
                time_ns=self._clock.now_ns(),
                action="kill",
                reason=self._reason,
                flatten=self._flatten,
                who=who(),
            )
            self._obeys.append(key)
            self._done(f"wrote {self._data}/HALT: no order leaves this machine")
        except OSError as error:
            if is_halted(self._data):
                self._done(f"{self._data}/HALT is there, but does not take why: {error}")
            else:
                self._trouble(f"{self._data}/HALT cannot be written: {error}")

    async def _end_executor(self) -> None:
        if self._gone_s:
            return
        try:
            gone = await executor_ended(self._data, FIRST_S)
        except OSError as error:
            self._trouble(f"whether an executor lives cannot be seen: {error}")
            return
        if not gone:
            self._trouble("an executor has its fence and cannot be killed; kill it as its user, or as root")
            return
        self._gone_s = asyncio.get_running_loop().time()
        self._done("no executor lives")

    def _look_for_target(self) -> None:
        if self._target is None or self._target.unknown:
            self._target = self._find()
        if self._target.unknown:
            self._trouble(f"the venue cannot be asked, end the orders there by its own means: {self._target.unknown}")
        elif self._target.venue is not None and self._ending is None:
            side = VenueSide(self._target.venue, self._terms, self._clock)
            self._ending = Ending(
                side,
                self._terms,
                self.outcome,
                self._clock,
                flatten=self._flatten,
                unsettled=self._unsettled,
                done=self._done,
            )

    async def _unsettled(self) -> list[Order]:
        try:
            lines = (line.get("time_ns") for line in read_halt(self._data))
            halted_ns = min((told for told in lines if isinstance(told, int)), default=self._clock.now_ns())
            return await asyncio.to_thread(unsettled, self._data, halted_ns)
        except (JournalError, OSError) as error:
            self._done(f"the orders journal cannot be read, so only the venue's list of open orders counts: {error}")
            return []

    async def _conclude(self) -> None:
        """Acknowledge if all holds."""
        if self._target is None or self._target.unknown or not self._gone_s:
            return
        if self._ending is not None and not self._ending.is_over(self._gone_s):
            if not self.outcome.problems:
                self._trouble("what may be under way could still be taken, or came a moment ago")
            return
        if await empty_soon(self._data) and is_halted(self._data):
            self.outcome.acknowledged = True
            self.outcome.problems.clear()
            paper = f"no executor ever ran on {self._data}, and its settings say paper"
            self._done(f"acknowledged: {self._ending.ended if self._ending else paper}")
        else:
            self._gone_s = 0.0
            self._trouble("HALT was gone, or somebody had the executor's fence: all is looked at once more")

    def _note(self) -> None:
        """What it came to, in HALT."""
        outcome = self.outcome
        try:
            write_halt(
                self._data,
                time_ns=self._clock.now_ns(),
                action="acknowledged" if outcome.acknowledged else "not acknowledged",
                obeyed=self._obeys if outcome.acknowledged else [],
                problems=outcome.problems,
                cancelled=outcome.cancelled,
                asked=outcome.asked,
                closed=outcome.closed,
                who=who(),
            )
        except OSError as error:
            self._done(f"what it came to could not be written into HALT: {error}")

    def _tell(self) -> None:
        account = self._target.account if self._target else ""
        told = told_trading(self._data, account, f"kill switch: {self._reason} ({who()})", self._clock)
        self._done(f"the trading flow could not be told: {told}" if told else "the trading flow is told to halt")

    def _done(self, text: str) -> None:
        if text not in self.outcome.done:
            self.outcome.done.append(text)
            self._say(text)

    def _trouble(self, text: str) -> None:
        self.outcome.problems.append(text)


def who() -> str:
    """The person who logged in, or the service that this process belongs to."""
    for name in (os.getlogin, getpass.getuser):
        with suppress(OSError, KeyError):
            return f"{name()}, process {os.getpid()}"
    return f"user {os.getuid()}, process {os.getpid()}"
