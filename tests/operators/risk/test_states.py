"""ACTIVE → REDUCING → HALTED → ACTIVE through the whole trade stage, each step explained by the rows it left behind."""

import msgspec
import polars as pl
import pytest

from market.regimes import UNKNOWN
from operators.execution.account import opened, take_quote
from operators.execution.holding import Holding
from operators.execution.risks import strategies
from operators.risk.moving_limits import STEP
from tests.operators.portfolio.decision_stream import START, VENUE, item, quote
from tests.operators.risk.gap_account import CALM, STRESSED, SYMBOLS, Desk, Market, terms

GAP, CRASH, AGAIN = 120, 270, 273  # seconds at which every price jumps


def pairs(column):
    return {one["key"]: one["value"] for one in column}


def events(desk):
    return desk.table("risk_events").filter(pl.col("event") != "refused")


def last(frame, second):
    """The newest row of a table at a second."""
    return frame.filter(pl.col("second") <= second)[-1].to_dicts()[0]


@pytest.fixture(scope="module")
def story():
    """Calm, a gap within the reserve, calm, a crash far beyond it, and another gap before anybody could sleep."""
    market, desk = Market(), Desk(terms())
    desk.take(market.seconds(GAP))
    market.gap(-0.09)
    desk.take(market.seconds(CRASH - GAP))
    market.gap(-0.38)
    desk.take(market.seconds(AGAIN - CRASH))
    market.gap(-0.2)
    desk.take(market.seconds(40))
    return market, desk


def test_the_account_goes_from_active_over_warning_and_reducing_to_halted(story):
    _, desk = story
    said = events(desk).select("event", "reason", "second").rows()
    assert [one[:2] for one in said] == [
        ("warning", "drawdown"), ("reducing", "drawdown"), ("halted", "flat after reducing"),
    ]  # fmt: skip
    assert [one[2] for one in said[:2]] == [CRASH, AGAIN]
    assert desk.table("accounts")["state"].unique(maintain_order=True).to_list() == ["active", "reducing", "halted"]
    assert desk.table("accounts")["drawdown"].max() < 0.05
    assert desk.account.is_flat()


def test_the_values_of_each_event_are_those_of_the_account_s_rows(story):
    _, desk = story
    for event in events(desk).to_dicts():
        values, row = pairs(event["values"]), last(desk.table("accounts"), event["second"])
        assert values["equity"] == pytest.approx(row["equity"])
        assert values["drawdown"] == pytest.approx(1 - values["equity"] / values["peak_equity"])
        if event["event"] != "halted":
            low, high = {"warning": (0.8, 0.9), "reducing": (0.9, 1.0)}[event["event"]]
            assert low * values["max_drawdown"] <= values["drawdown"] < high * values["max_drawdown"] == high * 0.05


def test_a_gap_within_the_reserve_costs_at_most_half_of_what_was_left(story):
    _, desk = story
    risk = desk.table("risk")
    before, after = last(risk, GAP - 1), last(risk, GAP)
    assert 0.2 * before["budget"] < before["equity"] - after["equity"] <= 0.5 * before["budget"]
    assert before["gap_loss"] <= 0.5 * before["budget"]


def test_after_a_loss_orders_that_reduce_are_sent_and_a_row_of_limits_says_why(story):
    _, desk = story
    scales, fills = desk.table("limits").filter(pl.col("limit") == "target_scale"), desk.table("fills")
    for second in (GAP, CRASH):
        row = last(scales, second)
        assert (row["second"], row["reason"], row["fixed"]) == (second, "drawdown", 1.0)
        assert row["value"] < row["previous"]
        sold = fills.filter(pl.col("second").is_between(second, second + 12))
        assert set(sold["side"]) == {-1}
        assert set(sold["instrument"]) == {"AAAUSDT", "BBBUSDT"}


def test_what_is_held_fits_the_scale_and_the_gross_limit_that_stand(story):
    _, desk = story
    limits = desk.table("limits").filter(pl.col("instrument") == "")
    for second in (59, GAP - 1, 149, CRASH - 1):
        newest = {row["limit"]: row["value"] for row in limits.filter(pl.col("second") <= second).to_dicts()}
        held, risk = last(desk.table("accounts"), second)["gross"], last(desk.table("risk"), second)
        if second < GAP:  # later the volatility makes the limit smaller still, which what is held need not follow
            assert 0 < held <= newest["max_gross_notional"]
        assert held <= 80_000 * newest["target_scale"]
        assert risk["gap_loss"] <= 0.5 * risk["budget"] * 1.01


def test_parts_of_var_and_es_sum_by_instrument_strategy_and_regime(story):
    _, desk = story
    parts = desk.table("risk_parts")
    sums = parts.group_by("second", "measure", "dimension").agg(pl.sum("amount"))
    assert (sums.group_by("second", "measure").agg(pl.n_unique("amount"))["amount"] == 1).all()
    then = parts.filter((pl.col("second") == 110) & (pl.col("measure") == "es"))
    by = {(row["dimension"], row["name"]): row["amount"] for row in then.to_dicts()}
    assert by["strategy", "trend"] == pytest.approx(3 * by["strategy", "carry"], abs=4)
    assert by["regime", "calm/bull/random"] > 0
    found = pairs(last(desk.table("risk"), 110)["es"])["historical"]
    assert by["strategy", "trend"] + by["strategy", "carry"] == pytest.approx(found / 60**0.5 * 1e6, abs=1)


def test_only_a_person_leads_back_and_the_audit_says_who(story):
    market, desk = story
    orders = len(desk.table("orders"))
    desk.take(market.seconds(60))
    assert (desk.state, len(desk.table("orders"))) == ("halted", orders)
    desk.take([market.person("resume")]).take(market.seconds(90))
    assert desk.state == "active"
    audit = events(desk)[-1].to_dicts()[0]
    assert (audit["event"], audit["reason"], audit["account"]) == ("resumed", "a person", "paper")
    bought = desk.table("fills").filter(pl.col("second") > audit["second"])
    assert set(bought["side"]) == {1}
    now = last(desk.table("risk"), 10_000)
    assert pairs(audit["values"])["peak_equity"] > 100_000.0 > now["peak_equity"] >= pairs(audit["values"])["equity"]
    assert now["worst_drawdown"] > 0.045


def test_a_day_s_loss_halts_too_and_a_resume_begins_the_day_anew():
    market, desk = Market(), Desk(terms(max_daily_loss=0.01))
    desk.take(market.seconds(GAP))
    market.gap(-0.09)
    desk.take(market.seconds(40))
    said = events(desk).to_dicts()
    assert [(one["event"], one["reason"]) for one in said] == [
        ("reducing", "day loss"), ("halted", "flat after reducing"),
    ]  # fmt: skip
    assert pairs(said[0]["values"])["day_loss"] >= 0.01 == pairs(said[0]["values"])["max_daily_loss"]
    desk.take([market.person("resume")]).take(market.seconds(60))
    assert desk.state == "active"
    assert not desk.account.is_flat()


def test_a_gap_over_night_is_a_loss_of_the_new_day():
    market, desk = Market(), Desk(terms(max_daily_loss=0.01))
    desk.take(market.seconds(GAP))
    before = desk.account.equity
    market.gap(-0.09)
    market.second += 86_400
    desk.take(market.seconds(40))
    said = events(desk).to_dicts()
    assert [(one["event"], one["reason"]) for one in said] == [
        ("reducing", "day loss"), ("halted", "flat after reducing"),
    ]  # fmt: skip
    values = pairs(said[0]["values"])
    assert values["day_loss"] == pytest.approx(1 - values["equity"] / before)


def test_parts_of_a_target_that_cancel_explain_nothing_and_stop_nothing():
    market, desk = Market(), Desk(terms())
    desk.take(market.seconds(GAP))
    parts = {"trend": 0.1 + 0.2, "carry": -0.3}  # 5.6e-17 in all
    desk.take([item(500, msgspec.structs.replace(market.target("AAAUSDT", 40_000.0), parts=parts))])
    desk.take(market.seconds(20))
    told = desk.table("risk_parts").filter((pl.col("second") > GAP) & (pl.col("dimension") == "strategy"))
    assert set(told["name"]) == {"trend", "carry", "portfolio"}
    assert told["amount"].abs().max() < 1e6 * 10_000


@pytest.mark.parametrize("symbol", ["AAAUSDT", "CCCUSD"])
def test_what_is_measured_is_what_the_equity_gains_when_a_price_moves(symbol):
    account = opened("paper", 1e6)
    line = take_quote(account, quote(symbol, START, 5999.5, 6000.5), is_usable=True)
    line.holding = Holding(100.0, 3000.0)  # bought at half of the price of now
    take_quote(account, quote(symbol, START, 5999.5, 6000.5), is_usable=True)
    before, exposed = account.equity, strategies(account)["portfolio"][VENUE, symbol]
    take_quote(account, quote(symbol, START, 5999.5 * 0.99, 6000.5 * 0.99), is_usable=True)
    assert before - account.equity == pytest.approx(0.01 * exposed)


def test_a_regime_that_is_no_longer_told_loosens_nothing():
    market, desk = Market(wanted=4_000.0), Desk(terms())
    market.regime = STRESSED
    desk.take(market.seconds(130))
    stressed = desk.account.in_force["gross"]
    market.regime = UNKNOWN
    desk.take(market.seconds(100))
    assert desk.account.risks.regime(market.now) == UNKNOWN
    assert desk.account.in_force["gross"] <= stressed * STEP
    market.regime = CALM
    desk.take(market.seconds(100))
    assert desk.account.in_force["gross"] >= 1.5 * stressed


def test_a_stressed_regime_halves_the_limits_and_what_would_grow_is_refused():
    market, desk = Market(wanted=4_000.0), Desk(terms())
    desk.take(market.seconds(105))
    held, before = last(desk.table("accounts"), 104)["gross"], desk.account.in_force["gross"]
    market.regime = STRESSED
    desk.take(market.seconds(26))
    moved = desk.table("limits").filter((pl.col("limit") == "max_gross_notional") & (pl.col("second") > 105))
    assert moved["reason"].to_list() == ["regime"]
    assert desk.account.in_force["gross"] <= 0.55 * before
    assert held == pytest.approx(8_000.0, rel=0.01)  # and is not sold: the drawdown alone makes what is held smaller
    desk.take([market.want("AAAUSDT", 9_000.0)]).take(market.seconds(5))
    refused = desk.table("risk_events").filter((pl.col("second") > 105) & (pl.col("event") == "refused"))
    assert refused["reason"][0] == "position_notional"
    checks = pairs(refused["checks" if "checks" in refused.columns else "values"][0])
    assert checks["position_notional"] > desk.account.in_force["instrument"]


def test_quotes_that_stopped_refuse_every_order_even_one_that_reduces():
    market, desk = Market(), Desk(terms())
    desk.take(market.seconds(50))
    orders = len(desk.table("orders"))
    market.second += 30
    desk.take([market.person("reduce")])
    refused = desk.table("risk_events").filter((pl.col("second") > 60) & (pl.col("event") == "refused"))
    assert set(refused["reason"]) == {"quote_age_s"}
    assert len(desk.table("orders")) == orders


def test_orders_of_one_moment_in_two_instruments_keep_the_limit_on_var_together():
    market, desk = Market(wanted=0.0), Desk(terms(max_var_share=1e-3))
    desk.take(market.seconds(100))
    market.second += 1
    desk.take([item(market.second, *(market.target(symbol, 15_000.0) for symbol in SYMBOLS))]).take(market.seconds(3))
    measure, book = desk.account.risks.measure, {key: line.held for key, line in desk.account.lines.items()}
    key = (VENUE, "AAAUSDT")
    found = measure.book_risk(key, book)
    assert 0.5 < found.multiple * found.variance**0.5 / desk.account.equity / measure.limits(key).max_var_share <= 1.0
    refused = desk.table("risk_events").filter(pl.col("event") == "refused")
    assert refused["reason"].unique().to_list() == ["var_share"]


def test_what_works_elsewhere_counts_only_where_it_makes_an_order_worse():
    market, desk = Market(wanted=0.0), Desk(terms())
    desk.take(market.seconds(100))
    measure, (first, second) = desk.account.risks.measure, desk.account.lines
    alone = measure.book_risk(first, {})
    assert measure.book_risk(first, {}, added=1_000.0, works={second: 0.0}) == alone
    assert measure.book_risk(first, {}, added=1_000.0, works={("v", "never heard of"): 1e6}) == alone
    own = measure.book_risk(second, {}).own_variance
    assert measure.book_risk(first, {}, works={second: 100.0}).variance == pytest.approx(1e4 * own)
    hedged = measure.book_risk(first, {second: 200.0}, works={second: -100.0})  # may fill or not
    assert hedged.variance == pytest.approx(4e4 * own)
