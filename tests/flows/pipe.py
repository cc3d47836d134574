"""Driving `barograph` as a user does, and reading its tables back: for the tests of the whole pipe."""

import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import polars as pl
from clickhouse_connect.driver.client import Client

from flows.settings import Settings, load
from flows.settings_text import as_toml
from flows.shards import TRADING
from flows.tables import opened_store
from gateway.history.resources import TRADING as OF_ACCOUNT
from sinks.clickhouse.client import connect
from sinks.clickhouse.rollups import derived

# What a run measures of itself, not of the market, and what is made of other tables a little later.
MEASURED = {"latency", "migrations", "reconciliations", "webhook_deliveries"} | derived()
SUMMED = ["journal_rows", "received", "applied", "duplicate", "dead_lettered", "control", "shed"]
OF_TRADING = {resource.table for resource in OF_ACCOUNT}  # these the trading flow alone writes
TABLES = "select name from system.tables where database = 'barograph' and engine like '%MergeTree' order by name"


def barograph(*arguments: str | Path, timeout_s: float = 600) -> str:
    """Run one command; its output."""
    answer = subprocess.run(
        [sys.executable, "-m", "flows", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def settings_file(folder: Path, **sections: dict[str, object]) -> Path:
    """Settings of their own data folder, on ports that nothing else uses."""
    settings = load(None, data=folder / "data", instruments=["BTCUSDT", "ETHUSDT"])
    settings = changed(settings, **{"store": {"port": 0}, "gateway": {"port": 0}, "supervise": {"port": 0}, **sections})
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "barograph.toml"
    path.write_text(as_toml(settings))
    return path


def changed(settings: Settings, **sections: dict[str, object]) -> Settings:
    """Settings with some values of some sections replaced."""
    return settings.model_copy(
        update={name: getattr(settings, name).model_copy(update=values) for name, values in sections.items()}
    )


def ask(config: Path, query: str) -> pl.DataFrame:
    """The answer to a query, all columns as text."""
    return pl.read_csv(barograph("sql", query, "--format", "csv", "--config", config).encode(), infer_schema=False)


def tables_of(config: Path) -> dict[str, pl.DataFrame]:
    """Every table as it lies in the store, duplicates included, in one order."""
    with opened_store(load(config)) as dsn:
        client = connect(dsn)
        names = [row[0] for row in client.query(TABLES).result_rows if row[0] not in MEASURED]
        return {name: _rows(client, name) for name in names}


def market_tables(config: Path) -> dict[str, pl.DataFrame]:
    """What the market flow wrote; the trading flow reads messages in the order in which the shards wrote them."""
    tables = {name: rows for name, rows in tables_of(config).items() if name not in OF_TRADING}
    return {**tables, "commits": tables["commits"].filter(pl.col("shard") != TRADING)}


def without_cuts(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The tables, commits summed by shard: a flow that is stopped cuts its last block early, and goes on in another."""
    if "commits" not in tables:
        return tables
    summed = tables["commits"].group_by("shard").agg(pl.col(SUMMED).cast(pl.Int64).sum()).sort("shard")
    return {**tables, "commits": summed}


def epoch(config: Path) -> int:
    """The newest of the market flow's recovery store; 0 where it has none."""
    newest = 0
    for part in (load(config).data / "recovery" / "market").glob("part-*.sqlite3"):
        with closing(sqlite3.connect(f"file:{part}?mode=ro", uri=True)) as database, suppress(sqlite3.OperationalError):
            newest = max(newest, database.execute("select coalesce(max(worker_frontier), 0) from fronts").fetchone()[0])
    return newest


def _rows(client: Client, table: str) -> pl.DataFrame:
    text = client.raw_query(f"select * from {table} settings final = 0", fmt="CSVWithNames")
    rows = pl.read_csv(text, infer_schema=False)
    return rows.sort(rows.columns) if rows.width else rows
