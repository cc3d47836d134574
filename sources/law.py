"""`Law`: what a venue lets one route do next: when it may try to connect, and what the end of a connection means for
everybody who shares its budget.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime

from market.clock import SECOND_NS
from sources.connection import Connection
from sources.shared import Shared
from sources.verdict import RefusedError, Verdict, verdict

log = logging.getLogger("barograph.capture")


class Law:
    """Of one route; `show(state, reason)` is told why it waits."""

    def __init__(self, shared: Shared, show: Callable[[str, str], None]) -> None:
        self._shared, self._show = shared, show
        self._began = False  # the first attempts of a start are not spaced
        self._refusal = ""  # the last one that was logged

    async def permission(self) -> None:
        """Wait until the venue's budget has room for one more attempt; it counts as made."""
        budget, clock = self._shared.budget, self._shared.clock
        while wait_s := budget.connect_wait_s(now_ns := clock.monotonic_ns(), spaced=self._began):
            if budget.is_refused(now_ns):
                self._show("refused", budget.reason)
            elif budget.stopped_s(now_ns) > 0:
                self._show("waiting", f"banned until {self._time_text(wait_s)}: {budget.reason}")
            elif wait_s >= 1:
                self._show("waiting", f"we may connect {budget.connections} times in {budget.window_s:.0f} s")
            await asyncio.sleep(wait_s)
        self._began = True

    def judge(self, reason: str, error: Exception, connection: Connection) -> Verdict:
        """What the end of a connection means, told to the budget that all share."""
        budget, now_ns = self._shared.budget, self._shared.clock.monotonic_ns()
        found = verdict(self._shared.venue, error, had_data=connection.data_frames > 0)
        if found.kind == "banned":
            wait_s = budget.banned(found.named_s, now_ns, reason)
            log.error("%s; no connection and no request for %.0f s", reason, wait_s)
        elif found.kind == "refused":
            if isinstance(error, RefusedError):
                budget.refused(now_ns, reason)  # the secrets are the same for all
            if reason != self._refusal:
                log.error("%s; refused for good: restart with other settings, or wait an hour for a last try", reason)
            self._refusal = reason
        return found

    def welcomed(self) -> None:
        """The venue took us in: a later refusal is news again, and a ban begins small."""
        self._refusal = ""
        self._shared.budget.welcomed()

    def _time_text(self, ahead_s: float) -> str:
        then = datetime.fromtimestamp(self._shared.clock.now_ns() / SECOND_NS + ahead_s, UTC)
        return f"{then:%Y-%m-%d %H:%M:%S} UTC"
