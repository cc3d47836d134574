"""The ground truth is complete: every instrument, every second, every finished metaorder."""

import numpy as np
import polars as pl
import pytest

from simulator.exchange import Exchange
from simulator.listing import listing
from simulator.regimes import DYNAMICS, VOLATILITIES
from simulator.tape import tape
from simulator.truth import TruthFile

SYMBOLS = ("BTCUSDT", "SOLUSDT")
SECONDS = 240
EPOCH_NS = 1_767_225_600_000_000_000


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    path = tmp_path_factory.mktemp("truth") / "truth.parquet"
    exchange = Exchange(instruments=SYMBOLS, rate=200, seed=4)
    file = TruthFile(path, exchange.listings, EPOCH_NS)
    for second in range(1, SECONDS + 1):
        for _ in exchange.run(second * 10**9, epoch_ns=EPOCH_NS, sent_ns=EPOCH_NS, record=file.add):
            pass
        if second % 60 == 0:
            file.flush()
    file.close()
    assert not list(path.parent.glob("*.parts"))
    return exchange, pl.read_parquet(path), pl.read_parquet(path.with_suffix(".metaorders.parquet"))


def test_every_second_of_every_instrument_is_there(truth):
    _, states, _ = truth
    for symbol in SYMBOLS:
        times = states.filter(pl.col("instrument") == symbol)["exchange_time"].to_numpy()
        assert (times == EPOCH_NS + np.arange(SECONDS) * 10**9).all()


def test_regimes_are_named_and_change(truth):
    _, states, _ = truth
    assert set(states["volatility"]) <= set(VOLATILITIES)
    assert set(states["dynamics"]) <= set(DYNAMICS)
    assert states["volatility"].n_unique() > 1


def test_impact_is_the_coefficient_that_moved_the_price(truth):
    exchange, states, _ = truth
    fixed = exchange.world.fixed[0]
    for regime, name in enumerate(VOLATILITIES):
        rows = states.filter((pl.col("instrument") == "BTCUSDT") & (pl.col("volatility") == name))
        assert rows["impact"].to_numpy() == pytest.approx(np.full(len(rows), fixed["impact"][regime] * 0.1 / 0.001))


def test_metaorders_execute_no_more_than_they_asked(truth):
    _, _, metaorders = truth
    assert len(metaorders) > 2
    assert (metaorders["executed"] <= metaorders["size"] + 1e-9).all()
    assert (metaorders["executed"] > 0).any()
    assert (metaorders["start_time"] < metaorders["end_time"]).all()
    assert set(metaorders["side"]) <= {-1, 1}


def test_impact_of_a_metaorder_in_one_regime_is_coefficient_times_size(truth):
    _, states, metaorders = truth
    seen = 0
    for row in metaorders.filter(pl.col("executed") > 0).iter_rows(named=True):
        worked = states.filter(
            (pl.col("instrument") == row["instrument"])
            & pl.col("exchange_time").is_between(row["start_time"] - 10**9, row["end_time"] + 10**9)
        )
        expected = row["side"] * row["executed"] * worked["impact"]
        assert expected.abs().min() * 0.999 <= abs(row["impact"]) <= expected.abs().max() * 1.001
        if worked["impact"].n_unique() == 1:
            assert row["impact"] == pytest.approx(expected[0], rel=1e-9)
            seen += 1
    assert seen


@pytest.mark.parametrize(("dynamics", "least", "most"), [("random", 0.99, 1.0), ("mean_reverting", 0.02, 0.9)])
def test_what_is_left_of_an_impact_is_what_the_pull_has_not_taken(tmp_path, dynamics, least, most):
    file = TruthFile(tmp_path / "t.parquet", [listing("BTCUSDT")], EPOCH_NS)
    lines = tape(
        instruments=["BTCUSDT"], seed=2, seconds=200, rate=150, regime=("normal", dynamics), record_truth=file.add
    )
    assert sum(1 for _ in lines) > 10_000
    file.close()
    rows = pl.read_parquet(tmp_path / "t.metaorders.parquet").filter(pl.col("executed") > 0)
    share = rows["impact_left"] / rows["impact"]
    assert len(rows) > 0
    assert share.is_between(least, most).all()
    assert (rows["impact"] * rows["side"] > 0).all()


def test_parts_are_readable_while_the_market_runs(tmp_path):
    exchange = Exchange(instruments=["BTCUSDT"], rate=50, seed=1)
    file = TruthFile(tmp_path / "t.parquet", exchange.listings, EPOCH_NS)
    for _ in exchange.run(10**9, epoch_ns=0, sent_ns=0, record=file.add):
        pass
    file.flush()
    assert len(pl.read_parquet(tmp_path / "t.parquet.parts" / "states-*.parquet")) == 1
