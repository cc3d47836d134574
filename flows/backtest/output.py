"""The files of a backtest, in one folder: report.json; equity, trades and variants as .parquet; backtest.png.

Each is written whole beside its name and then put in its place. Times in the tables are UTC, ns.
"""

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl

from flows.backtest.periods import returns_of
from flows.backtest.report import Report
from flows.backtest.trials import Trials
from market.errors import SettingsError

UTC_NS = pl.Datetime("ns", "UTC")


def write(folder: Path, report: Report, trials: Trials) -> list[Path]:
    """Write the tables and the report; gives the paths. Raises SettingsError where the folder does not take them."""
    files: dict[str, Callable[[Path], object]] = {
        "report.json": lambda path: path.write_text(json.dumps(report, indent=2, allow_nan=False) + "\n"),
        "equity.parquet": equity(trials).write_parquet,
        "trades.parquet": trades(trials).write_parquet,
        "variants.parquet": variants(report).write_parquet,
    }
    return [put(folder, name, write) for name, write in files.items()]


def put(folder: Path, name: str, write: Callable[[Path], object]) -> Path:
    """Write one file and put it in its place."""
    path = folder / name
    partial = folder / f".{name}.partial{path.suffix}"
    try:
        folder.mkdir(exist_ok=True)
        write(partial)
        partial.replace(path)
    except OSError as error:
        raise SettingsError(f"--output {path} cannot be written: {error.strerror or error}") from None
    return path


def equity(trials: Trials) -> pl.DataFrame:
    """One row for each period of each variant."""
    return pl.concat(
        run.periods.with_columns(
            pl.col("time").cast(UTC_NS),
            pl.lit(name).alias("variant"),
            pl.Series("return", returns_of(run.periods["equity"], run.capital)),
            (1.0 - pl.col("equity") / pl.col("equity").cum_max().clip(lower_bound=run.capital)).alias("drawdown"),
        )
        for name, run in zip(trials.names, trials.runs, strict=True)
    )


def trades(trials: Trials) -> pl.DataFrame:
    """One row for each fill of each variant."""
    return pl.concat(
        run.trades.with_columns(pl.col("time").cast(UTC_NS), pl.lit(name).alias("variant"))
        for name, run in zip(trials.names, trials.runs, strict=True)
    )


def variants(report: Report) -> pl.DataFrame:
    """One row for each variant: its name, its settings as JSON, its figures."""
    rows = [
        {
            **{name: value for name, value in variant.items() if name not in ("settings", "unknown")},
            "settings": json.dumps(variant["settings"]),
        }
        for variant in report["variants"]
    ]
    numbers = [name for name in rows[0] if name not in ("name", "settings")]
    return pl.DataFrame(rows, schema_overrides=dict.fromkeys(numbers, pl.Float64))
