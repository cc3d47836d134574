"""The look-ahead check: real operators pass it, every kind of planted leak is caught and named."""

from dataclasses import replace
from functools import partial
from itertools import pairwise

import msgspec
import numpy as np
import polars as pl
import pytest

from flows.backtest.assumed import Assumed
from flows.backtest.backtest import LookaheadError, run_backtest, run_check
from flows.backtest.bar_tape import bar_source
from flows.backtest.lookahead import check, first_difference
from flows.backtest.market_stages import market_stages
from flows.backtest.plan import Plan
from flows.backtest.tape import Source, unheard
from flows.backtest.trading_stages import trading_stages
from flows.backtest.variants import variants_of
from market.messages import Signal
from market.regimes import REGIME_TIMEFRAMES
from tests.flows.made_bars import cheap, written

COUNT, CUTS = 260, 2
WIDE = Assumed(spread_of_range=1.0)  # so that spreads rest on the bars


@pytest.fixture
def path(tmp_path):
    return written(tmp_path, count=COUNT)


def source_of(path, stages=None) -> Source:
    return bar_source(
        [str(path)], venue="binance-usdm", timeframes=REGIME_TIMEFRAMES, assumed=WIDE, latency_ms=50.0,
        now_ns=2**62, stages=stages,
    )  # fmt: skip


def checked(source, stages=lambda: trading_stages(cheap()), cuts=CUTS, seed=1):
    return check(source, stages, cuts=cuts, seed=seed, progress=unheard)


def test_the_operators_decide_nothing_by_what_comes_later(path):
    found = checked(source_of(path), cuts=3)
    assert found.differences == ()
    assert len(found.cuts) == 3
    assert found.rows > 1_000


def test_two_instruments_and_timeframes_do_not_tell_each_other_the_future(path, tmp_path):
    other = written(tmp_path, "ETHUSDT-1m.parquet", count=COUNT, seed=8)
    hours = pl.read_parquet(path).group_by_dynamic(pl.from_epoch("time", "ns").alias("t"), every="1h").agg(
        *(pl.col(name).alias(name).first() for name in ("open",)), pl.col("high").max(), pl.col("low").min(),
        pl.col("close").last(), pl.col("volume").sum(),
    ).rename({"t": "time"})  # fmt: skip
    hours.write_parquet(tmp_path / "BTCUSDT-1h.parquet")
    names = [str(path), str(other), str(tmp_path / "BTCUSDT-1h.parquet")]
    source = bar_source(
        names, venue="binance-usdm", timeframes=REGIME_TIMEFRAMES, assumed=WIDE, latency_ms=50.0, now_ns=2**62
    )
    assert checked(source, cuts=2).differences == ()


def leaking(name: str, spoil):
    """The market stages, one of which peeks: its table is spoiled with what stands later in the batch."""
    stages = market_stages(REGIME_TIMEFRAMES)
    (number,) = [n for n, stage in enumerate(stages) if stage.name == name]
    honest = stages[number]

    def advance(state, batch):
        batch = honest.advance(state, batch)
        return batch._replace(tables={table: spoil(table, rows) for table, rows in batch.tables.items()})

    stages[number] = replace(honest, advance=advance)
    return stages


def test_an_operator_that_peeks_a_row_ahead_is_named(path):
    def spoil(table, rows):
        if table != "regimes":
            return rows
        return rows.with_columns(
            probability_bull=pl.col("probability_bull").shift(-1).fill_null(pl.col("probability_bull"))
        )

    found = checked(source_of(path, leaking("regimes.detect", spoil)))
    assert len(found.differences) == CUTS
    for difference in found.differences:
        assert difference.time_ns <= difference.cut_ns
        assert (difference.table, difference.column) == ("regimes", "probability_bull")


def test_a_mean_over_all_rows_is_a_leak(path):
    def spoil(table, rows):
        return (
            rows
            if table != "bars"
            else rows.with_columns(mid_close=pl.col("close") / pl.col("close").mean() * 20_000.0)
        )

    found = checked(source_of(path, leaking("bars", spoil)))
    assert len(found.differences) == CUTS
    assert {difference.table for difference in found.differences} <= {"regimes", "signals"}


def test_a_trading_operator_that_knows_the_whole_tape_is_named(path):
    # It looks up the next signal in what was recorded: a run on less finds less.
    source, following = source_of(path), {}

    def read(until_ns, progress):
        tape = source.read(until_ns, progress)
        signals = [m for row in tape.rows for m in row.messages if isinstance(m, Signal)]
        following.clear()
        following.update({a.time_ns: b.direction for a, b in pairwise(signals)})
        return tape

    def stages():
        portfolio, trade = trading_stages(cheap())

        def advance(state, item):
            messages = tuple(
                msgspec.structs.replace(m, direction=following.get(m.time_ns, 0.0)) if isinstance(m, Signal) else m
                for m in item.messages
            )  # fmt: skip
            return portfolio.advance(state, item._replace(messages=messages))

        return [replace(portfolio, advance=advance), trade]

    found = checked(Source("peeking", read), stages, cuts=4)
    assert found.differences
    assert {difference.table for difference in found.differences} <= {"targets", "orders", "intents", "fills"}


def test_random_numbers_are_caught_as_well(path):
    chance = np.random.default_rng()

    def spoil(table, rows):
        return rows if table != "regimes" else rows.with_columns(confidence=pl.lit(chance.random()))

    (first, *_) = checked(source_of(path, leaking("regimes.detect", spoil))).differences
    assert first.column == "confidence"


@pytest.fixture
def leaky(path):
    def spoil(table, rows):
        return rows if table != "regimes" else rows.with_columns(confidence=pl.col("confidence").fill_nan(0.0).mean())

    return source_of(path, leaking("regimes.detect", spoil))


def test_a_leak_ends_the_command_with_one_sentence_and_no_report(leaky, tmp_path):
    plan = Plan(output=tmp_path / "out")
    with pytest.raises(
        LookaheadError, match=r"^LOOK-AHEAD: 2 of 2 cuts decide otherwise; first in table regimes, column"
    ):
        run_backtest(leaky, cheap(), variants_of(cheap(), []), plan, cuts=2)
    with pytest.raises(LookaheadError, match="column confidence, at 2023-11-1"):
        run_check(leaky, cheap(), plan, cuts=2)
    assert not (tmp_path / "out").exists()


def test_a_clean_check_is_told_in_the_report(path, tmp_path, capsys):
    run_check(source_of(path), cheap(), Plan(output=tmp_path / "out"), cuts=1)
    assert capsys.readouterr().out.startswith("no look-ahead: ")


difference = partial(first_difference, cut_ns=10)


def test_the_first_difference_is_the_earliest_of_all_tables():
    times = {"receive_time": [1, 5, 9]}
    whole = {"a": pl.DataFrame(times | {"x": [1.0, 2.0, 3.0]}), "b": pl.DataFrame(times | {"y": [1, 2, 3]})}
    cut = {"a": pl.DataFrame(times | {"x": [1.0, 2.0, 4.0]}), "b": pl.DataFrame(times | {"y": [1, 0, 3]})}
    assert difference(whole, cut) == (10, "b", "y", 5, "2", "0")
    assert difference(whole, whole) is None


def test_rows_after_the_cut_do_not_count_and_missing_ones_do():
    whole = {"a": pl.DataFrame({"receive_time": [1, 5, 11], "x": [1.0, float("nan"), 3.0]})}
    assert difference(whole, {"a": whole["a"].head(2)}) is None
    assert difference(whole, {"a": whole["a"].head(1)}) == (10, "a", "(rows)", 5, "2 rows", "1 rows")
    assert difference(whole, {}) == (10, "a", "(rows)", 1, "2 rows", "0 rows")


def test_one_bit_is_a_difference():
    whole = {"a": pl.DataFrame({"receive_time": [1], "x": [0.1 + 0.2]})}
    assert difference(whole, {"a": pl.DataFrame({"receive_time": [1], "x": [0.3]})}).column == "x"
