import polars as pl
import pytest
from polars.testing import assert_frame_equal

from market.clock import SECOND_NS
from market.schema import TIMEFRAMES, Kind
from operators import bars, decode
from operators.book import rebuild
from operators.features import order_flow
from operators.frame import frame
from tests.captures import real
from tests.rows import concat

KEYS = ["open_time"]


@pytest.mark.parametrize("name", ["usdm-btc", "spot-btc"])
def test_closed_bars_hold_what_a_group_by_finds(name: str) -> None:
    out = real.batches(name)
    for stage in (decode.stage(), rebuild.stage(), order_flow.stage(), bars.stage()):
        out = stage.run(out)
    ticks = concat(frame(batch) for batch in out)
    found = concat(batch.tables["bars"] for batch in out if "bars" in batch.tables)
    # Nothing in these captures comes so late that a bar is given up; some of it comes late enough for a revision.
    causes = {cause for batch in out if "gaps" in batch.tables for cause in batch.tables["gaps"]["cause"]}
    assert causes <= {"unsynchronised"}
    final = found.unique(["timeframe", "open_time"], keep="last", maintain_order=True)
    for timeframe in ("1s", "1m"):
        closed = final.filter(pl.col("timeframe") == timeframe).sort("open_time")
        expected = grouped(ticks, TIMEFRAMES[timeframe] * SECOND_NS).join(closed.select(KEYS), on=KEYS, how="semi")
        assert len(expected) == len(closed) > 0
        assert_frame_equal(closed.select(expected.columns), expected, rel_tol=1e-9)


def grouped(ticks: pl.DataFrame, interval_ns: int) -> pl.DataFrame:
    """Bars of the whole stream at once, by Polars expressions."""
    trade = (pl.col("kind") == int(Kind.TRADE)) & ~pl.col("off_book") & (pl.col("size") > 0)
    update = pl.col("kind").is_in([int(Kind.SNAPSHOT), int(Kind.DEPTH)]) & pl.col("valid")
    rows = ticks.filter((trade | update) & (pl.col("exchange_time") > 0)).sort("exchange_time", maintain_order=True)
    rows = rows.with_columns(open_time=pl.col("exchange_time") // interval_ns * interval_ns)
    price, size = pl.col("price").filter(trade), pl.col("size").filter(trade)
    mid = pl.col("mid_price").filter(update)
    return (
        rows.group_by("open_time", maintain_order=True)
        .agg(
            open=price.first().fill_null(float("nan")),
            high=price.max().fill_null(float("nan")),
            low=price.min().fill_null(float("nan")),
            close=price.last().fill_null(float("nan")),
            volume=size.sum(),
            buy_volume=pl.col("size").filter(trade & (pl.col("side") > 0)).sum(),
            notional=(pl.col("size") * pl.col("price")).filter(trade).sum(),
            trades=trade.sum().cast(pl.Int64),
            mid_open=mid.first().fill_null(float("nan")),
            mid_close=mid.last().fill_null(float("nan")),
            ofi=pl.col("ofi").filter(update).fill_nan(0.0).sum(),
            updates=update.sum().cast(pl.Int64),
        )
        .sort("open_time")
    )
