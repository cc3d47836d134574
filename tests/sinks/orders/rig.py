"""An executor in a thread of this process between real journals and the stub exchange."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from flows.execute import execute
from flows.intents import ORDERS, orders_path
from flows.shards import TRADING
from market.journal import LIVE_BLOCK_NS, partition_path
from market.messages import AnyMessage, Fill, Link, OrderState, OrderUpdate, decode, encode
from market.metrics import Metrics
from operators.execution.outside import Numbers
from sinks.journal import JournalWriter
from sinks.orders.terms import Terms
from sinks.outbox import VENUE
from sources.journal_reader import JournalReader
from venues.orders import OrderVenue

QUICK = Terms(answer_s=0.3, connect_s=10.0, never_arrived_s=0.4, reconcile_s=5.0, cancel_at_stop=False)


class Intended:
    """The orders journal, as the trading flow writes it."""

    def __init__(self, data: Path) -> None:
        self.journal = JournalWriter(
            orders_path(data), venue=VENUE, shard=ORDERS, block_ns=LIVE_BLOCK_NS, synchronous="FULL"
        )

    def write(self, *messages: AnyMessage, age_s: float = 0.0) -> int:
        """One row, decided so long ago."""
        decided_ns = time.time_ns() - round(age_s * 1e9)
        return self.journal.append([decided_ns] * len(messages), [encode(message) for message in messages])


class Rig:
    """Runs while it is entered."""

    def __init__(self, data: Path, venue: OrderVenue, terms: Terms = QUICK, *, up: bool = True) -> None:
        self.data, self._venue, self._terms, self._wait_up = data, venue, terms, up
        self.metrics = Metrics()
        self.stop = threading.Event()
        self.why: str | BaseException = ""
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            self.why = asyncio.run(execute(self.data, self._venue, self._terms, self.stop.is_set, metrics=self.metrics))
        except BaseException as error:  # noqa: BLE001 handed to the test
            self.why = error

    def __enter__(self) -> Self:
        self._thread.start()
        if self._wait_up:
            self.wait(lambda: any(isinstance(m, Link) and m.state == "up" for m in self.told()), "the link")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop.set()
        self._thread.join(20)
        if isinstance(self.why, BaseException) and kind is None:
            raise self.why

    def told(self) -> list[AnyMessage]:
        """All messages of the trading journal."""
        return told(self.data)

    def updates(self, client_order_id: str) -> list[OrderUpdate]:
        """What was told of one order."""
        return [m for m in self.told() if isinstance(m, OrderUpdate) and m.client_order_id == client_order_id]

    def states(self, client_order_id: str) -> list[OrderState]:
        """… in short."""
        return [update.state for update in self.updates(client_order_id)]

    def ends(self, client_order_id: str, state: OrderState, within_s: float = 10.0) -> OrderUpdate:
        """Wait until an order is told to be in a state."""
        self.wait(lambda: state in self.states(client_order_id), f"{client_order_id} {state}", within_s)
        return next(update for update in self.updates(client_order_id) if update.state == state)

    def wait(self, condition: Callable[[], object], what: str, within_s: float = 10.0) -> None:
        """Raise AssertionError when it does not come to be."""
        until_s = time.monotonic() + within_s
        while not condition():
            assert not isinstance(self.why, BaseException), self.why
            assert time.monotonic() < until_s, f"{what} did not come: {self.told()[-12:]}"
            time.sleep(0.01)


def told(data: Path) -> list[AnyMessage]:
    """All messages of the trading journal of a data folder."""
    path = partition_path(data, "trading", TRADING)
    if not path.exists():
        return []
    with JournalReader(path) as journal:
        return [decode(bytes(frame)) for row in journal.read(0, 100_000) for frame in row.frames]


def named_fills(messages: Sequence[AnyMessage]) -> list[Fill]:
    """All fills, each with our id of its order as far as it was known when the fill was told."""
    numbers, fills = Numbers(), []
    for message in messages:
        if isinstance(message, OrderUpdate):
            numbers.learn(message)
        elif isinstance(message, Fill):
            fills.append(numbers.named(message))
    return fills
