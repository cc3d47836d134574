import polars as pl

from market.batch import Batch
from operators.statistics import describe
from operators.statistics.describe import MEASURES, STATISTIC
from tests.contract import Case, Tables
from tests.operators.statistics.ohlc_stream import batches, cut, empty
from tests.operators.statistics.slow_statistics import SlowStatistics

WINDOW, QUANTILES, HALF_LIFE = 7, 30, 5.0
SCHEMA = {name: kind for name, kind in STATISTIC.items() if name != "frame"}
# NaN for other reasons than warm-up too.
OTHERWISE = {"log_return", "roll_spread_bps", "close_z_score", "volume_z_score"}


def output(items: list[Batch]) -> Tables:
    rows = [item.tables["bar_statistics"].drop("frame") for item in items if "bar_statistics" in item.tables]
    return {"bar_statistics": pl.concat([pl.DataFrame(schema=SCHEMA), *rows])}


def oracle(items: list[Batch]) -> Tables:
    slow: dict[tuple[str, str], SlowStatistics] = {}
    rows = []
    for item in items:
        for bar in item.tables["bars"].to_dicts() if "bars" in item.tables else []:
            key = (bar["instrument"], bar["timeframe"])
            row = slow.setdefault(key, SlowStatistics(key[1], WINDOW, QUANTILES, HALF_LIFE)).take(bar)
            if row is not None:
                rows.append({name: bar[name] for name in list(SCHEMA)[:4]} | row)
    return {"bar_statistics": pl.DataFrame(rows, SCHEMA)}


def ready(found: Tables) -> dict[tuple[str, str], pl.Series]:
    returns = found["bar_statistics"]["returns"]
    return {
        ("bar_statistics", name): returns
        >= (QUANTILES if name in ("return_q05", "return_q50", "return_q95") else WINDOW)
        for name in MEASURES
        if name not in OTHERWISE
    }


CASE = Case(
    "statistics.describe",
    lambda: describe.stage(window_bars=WINDOW, quantile_bars=QUANTILES, half_life_bars=HALF_LIFE),
    batches,
    cut,
    output,
    oracle,
    empty,
    ready=ready,
    tolerance=1e-9,  # of bps: Roll is a root of a difference of sums
)
