"""`Ending`: all orders of one account to their end, its positions too where wanted, and knowing that it is so."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from typing import TypeVar

from flows.kill.terms import Outcome, Terms
from flows.kill.venue import Became, Order, TroubleError, VenueSide
from market.clock import Clock

ASKED = 200  # intents, one by one; the newest of them
SHARE = 4  # … and no more than a quarter of what the venue lets us ask in a minute

Told = TypeVar("Told")


class Ending:
    """Within one event loop. `unsettled` tells the intents whose end nobody knows. What is wrong in a round goes to
    `outcome.problems`, what is done to `done`. Times are those of the loop; `gone_s` is since when no executor lives, 0
    where one may.
    """

    def __init__(
        self,
        side: VenueSide,
        terms: Terms,
        outcome: Outcome,
        clock: Clock,
        *,
        flatten: bool,
        unsettled: Callable[[], Awaitable[list[Order]]],
        done: Callable[[str], None],
    ) -> None:
        self._side, self._terms, self._outcome, self._clock = side, terms, outcome, clock
        self._unsettled, self._done = unsettled, done
        self._intents: list[Order] = []  # whose end is not known
        self._missing: dict[Order, float] = {}  # when the venue first did not know it; 0: when it might still come
        self._ended: set[Order] = set()  # that stood
        self._numbers = count()  # of closes
        self._gone_s = 0.0
        self._suspended = self._cancelled = False
        self._seen = False  # in this round, that nothing stands
        self._flatten = flatten
        self._flat = not flatten  # as seen last
        self.quiet_s = 0.0  # since when no order was found to stand; 0: one was

    async def round(self, gone_s: float) -> None:
        """One try at all that is not done yet; no step waits for another to succeed."""
        if gone_s != self._gone_s:
            self._gone_s, self.quiet_s = gone_s, 0.0
            self._missing.clear()
            if gone_s:
                await self._ask_after_intents()
        if self._side.suspends and not self._suspended:
            self._suspended = await self._tried(self._side.suspend(True), "the venue takes no new order")
        if not self._cancelled:
            self._cancelled = await self._tried(self._side.cancel_all(), "all orders are cancelled")
        await self._look()
        if self._seen and self.quiet_s and self._flatten and self._nothing_under_way(gone_s):
            await self._close_positions()

    def is_safe(self, gone_s: float) -> bool:
        """Whether no order can come to live any more."""
        return bool(gone_s) and (self._suspended or self._nothing_under_way(gone_s))

    def is_over(self, gone_s: float) -> bool:
        """Whether all holds: the first and the last look began when no order could come any more, so far apart as
        orders have to settle.
        """
        settled = bool(self.quiet_s) and _now_s() - self.quiet_s >= self._terms.settle_s
        return self._seen and settled and self._flat and not self._intents and gone_s == self._gone_s

    @property
    def ended(self) -> str:
        """What is acknowledged."""
        return f"no order lives at {self._side.name}"

    def close(self) -> None:
        """Let go of the connections."""
        self._side.end()

    async def _ask_after_intents(self) -> None:
        """Have the newest intents asked after one by one. The list of open orders alone says of the others that none
        stands: it has had the time to know them, and asking may take more than the venue lets us ask in minutes.
        """
        found = [order for order in await self._unsettled() if order not in self._intents]
        most = min(ASKED, self._side.requests_per_minute // SHARE)
        self._intents += found[-most:]
        self._outcome.asked = len(self._intents)
        if len(found) > most:
            self._done(f"{len(found) - most} older intents are looked for in the list of open orders only")

    async def _look(self) -> None:
        """See what stands, and cancel it one by one."""
        self._seen = False
        began_s = _now_s() if self.is_safe(self._gone_s) else 0.0
        listed = await self._try(self._side.open_orders(), None)
        standing = set(listed or ())
        await self._side.cancel(standing)
        living = await self._asked_after(began_s) - standing
        await self._side.cancel(living)
        if standing or living:
            self._ended |= standing | living
            self._outcome.cancelled = len(self._ended)
            self._outcome.problems.append(f"{len(standing | living)} orders stand")
            self.quiet_s, self._cancelled = 0.0, False
        elif listed is not None:
            self._seen = True
            self.quiet_s = self.quiet_s or began_s

    async def _asked_after(self, began_s: float) -> set[Order]:
        """Which intents stand. Ended ones are not asked after again, nor such as the venue twice did not know, so far
        apart as orders have to settle, when no order could come to live any more (`began_s`: since when; 0: one could).
        """
        due = [order for order in self._intents if self._is_due(order, began_s)]
        became = await self._try(self._side.became(due), {})
        for order, word in became.items():
            if word is Became.MISSING:
                first_s = self._missing.setdefault(order, 0.0) or began_s
                self._missing[order] = first_s
                if began_s and began_s - first_s >= self._terms.settle_s:
                    self._intents.remove(order)
            elif word is Became.ENDED:
                self._intents.remove(order)
            elif word is Became.UNTOLD:
                self._outcome.problems.append(f"what became of order {order.client_order_id} is not known")
        return {order for order, word in became.items() if word is Became.STANDING}

    def _is_due(self, order: Order, began_s: float) -> bool:
        """Whether to ask after an order; one that the venue did not know only when that can say something new."""
        first_s = self._missing.get(order)
        return first_s is None or (bool(began_s) and (not first_s or began_s - first_s >= self._terms.settle_s))

    def _nothing_under_way(self, gone_s: float) -> bool:
        """Whether what the executor sent last cannot be taken any more, by time alone."""
        stale_s = self._side.stale_s
        wait_s = stale_s + self._terms.margin_s if stale_s else self._terms.unstamped_s
        return bool(gone_s) and _now_s() >= gone_s + wait_s

    async def _close_positions(self) -> None:
        """Look, lift the suspension, close each position once, and look again; so in every round until all is over,
        for a fill may be told of late.
        """
        self._flat = False
        held = await self._try(self._side.positions(), None)
        if held:
            self.quiet_s = 0.0
            if self._suspended:
                self._suspended = False
                if not await self._tried(self._side.suspend(False), "the suspension is lifted to close positions"):
                    return
            await asyncio.gather(*(self._close(instrument, size) for instrument, size in held.items()))
            await asyncio.sleep(self._terms.round_s)
            held = await self._try(self._side.positions(), None)
        if held:
            self._outcome.problems.append(f"positions are left: {held}")
        elif held is not None:
            self._flat = True
            self._done(f"flat; closed {self._outcome.closed or 'nothing'}")

    async def _close(self, instrument: str, size: float) -> None:
        self._outcome.closed.setdefault(instrument, size)
        order = Order(instrument, f"bgk-{self._clock.now_ns()}-{next(self._numbers)}")
        self._intents.append(order)
        await self._try(self._side.close_position(instrument, size, order.client_order_id), None)

    async def _tried(self, asked: Awaitable[None], text: str) -> bool:
        """Whether it was done; `text` says what."""
        done = await self._try(_true(asked), False)
        if done:
            self._done(text)
        return done

    async def _try(self, asked: Awaitable[Told], otherwise: Told) -> Told:
        """What the venue says; `otherwise` where that failed, and why is noted."""
        try:
            return await asked
        except TroubleError as error:
            self._outcome.problems.append(str(error))
        except Exception as error:  # noqa: BLE001 a bug in one step keeps no other from being done
            self._outcome.problems.append(f"{type(error).__name__}: {error}")
        return otherwise


async def _true(asked: Awaitable[None]) -> bool:
    await asked
    return True


def _now_s() -> float:
    return asyncio.get_running_loop().time()
