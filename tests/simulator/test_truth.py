"""The ground truth is complete: every instrument, every second, every finished metaorder."""

import numpy as np
import polars as pl
import pytest

from simulator.exchange import Exchange
from simulator.regimes import DYNAMICS, VOLATILITIES
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


def test_parts_are_readable_while_the_market_runs(tmp_path):
    exchange = Exchange(instruments=["BTCUSDT"], rate=50, seed=1)
    file = TruthFile(tmp_path / "t.parquet", exchange.listings, EPOCH_NS)
    for _ in exchange.run(10**9, epoch_ns=0, sent_ns=0, record=file.add):
        pass
    file.flush()
    assert len(pl.read_parquet(tmp_path / "t.parquet.parts" / "states-*.parquet")) == 1
