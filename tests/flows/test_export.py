"""Exports: what a file holds is what the table holds, whole or not at all, and the same however often it is written."""

import errno
import hashlib
import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from clickhouse_connect.driver.client import Client
from typer.testing import CliRunner, Result

from flows.cli import app
from flows.exports import pages
from flows.exports.files import ExportError, whole, write
from flows.exports.questions import Questions, TooLargeError
from flows.settings import load
from flows.tables import opened_store
from market.errors import BarographError, SettingsError, StoreError
from sinks.clickhouse.client import connect
from sinks.clickhouse.schema import tables
from tests.gateway import small_market
from tests.gateway.small_market import SECOND_NS, START_NS

ROOT = Path(__file__).parents[2]
DAY_NS = 86_400 * SECOND_NS
TABLES = (
    *("quotes", "signals", "dead_letters", "regime_forecasts", "latency", "bars", "positions", "gaps"),
    *small_market.DECIDED,
)


class Stored:
    """A folder whose store runs, with the rows of the small market in it."""

    def __init__(self, data: Path, client: Client) -> None:
        self.data, self.client = data, client

    def export(self, *words: str | Path) -> Result:
        return CliRunner().invoke(app, ["export", *map(str, words), "--data", str(self.data)])

    def written(self, *words: str | Path) -> list[str]:
        """The lines of an export that goes well."""
        done = self.export(*words)
        assert done.exit_code == 0, done.output or done.exception
        return done.output.splitlines()

    def refused(self, *words: str | Path) -> BarographError:
        error = self.export(*words).exception
        assert isinstance(error, BarographError), error
        return error

    def rows(self, table: str) -> pa.Table:
        """The table as it lies in the store, every key once, rows that are not settled left out."""
        key = tables()[table].keys[1]
        settled = "where `offset` <= 5" if "offset" in tables()[table].columns else ""
        return self.client.query_arrow(f"select * from {table} final {settled} order by {key}", use_strings=True)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stored]:
    settings = load(None, data=tmp_path_factory.mktemp("export") / "data")
    settings = settings.model_copy(update={"store": settings.store.model_copy(update={"port": 0})})
    with opened_store(settings) as dsn:
        client = connect(dsn)
        small_market.fill(client)
        client.insert("commits", [["trading/0", 5]], column_names=["shard", "last_offset"])
        insert(client, "quotes", [small_market.quote(1, "book")])  # once more: it is there once
        late = {**small_market.signal(3), "receive_time": START_NS + DAY_NS, "time": START_NS + DAY_NS}
        insert(client, "signals", [late])
        insert(client, "signals", [{**late, "receive_time": START_NS + DAY_NS + 1, "offset": 6}])  # not settled
        yield Stored(settings.data, client)
        client.close()


def insert(client: Client, table: str, rows: list[dict[str, Any]]) -> None:
    client.insert(table, [list(row.values()) for row in rows], column_names=list(rows[0]))


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("table", TABLES)
def test_a_file_holds_the_settled_rows_of_its_table_in_the_order_of_their_keys(
    stored: Stored, table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "PAGE_ROWS", 2)
    output = tmp_path / f"{table}.parquet"
    stored.written(table, "--output", output)
    found, truth = pq.read_table(output), stored.rows(table)
    assert found.column_names == truth.column_names
    assert found.num_rows == truth.num_rows > 0
    for name in truth.column_names:
        if pa.types.is_timestamp(truth[name].type):
            assert found[name].type == pa.timestamp("ns", tz="UTC")
        assert str(found[name].to_pylist()) == str(truth[name].cast(found[name].type).to_pylist()), name  # NaN is NaN


def test_the_metadata_say_what_a_file_is(stored: Stored, tmp_path: Path) -> None:
    output = tmp_path / "signals.parquet"
    stored.written("signals", "--since", "2023-11-14", "--until", "2023-11-15T22:13:21", "--output", output)
    facts = {name.decode(): text.decode() for name, text in pq.read_metadata(output).metadata.items()}
    told = {name.removeprefix("barograph."): text for name, text in facts.items() if name.startswith("barograph.")}
    assert told.pop("version")
    assert told == {
        "table": "signals",
        "schema": tables()["signals"].checksum,
        "since": "2023-11-14T00:00:00.000000000Z",
        "until": "2023-11-15T22:13:21.000000000Z",
        "instruments": "",
        "rows": "3",
        "watermark": '{"simulated/0":5}',
    }


def test_a_csv_says_money_to_the_last_digit_and_maps_of_lists_as_json(stored: Stored, tmp_path: Path) -> None:
    stored.written("ledger", "problems", "--format", "csv", "--output", tmp_path)
    (amount,) = pl.read_csv(tmp_path / "ledger" / "2023-11-14.csv", infer_schema=False)["amount"]
    assert amount == "-12345678901234567890.12345678"
    (clusters,) = pl.read_csv(tmp_path / "problems" / "2023-11-14.csv", infer_schema=False)["clusters"]
    assert json.loads(clusters) == {"first": ["something"], "second": ["something"]}


def test_a_csv_says_times_to_the_nanosecond_maps_as_json_and_bytes_as_text(stored: Stored, tmp_path: Path) -> None:
    stored.written("quotes", "signals", "dead_letters", "--format", "csv", "--output", tmp_path)
    quotes = pl.read_csv(tmp_path / "quotes" / "2023-11-14.csv", infer_schema=False)
    assert quotes["receive_time"][0] == "2023-11-14T22:13:21.000000007Z"
    assert (quotes["ask_size"][0], quotes["exchange_time"][0]) == ("NaN", None)
    assert [float(price) for price in quotes["bid_price"]] == stored.rows("quotes")["bid_price"].to_pylist()
    signals = pl.read_csv(tmp_path / "signals" / "2023-11-14.csv", infer_schema=False)
    assert [json.loads(text) for text in signals["evidence"]] == [
        dict(pairs) for pairs in stored.rows("signals")["evidence"].to_pylist()[:2]
    ]
    assert pl.read_csv(tmp_path / "dead_letters" / "2023-11-14.csv")["raw"].to_list() == ["\\xff"]


def test_two_exports_of_settled_rows_are_the_same_bytes_however_rows_are_read(
    stored: Stored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for format_ in ("parquet", "csv"):
        stored.written(*TABLES, "--format", format_, "--output", tmp_path / "one" / format_)
        monkeypatch.setattr(pages, "PAGE_ROWS", 1)
        stored.written(*reversed(TABLES), "--format", format_, "--output", tmp_path / "two" / format_)
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two")


def test_a_view_of_settled_rows_is_its_table_and_other_views_come_whole(stored: Stored, tmp_path: Path) -> None:
    for name in ("signals", "settled_signals", "latest_bars"):
        stored.written(name, "--output", tmp_path / f"{name}.csv")
    assert (tmp_path / "signals.csv").read_bytes() == (tmp_path / "settled_signals.csv").read_bytes()
    shown = stored.client.query("select count() from latest_bars").result_rows[0][0]
    assert pl.read_csv(tmp_path / "latest_bars.csv", infer_schema=False).height == shown


def test_a_folder_is_gone_on_with_day_by_day(stored: Stored, tmp_path: Path) -> None:
    folder = tmp_path / "signals"
    said = stored.written("signals", "--output", tmp_path)
    assert [line.rsplit(", ", 1)[1] for line in said] == ["written", "written"]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert [(file["name"], file["rows"], file["watermark"]) for file in manifest["files"]] == [
        ("2023-11-14.parquet", 2, {"simulated/0": 5}),
        ("2023-11-15.parquet", 1, {"simulated/0": 5}),
    ]
    assert hashes(folder)["2023-11-14.parquet"] == manifest["files"][0]["sha256"]
    first = hashes(tmp_path)
    assert [line.rsplit(", ", 1)[1] for line in stored.written("signals", "--output", tmp_path)] == ["unchanged"] * 2

    with (folder / "2023-11-14.parquet").open("ab") as file:
        file.write(b"spoiled")
    said = stored.written("signals", "--output", tmp_path)
    assert [line.rsplit(", ", 1)[1] for line in said] == ["written", "unchanged"]
    assert hashes(tmp_path) == first

    table = folder / "manifest.json"  # as if a row of the first day had been another then
    table.write_text(table.read_text().replace(manifest["files"][0]["fingerprint"], "1"))
    said = stored.written("signals", "--output", tmp_path)
    assert [line.rsplit(", ", 1)[1] for line in said] == ["written", "unchanged"]

    table.write_text(table.read_text().replace('"rows": 2', '"rows": 3'))  # and as if it had had one more
    said = stored.written("signals", "--output", tmp_path)
    assert said[0].endswith("kept, since the table has fewer rows of this day now")
    assert "holds another choice" in str(stored.refused("signals", "--format", "csv", "--output", tmp_path))


def test_only_the_instruments_and_the_range_that_were_asked_for(stored: Stored, tmp_path: Path) -> None:
    output = tmp_path / "instruments.csv"
    stored.written("instruments", "--instrument", "ETHUSDT", "--output", output)
    assert pl.read_csv(output)["instrument"].to_list() == ["ETHUSDT"]
    at = "2023-11-14T22:13:22.000000007"
    stored.written("quotes", "--since", at, "--until", f"{at[:-1]}8Z", "--output", tmp_path / "quotes.csv")
    assert pl.read_csv(tmp_path / "quotes.csv")["receive_time"].to_list() == [f"{at}Z"] * 2


def test_what_cannot_be_exported_is_said_in_one_sentence(stored: Stored, tmp_path: Path) -> None:
    for words, kind, said in (
        (("nosuch", "--output", tmp_path), SettingsError, "no table nosuch; there are accounts, availability, "),
        (("migrations", "--output", tmp_path), SettingsError, "no table migrations"),
        (("fills", "--output", tmp_path), StoreError, "no settled rows"),
        (("latency", "--instrument", "X", "--output", tmp_path), SettingsError, "latency has no instruments"),
        (("quotes", "--since", "2023-11-14T05:00", "--output", tmp_path), SettingsError, "whole days"),
    ):
        error = stored.refused(*words)
        assert isinstance(error, kind)
        assert said in str(error)
    for words, said in (
        (("quotes", "signals", "--output", "a.csv"), "one file for one table"),
        (("quotes", "--format", "parquet", "--output", "a.csv"), "leave --format parquet out"),
        (("quotes", "--format", "xlsx"), "write parquet or csv"),
        (("quotes", "--escape-formulas"), "Parquet holds no formulas"),
        (("quotes", "--since", "yesterday"), "is no time"),
        (("quotes", "--since", "2023-11-15", "--until", "2023-11-15"), "is not before"),
    ):
        done = stored.export(*words)
        assert done.exit_code == 2
        assert said in " ".join(done.output.replace("│", " ").split())
    assert list(tmp_path.iterdir()) == []


def test_a_page_that_the_store_finds_too_large_is_asked_for_in_smaller_ones(
    stored: Stored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored.written("quotes", "--output", tmp_path / "one.parquet")
    ask, limits = Questions.ask, []

    def busy(self: Questions, sql: str, **values: Any) -> pa.Table:
        limits.append(int(sql.rsplit(" ", 1)[1]) if " limit " in sql else 0)
        if limits[-1] > 3:
            raise TooLargeError("Code: 396")
        return ask(self, sql, **values)

    monkeypatch.setattr(Questions, "ask", busy)
    monkeypatch.setattr(pages, "PAGE_ROWS", 12)
    stored.written("quotes", "--output", tmp_path / "two.parquet")
    assert [limit for limit in limits if limit][:3] == [12, 3, 3]
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


def test_a_view_of_too_many_rows_is_refused(stored: Stored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MOST_VIEW_ROWS", 1)
    assert "export the table that it shows" in str(stored.refused("latest_bars", "--output", tmp_path / "a.csv"))
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(b"old")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ExportError, match="No space left on device"):
        write(path, [pa.table({"x": [1]})], format_="parquet", facts={})
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {"a.parquet": b"old"}


def test_rows_that_are_replaced_while_a_file_is_written_leave_none(tmp_path: Path) -> None:
    def replaced(_rows: int) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        write(tmp_path / "a.csv", [pa.table({"x": [1]})], format_="csv", facts={}, check=replaced)
    assert list(tmp_path.iterdir()) == []


def test_text_that_a_spreadsheet_would_run_is_escaped_where_that_is_asked_for(tmp_path: Path) -> None:
    texts = ["=1+1", "+1", "-1", "@a", "\ta", " =1", "＝1", "a=1", "", None]
    rows = pa.table({"text": pa.array(texts), "number": pa.array([-1.5] * len(texts))})
    for formulas, mark in ((True, ""), (False, "'")):
        path = tmp_path / f"{formulas}.csv"
        write(path, [rows], format_="csv", facts={}, formulas=formulas)
        lines = [line.removesuffix(",-1.5") for line in path.read_text().splitlines()[1:]]
        assert lines == [*(f"{mark}{text}" for text in texts[:7]), "a=1", '""', ""]


KILLED = """
import time
from flows.exports import export, files, pages
pages.PAGE_ROWS = files.GROUP_ROWS = 2
told = export._told
def slow(*given):
    for number, page in enumerate(told(*given)):
        if number == 2:
            print("one row group is in the file", flush=True)
            time.sleep(60)
        yield page
export._told = slow
from flows.cli import main
main()
"""


def test_a_kill_in_the_middle_leaves_no_file_and_the_next_export_is_whole(stored: Stored, tmp_path: Path) -> None:
    output = tmp_path / "quotes.parquet"
    words = ["export", "quotes", "--data", str(stored.data), "--output", str(output)]
    with subprocess.Popen([sys.executable, "-c", KILLED, *words], stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "one row group is in the file\n"
        killed.send_signal(signal.SIGKILL)
    left = [path.name for path in tmp_path.iterdir()]
    assert len(left) == 1
    assert left[0].startswith(".quotes.parquet.")
    stored.written("quotes", "--output", output)
    assert [path.name for path in tmp_path.iterdir()] == ["quotes.parquet"]
    assert pq.read_table(output).num_rows == stored.rows("quotes").num_rows


def test_whole_leaves_what_a_living_export_writes_alone(tmp_path: Path) -> None:
    mine = tmp_path / f".a.csv.{os.getpid()}.partial"
    mine.write_bytes(b"x")
    with whole(tmp_path / "b.csv") as file:
        file.write(b"y")
    assert sorted(path.name for path in tmp_path.iterdir()) == [mine.name, "b.csv"]


def commands() -> list[list[str]]:
    """What docs/exports.md tells to type."""
    text = (ROOT / "docs" / "exports.md").read_text()
    lines = [line for block in text.split("```sh\n")[1:] for line in block.split("```")[0].splitlines()]
    return [shlex.split(line, comments=True) for line in lines if line.startswith("barograph ")]


def test_every_command_of_the_page_runs(stored: Stored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert len(commands()) >= 5
    for _, *words in commands():
        done = CliRunner().invoke(app, [*words, "--data", str(stored.data)])
        assert done.exit_code == 0, (words, done.output, done.exception)
