"""Inserting a table of thirty columns of features as fast as it goes, for `benchmarks/queries.py`."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pyarrow as pa
from clickhouse_connect.driver.exceptions import ClickHouseError

from sinks.clickhouse.client import connect
from sinks.clickhouse.schema import tables

ROWS = 250_000  # of an insert
COLUMNS = 30
TABLE = "inserted"


def columns() -> dict[str, str]:
    """Thirty columns of `features` as its file defines them: the key, and measures."""
    found = tables()["features"].definitions
    measures = [name for name in found if " Float64 " in found[name]][: COLUMNS - 3]
    return {name: found[name] for name in ("venue", "instrument", "receive_time", *measures)}


def create() -> str:
    """The table."""
    lines = ",\n".join(columns().values())
    return (
        f"create or replace table {TABLE} ({lines}) engine = ReplacingMergeTree"
        " partition by toYYYYMMDD(receive_time) order by (venue, instrument, receive_time)"
    )


def body(number: int) -> bytes:
    """Rows as the writer sends them: one Arrow batch; decimals that wander, as measures do."""
    chance = np.random.default_rng(number)
    times = 1_767_830_400_000_000_000 + (number * ROWS + np.arange(ROWS)) * 1_000
    given: dict[str, pa.Array] = {
        "venue": pa.DictionaryArray.from_arrays(np.zeros(ROWS, np.int32), ["binance-usdm"]),
        "instrument": pa.DictionaryArray.from_arrays(
            (np.arange(ROWS) % 10).astype(np.int32), [f"I{n}" for n in range(10)]
        ),
        "receive_time": pa.array(times).cast(pa.timestamp("ns", tz="UTC")),
    }
    wander = np.round(np.cumsum(chance.normal(0, 0.01, ROWS)), 3)
    for place, name in enumerate(list(columns())[3:]):
        given[name] = pa.array(np.round(np.roll(wander, 1000 * place), 3))
    rows = pa.table(given)
    stream = pa.BufferOutputStream()
    with pa.ipc.new_stream(stream, rows.schema) as writer:
        writer.write_table(rows)
    return bytes(stream.getvalue().to_pybytes())


@contextmanager
def inserting(dsn: str) -> Iterator[None]:
    """Insert while the block runs; says at the end how many rows a second that were, on how busy a machine."""
    client = connect(dsn, send_receive_timeout=600)
    client.command(create())
    bodies, done, stop = [body(number) for number in range(8)], [0], threading.Event()
    failed: list[ClickHouseError] = []

    def insert() -> None:
        try:
            while not stop.is_set():
                client.raw_insert(TABLE, list(columns()), bodies[done[0] % len(bodies)], fmt="ArrowStream")
                done[0] += 1
        except ClickHouseError as trouble:  # a thread's own would be lost, and the figures would be of fewer rows
            failed.append(trouble)

    thread = threading.Thread(target=insert)
    started = time.perf_counter()
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        took = time.perf_counter() - started
        print(
            f"inserted {done[0] * ROWS:,} rows of {COLUMNS} columns in {took:.0f} s:"
            f" {done[0] * ROWS / took:,.0f} rows/s, load average {os.getloadavg()[0]:.1f}"
        )
        client.command(f"drop table if exists {TABLE} sync")
        client.close()
    if failed:
        raise failed[0]
