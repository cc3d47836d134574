"""`VenueSide`: what a kill asks of the venue. Everything here lessens risk and may be asked again, but for closing a
position, which is asked once and then looked after.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from functools import partial
from typing import NamedTuple

from flows.kill.terms import Terms
from market.clock import MILLISECOND_NS, Clock
from market.messages import OrderUpdate, Statement
from sinks.orders.allowance import Allowance
from sinks.orders.doubt import Make, same
from sinks.orders.http import NoAnswerError, NotSentError, Pool
from sinks.orders.pending import ENDS
from sinks.orders.terms import Terms as Wires
from venues.orders import Answered, OrderRequest, OrderVenue, Said, Verdict

PAGES = 1_000
TRIES = 4  # of a question in one round


class TroubleError(Exception):
    """The venue did not do what was asked; the text says why."""


class Order(NamedTuple):
    """An order by its names."""

    instrument: str
    client_order_id: str


class Became(Enum):
    """What became of an order."""

    ENDED = "ended"  # for good
    STANDING = "standing"
    MISSING = "missing"  # the venue does not know it, yet
    UNTOLD = "untold"  # nobody says


class VenueSide:
    """One account; within one event loop."""

    def __init__(self, venue: OrderVenue, terms: Terms, clock: Clock) -> None:
        self._venue, self._clock = venue, clock
        self._pool = Pool(clock, Wires(connections=terms.requests, connect_s=terms.connect_s, answer_s=terms.answer_s))
        self._allowance = Allowance(venue.capability.requests_per_minute)
        self._slots = asyncio.Semaphore(terms.requests)
        self._round_s = terms.round_s

    @property
    def name(self) -> str:
        """Venue and account."""
        return f"{self._venue.name}, account {self._venue.account}"

    @property
    def suspends(self) -> bool:
        """Whether it can refuse new orders."""
        return self._venue.capability.suspends

    @property
    def stale_s(self) -> float:
        """After how long it refuses a request by its stamp; 0: never."""
        return self._venue.capability.stale_s

    @property
    def requests_per_minute(self) -> int:
        """What it lets us ask."""
        return self._venue.capability.requests_per_minute

    async def suspend(self, on: bool) -> None:
        """No new order from now on, or again; raises TroubleError."""
        if self._venue.suspend(on, self._now_ms()) is not None:
            await self._asked(partial(_suspending, self._venue, on))

    async def open_orders(self) -> list[Order]:
        """All that stand; raises TroubleError."""
        said = await self._asked(self._venue.open_orders)
        updates = (message for message in said if isinstance(message, OrderUpdate))
        return [Order(update.instrument, update.client_order_id) for update in updates if update.state not in ENDS]

    async def cancel_all(self) -> None:
        """Raises TroubleError."""
        for number in range(len(self._venue.cancel_all(self._now_ms()))):
            await self._asked(partial(_one_of, self._venue.cancel_all, number))

    async def cancel(self, orders: Iterable[Order]) -> None:
        """One by one, as well as it goes: who asks looks again whether they stand."""
        await asyncio.gather(*(self._cancel(order) for order in orders))

    async def became(self, orders: Iterable[Order]) -> dict[Order, Became]:
        """What became of each."""
        wanted = list(orders)
        return dict(zip(wanted, await asyncio.gather(*map(self._became, wanted)), strict=True))

    async def positions(self) -> dict[str, float]:
        """Signed sizes by instrument, none of them 0; raises TroubleError."""
        held: dict[str, float] = {}
        statements = 0
        for number in range(len(self._venue.account_state(self._now_ms()))):
            for message in await self._asked(partial(_one_of, self._venue.account_state, number)):
                if isinstance(message, Statement):
                    statements += 1
                    held.update({one.instrument: one.size for one in message.positions if one.size})
        if not statements:
            raise TroubleError("the venue tells no positions")
        return held

    async def close_position(self, instrument: str, size: float, client_order_id: str) -> None:
        """Ask once to close a position; raises TroubleError, after which it may have been done all the same."""
        await self._asked(partial(self._venue.close, instrument, size, client_order_id), tries=1)

    def end(self) -> None:
        """Let go of the connections."""
        self._pool.close()

    async def _cancel(self, order: Order) -> None:
        try:
            await self._asked(partial(self._venue.cancel, order.instrument, order.client_order_id))
        except TroubleError:
            return

    async def _became(self, order: Order) -> Became:
        answered = await self._ask(partial(self._venue.query, order.instrument, order.client_order_id), TRIES)
        if answered.verdict is Verdict.MISSING:
            return Became.MISSING
        states = {message.state for message in answered.said if isinstance(message, OrderUpdate)}
        if answered.verdict is not Verdict.DONE or not states:
            return Became.UNTOLD
        return Became.ENDED if states <= ENDS else Became.STANDING

    async def _asked(self, make: Make, tries: int = TRIES) -> list[Said]:
        """All parts of an answer; raises TroubleError where one is not DONE."""
        said: list[Said] = []
        for _ in range(PAGES):
            answered = await self._ask(make, tries)
            if answered.verdict is not Verdict.DONE:
                raise TroubleError(answered.reason)
            said += answered.said
            if answered.more is None:
                return said
            make = partial(same, answered.more)
        raise TroubleError(f"an answer has more than {PAGES} parts")

    async def _ask(self, make: Make, tries: int) -> Answered:
        """Put a question, a few times if need be."""
        answered = await self._ask_once(make)
        while answered.verdict is Verdict.IN_DOUBT and (tries := tries - 1) > 0:
            await asyncio.sleep(self._round_s)
            answered = await self._ask_once(make)
        return answered

    async def _ask_once(self, make: Make) -> Answered:
        async with self._slots:
            request = make(self._now_ms())
            while not self._allowance.take(request.weight, self._clock.monotonic_ns()):
                await asyncio.sleep(self._round_s)
                request = make(self._now_ms())
            try:
                answer = await self._pool.ask(request)
            except (NotSentError, NoAnswerError) as error:
                return Answered(Verdict.IN_DOUBT, reason=f"{request.verb}: {error}")
            answered = self._venue.answered(request, answer.status, answer.body, answer.received_ns)
            return answered._replace(reason=f"{request.verb}: {answered.reason or answered.verdict}")

    def _now_ms(self) -> int:
        return self._clock.now_ns() // MILLISECOND_NS


def _one_of(make: Callable[[int], Sequence[OrderRequest]], number: int, now_ms: int) -> OrderRequest:
    """One of the requests that a question takes."""
    return make(now_ms)[number]


def _suspending(venue: OrderVenue, on: bool, now_ms: int) -> OrderRequest:
    request = venue.suspend(on, now_ms)
    if request is None:
        raise TroubleError(f"{venue.name} does not suspend")
    return request
