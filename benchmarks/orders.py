"""Orders through the whole path: rows of the trading journal → trading flow (portfolio, all checks of the gate) →
orders journal (fsync) → executor → simulated exchange (real matching, its own user stream) → trading journal.

Store, exchange, trading flow and executor are the processes that `barograph up` runs, on this machine, over loopback;
what stands in for the market flow is benchmarks/orders_path.py. Latencies are read off the journals afterwards:
decision → wire from the receipt of the row that decided an order to the moment before its bytes are handed to the
socket, decision → acknowledgement from there to the venue's first word of it in the trading journal. The bare loop
sends the same orders to the same exchange over the same transport, and does nothing else: what the machine can do.

    python benchmarks/orders.py [--rate 1000] [--seconds 60] [--instruments 50] [--rows 100] [--faults]
"""

import argparse
import asyncio
import random
import tempfile
import time
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import orders_count, orders_path
from benchmarks.orders_count import Floats
from flows.order_venues import order_venue, wire_terms
from flows.settings import Settings
from market.clock import SystemClock
from market.messages import Approved, Order, Side
from simulator.listing import listing
from sinks.orders.entry import Entry
from sinks.orders.http import NoAnswerError, NotSentError

WARM_UP_S = 5.0
UNDER_WAY = 64  # orders at once of the bare loop at its fastest
BARE_S = 10.0
QUIET_S, LATE_S, SETTLED_S = 180.0, 2.0, 60.0
FAULTS = {
    "timeout": 0.01, "mute": 0.002, "unavailable": 0.005, "unavailable_lost": 0.005, "lose": 0.002, "reject": 0.005,
    "double": 0.01, "disconnect": 0.001, "event_drop": 0.002, "event_double": 0.01, "event_late": 0.005,
    "stream_cut": 0.00005, "latency_ms": 2.0, "seed": 7,
}  # fmt: skip
QUICK = {"never_arrived_s": 3.0, "answer_s": 2.0, "reconcile_s": 2.0}


def main() -> None:
    asked = arguments()
    with tempfile.TemporaryDirectory() as folder:
        faults = {"exchange": FAULTS, "orders": QUICK} if asked.faults else {}
        settings = orders_path.settings_of(Path(folder), asked.instruments, **faults)
        measure(settings, Path(folder) / "barograph.toml", asked)
    if not asked.faults:
        with tempfile.TemporaryDirectory() as folder:
            settings = orders_path.settings_of(Path(folder), asked.instruments)
            with orders_path.exchange(settings, Path(folder) / "barograph.toml") as processes:
                bare(settings, processes, asked.rate)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=float, default=1_000.0, help="orders a second")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--instruments", type=int, default=50)
    parser.add_argument("--rows", type=float, default=100.0, help="rows of the trading journal a second that decide")
    parser.add_argument("--faults", action="store_true", help="an exchange that fails in every way it knows")
    return parser.parse_args()


def measure(settings: Settings, config: Path, asked: argparse.Namespace) -> None:
    with orders_path.path(settings, config) as (processes, feed):
        feed.run(asked.rate, asked.rows, WARM_UP_S)
        before, since_ns = processes.cpu_s(), time.time_ns()
        began_s = time.monotonic()
        signals = feed.run(asked.rate, asked.rows, asked.seconds)
        took_s = time.monotonic() - began_s
        after = processes.cpu_s()
        quiet(settings, feed)
        wire, answer, seconds = orders_count.latencies_ms(settings, since_ns)
        count = orders_count.counted(settings)
    acknowledged = len(answer) / took_s
    print(f"asked {asked.rate:.0f} orders/s for {asked.seconds:.0f} s on {asked.instruments} instruments")
    print(f"  {signals} signals, {len(wire)} orders on the wire, {len(answer)} acknowledged: {acknowledged:.0f} /s;"
          f" in a second at least {min(seconds, default=0)}, at most {max(seconds, default=0)}")  # fmt: skip
    print(f"  decision → wire            {spread(wire)}")
    print(f"  decision → acknowledgement {spread(answer)}")
    print(f"  {count}")
    shares = ", ".join(f"{name} {1e3 * (after[name] - before[name]) / max(len(wire), 1):.2f}" for name in after)
    print(f"  processor, ms an order: {shares}; all together {sum(after.values()) - sum(before.values()):.1f} s"
          f" in {took_s:.1f} s")  # fmt: skip


def quiet(settings: Settings, feed: orders_path.Feed) -> None:
    """Halt, and wait until the flow has come so far and every order has an end."""
    last, end_s = feed.halt(), time.monotonic() + QUIET_S
    while orders_count.stored_through(settings) < last or orders_count.open_orders(settings):
        if time.monotonic() > end_s:
            raise RuntimeError("not every order has an end")
        time.sleep(1.0)
        feed.row(settings.instruments)  # data time goes on
    time.sleep(LATE_S)
    end_s = time.monotonic() + SETTLED_S
    while orders_count.differ(orders_count.told(settings), settings) and time.monotonic() < end_s:
        time.sleep(1.0)  # a fill that the stream lost is asked for by the next reconciliation


def spread(values: Floats) -> str:
    if not len(values):
        return "none"
    p50, p90, p99, p999 = np.percentile(values, (50, 90, 99, 99.9))
    return f"p50 {p50:6.2f}  p90 {p90:6.2f}  p99 {p99:6.2f}  p99.9 {p999:6.2f}  max {values.max():7.2f} ms"


def bare(settings: Settings, processes: orders_path.Processes, rate: float) -> None:
    """The same transport in a loop that does nothing else, at the same rate and as fast as it goes."""
    quotes = orders_path.Quotes(settings)
    quotes.start()
    try:
        for asked in (rate, None):
            before = processes.cpu_s()
            took_ms, took_s = asyncio.run(_sent(settings, quotes, asked))
            cpu_s = processes.cpu_s()["simulate"] - before["simulate"]
            print(f"bare loop, {'as fast as it goes' if asked is None else f'{asked:.0f} /s'}:"
                  f" {len(took_ms) / took_s:.0f} orders/s, wire → answer {spread(took_ms)};"
                  f" exchange {1e3 * cpu_s / max(len(took_ms), 1):.2f} ms an order")  # fmt: skip
    finally:
        quotes.stop()


async def _sent(settings: Settings, quotes: orders_path.Quotes, rate: float | None) -> tuple[Floats, float]:
    venue, took_ms = order_venue(settings), list[float]()
    entry = Entry(venue, SystemClock(), wire_terms(settings), random.random)
    socket = asyncio.create_task(entry.run())
    await asyncio.sleep(0.5)
    slots = asyncio.Semaphore(UNDER_WAY if rate is None else 4_000)
    tasks = set[asyncio.Task[None]]()

    async def one(approved: Approved) -> None:
        began_s = time.perf_counter()
        try:
            answer = await entry.ask(venue.place(approved, time.time_ns() // 1_000_000))
            if answer.status == 200:
                took_ms.append(1e3 * (time.perf_counter() - began_s))
        except (NoAnswerError, NotSentError):
            pass
        finally:
            slots.release()

    began_s = time.monotonic()
    for number, approved in enumerate(_orders(settings, quotes)):
        if time.monotonic() - began_s >= BARE_S:
            break
        if rate is not None:
            await asyncio.sleep(max(0.0, began_s + number / rate - time.monotonic()))
        await slots.acquire()
        tasks.add(task := asyncio.create_task(one(approved)))
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    took_s = time.monotonic() - began_s
    socket.cancel()
    entry.close()
    return np.array(took_ms), took_s


def _orders(settings: Settings, quotes: orders_path.Quotes) -> Any:
    """Orders of the size and price that the path sends."""
    for number, symbol in enumerate(cycle(settings.instruments)):
        quote, lot = quotes.at(symbol, 0), float(listing(symbol).lot_size)
        side = Side.BUY if number // len(settings.instruments) % 2 == 0 else Side.SELL
        price = quote.ask_price if side is Side.BUY else quote.bid_price
        size = round(round(orders_path.LEAST_NOTIONAL / price / lot) * lot, 9)
        order = Order(
            venue="simulated", instrument=symbol, time_ns=0, client_order_id=f"bare-{time.time_ns()}", side=side,
            size=size, limit_price=price, reason="", time_in_force="ioc",
        )  # fmt: skip
        yield Approved(venue="simulated", instrument=symbol, time_ns=0, order=order, checks={})


if __name__ == "__main__":
    main()
