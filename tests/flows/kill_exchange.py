"""The simulated exchange, with a record of when it took each order: made where it takes them, and nowhere else."""

import asyncio
import random
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple, Self

from simulator.exchange import Exchange
from simulator.orders.account import MARK
from simulator.orders.desk import Desk
from simulator.orders.faults import OrderFaults
from simulator.orders.front import Answer, Request
from simulator.orders.judge import Placing
from simulator.orders.order import Order
from simulator.orders.refusals import Refusal
from simulator.orders.side import OrderSide
from simulator.orders.wire import Counter
from simulator.server import serve

ORDER = ("POST", "/fapi/v1/order")
RATE = 50.0  # messages a second


class Taken(NamedTuple):
    """An order that was taken."""

    time_ns: int  # wall clock
    client_order_id: str
    reduces: bool


class RecordedExchange:
    """Runs in a thread while it is entered."""

    def __init__(self, instrument: str, seed: int) -> None:
        self.taken: list[Taken] = []
        self.faults = OrderFaults(seed=seed)
        self.late_s = 0.0  # an order is under way for up to so long, while all else is quick
        self.port = 0
        self._chance = random.Random(seed)
        self._instrument, self._seed = instrument, seed
        self._stop, self._ready = threading.Event(), threading.Event()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(120)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(20)

    def _run(self) -> None:
        side = _Recorded(faults=self.faults, ready=self._opened)
        object.__setattr__(side, "watch", self._watch)
        serve(
            instruments=[self._instrument],
            rate=RATE,
            seed=self._seed,
            orders=side,
            ready=lambda _: self._ready.set(),
            stop=self._stop,
        )

    def _opened(self, port: int) -> None:
        self.port, self._loop = port, asyncio.get_running_loop()

    def _watch(self, counter: Counter) -> None:
        self._counter, desk = counter, counter.front.desk
        place = desk.place

        def recorded(asked: Placing) -> Order | Refusal:
            outcome = place(asked)
            if isinstance(outcome, Order):
                self.taken.append(Taken(time.time_ns(), outcome.client_id, outcome.reduces))
            return outcome

        desk.place = recorded  # type: ignore[method-assign]
        submit = counter.front.submit

        def under_way(request: Request, now_ms: int, answer: Answer) -> None:
            if (request.method, request.path) != ORDER or not self.late_s:
                submit(request, now_ms, answer)
                return

            def arrive() -> None:
                submit(request, time.time_ns() // 1_000_000, answer)
                counter.flush()

            self._loop.call_later(self._chance.random() * self.late_s, arrive)

        counter.front.submit = under_way  # type: ignore[method-assign]

    @property
    def standing(self) -> int:
        """Orders that stand."""
        return self._asked(lambda desk: sum(map(len, desk.open)))

    @property
    def held(self) -> int:
        """Lots, of either sign."""
        return self._asked(lambda desk: sum(abs(one.lots) for one in desk.account.positions))

    @property
    def price(self) -> float:
        """The mark."""
        return self._asked(
            lambda desk: float(desk.units[0].price(desk.account.positions[0].mark // MARK))  # as the venue prints it
        )

    def resume(self) -> None:
        """All faults end."""
        self.late_s = 0.0
        self._asked(lambda _: self.fail(OrderFaults()))

    def fail(self, faults: OrderFaults) -> None:
        """These faults from now on."""
        for name in ("reject", "lose", "unavailable_lost", "mute", "unavailable", "timeout", "double", "blind",
                     "event_drop", "event_double", "event_late", "stream_cut", "latency_ms", "spike"):  # fmt: skip
            setattr(self.faults, name, getattr(faults, name))

    def clear(self) -> None:
        """No order stands, nothing is held back, nothing is suspended."""

        def cleared(desk: Desk) -> None:
            desk.suspended = False
            desk.cancel_all(self._instrument)

        self.resume()
        self._asked(cleared)

    def cut(self) -> None:
        """All connections to the order side break."""
        self._loop.call_soon_threadsafe(lambda: [one.cut() for one in tuple(self._counter.connections)])

    def _asked(self, ask: Callable[[Desk], Any]) -> Any:
        """In the exchange's own thread, after all that the market did."""

        async def asked() -> Any:
            desk = self._counter.front.desk
            desk.settle()
            return ask(desk)

        return asyncio.run_coroutine_threadsafe(asked(), self._loop).result(20)


class _Recorded(OrderSide):
    """With somebody who watches what it makes."""

    watch: Callable[[Counter], None]

    def counter(self, exchange: Exchange, *, epoch_ns: int) -> Counter:
        counter = super().counter(exchange, epoch_ns=epoch_ns)
        self.watch(counter)
        return counter
