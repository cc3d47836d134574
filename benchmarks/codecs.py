"""Which codec suits which column: size and time of every candidate on rows of a real replay.

What the numbers stand for: the rows of one table, in its order, ten times over (a codec sees a block of at most 1 MB,
so the copies do not help it), in one part, all number columns under one candidate. Written: seconds of one insert from
memory; read: of scanning every column once, from the page cache, one thread.

    python -m flows import CAPTURE… --venue binance-usdm --data FOLDER && python -m flows replay --data FOLDER
    python benchmarks/codecs.py FOLDER [table …]
"""

import sys
import time
from pathlib import Path
from typing import NamedTuple

from clickhouse_connect.driver.client import Client

from flows.settings import load
from flows.tables import opened_store
from sinks.clickhouse.client import connect
from sinks.clickhouse.schema import tables

COPIES = 10
FLOATS = (
    "ZSTD(1)",
    "LZ4",
    "ZSTD(3)",
    "Gorilla, ZSTD(1)",
    "Delta, ZSTD(1)",
    "FPC(12), ZSTD(1)",
    "Gorilla, LZ4",
    "Delta, LZ4",
)
INTEGERS = ("ZSTD(1)", "LZ4", "Delta, ZSTD(1)", "DoubleDelta, ZSTD(1)", "T64, ZSTD(1)", "Delta, LZ4")
KINDS = {"Float64": FLOATS, "Int64": INTEGERS, "Int32": INTEGERS, "DateTime64(9, 'UTC')": INTEGERS[:4] + INTEGERS[5:]}
SIZES = """
select column, sum(column_data_compressed_bytes) from system.parts_columns
where active and database = currentDatabase() and table = 'candidate' group by column
"""


class Tried(NamedTuple):
    """What one candidate took."""

    codec: str
    bytes: dict[str, int]  # by column
    write_s: float
    read_s: float


def columns(table: str, kind: str) -> list[str]:
    """The columns of a table that have a type."""
    return [name for name, of in tables()[table].columns.items() if of == kind]


def tried(client: Client, table: str, names: list[str], kind: str, codec: str) -> Tried:
    """One candidate for some columns."""
    lines = ", ".join(f"`{name}` {kind} codec({codec})" for name in names)
    client.command("drop table if exists candidate sync")
    client.command(
        f"create table candidate ({lines}) engine = MergeTree order by tuple()"
        " settings min_bytes_for_wide_part = 0, min_rows_for_wide_part = 0"
    )
    chosen = ", ".join(f"`{name}`" for name in names)
    client.command(f"create or replace table held ({', '.join(f'`{name}` {kind}' for name in names)}) engine = Memory")
    key = tables()[table].keys[1]
    for _ in range(COPIES):
        client.command(f"insert into held select {chosen} from (select * from {table} final order by {key})")
    started = time.perf_counter()
    client.command("insert into candidate select * from held", settings={"max_insert_threads": 1, "max_threads": 1})
    wrote = time.perf_counter()
    client.command("optimize table candidate final")
    reads = []
    for _ in range(3):
        began = time.perf_counter()
        client.command("select count() from candidate where not ignore(*)", settings={"max_threads": 1})
        reads.append(time.perf_counter() - began)
    sizes = {str(name): int(size) for name, size in client.query(SIZES).result_rows}
    return Tried(codec, sizes, wrote - started, min(reads))


def main() -> None:
    """The command line."""
    data, *wanted = sys.argv[1:]
    settings = load(None, data=Path(data))
    with opened_store(settings.model_copy(update={"store": settings.store.model_copy(update={"port": 0})})) as dsn:
        client = connect(dsn)
        for table in wanted or ("quotes", "trades", "features"):
            rows = int(client.command(f"select count() from {table} final")) * COPIES
            for kind, codecs in KINDS.items():
                names = columns(table, kind)
                if not names or not rows:
                    continue
                found = [tried(client, table, names, kind, codec) for codec in codecs]
                print(f"\n{table}: {len(names)} columns {kind}, {rows:,} rows")
                for one in found:
                    total = sum(one.bytes.values())
                    print(
                        f"  {one.codec:<22} {total / rows / len(names):7.3f} bytes a value,"
                        f" written in {one.write_s:6.2f} s, read in {one.read_s:6.3f} s"
                    )
                for name in names:
                    best = min(found, key=lambda one: one.bytes[name])
                    now = found[0].bytes[name]
                    if best.bytes[name] < 0.9 * now:
                        print(f"    {name:<24} {now / rows:7.3f} → {best.bytes[name] / rows:7.3f} with {best.codec}")
        client.close()


if __name__ == "__main__":
    main()
