"""`barograph execute`: the orders of the trading flow to a venue, and the venue's word back to it; one process.

    orders journal ──▶ executor ⇄ venue        (sinks/orders: each intent at most once, every doubt asked after)
    trading journal ◀──┘

It refuses to begin while DATA/HALT is there, and ends when it appears. The order of its beginning is what the kill
switch (flows/kill) counts on: fence, run file, then the look for HALT.
"""

import asyncio
import logging
import random
import threading
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Literal

from flows.heart import Heart
from flows.intents import ORDERS, orders_path, read_intents
from flows.logs import supervised
from flows.measured import measured
from flows.runfile import write_run_file
from flows.settings import Settings
from flows.settings_text import save_settings
from flows.shards import TRADING
from gateway.beats import read_beat
from market.beat import Beat, unheard
from market.clock import Clock, SystemClock
from market.errors import JournalError, SettingsError
from market.journal import LIVE_BLOCK_NS, partition_path
from market.metrics import Metrics
from sinks.fence import Fence
from sinks.journal import JournalWriter
from sinks.orders.desk import Desk
from sinks.orders.halt import is_halted, read_halt
from sinks.orders.pending import NOTE, host_of, note_for, read_note
from sinks.orders.teller import Teller
from sinks.orders.terms import Terms
from sinks.outbox import VENUE
from sources.journal_reader import JournalReader
from venues.orders import OrderVenue

EXECUTE = "execute"  # its run file, and its fence
RELEASED_S = 0.5  # between two looks whether the halt has ended

log = logging.getLogger("barograph.orders")

Durable = Literal["NORMAL", "FULL"]


def run_execute(settings: Settings, venue: OrderVenue, terms: Terms, stop: threading.Event) -> str:
    """Send and hear until stopped, or halted; why it ended. Raises SettingsError where another process does so already,
    all is halted, or orders of another account may still work.
    """
    data, heart = settings.data, Heart(settings.data, EXECUTE)
    if supervised():
        until_released(data, stop, heart)
    refuse_halted(data)  # one that is started again and again does not take the fence from a kill that looks
    with ExitStack() as stack:
        stack.callback(only_executor(data).close)
        refuse_other_account(data, venue)  # before a word that orders go there: a kill would ask that account only
        save_settings(settings, EXECUTE)  # the kill switch asks the venue that they name
        write_run_file(data, EXECUTE, account=venue.account, venue=venue.name, host=host_of(venue))
        refuse_halted(data)
        metrics = stack.enter_context(measured(settings, EXECUTE))
        return asyncio.run(
            execute(data, venue, terms, stop.is_set, beat=heart, metrics=metrics, durable=settings.capture.synchronous)
        )


async def execute(
    data: Path,
    venue: OrderVenue,
    terms: Terms,
    stopped: Callable[[], bool],
    *,
    beat: Beat = unheard,
    metrics: Metrics | None = None,
    clock: Clock | None = None,
    durable: Durable = "NORMAL",
) -> str:
    """The same within fence and run file."""
    clock, path = clock or SystemClock(), orders_path(data)
    with ExitStack() as stack:
        notes = stack.enter_context(_writer(path, ORDERS, "FULL"))
        trading = stack.enter_context(_writer(partition_path(data, "trading", TRADING), TRADING, durable))
        intents = stack.enter_context(JournalReader(path))
        began = intents.last_offset()
        note = note_for(read_note(notes.meta().get(NOTE)), venue, began)
        desk = Desk(
            venue,
            terms,
            clock,
            metrics or Metrics(),
            read=partial(read_intents, intents),
            began=began,
            note=note,
            teller=Teller(trading, partial(notes.note, NOTE), clock),
            is_halted=partial(is_halted, data),
            is_alone=partial(is_alone, data, clock, terms.alone_s),
            random=random.random,
        )
        return await desk.run(stopped, beat)


def only_executor(data: Path) -> Fence:
    """The right to send orders; raises SettingsError where another process has it."""
    try:
        return Fence(data / "run" / EXECUTE)
    except JournalError:
        raise SettingsError(f"another process sends the orders of {data} already") from None


def until_released(data: Path, stop: threading.Event, beat: Beat) -> None:
    """Wait while all is halted, without the fence: to the kill switch, nobody is there."""
    if is_halted(data):
        log.warning("all is halted; orders go out again after `barograph release`")
    while is_halted(data) and not stop.wait(RELEASED_S):
        beat("the end of the halt")


def refuse_other_account(data: Path, venue: OrderVenue) -> None:
    """Raise SettingsError while orders of another account may still work."""
    path = orders_path(data)
    if path.exists():
        with _writer(path, ORDERS, "FULL") as notes:
            note_for(read_note(notes.meta().get(NOTE)), venue, notes.last_offset())


def refuse_halted(data: Path) -> None:
    """Raise SettingsError while all is halted."""
    if is_halted(data):
        lines = read_halt(data)
        why = f": {lines[0].get('reason', '')}" if lines else ""
        raise SettingsError(f"{data} is halted{why}; a person ends it with `barograph release --reason …`")


def is_alone(data: Path, clock: Clock, within_s: float) -> bool:
    """Whether the trading flow was there and is not any more: then nobody takes an order back in time."""
    beat = read_beat(data, "trading")
    return beat is not None and not 0 <= beat.age_s(clock.monotonic_ns()) <= within_s


def _writer(path: Path, shard: str, durable: Durable) -> JournalWriter:
    return JournalWriter(path, venue=VENUE, shard=shard, block_ns=LIVE_BLOCK_NS, synchronous=durable)
