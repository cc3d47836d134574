"""`Pursuit`: orders in doubt are asked after until the venue says what became of them, and wanted ends brought about.

An order is said to have never arrived (OrderUpdate rejected, NEVER) when all of this holds:
- nothing was ever heard of it: no answer, no event, no fill;
- the venue said at least MISSED times that it does not know it;
- the last of these questions was put `never_arrived_s` or later after it could last have been sent, and later than the
  venue would still take it (`capability.stale_s`) by STALE_MARGIN_S.
One that shows itself later all the same is cancelled at once, for the trading flow may have replaced it. Cancels may be
sent again, as they can only lessen risk; orders never are.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from market.clock import SECOND_NS, Clock
from market.messages import AnyMessage, OrderState, OrderUpdate
from sinks.orders.pending import Orders, Pending, Stage
from sinks.orders.terms import Terms
from sinks.orders.waits import Waits
from venues.orders import Answered, OrderRequest, OrderVenue, Verdict

MISSED = 3
STALE_MARGIN_S = 2.0
LEAST_WAIT_S, MOST_WAIT_S = 0.2, 5.0
NEVER = "never arrived"
FORGOTTEN = "the venue does not know it any more"

Make = Callable[[int], OrderRequest]  # a request, stamped with the wall clock in ms when it is about to go
Enquire = Callable[[Make], Awaitable[Answered]]
Tell = Callable[[Sequence[AnyMessage]], None]


def same(request: OrderRequest, _now_ms: int) -> OrderRequest:
    """A request that the venue's own answer made."""
    return request


class Pursuit:
    """Goes after orders, each in a task of its own, a few questions at once."""

    def __init__(
        self,
        venue: OrderVenue,
        orders: Orders,
        terms: Terms,
        clock: Clock,
        *,
        random: Callable[[], float],
        enquire: Enquire,
        hear: Tell,
    ) -> None:
        self._venue, self._orders, self._clock = venue, orders, clock
        self._random, self._enquire, self._hear = random, enquire, hear
        self._slots = asyncio.Semaphore(terms.queries)
        stale_s = venue.capability.stale_s
        self._window_ns = round(max(terms.never_arrived_s, stale_s and stale_s + STALE_MARGIN_S) * SECOND_NS)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.bug: BaseException | None = None  # what ended a task that should not have

    def follow(self, order: Pending) -> None:
        """Go after an order until it is live and wanted so, or has ended; again does nothing."""
        if order.client_order_id not in self._tasks:
            task = asyncio.create_task(self._follow(order))
            self._tasks[order.client_order_id] = task
            task.add_done_callback(partial(self._done, order.client_order_id))

    def cancel(self, order: Pending, reason: str) -> None:
        """Bring an order to its end, from now on until it has one."""
        order.cancel = order.cancel or reason
        if order.stage is not Stage.WAITING:  # then it is stopped at the wire
            self.follow(order)

    async def close(self) -> None:
        """Stop asking."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _done(self, client_order_id: str, task: "asyncio.Task[None]") -> None:
        del self._tasks[client_order_id]
        if task.cancelled():
            return
        self.bug = self.bug or task.exception()
        order = self._orders.now.get(client_order_id)
        if task.exception() is None and order is not None and self._is_open(order):
            self.follow(order)  # it was taken on again while the task still slept over its end

    async def _follow(self, order: Pending) -> None:
        waits = Waits(self._random, LEAST_WAIT_S, MOST_WAIT_S)
        while self._is_open(order):
            if order.cancel:
                await self._enquire(partial(self._venue.cancel, order.instrument, order.client_order_id))
            if self._is_open(order):
                await self._ask(order)
            if self._is_open(order):
                await asyncio.sleep(waits.next_s())

    def _is_open(self, order: Pending) -> bool:
        known = self._orders.now.get(order.client_order_id) is order
        return known and (order.stage is Stage.DOUBT or bool(order.cancel))

    async def _ask(self, order: Pending) -> None:
        async with self._slots:
            asked_ns = self._clock.monotonic_ns()
            answered = await self._enquire(partial(self._venue.query, order.instrument, order.client_order_id))
        if answered.verdict is not Verdict.MISSING or not self._is_open(order):
            return
        order.missing += 1
        if order.missing < MISSED or asked_ns - order.last_sent_ns < self._window_ns:
            return
        if order.arrived:
            self._hear([self._ended(order, OrderState.EXPIRED, FORGOTTEN)])
        else:
            self._hear([self._ended(order, OrderState.REJECTED, NEVER)])
        self._orders.end(order.client_order_id, never_arrived=not order.arrived)

    def _ended(self, order: Pending, state: OrderState, reason: str) -> OrderUpdate:
        return order.update(self._venue, self._clock.now_ns(), state, reason, "query")
