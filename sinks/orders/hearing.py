"""`Hearing`: what the venue says, whoever of it said so, brought to the table of orders and to the trading flow.

The same word about an order is told once, the same fill once; again after a restart, or when a Cancel wants an answer.
"""

from collections.abc import Callable, Sequence

import msgspec

from market import metric_table as table
from market.clock import Clock
from market.messages import AnyMessage, Fill, Funding, OrderState, OrderUpdate, Statement
from market.metrics import Metrics
from sinks.orders.account import Fills
from sinks.orders.pending import ENDS, Orders, Pending, Stage

REMEMBERED = 20_000  # orders of which what was last told is known
CAME_LATE = "it had been given up as never arrived"


class Hearing:
    """Takes messages, in the order in which they came. `tell` is the journal; `came_late` gets an order to cancel."""

    def __init__(
        self,
        orders: Orders,
        fills: Fills,
        clock: Clock,
        metrics: Metrics,
        *,
        tell: Callable[[Sequence[AnyMessage]], None],
        came_late: Callable[[Pending], None],
    ) -> None:
        self._orders, self._fills, self._clock, self._metrics = orders, fills, clock, metrics
        self._tell, self._came_late = tell, came_late
        self._told: dict[str, tuple[OrderState, float]] = {}
        self._payments: dict[str, None] = {}  # that were told, the oldest first

    def hear(self, said: Sequence[AnyMessage]) -> None:
        """Apply and tell."""
        news = [known for message in said if (known := self._news(message)) is not None]
        if news:
            self._tell(news)

    def forget(self, client_order_id: str) -> None:
        """Tell the next word about an order even if it is the same."""
        self._told.pop(client_order_id, None)

    def _news(self, message: AnyMessage) -> AnyMessage | None:
        if isinstance(message, Statement):
            return None  # one answer's part of it; whole ones come from sinks/orders/account.py
        if isinstance(message, OrderUpdate):
            return self._updated(message)
        if isinstance(message, Funding):
            return self._paid(message)
        if isinstance(message, Fill):
            if not self._fills.is_new(message):
                return None
            order = self._orders.now.get(message.client_order_id)
            if order is not None:
                order.arrived = True
        return message

    def _updated(self, update: OrderUpdate) -> OrderUpdate | None:
        if self._orders.came_late(update):
            self._late(update)
        order = self._orders.heard(update)
        if order is not None and update.sent_ns == 0 and order.sent_ns:
            update = msgspec.structs.replace(update, sent_ns=order.sent_ns)
        said, before = (update.state, update.filled), self._told.get(update.client_order_id)
        if said == before or (before is not None and before[0] in ENDS and update.state not in ENDS):
            return None
        self._told[update.client_order_id] = said
        if len(self._told) > REMEMBERED:
            self._told.pop(next(iter(self._told)))
        self._metrics.counter(table.EXECUTE_UPDATES, update.origin, update.state).add()
        return update

    def _paid(self, funding: Funding) -> Funding | None:
        """A payment once: a venue that books late is asked for the same days again and again."""
        if funding.payment_id in self._payments:
            return None
        self._payments[funding.payment_id] = None
        if len(self._payments) > REMEMBERED:
            self._payments.pop(next(iter(self._payments)))
        return funding

    def _late(self, update: OrderUpdate) -> None:
        order = Pending(
            update.client_order_id,
            update.instrument,
            stage=Stage.LIVE,
            arrived=True,
            last_sent_ns=self._clock.monotonic_ns(),
            cancel=CAME_LATE,
        )
        self.forget(update.client_order_id)
        self._orders.revive(order)
        self._came_late(order)
