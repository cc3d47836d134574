"""`Executor`: intents from the orders journal to the venue, each at most once ever; what is said of it, to the journal.

At most once, whatever is killed when: an intent is sent only if its row was written after this executor began (the
fence admits one at a time), while it is young, and once; no answer, or a broken one, leads to questions and never to a
second sending. All older intents that are not settled are asked after and never sent.

Orders are sent only while the link is up: the user stream logged in and the account told. In the last moment before the
wire the HALT file is looked for.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import Literal, NamedTuple

from market import metric_table as table
from market.clock import MILLISECOND_NS, SECOND_NS, Clock
from market.errors import VenueError
from market.messages import AnyMessage, Approved, Cancel, OrderState, OrderUpdate
from market.metrics import Metrics
from sinks.orders.account import Fills
from sinks.orders.allowance import ORDERS_SHARE, Allowance
from sinks.orders.doubt import Make, Pursuit, same
from sinks.orders.hearing import Hearing
from sinks.orders.http import Answer, Leave, NoAnswerError, NotSentError, at_once
from sinks.orders.intents import TOO_OLD, Intents, too_old
from sinks.orders.pending import Note, Orders, Pending, Stage
from sinks.orders.terms import Terms
from venues.orders import Answered, OrderRequest, OrderVenue, Verdict

RATE_WAIT_S = 0.05
MOST_STEPS = 1_000  # of one question, by `Answered.more`
TOO_MUCH = (418, 429)  # too many requests; 418 is Binance's for who did not listen

log = logging.getLogger("barograph.orders")


class World(NamedTuple):
    """What the executor needs of the world around it."""

    ask: Callable[[OrderRequest, Leave], Awaitable[Answer]]
    tell: Callable[[Sequence[AnyMessage]], None]
    objection: Callable[[], str]  # why nothing may be sent now: halted, stopping, no link, a journal that is behind
    random: Callable[[], float]


class Executor:
    """The orders of one account; within one event loop. `began`: the last row of the orders journal at the start."""

    def __init__(
        self, venue: OrderVenue, terms: Terms, clock: Clock, metrics: Metrics, world: World, *, note: Note, began: int
    ) -> None:
        self._venue, self._terms, self._clock, self._world = venue, terms, clock, world
        self._began, self._note = began, note
        self._metrics = metrics
        self._allowance = Allowance(venue.capability.requests_per_minute)
        self._tasks: dict[asyncio.Task[None], None] = {}
        self._bug: BaseException | None = None
        self._sent = metrics.counter(table.EXECUTE_SENT)
        self._wire_s, self._answer_s = map(metrics.histogram, (table.EXECUTE_WIRE, table.EXECUTE_ANSWER))
        self.orders, self.fills = Orders(through=note.through), Fills(note.fills_ms)
        self.pursuit = Pursuit(
            venue, self.orders, terms, clock, random=world.random, enquire=self.enquire, hear=self.hear
        )
        self._hearing = Hearing(self.orders, self.fills, clock, metrics, tell=world.tell, came_late=self.pursuit.follow)
        for client_order_id, instrument in note.standing:
            self._doubted(client_order_id, instrument)

    def take(self, row: Intents) -> None:
        """Do what a row of the orders journal wants; rows come in order, each once."""
        if row.unread:
            self._metrics.counter(table.EXECUTE_UNREAD).add(row.unread)
            log.error("row %d of the orders journal has %d frames that are no intents", row.offset, row.unread)
        for message in row.messages:
            if isinstance(message, Cancel):
                self._cancel(message, is_new=row.offset > self._began)
            elif row.offset <= self._began:
                self._doubted(message.order.client_order_id, message.order.instrument, row.received_ns)
            else:
                self._order(message, row.received_ns)
        self.orders.through = row.offset

    def hear(self, said: Sequence[AnyMessage]) -> None:
        """Take what the venue says."""
        self._hearing.hear(said)

    def settle_doubts(self) -> None:
        """Ask after all orders that are in doubt, and after those to be cancelled."""
        for order in self.orders.at(Stage.DOUBT, Stage.LIVE):
            if order.stage is Stage.DOUBT or order.cancel:
                self.pursuit.follow(order)

    def doubt(self, order: Pending) -> None:
        """What is known of an order may not be true any more."""
        order.stage = Stage.DOUBT
        self.pursuit.follow(order)

    async def enquire(self, make: Make) -> Answered:
        """Put a question, or a cancel, and all that its answers ask to go on with; what they say is heard."""
        for _ in range(MOST_STEPS):
            answered = await self.ask(make)
            self.hear(answered.said)
            if answered.more is None:
                return answered
            make = partial(same, answered.more)
        return Answered(Verdict.IN_DOUBT, reason=f"the answer has more than {MOST_STEPS} parts")

    async def ask(self, make: Make) -> Answered:
        """As `enquire`, one step of it, and nothing is heard."""
        request = make(self._now_ms())
        while not self._allowance.take(request.weight, self._clock.monotonic_ns()):
            await asyncio.sleep(RATE_WAIT_S)
            request = make(self._now_ms())
        try:
            answer = await self._world.ask(request, at_once)
        except (NotSentError, NoAnswerError) as error:
            return Answered(Verdict.IN_DOUBT, reason=str(error))
        return self._answered(request, answer)

    def check(self) -> None:
        """Raise what a task of ours ended with that it should not have."""
        error = self._bug or self.pursuit.bug
        if error is not None:
            raise error

    def withdraw(self, why: str) -> list[Pending]:
        """Bring all orders that work, or may, to their end, from now on; again does nothing. Which these are."""
        standing = self.orders.at(Stage.SENT, Stage.LIVE, Stage.DOUBT)
        for order in standing:
            self.pursuit.cancel(order, why)
        return standing

    async def answers(self, within_s: float) -> None:
        """Wait for the answers that are under way. Nothing new is to be taken."""
        if self._tasks:
            await asyncio.wait([*self._tasks], timeout=within_s)

    async def close(self) -> None:
        """Ask and wait no more."""
        waited = [*self._tasks]
        for task in waited:
            task.cancel()
        await asyncio.gather(*waited, return_exceptions=True)
        await self.pursuit.close()

    def _doubted(self, client_order_id: str, instrument: str, decided_ns: int = 0) -> None:
        """An order of an executor before this one, which may have sent it until just now."""
        now_ns = self._clock.monotonic_ns()
        order = Pending(client_order_id, instrument, Stage.DOUBT, decided_ns, last_sent_ns=now_ns)
        if self.orders.add(order):
            self.hear([self._update(order, OrderState.UNKNOWN, "it stood in the journal when the executor began")])

    def _order(self, approved: Approved, decided_ns: int) -> None:
        order = Pending(approved.order.client_order_id, approved.order.instrument, decided_ns=decided_ns)
        full = len(self.orders.now) >= self._terms.max_pending
        if not self.orders.add(order):
            log.error("order %s stands in the orders journal again; it is not sent again", order.client_order_id)
            return
        if full:
            self._unsent(order, f"{self._terms.max_pending} orders are pending")
        elif approved.order.venue != self._venue.name:
            self._unsent(order, f"this executor sends to {self._venue.name}")
        elif why := self._objection(order):
            self._unsent(order, why)
        elif not self._allowance.take(1, self._clock.monotonic_ns(), ORDERS_SHARE):
            self._unsent(order, "rate")
        else:
            self._start(self._place(approved, order))

    async def _place(self, approved: Approved, order: Pending) -> None:
        try:
            request = self._venue.place(approved, self._now_ms())
            answer = await self._world.ask(request, partial(self._leave, order))
        except (NotSentError, VenueError) as error:
            self._unsent(order, str(error))
        except NoAnswerError as error:
            self._in_doubt(order, str(error))
        else:
            self._answer_s.observe((answer.received_ns - order.decided_ns) / SECOND_NS)
            self._placed(order, self._answered(request, answer))

    def _answered(self, request: OrderRequest, answer: Answer) -> Answered:
        if answer.status in TOO_MUCH:
            log.warning("%s says %d: it is asked nothing for %g s", self._venue.name, answer.status, self._terms.rest_s)
            self._allowance.rest(self._clock.monotonic_ns() + round(self._terms.rest_s * SECOND_NS))
        return self._venue.answered(request, answer.status, answer.body, answer.received_ns)

    def _placed(self, order: Pending, answered: Answered) -> None:
        if answered.verdict is Verdict.REFUSED and order.arrived:  # the stream has told of it
            answered = Answered(Verdict.IN_DOUBT, reason=answered.reason)
        self.hear(answered.said)
        if self.orders.now.get(order.client_order_id) is not order:
            return
        if answered.verdict is Verdict.REFUSED:
            self.hear([self._update(order, OrderState.REJECTED, answered.reason, "answer")])
        elif answered.verdict is not Verdict.DONE:
            self._in_doubt(order, answered.reason)
        elif order.stage is Stage.SENT:  # the venue did it and did not say how the order stands
            self.doubt(order)
        if order.cancel:
            self.pursuit.follow(order)

    def _leave(self, order: Pending) -> str:
        """The last moment before the wire: why not to send; else it counts as sent."""
        if why := order.cancel or self._objection(order):
            return why
        order.stage, order.sent_ns = Stage.SENT, self._clock.now_ns()
        order.last_sent_ns = self._clock.monotonic_ns()
        self._sent.add()
        self._wire_s.observe((order.sent_ns - order.decided_ns) / SECOND_NS)
        return ""

    def _objection(self, order: Pending) -> str:
        if too_old(order.decided_ns, self._clock.now_ns(), self._terms.max_intent_age_s):
            return TOO_OLD
        return self._world.objection()

    def _unsent(self, order: Pending, why: str) -> None:
        """An order that never left, and never will."""
        state = OrderState.EXPIRED if why == TOO_OLD else OrderState.REJECTED
        if order.cancel:
            state = OrderState.CANCELLED
        self._metrics.counter(table.EXECUTE_UNSENT, state).add()
        self.hear([self._update(order, state, f"not sent: {why}")])

    def _in_doubt(self, order: Pending, why: str) -> None:
        if self.orders.now.get(order.client_order_id) is not order or order.stage is Stage.LIVE:
            return  # the stream was quicker
        order.last_sent_ns = self._clock.monotonic_ns()
        self.hear([self._update(order, OrderState.UNKNOWN, why)])
        self.doubt(order)

    def _cancel(self, cancel: Cancel, *, is_new: bool) -> None:
        """Also of an order that we do not know, or that has ended: the trading flow wants to hear what became of it."""
        self._hearing.forget(cancel.client_order_id)
        order = self.orders.now.get(cancel.client_order_id)
        if order is None and is_new:
            now_ns = self._clock.monotonic_ns()
            order = Pending(cancel.client_order_id, cancel.instrument, Stage.DOUBT, last_sent_ns=now_ns)
            self.orders.revive(order)
        if order is not None:
            self.pursuit.cancel(order, cancel.reason)

    def _update(
        self, order: Pending, state: OrderState, reason: str, origin: Literal["executor", "answer"] = "executor"
    ) -> OrderUpdate:
        return order.update(self._venue, self._clock.now_ns(), state, reason, origin)

    def _start(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks[task] = None
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.pop(task, None)
        if not task.cancelled() and task.exception() is not None:
            self._bug = self._bug or task.exception()

    def _now_ms(self) -> int:
        return self._clock.now_ns() // MILLISECOND_NS
