"""Stocks from zips of ticks to quotes and bars, held to the bars that Lean made of the same ticks."""

import os
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from flows.imports import import_captures
from market.batch import Batch
from market.errors import CaptureError
from market.journal import partition_path
from operators import bars, decode
from operators.book import consolidate, rebuild
from operators.features import order_flow
from operators.frame import frame_of
from sources.journal_reader import JournalReader
from venues.lean.times import nanoseconds

DAY = "20131007"
UNTIL_MS = 35_100_000  # 9:45 in New York
MS = 10**6
QUOTE_BAR = [f"{side}_{name}" for side in ("bid", "ask") for name in ("open", "high", "low", "close", "size")]
AUCTION = 0x40 | 0x80 | 0x100 | 0x1000000 | 0x4000000  # prints that Lean's bars of a second leave out
# What sets no price in Lean's bars, unless it is of extended hours: sweeps, and prices made elsewhere.
NO_PRICE = 0x20 | 0x200 | 0x800 | 0x4000 | 0x100000
EXTENDED = 0x2000


def folder() -> Path:
    named = os.environ.get("BAROGRAPH_CAPTURES", "")
    found = Path(named) / "06_equity_ticks_quotes_lean"
    if not named or not found.is_dir():
        pytest.skip("BAROGRAPH_CAPTURES does not name a folder of captures")
    return found


def lines(path: Path) -> list[bytes]:
    with zipfile.ZipFile(path) as archive:
        return archive.read(archive.namelist()[0]).splitlines()


def zipped(path: Path, name: str, body: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, body)
    return path


def replayed(data: Path, shard: str) -> list[Batch]:
    """The journal through decode, the book and the bars."""
    batches = list(_batches(data, shard))
    for stage in (decode.stage(), consolidate.stage(), rebuild.stage(), order_flow.stage(), bars.stage()):
        batches = stage.run(batches)
    return batches


def _batches(data: Path, shard: str) -> Iterator[Batch]:
    with JournalReader(partition_path(data, "market", shard)) as journal:
        for row in journal.read(0, 10**6):
            yield Batch(shard, row.offset, row.received_ns, row.frames)


@cache
def morning() -> tuple[list[Batch], dict[str, list[bytes]]]:
    """IBM until 9:45, imported and replayed; and its lines."""
    import tempfile

    found = {what: _until(lines(folder() / "tick" / "ibm" / f"{DAY}_{what}.zip")) for what in ("trade", "quote")}
    with tempfile.TemporaryDirectory() as name:
        paths = [
            zipped(Path(name) / f"{DAY}_{what}.zip", f"{DAY}_ibm_{what.title()}_Tick.csv", b"\n".join(rows))
            for what, rows in found.items()
        ]
        report = import_captures(paths, venue="lean-usa", data=Path(name))
        assert [(file.lines, file.skipped) for file in report.files] == [(sum(map(len, found.values())), 0)]
        return replayed(Path(name), "lean-usa/ibm"), found


@cache
def morning_ticks() -> pl.DataFrame:
    return frame_of(np.concatenate([batch.ticks for batch in morning()[0]]))


def _until(rows: list[bytes]) -> list[bytes]:
    return [row for row in rows if int(row.partition(b",")[0]) < UNTIL_MS]


def lean_bars(what: str, columns: list[str]) -> pl.DataFrame:
    """Lean's own bars of a second."""
    rows = _until(lines(folder() / "second" / "ibm" / f"{DAY}_{what}.zip"))
    values = [[int(value) for value in row.split(b",")] for row in rows]
    return pl.DataFrame(values, ["ms", *columns], orient="row")


def _second(time: pl.Expr) -> pl.Expr:
    return (time - nanoseconds(DAY, "0")) // (1_000 * MS) * 1_000


def test_every_tick_is_a_row_and_none_a_dead_letter() -> None:
    batches, written = morning()
    ticks = morning_ticks()
    assert len(ticks) == sum(map(len, written.values()))
    assert not any("dead_letters" in batch.tables for batch in batches)
    assert ticks["receive_time"].is_sorted()


def test_the_consolidated_quote_is_lean_s_own() -> None:
    quotes = morning_ticks().filter("valid", pl.col("price").is_nan())
    ends = quotes.group_by(_second(pl.col("exchange_time")).alias("ms"), maintain_order=True).last()
    both = lean_bars("quote", QUOTE_BAR).join(ends, on="ms", suffix="_ours")
    assert len(both) > 600
    for side in ("bid", "ask"):
        same = both[f"{side}_close"] == (both[f"{side}_price"] * 10_000).round().cast(pl.Int64)
        assert (same & (both[f"{side}_size"] == both[f"{side}_size_ours"])).mean() > 0.99, side


def test_bars_made_by_lean_s_rule_of_our_trades_are_lean_s_own() -> None:
    """Its volume is of all trades but auctions; a second without a price is told with the one before."""
    written = morning()[1]["trade"]
    conditions = [int(row.split(b",")[4], 16) for row in written]
    ticks = morning_ticks().filter(pl.col("kind") == 4).with_columns(
        pl.Series("conditions", conditions), ms=_second(pl.col("exchange_time"))
    )  # fmt: skip
    counted = ticks.filter(pl.col("conditions") & AUCTION == 0)
    is_price = (pl.col("conditions") & NO_PRICE == 0) | (pl.col("conditions") & EXTENDED != 0)
    price = (pl.col("price") * 10_000).round().cast(pl.Int64)
    prices = counted.filter(is_price).group_by("ms").agg(
        *(price.first().alias("open"), price.max().alias("high"), price.min().alias("low"), price.last().alias("close"))
    )  # fmt: skip
    told = counted.join(prices.select("ms", told="ms"), on="ms", how="left").with_columns(pl.col("told").forward_fill())
    volumes = told.group_by(ms="told").agg(pl.col("size").sum().cast(pl.Int64).alias("volume"))
    both = lean_bars("trade", ["open", "high", "low", "close", "volume"]).join(
        prices.join(volumes, on="ms"), on="ms", how="full", suffix="_ours"
    )
    for name in ("open", "high", "low", "close", "volume"):
        assert (both[name] == both[f"{name}_ours"]).fill_null(value=False).mean() > 0.99, name


def test_our_bars_hold_all_trades_that_count_and_their_times_are_new_york_s() -> None:
    batches, written = morning()
    told = pl.concat(batch.tables["bars"] for batch in batches if "bars" in batch.tables)
    minutes = told.filter(pl.col("timeframe") == "1m")
    assert (minutes["open_time"] % (60_000 * MS) == 0).all()
    assert minutes.filter(pl.col("trades") > 0)["open_time"][0] == nanoseconds(DAY, "14400000")
    opened = minutes.filter(pl.col("open_time") == nanoseconds(DAY, "34200000"))
    auction = next(row for row in written["trade"] if row.split(b",")[4] == b"40").split(b",")
    assert opened["volume"].item() > float(auction[2])
    assert np.isfinite(opened["mid_close"].item())


def test_zips_of_one_day_that_come_later_continue_their_shard_and_come_once(tmp_path: Path) -> None:
    def put(day: str, what: str, line: bytes) -> Path:
        return zipped(tmp_path / f"{day}_{what}.zip", f"{day}_spy_{what}_tick.csv", line)

    trade, quote = b"34200000,1695500,100,P,1,0", b"34200000,1695500,100,0,0,P,1,0"
    first = [put("20131007", "quote", quote), put("20131007", "trade", trade)]
    report = import_captures(first, venue="lean-usa", data=tmp_path)
    assert str(report) == "20131007_quote.zip with 20131007_trade.zip: 2 lines, 0 s of lean-usa/spy"
    import_captures([put("20131008", "trade", trade)], venue="lean-usa", data=tmp_path)
    with pytest.raises(CaptureError, match="imported already"):
        import_captures(first[:1], venue="lean-usa", data=tmp_path)
    kinds = [batch.ticks["kind"].tolist() for batch in replayed(tmp_path, "lean-usa/spy") if len(batch.ticks)]
    assert kinds == [[4, 2], [4]]
