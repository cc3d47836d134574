"""How long the explanation of one order takes over a million orders: as the API asks, and as one SQL question.

What the number stands for: `api` is all that `GET /api/v1/orders/{id}/explanation` asks of the embedded store, and
`sql` is entry 30 of the cookbook with an id in its first line; for orders chosen at random, tables in the page cache.
Rows are made up: a million orders of ten instruments within half an hour, so that time tells them apart badly, each
with an intent, four states and two fills, and targets, two days of signals and regimes, answers of the optimiser, risk
and limits beside them; written in the order of time, as the flows do. `missed` where the p99 is above 100 ms;
`select 1` in the same run says what the machine itself takes.

    python benchmarks/explain.py [--orders 1000000] [--data FOLDER] [--repeat 200]

A FOLDER that is there already is asked again and not filled.
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from clickhouse_connect.driver.client import Client

from flows.settings import load
from flows.tables import opened_store
from gateway.explain_order import explain
from gateway.store import Store
from sinks.clickhouse.client import connect
from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.schema import sql_files

LIMIT_MS = 100.0
INSTRUMENTS, SPAN_S, BEFORE_S, TOGETHER, CHUNK = 10, 1_800, 172_800, 1_000, 250_000
STATES = "['submitted', 'accepted', 'partially_filled', 'filled'][part + 1]"
NEWEST = "(select argMax(client_order_id, receive_time) from fills) as order_id"
BEGIN = "toDateTime64('2026-11-02 00:00:00', 9, 'UTC')"
WHO = {"account": "'paper'", "venue": "'simulated'", "instrument": f"concat('I', toString(number % {INSTRUMENTS}))"}
ORDER = WHO | {
    "client_order_id": "concat('bg-', substring(hex(sipHash128(number)), 1, 24))", "side": "if(number % 2, 1, -1)",
}  # fmt: skip


def at(nanoseconds: str) -> dict[str, str]:
    """A time by its distance from the beginning."""
    moment = f"addNanoseconds({BEGIN}, toInt64({nanoseconds}))"
    return {"time": moment, "receive_time": moment}


def insert(client: Client, table: str, count: int, values: dict[str, str], parts: int = 1) -> None:
    """Rows made inside the store of the numbers from 0 on, of each so many parts, one after the other."""
    for first in range(0, count, CHUNK):
        rows = f"select number as n from numbers({first * parts}, {min(CHUNK, count - first) * parts})"
        made = f"from (select intDiv(n, {parts}) as number, n % {parts} as part from ({rows}))"
        chosen = ", ".join(f"{value} as `{name}`" for name, value in values.items())
        names = ", ".join(f"`{name}`" for name in values)
        client.command(f"insert into {table} ({names}) select {names} from (select {chosen} {made})")


def fill(client: Client, orders: int) -> None:
    """Everything that the explanation of an order rests on."""
    step_ns = SPAN_S * 1_000_000_000 // orders
    target = f"intDiv(number, {TOGETHER}) * {TOGETHER} + 1"
    sizes = {"size": "1", "limit_price": "100 + number % 7"}
    made = at(f"number * {step_ns} + 1000000")
    intent = {
        "refused": "''",
        "target_offset": target,
        "bid_price": "100",
        "ask_price": "100.1",
        "offset": "number + 2",
    }
    insert(client, "intents", orders, ORDER | made | sizes | intent | {"decision_price": "100", "contract_size": "1"})
    checks = "if(part = 0, map('order_notional', 100., 'leverage', 0.2, 'quote_age_s', 0.1), map())"
    place = {"state": STATES, "checks": checks, "offset": "number + 2", "row": "part"}
    entered = at(f"number * {step_ns} + (1 + part) * 1000000")
    insert(client, "orders", orders, ORDER | entered | sizes | place, parts=4)
    fill_id = "concat(toString(number), '-', toString(part))"
    paid = {"fill_id": fill_id, "price": "100.1", "fee": "0.01", "size": "0.5", "offset": "number + 2"}
    insert(client, "fills", orders, ORDER | at(f"number * {step_ns} + (3 + part) * 1000000") | paid, parts=2)
    targets = orders // TOGETHER
    moved = at(f"intDiv(number, {INSTRUMENTS}) * {TOGETHER * step_ns}")
    row = {"offset": f"intDiv(number, {INSTRUMENTS}) * {TOGETHER} + 1", "notional": "1000", "reason": "'solved'"}
    insert(client, "targets", targets * INSTRUMENTS, WHO | moved | row)
    asked = {"account": "'paper'", "request": f"number * {TOGETHER} + 1", "offset": f"number * {TOGETHER} + 1"}
    weights = (
        "mapFromArrays(arrayMap(i -> concat('simulated|I', toString(i)), range(10)), arrayMap(i -> 0.1, range(10)))"
    )
    then = at(f"number * {TOGETHER * step_ns}")
    insert(
        client,
        "solutions",
        targets,
        asked | then | {"weights": weights, "duals": "map('gross', 0.01)", "rung": "'optimal'"},
    )
    insert(client, "problems", targets, asked | then | {"expected": weights, "current": weights})
    insert(
        client, "rebalances", targets, {"account": "'paper'", "offset": asked["offset"]} | then | {"trigger": "'drift'"}
    )
    bars = {"shard": "'simulated/0'", "offset": "number", "regime": "'calm/bull/trending'"} | WHO
    bars.pop("account")
    for timeframe, seconds in (("ultra_short", 1), ("short", 60)):
        second = f"intDiv(number, {INSTRUMENTS}) * {seconds} - {BEFORE_S}"
        closed = at(f"({second}) * 1000000000") | {"timeframe": f"'{timeframe}'"}
        for table in ("signals", "regimes"):
            insert(
                client,
                table,
                (BEFORE_S + SPAN_S) * INSTRUMENTS // seconds,
                bars | closed | {"evidence": "map('ofi', 1., 'drift', 0.5)"},
            )
    measured = {"account": "'paper'", "offset": "number * 60"} | at("number * 60000000000")
    insert(client, "risk", SPAN_S // 60, measured | {"equity": "100000"})
    insert(
        client,
        "limits",
        1_000,
        WHO | at("number * 1000000000") | {"limit": "'max_order_notional'", "value": "5", "fixed": "10"},
    )
    insert(
        client,
        "risk_events",
        10_000,
        WHO | at(f"number * {100 * step_ns}") | {"event": "'warning'", "offset": "number"},
    )


def measure(name: str, ask: Callable[[str], object], ids: list[str]) -> float:
    """Print what asking for each order once took; the p99."""
    for one_id in ids[:5]:
        ask(one_id)
    took = []
    for one_id in ids:
        started = time.perf_counter()
        ask(one_id)
        took.append((time.perf_counter() - started) * 1e3)
    took.sort()
    p99 = took[min(int(0.99 * len(took)), len(took) - 1)]
    mark = " missed" if p99 > LIMIT_MS else ""
    print(f"{name}: median {statistics.median(took):.1f} ms, p99 {p99:.1f} ms, largest {took[-1]:.1f} ms{mark}")
    return p99


def run(data: Path, orders: int, repeat: int) -> int:
    """Fill, ask; how many ways missed the limit."""
    settings = load(None, data=data)
    settings = settings.model_copy(update={"store": settings.store.model_copy(update={"port": 0})})
    is_new = not (data / "store").exists()
    with opened_store(settings) as dsn:
        writer = connect(dsn, send_receive_timeout=3_600)
        if is_new:
            migrate(writer)
            fill(writer, orders)
        for table in ("intents", "orders", "fills"):
            print(f"{table}: {int(writer.command(f'select count() from {table}')):,} rows")
        step = max(orders // repeat, 1)
        chosen = [
            row[0]
            for row in writer.query(
                f"select client_order_id from intents where `offset` % {step} = 3 limit {repeat}"
            ).result_rows
        ]
        random.Random(1).shuffle(chosen)
        writer.close()
        store = Store(dsn)

        def ask(order_id: str) -> None:
            told = explain(store, order_id)
            assert told is not None
            assert (len(told.states), len(told.fills), len(told.signals), len(told.regimes)) == (4, 2, 2, 2)
            assert None not in (told.target, told.solution, told.problem, told.rebalance, told.risk)

        reader = connect(dsn.replace("default@", "reader@"))
        text = sql_files("cookbook")["30_why_this_order"]
        assert NEWEST in text

        def by_sql(order_id: str) -> None:
            rows = reader.query(text.replace(NEWEST, f"'{order_id}' as order_id")).result_rows
            parts = [row[0] for row in rows]
            assert [parts.count(part) for part in ("state", "fill", "signal", "regime", "solution")] == [4, 2, 2, 2, 1]

        measure("select 1", lambda _: reader.query("select 1"), chosen)
        slow = [measure(name, way, chosen) > LIMIT_MS for name, way in (("api", ask), ("sql", by_sql))]
        store.close()
        reader.close()
    return sum(slow)


def main() -> int:
    """The command line."""
    take = argparse.ArgumentParser()
    take.add_argument("--orders", type=int, default=1_000_000)
    take.add_argument("--data", type=Path)
    take.add_argument("--repeat", type=int, default=200)
    given = take.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return run(given.data or Path(folder) / "data", given.orders, given.repeat)


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
