"""The venue is right: what a statement tells is adopted, audited, and never while it may only be late."""

from dataclasses import replace

import pytest

from market.messages import OrderState, Side
from operators.execution.books import money
from operators.execution.outside import Outside
from tests.operators.execution.outside_desk import BBB, TERMS, Desk
from tests.operators.portfolio.decision_stream import SECOND

S = OrderState


def event(desk, name):
    """The values of the newest event of that name."""
    found = [row for row in desk.rows.get("risk_events", []) if row["event"] == name]
    assert found, desk.events()
    return {pair["key"]: pair["value"] for pair in found[-1]["values"]}


def test_a_difference_is_adopted_at_once_while_nothing_is_in_flight():
    desk = Desk()
    desk.statement(99_000.0, [("BBBUSDT", 20.0, 49.0)])
    assert event(desk, "adopted_position") == {
        "size_before": 0.0, "size": 20.0, "average_price_before": 0.0, "average_price": 49.0,
    }  # fmt: skip
    assert event(desk, "adopted_cash") == {"cash_before": 100_000.0, "cash": 99_000.0}
    assert desk.account.equity == pytest.approx(99_000.0 + 20 * (50.005 - 49.0))
    assert desk.account.books.balance == 0


def test_while_an_order_works_two_statements_must_say_the_same():
    desk = Desk()
    desk.target(400.0)
    for size in (3.0, 4.0):
        desk.statement(100_000.0, [("BBBUSDT", size, 50.0)])
    assert desk.line.holding.size == 0.0
    desk.statement(100_000.0, [("BBBUSDT", 4.0, 50.0)])
    assert desk.line.holding.size == 4.0
    assert desk.account.time_ns == desk.line.adopted_ns


def test_cash_that_is_gone_is_adopted_though_fills_never_end_and_fees_move_it():
    desk = Desk()
    for turn, notional in enumerate((400.0, 200.0)):
        desk.after(28).quote()
        desk.target(notional)
        order = desk.sent[-1]
        desk.fill(order.client_order_id, str(turn), order.size, side=order.side, fee=0.5)
        assert desk.account.equity == pytest.approx(100_000.0, abs=10.0)  # one statement alone is not believed
        held = [("BBBUSDT", desk.line.holding.size, desk.line.holding.average_price)]
        desk.after(2).statement(float(money(desk.account.books.wallet)) - 5_000.0, held)
    assert desk.account.equity == pytest.approx(95_000.0, abs=10.0)


def test_a_position_that_is_off_by_the_same_again_stops_the_instrument_until_it_is_adopted():
    desk = Desk()
    for turn, notional in enumerate((400.0, 200.0, 400.0)):
        desk.after(28).quote()
        desk.target(notional)
        assert len(desk.sent) == (1, 2, 2)[turn]  # none after the second statement
        if turn < 2:
            order = desk.sent[-1]
            desk.fill(order.client_order_id, str(turn), order.size, side=order.side)
        held = [("BBBUSDT", desk.line.holding.size + 2.0, 50.0)]
        desk.after(2).statement(float(money(desk.account.books.wallet)), held)
    assert desk.line.holding.size == 5.9
    assert event(desk, "adopted_position")["size_before"] == 3.9


def test_a_statement_older_than_the_newest_fill_is_no_difference_yet():
    desk = Desk()
    desk.target(400.0)
    desk.fill(desk.sent[0].client_order_id, "1", 7.9)
    desk.after(1).statement(100_000.0)
    assert desk.line.holding.size == 7.9
    assert "adopted_position" not in desk.events()
    desk.after(10).statement(100_000.0 - 0.01, [("BBBUSDT", 7.9, 50.0)])
    assert "adopted_position" not in desk.events()
    assert desk.line.suspect is None


def test_no_order_is_made_while_a_difference_is_more_than_what_is_in_flight():
    desk = Desk()
    desk.target(400.0)
    desk.update(desk.sent[0].client_order_id, S.ACCEPTED)
    desk.statement(100_000.0, [("BBBUSDT", 30.0, 50.0)], [desk.sent[0].client_order_id])
    desk.target(2_000.0)
    assert len(desk.sent) == 1
    desk.statement(100_000.0, [("BBBUSDT", 30.0, 50.0)], [desk.sent[0].client_order_id])
    assert desk.line.holding.size == 30.0
    assert len(desk.sent) == 2


def test_a_deposit_that_a_statement_held_before_it_was_told_is_no_loss_once_it_is_taken_back():
    desk = Desk(replace(TERMS, limits=replace(TERMS.limits, max_drawdown=0.1, max_daily_loss=0.1)))
    desk.after(30).statement(200_000.0)
    desk.after(60).pay("deposit", 100_000.0, "transfer")
    desk.after(30).statement(200_000.0)
    assert desk.account.equity == pytest.approx(200_000.0)
    assert (desk.account.switch.state, desk.account.switch.peak_equity) == ("active", pytest.approx(200_000.0))
    assert desk.account.day.equity == pytest.approx(100_000.0)
    desk.after(30).statement(100_000.0)  # the same once more is a loss
    assert desk.account.switch.state == "halted"


def test_fills_that_an_adopted_statement_holds_are_not_counted_again():
    desk = Desk()
    traded_ns = desk.now + 1
    desk.after(1).statement(100_000.0, [("BBBUSDT", 5.0, 50.0)])
    desk.after(1).fill("", "late", 5.0, time_ns=traded_ns)
    assert desk.line.holding.size == 5.0
    assert desk.events()[-1] == "fill_not_counted"


@pytest.mark.parametrize("before", [0.0, 5.0], ids=["opened", "adopted"])
def test_a_fill_of_an_order_made_after_the_statement_counts_though_the_clock_of_the_venue_is_behind(before):
    desk = Desk()
    if before:
        desk.after(1).statement(100_000.0, [("BBBUSDT", before, 50.0)])
    desk.after(1).target(400.0)
    [order] = desk.sent
    desk.fill(order.client_order_id, "1", order.size, time_ns=desk.now - 3 * SECOND)
    desk.after(1).quote()
    assert desk.line.holding.size == before + order.size
    assert desk.sent == [order]  # and not as much again for what was not counted


def test_fills_owed_to_an_ended_order_are_given_up_when_two_statements_hold_them():
    desk = Desk()
    desk.target(400.0)
    name = desk.sent[0].client_order_id
    desk.update(name, S.FILLED, 7.9)
    for _ in range(2):
        assert desk.line.open_size(Side.BUY) == pytest.approx(7.9)
        desk.after(10).statement(100_000.0 - 0.2, [("BBBUSDT", 7.9, 50.0)])
    assert desk.line.holding.size == 7.9
    assert desk.line.working == {}
    assert "fills_given_up" in desk.events()


def test_an_order_that_two_statements_do_not_list_is_unknown_and_asked_for():
    desk = Desk()
    desk.target(400.0)
    name = desk.sent[0].client_order_id
    desk.statement(100_000.0)  # only submitted: it may not be there yet
    desk.update(name, S.ACCEPTED)
    desk.statement(100_000.0)
    assert desk.states(name)[-1] == "accepted"
    desk.statement(100_000.0)
    assert desk.states(name)[-1] == "unknown"
    assert desk.events()[-1] == "missing_order"
    assert desk.cancels[-1].client_order_id == name
    desk.statement(100_000.0, orders=[name])
    assert desk.states(name)[-1] == "accepted"


@pytest.mark.parametrize(("rule", "cancelled"), [("cancel", 1), ("leave", 0)])
def test_orders_of_others_are_told_once_and_cancelled_where_that_is_wished(rule, cancelled):
    desk = Desk(replace(TERMS, venue=Outside(foreign_orders=rule)))
    desk.update("web-1", S.ACCEPTED, origin="query")
    for _ in range(2):
        desk.statement(100_000.0, orders=["web-1", ""])
    desk.target(400.0)
    assert desk.events().count("foreign_order") == 2
    assert [cancel.instrument for cancel in desk.cancels] == ["BBBUSDT"] * cancelled
    assert len(desk.sent) == 1 - cancelled
    assert desk.account.dealings.foreign["web-1"] == BBB
    desk.statement(100_000.0)
    assert desk.account.dealings.foreign == {}
    assert len(desk.sent) == 1


def test_an_ended_order_that_two_statements_list_is_cancelled_whatever_the_rule():
    desk = Desk(replace(TERMS, venue=Outside(foreign_orders="leave")))
    desk.target(400.0)
    name = desk.sent[0].client_order_id
    desk.target(0.0)
    desk.update(name, S.CANCELLED)
    desk.cancels.clear()
    desk.statement(100_000.0, orders=[name])
    assert desk.cancels == []
    desk.statement(100_000.0, orders=[name])
    assert desk.events()[-1] == "adopted_order"
    assert [cancel.client_order_id for cancel in desk.cancels] == [name]


def test_a_position_without_a_quote_stops_the_account_until_it_is_priced():
    desk = Desk()
    desk.statement(100_000.0, [("AAAUSDT", 0.5, 20_000.0)])
    assert "unpriced_position" in desk.events()
    desk.target(400.0)
    assert desk.sent == []
    assert desk.rows["risk_events"][-1]["reason"] == "equity_missing"
    desk.after(1).quote(20_100.0, "AAAUSDT")
    assert desk.account.lines["simulated", "AAAUSDT"].holding.size == 0.5
    desk.after(10).quote()
    assert len(desk.sent) == 1


def test_two_deposits_that_a_statement_held_before_they_were_told_are_no_loss_either():
    desk = Desk(replace(TERMS, limits=replace(TERMS.limits, max_drawdown=0.1, max_daily_loss=0.1)))
    desk.after(30).statement(200_000.0)
    desk.after(60).pay("one", 40_000.0, "transfer")
    desk.after(1).pay("two", 60_000.0, "transfer")
    desk.after(30).statement(200_000.0)
    assert (desk.account.switch.state, desk.account.switch.peak_equity) == ("active", pytest.approx(200_000.0))


def test_of_two_deposits_the_one_that_a_statement_held_before_it_was_told_is_taken_back():
    desk = Desk(replace(TERMS, limits=replace(TERMS.limits, max_drawdown=0.1, max_daily_loss=0.1)))
    desk.after(60).pay("one", 40_000.0, "transfer")
    desk.after(30).statement(200_000.0)
    desk.after(60).pay("two", 60_000.0, "transfer")
    desk.after(30).statement(200_000.0)
    assert (desk.account.switch.state, desk.account.switch.peak_equity) == ("active", pytest.approx(200_000.0))


def test_a_position_without_a_quote_keeps_nobody_from_closing_what_has_one():
    desk = Desk()
    desk.target(400.0)
    desk.fill(desk.sent[0].client_order_id, "1", 7.9)
    desk.after(10).statement(100_000.0, [("BBBUSDT", 7.9, 50.0), ("AAAUSDT", 0.5, 20_000.0)])
    desk.after(1).quote()
    desk.target(0.0)
    assert (desk.sent[-1].side, desk.sent[-1].size) == (Side.SELL, 7.9)


def test_cash_of_an_account_that_pays_for_positions():
    desk = Desk(replace(TERMS, venue=Outside(margined=False)))
    desk.target(400.0)
    desk.fill(desk.sent[0].client_order_id, "1", 7.9)
    desk.after(10).statement(100_000.0 - 7.9 * 50 - 0.01, [("BBBUSDT", 7.9, 50.0)])
    assert "adopted_cash" not in desk.events()
    desk.statement(90_000.0, [("BBBUSDT", 7.9, 50.0)])
    assert desk.account.cash == pytest.approx(90_000.0)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), 1e300])
def test_a_statement_that_cannot_be_is_not_believed_and_opens_nothing(wrong):
    desk = Desk(ready=False)
    desk.quote()
    desk.link("up")
    desk.statement(1_000.0, [("BBBUSDT", wrong, 50.0)])
    desk.statement(wrong)
    assert desk.events()[1:] == ["malformed_statement"] * 2
    assert not desk.account.dealings.ready


def test_a_short_gap_of_the_link_is_bridged_by_a_statement_heard_before_it_is_up():
    desk = Desk()
    desk.link("down")
    desk.statement(100_000.0, [("BBBUSDT", 5.0, 50.0)], cause="reconnect")
    assert desk.line.holding.size == 0.0
    desk.fill("", "missed", 5.0, time_ns=desk.now + 1)  # a fill that the statement holds comes before it is judged
    desk.link("up")
    assert desk.line.holding.size == 5.0
    assert "adopted_position" not in desk.events()


def test_an_account_in_debt_over_night_may_still_close_what_it_holds():
    desk = Desk(cash=100.0)
    desk.target(-490.0)
    desk.fill(desk.sent[0].client_order_id, "1", 9.7, Side.SELL)
    desk.link("down")
    desk.after(1).quote(100.0)
    assert desk.account.equity < 0
    desk.after(86_400.0).quote(100.0)
    desk.statement(100.0, [("BBBUSDT", -9.7, 50.0)])
    desk.link("up")
    desk.after(1).quote(100.0)
    assert [order.side for order in desk.sent] == [Side.SELL, Side.BUY, Side.BUY]  # of one order's largest notional
