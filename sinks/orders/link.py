"""`LinkState`: whether orders can be sent and are heard of, told to the trading flow whenever it changes."""

import logging
from collections.abc import Callable, Sequence

from market.clock import Clock
from market.messages import AnyMessage, Link
from venues.orders import OrderVenue

log = logging.getLogger("barograph.orders")


class LinkState:
    """Begins down, and says so first of all."""

    def __init__(self, venue: OrderVenue, clock: Clock, tell: Callable[[Sequence[AnyMessage]], None]) -> None:
        self._venue, self._clock, self._tell = venue, clock, tell
        self.is_up = False
        self.why = ""  # it is down
        self.down("starting")

    def up(self) -> None:
        """Orders may come."""
        if not self.is_up:
            self.is_up, self.why = True, ""
            log.info("orders go to %s, account %s", self._venue.name, self._venue.account)
            self._say()

    def down(self, why: str) -> None:
        """None may; said again when the reason is another one."""
        if self.is_up or why != self.why:
            self.is_up, self.why = False, why
            log.warning("no orders to %s: %s", self._venue.name, why)
            self._say()

    def _say(self) -> None:
        told = Link(
            venue=self._venue.name,
            instrument="",
            time_ns=self._clock.now_ns(),
            account=self._venue.account,
            state="up" if self.is_up else "down",
            reason=self.why,
        )
        self._tell([told])
