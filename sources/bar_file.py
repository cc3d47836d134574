"""A file of bars as a frame: .parquet, .feather, or .csv, plain or compressed; what it holds is judged elsewhere."""

from pathlib import Path

import polars as pl

from market.errors import SettingsError

PARQUET = (".parquet",)
FEATHER = (".feather", ".arrow")
CSV = (".csv", ".csv.gz", ".csv.zst")
BAR_FILES = PARQUET + FEATHER + CSV


def is_bar_file(path: Path) -> bool:
    """Whether a file's name says that it holds bars.

    >>> is_bar_file(Path("BTCUSDT-1h.csv.gz")), is_bar_file(Path("btcusdt_20240718.gz"))
    (True, False)
    """
    return path.name.lower().endswith(BAR_FILES)


def read_bars(path: Path) -> pl.DataFrame:
    """The frame in a file; raises SettingsError where there is none, or it cannot be read."""
    if not path.exists():
        raise SettingsError(f"there is no file {path}")
    if not is_bar_file(path):
        raise SettingsError(f"{path}: bars come as .parquet, .feather or .csv")
    try:
        if path.name.lower().endswith(PARQUET):
            return pl.read_parquet(path)
        if path.name.lower().endswith(FEATHER):
            return pl.read_ipc(path)
        return pl.read_csv(path, try_parse_dates=True)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from None
