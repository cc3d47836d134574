"""`Books`: the account as the venue tells it: missed fills, open orders, positions, cash; told as a Statement.

Positions and fills are asked for one after the other while the market moves. So fills are told first, and where one is
heard while the account is asked for, the account is asked for again: then nothing in the Statement is ahead of what was
told before it. After TRIES it is told all the same; the next one comes soon.

Lists of trades name an order by the venue's number only, which OrderUpdates bring together with our id. So before such
a trade is told, the orders of its instrument that nothing was heard of are asked after. One that the venue says it does
not know is not waited for, and one without an answer for WHOSE_S: then the trade is told without an order.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from market.clock import MILLISECOND_NS, SECOND_NS, Clock
from market.messages import AnyMessage, Fill, OrderUpdate, Statement
from sinks.orders.doubt import Enquire, Make, same
from sinks.orders.pending import Orders, Pending, Stage
from venues.orders import Answered, OrderRequest, OrderVenue, Said, Verb, Verdict

TRIES = 3
WHOSE_S = 30.0  # since an order was last sent, or taken over from another executor
PAGES = 1_000  # of one list
OVERLAP_S = 60.0  # fills are asked for from so long before the last one known: clocks differ
LATE_S = 10.0  # … where the venue refuses late requests, beyond that limit: a list may be behind
REMEMBERED = 200_000  # fills at most, so that none is told twice by the same executor; about 30 MB

Cause = Literal["start", "reconnect", "timer", "asked"]


class UntoldError(Exception):
    """The venue does not tell its state; the text says why."""


@dataclass(frozen=True)
class Found:
    """What one look at the account gave."""

    statement: Statement
    vanished: tuple[Pending, ...]  # live orders that the venue does not list as open


class Fills:
    """Which fills were told, and since when to ask for more."""

    def __init__(self, since_ms: int) -> None:
        self.last_ms = since_ms  # all up to then are known
        self.count = 0
        self._times_ns: OrderedDict[str, int] = OrderedDict()  # by id, in the order in which they were told

    def is_nameless(self, fill: Fill) -> bool:
        """Whether it was not told yet, and only the venue's number says whose it is."""
        return not fill.client_order_id and fill.fill_id not in self._times_ns

    def is_new(self, fill: Fill) -> bool:
        """Whether it was not told yet; from now on it was."""
        if fill.fill_id in self._times_ns:
            return False
        self._times_ns[fill.fill_id] = fill.time_ns
        if len(self._times_ns) > REMEMBERED:
            self._times_ns.popitem(last=False)
        self.count += 1
        return True

    def forget(self, before_ms: int) -> None:
        """Fills of so long ago are not asked for any more."""
        while self._times_ns and next(iter(self._times_ns.values())) < before_ms * MILLISECOND_NS:
            self._times_ns.popitem(last=False)


class Books:
    """Asks for the account. `ask` puts one question and hears nothing; `hear` takes what is said on the way; `at_once`:
    orders that are asked after at the same time.
    """

    def __init__(
        self,
        venue: OrderVenue,
        orders: Orders,
        fills: Fills,
        clock: Clock,
        *,
        ask: Enquire,
        at_once: int,
        hear: Callable[[Sequence[AnyMessage]], None],
    ) -> None:
        self._venue, self._orders, self._fills, self._clock = venue, orders, fills, clock
        self._ask, self._at_once, self._hear = ask, at_once, hear

    async def look(self, cause: Cause) -> Found:
        """Have all fills told, then the account; raises UntoldError."""
        for tried in range(1, TRIES + 1):
            asked_ms = self._now_ms()
            said = await self._listed(partial(self._venue.fills_since, self._since_ms()))
            await self._ask_whose([one for one in said if isinstance(one, Fill) and self._fills.is_nameless(one)])
            self._hear(said)
            self._fills.last_ms = asked_ms
            self._fills.forget(self._since_ms())
            heard, live = self._fills.count, self._orders.at(Stage.LIVE)
            found = await self._account(cause, live)
            if self._fills.count == heard or tried == TRIES:
                break
        return found

    async def _ask_whose(self, trades: Sequence[Fill]) -> None:
        """Have the numbers told of all orders that trades may be of; raises UntoldError while one has no answer."""
        instruments = {trade.instrument for trade in trades}
        slots = asyncio.Semaphore(self._at_once)

        async def asked(order: Pending) -> Answered:
            async with slots:
                return await self._ask(partial(self._venue.query, order.instrument, order.client_order_id))

        possible = [order for order in self._orders.at(Stage.SENT, Stage.DOUBT) if order.instrument in instruments]
        unheard = [order for order in possible if not order.arrived]
        answers = await asyncio.gather(*map(asked, unheard))
        for answered in answers:
            self._hear(answered.said)
        since_ns = self._clock.monotonic_ns() - round(WHOSE_S * SECOND_NS)
        for order, answered in zip(unheard, answers, strict=True):
            if answered.verdict not in (Verdict.DONE, Verdict.MISSING) and order.last_sent_ns > since_ns:
                raise UntoldError(f"a trade may be of order {order.client_order_id}: {answered.reason}")

    async def _account(self, cause: Cause, live: list[Pending]) -> Found:
        asked_ns = self._clock.now_ns()
        verbs = [request.verb for request in self._venue.account_state(self._now_ms())]
        said: list[Said] = []
        if Verb.OPEN_ORDERS not in verbs:
            said += await self._listed(self._venue.open_orders)
        for number in range(len(verbs)):
            said += await self._listed(partial(self._part, number))
        updates = [message for message in said if isinstance(message, OrderUpdate)]
        statements = [message for message in said if isinstance(message, Statement)]
        if not statements:
            raise UntoldError("the venue tells no positions")
        self._hear([message for message in said if not isinstance(message, Statement)])
        listed = {update.client_order_id for update in updates}
        statement = Statement(
            venue=self._venue.name,
            instrument="",
            time_ns=asked_ns,
            account=self._venue.account,
            cause=cause,
            positions=tuple(held for told in statements for held in told.positions if held.size),
            open_orders=tuple(sorted(listed)),
            cash=sum(told.cash for told in statements),
        )
        still = [order for order in live if self._orders.now.get(order.client_order_id) is order]
        vanished = (order for order in still if order.stage is Stage.LIVE and order.client_order_id not in listed)
        return Found(statement, tuple(vanished))

    def _part(self, number: int, now_ms: int) -> OrderRequest:
        """One of the questions that the account takes."""
        return self._venue.account_state(now_ms)[number]

    async def _listed(self, make: Make) -> list[Said]:
        """All pages of a list; raises UntoldError."""
        said: list[Said] = []
        for _ in range(PAGES):
            answered = await self._ask(make)
            if answered.verdict is not Verdict.DONE:
                raise UntoldError(answered.reason or answered.verdict)
            said += answered.said
            if answered.more is None:
                return said
            make = partial(same, answered.more)
        raise UntoldError(f"a list has more than {PAGES} pages")

    def _since_ms(self) -> int:
        """From when on: also where the clock had gone ahead for a while, and stands right again."""
        stale_s = self._venue.capability.stale_s
        overlap_s = stale_s + LATE_S if stale_s else OVERLAP_S
        return max(0, min(self._fills.last_ms, self._now_ms()) - round(overlap_s * 1000))

    def _now_ms(self) -> int:
        return self._clock.now_ns() // MILLISECOND_NS
