import polars as pl

from market.batch import Batch
from operators.statistics import dependence
from operators.statistics.dependence import DEPENDENCE, MEASURES
from tests.contract import Case, Tables
from tests.operators.statistics.long_stream import batches
from tests.operators.statistics.ohlc_stream import cut, empty
from tests.operators.statistics.slow_dependence import SlowDependence

WINDOW, ADF_LAGS, KPSS_LAGS = 64, 2, 5
SCHEMA = {name: kind for name, kind in DEPENDENCE.items() if name != "frame"}
# NaN for other reasons than warm-up too.
OTHERWISE = {"half_life_bars"}


def output(items: list[Batch]) -> Tables:
    rows = [item.tables["bar_dependence"].drop("frame") for item in items if "bar_dependence" in item.tables]
    return {"bar_dependence": pl.concat([pl.DataFrame(schema=SCHEMA), *rows])}


def oracle(items: list[Batch]) -> Tables:
    slow: dict[tuple[str, str], SlowDependence] = {}
    rows = []
    for item in items:
        for bar in item.tables["bars"].to_dicts() if "bars" in item.tables else []:
            key = (bar["instrument"], bar["timeframe"])
            row = slow.setdefault(key, SlowDependence(key[1], WINDOW, ADF_LAGS, KPSS_LAGS)).take(bar)
            if row is not None:
                rows.append({name: bar[name] for name in list(SCHEMA)[:4]} | row)
    return {"bar_dependence": pl.DataFrame(rows, SCHEMA)}


def ready(found: Tables) -> dict[tuple[str, str], pl.Series]:
    full = found["bar_dependence"]["returns"] >= WINDOW
    return {("bar_dependence", name): full for name in MEASURES if name not in OTHERWISE}


CASE = Case(
    "statistics.dependence",
    lambda: dependence.stage(window_bars=WINDOW, adf_lags=ADF_LAGS, kpss_lags=KPSS_LAGS),
    batches,
    cut,
    output,
    oracle,
    empty,
    ready=ready,
    tolerance=1e-9,
)
