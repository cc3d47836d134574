"""A backtest of a journal decides what the flows decide: one code path, whichever journal it begins from."""

import numpy as np
import polars as pl
import pytest

from flows.backtest.backtest import reported
from flows.backtest.journal_tape import journal_source
from flows.backtest.lookahead import check, decided
from flows.backtest.plan import Plan
from flows.backtest.tape import SHARD, unheard
from flows.backtest.trading_stages import trading_stages
from flows.backtest.variants import variants_of
from flows.imports import import_captures
from flows.market import stages
from flows.settings import Settings
from market.decisions import decisions_of
from market.errors import SettingsError
from market.journal import LIVE_BLOCK_NS, partition_path
from market.regimes import REGIME_TIMEFRAMES
from operators.signals.messages import trading_frames
from simulator.tape import write_capture
from sinks.journal import JournalWriter
from sources.recorded import recorded

SECONDS = 75
EAGER = Settings.model_validate(
    {
        "execution": {"fee_bps": 0.0, "venue_fee_bps": {}},
        "portfolio": {"no_trade_band": 0.0005, "target_volatility": 0.3},
    }
)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A journal of a simulated market, and the trading journal that the market flow makes of it."""
    folder = tmp_path_factory.mktemp("journal")
    write_capture(folder / "tape.gz", instruments=["BTCUSDT", "ETHUSDT"], seed=3, seconds=SECONDS, rate=40)
    import_captures([folder / "tape.gz"], venue="binance-usdm", data=folder)
    used = stages()
    states = [stage.empty() for stage in used]
    path = partition_path(folder, "trading", SHARD)
    with JournalWriter(path, venue="barograph", shard=SHARD, block_ns=LIVE_BLOCK_NS) as writer:
        for arrived in recorded(folder):
            batch = arrived
            for stage, state in zip(used, states, strict=True):
                batch = stage.advance(state, batch)
            if frames := trading_frames(batch):
                times = [batch.receive_time] * len(frames)
                writer.append(times, frames, source=batch.shard, source_offset=batch.offset)
    return folder


def source_of(data, topic):
    return journal_source(data, topic, timeframes=REGIME_TIMEFRAMES)


def test_the_market_journal_gives_the_rows_of_the_trading_journal(data):
    market, trading = (source_of(data, topic).read(None, unheard) for topic in ("market", "trading"))
    assert len(trading.rows) > 300
    assert [(row.receive_time, row.messages) for row in market.rows] == [
        (row.receive_time, row.messages) for row in trading.rows
    ]
    assert len(market.tables["signals"]) > 50


def test_a_backtest_fills_what_the_trading_stages_fill(data):
    """Driven here by hand, row by row of the journal, as the flow does."""
    used = trading_stages(EAGER)
    states = [stage.empty() for stage in used]
    fills = []
    for batch in recorded(data, topic="trading"):
        item = decisions_of(batch)
        for stage, state in zip(used, states, strict=True):
            item = stage.advance(state, item)
        fills += item.tables["fills"].rows(named=True) if "fills" in item.tables else []
    plan = Plan(output=data / "out")
    _, trials = reported(source_of(data, "trading"), EAGER, variants_of(EAGER, []), plan, unheard)
    made = trials.runs[0]
    assert len(fills) > 5
    assert made.tables["fills"].rows(named=True) == fills
    assert made.trades["price"].to_list() == [fill["price"] for fill in fills]
    assert np.isfinite(made.trades["delay"].to_numpy()).all()


def test_both_journals_give_the_same_tables(data):
    market, trading = (
        decided(source_of(data, topic).read(None, unheard), trading_stages(EAGER)) for topic in ("market", "trading")
    )
    for name in ("targets", "orders", "fills", "positions"):
        assert market[name].drop("offset").equals(trading[name].drop("offset"), null_equal=True) or name == "orders"
    assert (
        market["fills"]
        .select("time", "side", "price", "size")
        .equals(trading["fills"].select("time", "side", "price", "size"))
    )


@pytest.mark.parametrize("topic", ["market", "trading"])
def test_a_journal_is_decided_without_looking_ahead(data, topic):
    found = check(source_of(data, topic), lambda: trading_stages(EAGER), cuts=2, seed=4, progress=unheard)
    assert found.differences == ()
    assert found.rows > 50


def test_the_time_that_is_traded_may_be_cut(data):
    whole = source_of(data, "trading").read(None, unheard)
    middle = (whole.first_ns + whole.last_ns) // 2
    report, trials = reported(
        source_of(data, "trading"), EAGER, variants_of(EAGER, []), Plan(until_ns=middle, output=data / "out"), unheard
    )
    assert report["figures"]["sharpe"] is None or report["figures"]["periods"] >= 30
    assert trials.runs[0].trades.filter(pl.col("time") >= middle).is_empty()


def test_a_folder_without_a_journal_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="holds no market journal"):
        journal_source(tmp_path, "market", timeframes=REGIME_TIMEFRAMES)
