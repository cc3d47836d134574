"""Variants, folds and the command: what may be asked, and one sentence for what may not."""

import json
import typing

import numpy as np
import polars as pl
import pytest
import typer
from typer.testing import CliRunner

from flows import cli
from flows.backtest.account import Run
from flows.backtest.bar_files import instrument_of, read_file
from flows.backtest.folds import folds_of, joined
from flows.backtest.plan import Plan
from flows.backtest.trials import Trials
from flows.backtest.variants import MOST_VARIANTS, name_of, variants_of
from flows.commands import backtest
from flows.settings import Settings
from market.errors import BarographError, CaptureError, SettingsError
from operators.analysis.sharpe import deflated
from tests.flows.made_bars import bars, written

runner = CliRunner()


def ratio(values):
    return np.mean(values) / np.std(values)


def test_variants_are_all_combinations_laid_over_the_settings():
    found = variants_of(Settings(), ["no_trade_band=0.01,0.05", "execution.latency_ms=0, 200"])
    assert [name_of(values) for values, _ in found] == [
        "no_trade_band 0.01, latency_ms 0", "no_trade_band 0.01, latency_ms 200",
        "no_trade_band 0.05, latency_ms 0", "no_trade_band 0.05, latency_ms 200",
    ]  # fmt: skip
    assert found[3][1].portfolio.no_trade_band == 0.05
    assert found[3][1].execution.latency_ms == 200.0
    assert found[3][1].risk == Settings().risk
    assert variants_of(Settings(), []) == [({}, Settings())]


def test_twins_do_not_stand_for_trials_that_nobody_told_of():
    """The best of 100 without skill, and its twin: their ratios hardly differ, those of the other 98 did."""
    draws, believed = np.random.default_rng(3), 0
    for _ in range(20):
        every = draws.normal(size=(500, 100)) * 1e-4
        best = every[:, (every.mean(axis=0) / every.std(axis=0)).argmax()]
        runs = []
        for changes in (best, best + draws.normal(size=500) * 1e-6):
            periods = pl.DataFrame({"equity": 1e5 * np.cumprod(1 + changes)})
            runs.append(Run(periods, pl.DataFrame(), pl.DataFrame(), {}, 1e5))
        trials = Trials(({}, {}), (Settings(), Settings()), tuple(runs), 1, "short")
        believed += deflated(best, trials=100, variance=trials.variance(100)) > 0.95
        assert trials.variance(2) == pytest.approx(np.var(trials.ratios, ddof=1))
    assert believed <= 1


@pytest.mark.parametrize(
    ("varied", "said"),
    [
        (["no_trade_band"], "write NAME=VALUE,VALUE"),
        (["no_trade_band="], "write NAME=VALUE,VALUE"),
        (["nothing=1"], "there is no such setting of trading; they are in portfolio, solver, risk, execution"),
        (["no_trade_bnad=1"], "did you mean no_trade_band"),
        (["capture.shards=2"], "no such setting of trading"),
        (["no_trade_band=0.1,7"], "setting portfolio.no_trade_band: .*less than or equal to 1"),
        (["no_trade_band=much"], "setting portfolio.no_trade_band"),
        (["no_trade_band=0.1,0.1"], "a value is there twice"),
        (["no_trade_band=0.1", "portfolio.no_trade_band=0.2"], "can be varied once"),
        ([f"capital={','.join(str(n + 1) for n in range(MOST_VARIANTS + 1))}"], "201 variants; 200 are the most"),
    ],
)
def test_variants_that_cannot_be_are_refused_in_a_sentence(varied, said):
    with pytest.raises(SettingsError, match=said):
        variants_of(Settings(), varied)


def test_a_fold_chooses_by_what_was_and_judges_by_what_came():
    returns = np.random.default_rng(1).normal(0.0, 1.0, (200, 5))
    folds = folds_of(returns, 4, 3)
    assert [(fold.chosen_until, fold.judged_from, fold.judged_until) for fold in folds] == [
        (40, 43, 80), (80, 83, 120), (120, 123, 160), (160, 163, 200),
    ]  # fmt: skip
    for fold in folds:
        ratios = [ratio(returns[: fold.chosen_until, variant]) for variant in range(5)]
        assert fold.variant == int(np.argmax(ratios))
        assert fold.inside == pytest.approx(max(ratios))
        assert fold.outside == pytest.approx(ratio(returns[fold.judged_from : fold.judged_until, fold.variant]))
    assert len(joined(returns, folds)) == 4 * 37


def test_what_comes_later_never_changes_a_choice():
    returns = np.random.default_rng(2).normal(0.0, 1.0, (200, 5))
    before = folds_of(returns, 4, 0)
    returns[120:] = np.random.default_rng(3).normal(5.0, 1.0, (80, 5))
    assert [fold.variant for fold in folds_of(returns, 4, 0)][:3] == [fold.variant for fold in before][:3]


@pytest.mark.parametrize(("count", "periods", "embargo"), [(4, 40, 0), (4, 200, 31), (0, 100, 0), (1, 100, -1)])
def test_stretches_too_short_to_judge_by_are_refused(count, periods, embargo):
    with pytest.raises(ValueError, match="to judge by after an embargo"):
        folds_of(np.zeros((periods, 2)), count, embargo)


def test_the_name_of_a_file_says_whose_bars_it_holds(tmp_path):
    path = written(tmp_path, "eth_usdt.csv.parquet", count=20)
    assert instrument_of(path) == "eth"
    assert read_file(str(path), now_ns=2**62).instrument == "ETH"
    named = read_file(f"BTC-PERP={path}", now_ns=2**62)
    assert (named.instrument, named.timeframe, len(named.bars)) == ("BTC-PERP", "1m", 20)


@pytest.mark.parametrize(("ending", "write"), [("feather", "write_ipc"), ("csv", "write_csv")])
def test_the_same_bars_are_read_from_every_kind_of_file(tmp_path, ending, write):
    parquet = read_file(str(written(tmp_path, count=20)), now_ns=2**62)
    getattr(bars(20), write)(tmp_path / f"BTCUSDT-1m.{ending}")
    other = read_file(str(tmp_path / f"BTCUSDT-1m.{ending}"), now_ns=2**62)
    assert (other.instrument, other.timeframe) == (parquet.instrument, parquet.timeframe)
    np.testing.assert_array_equal(other.bars.open_time, parquet.bars.open_time)
    np.testing.assert_array_equal(other.bars.close, parquet.bars.close)


def test_what_was_known_at_a_time_is_closed_bars_and_one_open(tmp_path):
    whole = read_file(str(written(tmp_path, count=20)), now_ns=2**62)
    at = int(whole.closed[9])
    assert len(whole.until(at).bars) == 10
    assert whole.until(at).opened == (at, bars(20)["open"][10])
    assert len(whole.until(at - 1).bars) == 9
    assert whole.until(int(whole.closed[-1])).opened is None


def test_files_that_hold_no_bars_of_a_known_length_are_refused(tmp_path):
    bars(20).gather_every(5).write_parquet(tmp_path / "X.parquet")
    with pytest.raises(CaptureError, match="its rows are 300 s apart; there are bars of 1s"):
        read_file(str(tmp_path / "X.parquet"), now_ns=2**62)
    bars(1).write_parquet(tmp_path / "X.parquet")
    with pytest.raises(CaptureError, match="no two bars"):
        read_file(str(tmp_path / "X.parquet"), now_ns=2**62)
    bars(20).drop("time").write_parquet(tmp_path / "X.parquet")
    with pytest.raises(SettingsError, match=r"X\.parquet: bars need a time column"):
        read_file(str(tmp_path / "X.parquet"), now_ns=2**62)
    with pytest.raises(SettingsError, match="does not say whose bars"):
        read_file(str(tmp_path / "-1m.parquet"), now_ns=2**62)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"folds": 0}, "--folds must be 1"),
        ({"embargo": -1}, "--embargo must be at least 0"),
        ({"trials": 0}, "--trials must be 1"),
        ({"period": "5m"}, "--period must be one of 1s"),
        ({"since_ns": 5, "until_ns": 5}, "--from must be before --to"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_before_any_work(tmp_path, wrong, said):
    with pytest.raises(SettingsError, match=said):
        Plan(output=tmp_path, **typing.cast(dict, wrong))


def test_an_output_that_cannot_be_made_is_refused_before_any_work(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="is a file; name a folder"):
        Plan(output=tmp_path / "file")
    with pytest.raises(SettingsError, match="there is no folder"):
        Plan(output=tmp_path / "nowhere" / "out")


@pytest.fixture(scope="module")
def app():
    made = typer.Typer(rich_markup_mode="rich")
    made.callback()(lambda: None)
    backtest.add_to(made)
    return made


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return written(tmp_path_factory.mktemp("bars"), count=120)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["FILE"], "give --venue"),
        (["FILE", "--venue", "nowhere"], "nowhere"),
        (["missing.parquet", "--venue", "kraken"], "there is no file missing.parquet"),
        (["FILE", "--venue", "kraken", "--journal", "market"], "two inputs"),
        (["FILE", "--venue", "kraken", "--from", "yesterday"], "write a time as 2026-11-23"),
        (["FILE", "--venue", "kraken", "--from", "2030-01-01"], "the input goes from 2023-11-14"),
        (["FILE", "--venue", "kraken", "--period", "1s"], "shorter than the bars, 60 s"),
        (["FILE", "--venue", "kraken", "--timeframe", "weekly"], "--timeframe must be one of ultra_short"),
        (["FILE", "--venue", "kraken", "--depth-share", "0"], "--depth-share must be above 0"),
        (["FILE", "--venue", "kraken", "--only-check"], "give --check-lookahead with it"),
        (["--data", "nowhere"], "nowhere holds no market journal"),
        (["--data", "nowhere", "--venue", "kraken"], "leave it out"),
        (["--data", "nowhere", "--journal", "orders"], "--journal must be trading or market"),
        (["FILE", "--venue", "kraken", "--vary", "x=1"], "no such setting"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(app, file, tmp_path, words, said):
    words = [str(file) if word == "FILE" else word for word in words]
    found = runner.invoke(app, ["backtest", *words, "--output", str(tmp_path / "out")])
    assert isinstance(found.exception, BarographError), found.output
    assert said in str(found.exception)
    assert cli.exit_code(found.exception) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("words", [["--folds", "many"], ["--nonsense"], ["--cuts", "0"]])
def test_wrong_words_end_with_2(app, words):
    assert runner.invoke(app, ["backtest", *words]).exit_code == 2


def test_latency_as_long_as_the_bars_is_refused(app, file, tmp_path):
    config = tmp_path / "settings.toml"
    config.write_text("[execution]\nlatency_ms = 60000\n")
    found = runner.invoke(app, ["backtest", str(file), "--venue", "kraken", "--config", str(config)])
    assert "as long as the bars" in str(found.exception)


def test_a_backtest_of_a_file_ends_with_0_and_writes_its_files(app, file, tmp_path):
    found = runner.invoke(app, ["backtest", str(file), "--venue", "binance-usdm", "--output", str(tmp_path / "out")])
    assert found.exit_code == 0, found.output
    assert "1 fill" in found.output or "fills" in found.output
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["settings"]["execution"]["impact"] == 1.0, "no order is free"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "backtest.png", "equity.parquet", "report.json", "trades.parquet", "variants.parquet",
    ]  # fmt: skip


def test_the_help_teaches(app):
    said = runner.invoke(app, ["backtest", "--help"], env={"COLUMNS": "100"}).output
    for words in ("barograph backtest", "--check-lookahead", "--vary", "Quotes where only bars exist", "same bytes"):
        assert words in " ".join(said.split())
