"""`Desk`: one account at one venue, running: entry, user stream, statements, intents, and the link that they make up.

The link is up while the user stream is logged in and the account was told since; it goes down when the stream is lost,
or when the venue answered SILENT statements in a row with nothing. While it is down no order is sent.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

import msgspec

from market import metric_table as table
from market.beat import Beat
from market.clock import MILLISECOND_NS, SECOND_NS, Clock
from market.errors import JournalError
from market.messages import AnyMessage, Fill
from market.metrics import Metrics
from sinks.orders.account import Books, Cause, UntoldError
from sinks.orders.entry import Entry
from sinks.orders.executor import Executor, World
from sinks.orders.intents import Read
from sinks.orders.link import LinkState
from sinks.orders.pending import Note, Stage, host_of
from sinks.orders.stream import Stream
from sinks.orders.teller import Teller
from sinks.orders.terms import Terms
from sinks.orders.waits import Waits
from venues.orders import OrderVenue

IDLE_S = 0.001  # between two looks into the orders journal
ROWS = 64  # of it at once
TEND_S = 0.25
NOTE_S = 1.0
SILENT = 2  # statements in a row
DEAF_NS = 5 * SECOND_NS  # a fill so old that only a statement brought means that the stream does not say all
LEAST_WAIT_S, MOST_WAIT_S = 0.5, 15.0
ANSWERS_S, WITHDRAW_S, TOLD_S = 1.0, 1.5, 1.0  # at the end: for answers under way, for cancels, for the journal
NAMED = 20  # orders, in one line of the log

log = logging.getLogger("barograph.orders")


class Desk:
    """Everything of one executor; within one event loop. `read` reads the orders journal, `began` was its last row;
    `is_alone`: whether nobody lives who would take an order back.
    """

    def __init__(
        self,
        venue: OrderVenue,
        terms: Terms,
        clock: Clock,
        metrics: Metrics,
        *,
        read: Read,
        began: int,
        note: Note,
        teller: Teller,
        is_halted: Callable[[], bool],
        is_alone: Callable[[], bool],
        random: Callable[[], float],
    ) -> None:
        self._venue, self._terms, self._clock, self._metrics = venue, terms, clock, metrics
        self._read, self._began, self._teller, self._is_halted = read, began, teller, is_halted
        self._is_alone, self._random = is_alone, random
        self._alone = False
        self._stopping = False
        self._silent = 0
        self._cause: Cause = "start"
        self._noted, self._noted_ns = Note(), 0
        self._asked = asyncio.Event()  # for a statement
        self._looking = asyncio.Lock()
        self._statement = False
        self._link = LinkState(venue, clock, teller.tell)
        self._entry = Entry(venue, clock, terms, random)
        world = World(self._entry.ask, teller.tell, self._objection, random)
        self._executor = Executor(venue, terms, clock, metrics, world, note=note, began=began)
        self._books = Books(
            venue,
            self._executor.orders,
            self._executor.fills,
            clock,
            ask=self._executor.ask,
            at_once=terms.queries,
            hear=self._hear_listed,
        )
        self._stream = Stream(
            venue,
            clock,
            open_s=terms.connect_s,
            random=random,
            enquire=self._executor.enquire,
            hear=self._executor.hear,
            unread=self._unread,
            ready=self._came_up,
            lost=self._link.down,
        )

    async def run(self, stopped: Callable[[], bool], beat: Beat) -> str:
        """Until stopped, or halted: why it ended. Raises JournalError, and whatever is a bug of ours."""
        self._take_over()
        works = [self._teller.run(), self._entry.run(), self._stream.run(), self._take(), self._account()]
        tasks = [asyncio.create_task(work) for work in works]
        try:
            why = ""
            while not why:
                why = "stopped" if stopped() else "halted" if self._is_halted() else ""
                self._tend(beat)
                for task in tasks:
                    if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                        raise error
                self._executor.check()
                await asyncio.sleep(TEND_S)
            await self._end(why)
            return why
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._entry.close()

    def _take_over(self) -> None:
        """What stands in the orders journal, up to the row at which we began: to be asked after."""
        while self._executor.orders.through < self._began:
            rows = self._read(self._executor.orders.through, ROWS)
            if not rows:
                raise JournalError(f"the orders journal ends before row {self._began}, which was there")
            for row in rows:
                self._executor.take(row)
        since_ns = min((order.decided_ns for order in self._executor.orders.now.values()), default=self._clock.now_ns())
        if not self._executor.fills.last_ms:
            self._executor.fills.last_ms = since_ns // MILLISECOND_NS

    async def _take(self) -> None:
        """What is written from now on."""
        while not self._stopping:
            rows = self._read(self._executor.orders.through, ROWS)
            for row in rows:
                self._executor.take(row)
            await asyncio.sleep(0 if rows else IDLE_S)

    async def _came_up(self) -> None:
        """The user stream is logged in: tell the account, then that the link is up."""
        waits = Waits(self._random, LEAST_WAIT_S, MOST_WAIT_S)
        while not await self._look(self._cause):
            await asyncio.sleep(waits.next_s())
        self._cause = "reconnect"
        self._silent = 0
        self._link.up()
        self._executor.settle_doubts()

    async def _account(self) -> None:
        """A statement from time to time, and when something was missed."""
        while True:
            try:
                async with asyncio.timeout(self._terms.reconcile_s):
                    await self._asked.wait()
                cause: Cause = "asked"
            except TimeoutError:
                cause = "timer"
            self._asked.clear()
            if self._link.is_up and not await self._look(cause):
                self._silent += 1
                if self._silent >= SILENT:
                    self._stream.renew("the venue does not tell the account")
                    self._link.down("the venue does not tell the account")

    async def _look(self, cause: Cause) -> bool:
        async with self._looking:
            self._statement = cause == "timer"
            try:
                found = await self._books.look(cause)
            except UntoldError as error:
                log.warning("no statement of the account: %s", error)
                return False
            finally:
                self._statement = False
            self._teller.tell([found.statement])
        self._metrics.counter(table.EXECUTE_STATEMENTS, cause).add()
        self._silent = 0
        for order in found.vanished:
            self._executor.doubt(order)
        return True

    def _hear_listed(self, said: Sequence[AnyMessage]) -> None:
        """What a statement brings; a fill that the stream should have told long ago gives it away."""
        oldest_ns = self._clock.now_ns() - DEAF_NS
        late = any(isinstance(message, Fill) and message.time_ns < oldest_ns for message in said)
        before = self._executor.fills.count
        self._executor.hear(said)
        if self._statement and late and self._executor.fills.count > before:
            self._stream.renew("a fill came by a statement alone")

    def _unread(self, reason: str) -> None:
        self._metrics.counter(table.EXECUTE_UNREAD).add()
        log.error("a frame of the user stream cannot be read (%s); the account is asked for", reason)
        self._asked.set()

    def _objection(self) -> str:
        """Why nothing may be sent now."""
        if self._stopping:
            return "the executor stops"
        if self._is_halted():
            return "halted"
        if not self._link.is_up:
            return f"no link: {self._link.why}"
        return "the trading journal is behind" if self._teller.is_behind else ""

    def _tend(self, beat: Beat) -> None:
        beat("" if self._link.is_up else "the venue")
        self._watch()
        now_ns = self._clock.monotonic_ns()
        if now_ns - self._noted_ns >= NOTE_S * SECOND_NS:
            self._noted_ns = now_ns
            self._keep_note()
        orders = self._executor.orders
        for stage in Stage:
            self._metrics.set(table.EXECUTE_PENDING, len(orders.at(stage)), stage)
        oldest_ns = min((order.last_sent_ns for order in orders.at(Stage.DOUBT)), default=now_ns)
        self._metrics.set(table.EXECUTE_DOUBT, (now_ns - oldest_ns) / SECOND_NS)
        self._metrics.set(table.EXECUTE_LINK, self._link.is_up)

    def _keep_note(self) -> None:
        settled = self._executor.orders.note(self._executor.fills.last_ms)
        note = msgspec.structs.replace(
            settled, venue=self._venue.name, account=self._venue.account, host=host_of(self._venue)
        )
        if note != self._noted:
            self._noted = note
            self._teller.note(msgspec.json.encode(note).decode())

    def _watch(self) -> None:
        """No order works while nobody is there who watches it."""
        before, self._alone = self._alone, self._is_alone()
        if self._alone:
            left = self._executor.withdraw("the trading flow shows no sign of life")
            if left and not before:
                log.error("the trading flow shows no sign of life; %d orders are taken back", len(left))

    async def _end(self, why: str) -> None:
        self._stopping = True
        await self._executor.answers(ANSWERS_S)
        if self._terms.cancel_at_stop:
            await self._withdraw()
        await self._executor.close()
        self._link.down(why)
        self._keep_note()
        if not await self._teller.finish(TOLD_S):
            log.warning("not all that was heard is in the trading journal; it is asked for again at the next start")

    async def _withdraw(self) -> None:
        """Take back what works, for nobody will watch it; what cannot be made sure of is asked after at the start."""
        end_ns = self._clock.monotonic_ns() + round(WITHDRAW_S * SECOND_NS)
        while (left := self._executor.withdraw("the executor stops")) and self._clock.monotonic_ns() < end_ns:
            await asyncio.sleep(0.01)
        if left:
            names = ", ".join(order.client_order_id for order in left[:NAMED])
            log.error("%d orders may still work at %s: %s", len(left), self._venue.name, names)
