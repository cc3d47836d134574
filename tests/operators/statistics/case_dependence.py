import polars as pl

from operators.statistics import dependence
from operators.statistics.dependence import DEPENDENCE, MEASURES
from tests.contract import Case, Tables
from tests.operators.statistics.bar_tables import oracle_of, output_of, without_frame
from tests.operators.statistics.long_stream import batches
from tests.operators.statistics.ohlc_stream import cut, empty
from tests.operators.statistics.slow_dependence import SlowDependence

WINDOW, ADF_LAGS, KPSS_LAGS = 64, 2, 5
SCHEMA = without_frame(DEPENDENCE)
# NaN for other reasons than warm-up too.
OTHERWISE = {"half_life_bars"}


def ready(found: Tables) -> dict[tuple[str, str], pl.Series]:
    full = found["bar_dependence"]["returns"] >= WINDOW
    return {("bar_dependence", name): full for name in MEASURES if name not in OTHERWISE}


CASE = Case(
    "statistics.dependence",
    lambda: dependence.stage(window_bars=WINDOW, adf_lags=ADF_LAGS, kpss_lags=KPSS_LAGS),
    batches,
    cut,
    output_of("bar_dependence", SCHEMA),
    oracle_of("bar_dependence", SCHEMA, lambda timeframe: SlowDependence(timeframe, WINDOW, ADF_LAGS, KPSS_LAGS)),
    empty,
    ready=ready,
    tolerance=1e-9,
)
