import polars as pl

from operators.statistics import describe
from operators.statistics.describe import MEASURES, STATISTIC
from tests.contract import Case, Tables
from tests.operators.statistics.bar_tables import oracle_of, output_of, without_frame
from tests.operators.statistics.ohlc_stream import batches, cut, empty
from tests.operators.statistics.slow_statistics import SlowStatistics

WINDOW, QUANTILES, HALF_LIFE = 7, 30, 5.0
SCHEMA = without_frame(STATISTIC)
# NaN for other reasons than warm-up too.
OTHERWISE = {"log_return", "roll_spread_bps", "close_z_score", "volume_z_score"}


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
    output_of("bar_statistics", SCHEMA),
    oracle_of("bar_statistics", SCHEMA, lambda timeframe: SlowStatistics(timeframe, WINDOW, QUANTILES, HALF_LIFE)),
    empty,
    ready=ready,
    tolerance=1e-9,  # of bps: Roll is a root of a difference of sums
)
