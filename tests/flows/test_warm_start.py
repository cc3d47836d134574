"""History, then a recording, end to end through the command line: learned once, in whatever portions it comes."""

import math
import random
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from simulator.tape import EPOCH_NS, write_capture
from tests.flows.pipe import barograph, epoch, settings_file, tables_of, without_cuts

MINUTES, HOURS = 600, 120
BEGIN = "2026-01-01 00:00:00.000000000"  # of the recording, EPOCH_NS


def bars(path: Path, interval_s: int, count: int) -> Path:
    """The last bars of BTCUSDT that were over when the recording begins."""
    chance, price, rows = random.Random(interval_s), 50_000.0, []
    for number in range(count):
        open_, price = price, price * math.exp(chance.gauss(0.0, 1e-3 if number // 250 % 2 else 3e-4))
        edges = {"high": max(open_, price) + 1.0, "low": min(open_, price) - 1.0}
        time_ms = EPOCH_NS // 1_000_000 - (count - number) * interval_s * 1_000
        rows.append({"open_time": time_ms, "open": open_, **edges, "close": price, "volume": 1.5})
    frame = pl.DataFrame(rows)
    if path.suffix == ".csv":
        frame.write_csv(path)
    else:
        frame.write_parquet(path)
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("files")
    write_capture(folder / "tape.gz", instruments=["BTCUSDT", "ETHUSDT"], seed=3, seconds=70, rate=10)
    return {
        "1m": bars(folder / "minutes.parquet", 60, MINUTES),
        "1h": bars(folder / "hours.csv", 3_600, HOURS),
        "tape": folder / "tape.gz",
    }


def import_bars(config: Path, files: dict[str, Path]) -> str:
    said = ""
    for timeframe in ("1m", "1h"):
        where = ("--venue", "binance-usdm", "--instrument", "btcusdt", "--timeframe", timeframe)
        said += barograph("import", files[timeframe], *where, "--config", config)
    return said


def import_tape(config: Path, files: dict[str, Path]) -> None:
    barograph("import", files["tape"], "--venue", "binance-usdm", "--config", config)


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory, files: dict[str, Path]) -> Path:
    config = settings_file(tmp_path_factory.mktemp("warm"))
    assert f"{MINUTES:,} bars 1m of BTCUSDT" in import_bars(config, files)
    import_tape(config, files)
    barograph("replay", "--config", config)
    return config


@pytest.fixture(scope="module")
def tables(warm: Path) -> dict[str, pl.DataFrame]:
    return tables_of(warm)


def test_history_is_in_the_tables_and_says_so(tables: dict[str, pl.DataFrame]) -> None:
    told = tables["bars"].filter(pl.col("origin") == "history")
    assert told["timeframe"].value_counts(sort=True).rows() == [("1m", MINUTES), ("1h", HOURS)]
    assert set(tables["bars"]["origin"]) == {"history", "ticks"}
    assert tables["dead_letters"].is_empty()
    assert len(tables["bar_statistics"].filter(pl.col("close_time") <= BEGIN)) == MINUTES + HOURS


def test_regimes_know_the_market_from_the_first_live_bar_on(tables: dict[str, pl.DataFrame]) -> None:
    of_minutes = (pl.col("instrument") == "BTCUSDT") & (pl.col("timeframe") == "short") & (pl.col("time") > BEGIN)
    first = tables["regimes"].filter(of_minutes).sort("time").row(0, named=True)
    assert "unknown" not in first["regime"]
    assert int(first["bars_seen"]) >= MINUTES - 1


def test_no_signal_asks_for_anything_on_history(tables: dict[str, pl.DataFrame]) -> None:
    of_history = tables["signals"].filter(pl.col("time") <= BEGIN)
    assert set(of_history["direction"]) <= {"0"}
    assert tables["signals"]["time"].max() > BEGIN


def killed_while_it_learns(config: Path) -> None:
    began = epoch(config)
    with subprocess.Popen([sys.executable, "-m", "flows", "replay", "--config", str(config)]) as replay:
        while epoch(config) <= began:
            assert replay.poll() is None, "it ended before it was killed"
            time.sleep(0.01)
        replay.kill()


@pytest.mark.timeout(600)
def test_history_that_is_learned_through_kills_and_imported_again_gives_the_same_tables(
    tables: dict[str, pl.DataFrame], files: dict[str, Path], tmp_path: Path
) -> None:
    config = settings_file(tmp_path, flow={"snapshot_interval_s": 0.05})
    import_bars(config, files)
    for _ in range(2):
        killed_while_it_learns(config)
    barograph("replay", "--config", config)
    assert f"0 bars 1m of BTCUSDT, {MINUTES:,} known already" in import_bars(config, files)
    import_tape(config, files)
    barograph("replay", "--config", config)
    at_once, in_portions = without_cuts(tables), without_cuts(tables_of(config))
    assert [name for name, rows in at_once.items() if not rows.equals(in_portions[name])] == []
