"""Which order key suits quotes: bytes of a row, and rows read by the questions that panels ask, of every candidate.

What the numbers stand for: six hours of the made-up quotes of ten instruments that `queries.py --data FOLDER` filled a
store with, in one part. Rows are those of the granules that a query has to read (`explain estimate`): they are the same
on every machine, however busy.

    python benchmarks/order_keys.py FOLDER
"""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from clickhouse_connect.driver.client import Client

from benchmarks.queries_data import END_S, INSTRUMENTS, VENUE
from flows.settings import load
from flows.tables import opened_store
from sinks.clickhouse.client import connect
from sinks.clickhouse.schema import tables

UNIQUE = "source, sequence, shard, `offset`, frame"
AFTER_SOURCE = UNIQUE.removeprefix("source, ")
KEYS = {
    "venue, instrument, receive_time": f"venue, instrument, receive_time, {UNIQUE}",
    "receive_time, venue, instrument": f"receive_time, venue, instrument, {UNIQUE}",
    "venue, hour, instrument, receive_time": f"venue, toStartOfHour(receive_time), instrument, receive_time, {UNIQUE}",
    "venue, instrument, source, receive_time": f"venue, instrument, source, receive_time, {AFTER_SOURCE}",
}
END = datetime.fromtimestamp(END_S, UTC) - timedelta(hours=6)
HOURS = 6


def within(minutes: int) -> str:
    """Quotes of the last minutes before the middle of the six hours."""
    until = END - timedelta(hours=HOURS / 2)
    return f"receive_time >= '{until - timedelta(minutes=minutes):%F %T}' and receive_time < '{until:%F %T}'"


ONE = f"venue = '{VENUE}' and instrument = '{INSTRUMENTS[0]}'"
QUESTIONS = {
    "15 min of one": f"{ONE} and {within(15)}",
    "15 min of all": f"venue = '{VENUE}' and {within(15)}",
    "all of one": ONE,
}


def tried(client: Client, key: str) -> tuple[float, list[int]]:
    """Bytes of a row, and rows read by every question."""
    columns = ", ".join(tables()["quotes"].definitions.values())
    client.command(f"create or replace table tried ({columns}) engine = MergeTree order by ({key})")
    span = f"receive_time >= '{END - timedelta(hours=HOURS):%F %T}' and receive_time < '{END:%F %T}'"
    client.command(f"insert into tried select * from quotes where {span}", settings={"max_insert_threads": 1})
    client.command("optimize table tried final")
    sizes = "sum(data_compressed_bytes) / sum(rows) from system.parts where active and table = 'tried'"
    per_row = client.query(f"select {sizes} and database = currentDatabase()").result_rows[0][0]
    read = [
        sum(
            row[3]
            for row in client.query(f"explain estimate select avg(bid_price) from tried where {text}").result_rows
        )
        for text in QUESTIONS.values()
    ]
    client.command("drop table tried sync")
    return float(per_row), read


def main() -> None:
    """The command line."""
    settings = load(None, data=Path(sys.argv[1]))
    with opened_store(settings.model_copy(update={"store": settings.store.model_copy(update={"port": 0})})) as dsn:
        client = connect(dsn, send_receive_timeout=600)
        print(f"{'order by':<40} {'bytes/row':>9} " + " ".join(f"{name:>13}" for name in QUESTIONS))
        for name, key in KEYS.items():
            per_row, read = tried(client, key)
            print(f"{name:<40} {per_row:9.2f} " + " ".join(f"{rows:13,}" for rows in read))
        client.close()


if __name__ == "__main__":
    main()
