"""The simulator's metaorders, in small: benchmarks/impact.py has the figures that claims rest on."""

import numba
import numpy as np
import polars as pl
import pytest

from market.batch import Batch
from market.frames import Frames
from market.schema import NO_BOOK
from operators import decode
from operators.book import rebuild
from operators.impact import calibrate
from operators.impact.estimate import estimate_price_impact
from simulator.listing import listing
from simulator.tape import EPOCH_NS, tape
from simulator.truth import TruthFile

SYMBOLS = ("BTCUSDT", "ETHUSDT")
SECONDS, WARM_UP_S = 420, 120


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    """Ticks, coefficients and books of the rows with a book, and the metaorders, of a market in one regime."""
    if numba.config.DISABLE_JIT:
        pytest.skip("minutes of market take long without compiled kernels")
    path = tmp_path_factory.mktemp("truth") / "truth.parquet"
    truth = TruthFile(path, [listing(symbol) for symbol in SYMBOLS], EPOCH_NS)
    lines = list(
        tape(instruments=SYMBOLS, seed=9, seconds=SECONDS, rate=800, records=True, regime=("normal", "random"),
             record_truth=truth.add)
    )  # fmt: skip
    truth.close()
    times, frames = zip(*lines, strict=True)
    [batch] = [Batch("binance-usdm/0", 0, np.array(times, np.int64), Frames.of(frames))]
    for stage in (decode.stage(), rebuild.stage(), calibrate.stage()):
        [batch] = stage.run([batch])
    booked = batch.ticks[batch.ticks["book"] != NO_BOOK]
    rows = (booked, batch.features["impact"][batch.ticks["book"] != NO_BOOK], batch.books[booked["book"]])
    return rows, pl.read_parquet(path), pl.read_parquet(path.with_suffix(".metaorders.parquet"))


def before(rows, symbol: str, time: int):
    ticks, impact, books = rows
    mine = (ticks["instrument"] == SYMBOLS.index(symbol)) & (ticks["exchange_time"] < time)
    return impact[mine][-1], books[mine][-1]


def test_impact_of_metaorders_is_predicted_from_rows_before_them(market):
    rows, _, orders = market
    errors = []
    for order in orders.filter(pl.col("executed") > 0).iter_rows(named=True):
        if order["start_time"] < EPOCH_NS + WARM_UP_S * 10**9:
            continue
        horizon_s = (order["end_time"] - order["start_time"]) / 1e9
        found = estimate_price_impact(
            *before(rows, order["instrument"], order["start_time"]),
            order_size=order["executed"], side=order["side"], horizon_s=horizon_s,
        )  # fmt: skip
        assert found.model == "kyle"
        errors.append(abs(found.mean / (order["impact"] * order["side"]) - 1))
    assert len(errors) >= 3
    assert np.median(errors) < 0.2


def test_lambda_ends_near_the_coefficient_that_moved_the_price(market):
    rows, states, _ = market
    for symbol in SYMBOLS:
        truth = states.filter(pl.col("instrument") == symbol)["impact"][-1]
        impact, _ = before(rows, symbol, EPOCH_NS + SECONDS * 10**9)
        assert abs(impact["kyle_lambda"] - truth) < 3 * impact["kyle_lambda_error"]
        assert impact["kyle_lambda_error"] < 0.15 * truth
        assert impact["flow_lambda"] > impact["kyle_lambda"]  # informed takers
