"""A backtest on bars: what fills when and at what price, where the money went, and that nothing depends on luck."""

import io
import json
import math
from dataclasses import replace
from functools import partial

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from flows.backtest import picture
from flows.backtest.account import run
from flows.backtest.assumed import Assumed, faded
from flows.backtest.backtest import reported, run_backtest
from flows.backtest.bar_tape import bar_source
from flows.backtest.by_regime import by_regime
from flows.backtest.figures import account_figures
from flows.backtest.page import page
from flows.backtest.periods import period_of
from flows.backtest.plan import Plan
from flows.backtest.tape import unheard
from flows.backtest.trading_stages import trading_stages
from flows.backtest.variants import variants_of
from market.errors import SettingsError
from market.messages import Quote, Signal
from market.regimes import REGIME_TIMEFRAMES, VIEWS
from tests.flows.made_bars import MINUTE_NS, START_NS, bars, cheap, written

COUNT = 460  # bars
LATENCY_NS = 50_000_000
CAPITAL = 100_000.0
VARIED = ["no_trade_band=0.001,0.01", "target_volatility=0.1,0.2"]

source_of = partial(
    bar_source, venue="binance-usdm", timeframes=REGIME_TIMEFRAMES, assumed=Assumed(), latency_ms=50.0, now_ns=2**62
)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return source_of([str(written(tmp_path_factory.mktemp("bars"), count=COUNT))])


@pytest.fixture(scope="module")
def tape(source):
    return source.read(None, unheard)


@pytest.fixture(scope="module")
def ran(tape):
    return run(
        tape, trading_stages(cheap()), capital=CAPITAL, period_ns=MINUTE_NS, regime_timeframe="short",
        progress=unheard, what="",
    )  # fmt: skip


@pytest.fixture(scope="module")
def answer(source, tmp_path_factory):
    """Report and trials of four variants."""
    plan = Plan(output=tmp_path_factory.mktemp("out"))
    settings = cheap()
    return reported(source, settings, variants_of(settings, VARIED), plan, unheard)


def test_a_bar_is_told_when_it_closed_and_filled_on_after_the_next_open(tape):
    rows = {row.receive_time: row.messages for row in tape.rows}
    made = bars(COUNT)
    for number in (0, 1, 350, COUNT - 2):
        closed = rows[START_NS + MINUTE_NS * (number + 1)]
        later = rows[START_NS + MINUTE_NS * (number + 1) + LATENCY_NS]
        (at_close,), (at_open,) = ([m for m in found if isinstance(m, Quote)] for found in (closed, later))
        assert at_close.bid_price < made["close"][number] < at_close.ask_price
        assert at_open.bid_price < made["open"][number + 1] < at_open.ask_price
        assert not any(isinstance(message, Signal) for message in later)
    assert sum(isinstance(message, Signal) for found in rows.values() for message in found) == COUNT
    assert len(rows) == 2 * COUNT - 1


def test_orders_fill_only_at_the_open_after_their_decision(ran):
    made, orders = bars(COUNT), ran.tables["orders"]
    submitted = dict(
        orders.filter(pl.col("state") == "submitted").select("client_order_id", "receive_time").iter_rows()
    )
    assert len(ran.trades) > 20
    for trade in ran.trades.iter_rows(named=True):
        decided = submitted[trade["client_order_id"]]
        assert trade["time"] >= decided + LATENCY_NS
        bar, beyond = divmod(trade["time"] - START_NS, MINUTE_NS)
        price = made["open"][bar] if beyond == LATENCY_NS else made["close"][bar - 1]
        assert trade["side"] * (trade["price"] - price) > 0, "nothing fills at the mid"


def test_the_books_are_what_cash_and_position_come_to(ran):
    cash = -sum(t["side"] * t["price"] * t["size"] + t["fee"] for t in ran.trades.iter_rows(named=True))
    position = sum(t["side"] * t["size"] for t in ran.trades.iter_rows(named=True))
    last = bars(COUNT)["close"][-1]
    assert ran.periods["equity"][-1] == pytest.approx(CAPITAL + cash + position * last, abs=position * 3.0 + 1e-6)
    assert ran.parts["profit"].sum() == pytest.approx(ran.periods["equity"][-1] - CAPITAL, abs=1e-6)


def test_net_and_costs_are_what_trading_at_the_mid_would_have_earned(ran):
    trades = list(ran.trades.iter_rows(named=True))
    costs = sum(t["fee"] + t["spread"] + t["impact"] for t in trades)
    at_mid = -sum(t["side"] * t["mid_price"] * t["size"] for t in trades)
    paid = -sum(t["side"] * t["price"] * t["size"] + t["fee"] for t in trades)
    assert at_mid - paid == pytest.approx(costs, abs=1e-6)
    assert all(t["spread"] > 0 for t in trades)
    assert sum(t["fee"] for t in trades) == pytest.approx(0.2e-4 * sum(t["notional"] for t in trades))


def test_impact_is_the_square_root_law_and_comes_from_equity(tape, ran):
    stages = trading_stages(cheap(execution={"impact": 1.0, "fee_bps": 0.2, "venue_fee_bps": {}}))
    found = run(tape, stages, capital=CAPITAL, period_ns=MINUTE_NS, regime_timeframe="short", progress=unheard, what="")
    quotes = {m.time_ns: m for row in tape.rows for m in row.messages if isinstance(m, Quote)}
    assert found.periods["equity"][-1] < ran.periods["equity"][-1]
    for trade in found.trades.iter_rows(named=True):
        quote = quotes[trade["time"]]
        beyond = (quote.ask_price - quote.bid_price) * math.sqrt(trade["size"] / quote.bid_size)
        assert trade["impact"] <= beyond * trade["size"] + 1e-6
    first = found.trades.row(0, named=True)
    quote = quotes[first["time"]]
    expected = (quote.ask_price - quote.bid_price) * math.sqrt(first["size"] / quote.bid_size) * first["size"]
    assert first["impact"] == pytest.approx(expected)


def test_time_and_profit_of_the_states_of_a_view_are_the_whole(ran):
    found = by_regime(ran, 525_960.0)
    whole = ran.parts["profit"].sum() / CAPITAL
    for view, states in VIEWS.items():
        parts = [found["unknown"], *(found[f"{view}/{state}"] for state in states)]
        assert sum(part.get("share_of_time") for part in parts) == pytest.approx(1.0)
        assert sum(part.get("return") or 0.0 for part in parts) == pytest.approx(whole, abs=1e-12)
        assert sum(part.get("turnover") or 0.0 for part in parts) == pytest.approx(
            ran.trades["notional"].sum() / CAPITAL
        )


def test_a_period_counts_for_the_regime_that_was_held_before_it(ran, tape):
    signals = tape.tables["signals"]
    known = {0: "unknown"} | dict(signals.select("receive_time", "regime").iter_rows())
    for row in ran.parts.iter_rows(named=True):
        assert row["regime"] == known.get(row["time"] - MINUTE_NS, "unknown")


@pytest.fixture(scope="module")
def folders(source, tmp_path_factory):
    """What two runs of the same four variants wrote."""
    settings, found = cheap(), [tmp_path_factory.mktemp("once"), tmp_path_factory.mktemp("again")]
    for folder in found:
        run_backtest(source, settings, variants_of(settings, VARIED), Plan(output=folder))
    return found


def test_the_same_input_gives_the_same_bytes(folders):
    once, again = ({path.name: path.read_bytes() for path in sorted(folder.iterdir())} for folder in folders)
    assert once == again
    assert list(once) == ["backtest.png", "equity.parquet", "report.json", "trades.parquet", "variants.parquet"]


def test_the_report_says_what_its_tables_say(folders):
    report = json.loads((folders[0] / "report.json").read_text())
    equity, trades, variants = (
        pl.read_parquet(folders[0] / f"{name}.parquet") for name in ("equity", "trades", "variants")
    )
    chosen = equity.filter(pl.col("variant") == report["variant"])
    assert report["figures"]["return"] == pytest.approx(chosen["equity"][-1] / CAPITAL - 1.0)
    assert report["figures"]["max_drawdown"] == pytest.approx(chosen["drawdown"].max())
    assert report["figures"]["fills"] == len(trades.filter(pl.col("variant") == report["variant"]))
    assert variants["return"].to_list() == [variant["return"] for variant in report["variants"]]
    assert report["figures"]["trials"] == len(variants) == 4
    assert 0.0 < report["figures"]["sharpe_of_luck"] < report["figures"]["sharpe"]


def test_the_variant_that_is_reported_has_the_highest_sharpe_ratio(answer):
    report, trials = answer
    ratios = [variant["sharpe"] for variant in report["variants"]]
    assert ratios[trials.chosen] == max(ratios)
    assert report["overfitting"]["combinations"] == math.comb(
        report["overfitting"]["blocks"], report["overfitting"]["blocks"] // 2
    )
    assert len(report["walk_forward"]["folds"]) == 4


def test_the_page_fits_80_columns_and_the_picture_is_drawn(answer, tmp_path):
    report, trials = answer
    console = Console(width=80, file=io.StringIO())
    console.print(page(report))
    said = console.file.getvalue()
    assert "by regime, short" in said
    assert "walk-forward" in said
    head, _, rest = said.partition("walk-forward")
    assert "…" not in head.replace(" … ", "") + rest.replace(" … ", "")
    picture.save(report, trials, [], tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 20_000


def test_a_short_sample_says_so_instead_of_a_number(source, tmp_path):
    plan = Plan(until_ns=START_NS + 25 * MINUTE_NS, output=tmp_path)
    report, _ = reported(source, cheap(), variants_of(cheap(), []), plan, unheard)
    figures = report["figures"]
    assert figures["sharpe"] is figures["deflated_sharpe"] is figures["sortino"] is figures["yearly_return"] is None
    assert figures["unknown"]["sharpe"].endswith("periods; 30 are needed") or "moved" in figures["unknown"]["sharpe"]
    assert report["overfitting"] == {
        "probability": None,
        "unknown": {"probability": "one variant was run; name some with --vary"},
    }
    assert report["walk_forward"]["folds"] == []
    assert "are needed" in report["walk_forward"]["unknown"]["folds"]
    Console(width=80, file=io.StringIO()).print(page(report))


def test_models_learn_from_before_the_time_that_is_traded(source, tmp_path):
    since = START_NS + 250 * MINUTE_NS
    report, trials = reported(source, cheap(), variants_of(cheap(), []), Plan(since_ns=since, output=tmp_path), unheard)
    assert trials.runs[0].trades["time"].min() > since
    assert report["by_regime"]["unknown"]["share_of_time"] < 0.01


def test_without_a_signal_nothing_is_traded_and_nothing_is_told(tape, tmp_path):
    quiet = replace(
        tape,
        rows=tuple(row._replace(messages=tuple(m for m in row.messages if isinstance(m, Quote))) for row in tape.rows),
    )
    found = run(quiet, trading_stages(cheap()), capital=CAPITAL, period_ns=period_of(quiet), regime_timeframe="short",
                progress=unheard, what="")  # fmt: skip
    figures = account_figures(found, period_of(quiet), trials=1, variance=0.0, seed=1)
    assert figures.get("return") == 0.0
    assert figures.get("sharpe") is None
    assert figures.unknown["hit_rate"] == "no position was closed"


@pytest.mark.parametrize(("gross", "linear", "impact", "told"), [
    (1000.0, 100.0, 50.0, 100_000.0 * (400.0 / 50.0) ** 2),
    (1000.0, 100.0, 0.0, "no impact was charged"),
    (1000.0, 600.0, 50.0, "fees and spread alone"),
    (-10.0, 100.0, 50.0, "no gross profit"),
])  # fmt: skip
def test_capacity_is_where_costs_eat_half_of_the_gross_profit(ran, gross, linear, impact, told):
    net = gross - linear - impact
    trades = ran.trades.head(1).with_columns(
        fee=pl.lit(linear / 2), spread=pl.lit(linear / 2), impact=pl.lit(impact), delay=pl.lit(0.0)
    )
    periods = ran.periods.with_columns(equity=pl.Series(np.linspace(CAPITAL, CAPITAL + net, len(ran.periods))))
    found = account_figures(ran._replace(trades=trades, periods=periods), MINUTE_NS, trials=1, variance=0.0, seed=1)
    if isinstance(told, str):
        assert told in found.unknown["capacity"]
        return
    assert found.get("capacity") == pytest.approx(told)
    scale = found.get("capacity") / CAPITAL  # re-run by the law: gross and linear costs grow with it, impact with ^1.5
    assert scale * linear + scale**1.5 * impact == pytest.approx(scale * gross / 2.0)


def test_means_of_bars_fade_and_skip_what_is_not_told():
    values = np.array([1.0, np.nan, 4.0])
    keep = 0.5 ** (1 / 20)
    assert faded(values).tolist() == pytest.approx([1.0, 1.0, (keep**2 + 4.0) / (keep**2 + 1.0)])
    assert np.isnan(faded(np.full(3, np.nan))).all()


def test_orders_never_take_more_than_is_displayed(ran):
    volume = faded(bars(COUNT)["volume"].to_numpy())
    for trade in ran.trades.iter_rows(named=True):
        bar = (trade["time"] - START_NS) // MINUTE_NS - 1
        assert trade["size"] <= 0.01 * volume[bar] + 1e-9


@pytest.mark.parametrize(("change", "said"), [
    ({"spread_bps": -1.0}, "spread_bps must be finite and at least 0"),
    ({"spread_of_range": math.nan}, "spread_of_range must be finite"),
    ({"depth_share": 0.0}, "depth_share must be above 0"),
    ({"depth_notional": math.inf}, "depth_notional must be finite"),
])  # fmt: skip
def test_assumptions_that_cannot_be_are_refused(change, said):
    with pytest.raises(ValueError, match=said):
        Assumed(**change)


def test_an_equity_that_disagrees_stops_the_backtest(tape):
    stages = trading_stages(cheap())
    wrong = replace(stages[1], advance=lambda state, item: _poorer(stages[1].advance(state, item)))
    with pytest.raises(Exception, match="its fills and quotes come to"):
        run(
            tape,
            [stages[0], wrong],
            capital=CAPITAL,
            period_ns=MINUTE_NS,
            regime_timeframe="short",
            progress=unheard,
            what="",
        )


def _poorer(item):
    return (
        item._replace(standing=item.standing._replace(equity=item.standing.equity - 100.0)) if item.standing else item
    )


def test_files_of_one_instrument_and_timeframe_are_not_mixed(tmp_path):
    one, two = (str(written(tmp_path, name, count=50)) for name in ("BTCUSDT-a.parquet", "BTCUSDT-b.parquet"))
    with pytest.raises(SettingsError, match="both hold 1m bars of BTCUSDT"):
        source_of([one, two])
    found = source_of([one, f"ETHUSDT={two}"]).read(None, unheard)
    assert {m.instrument for row in found.rows for m in row.messages} == {"BTCUSDT", "ETHUSDT"}
