"""Trading at an outside venue: what moves an order, what stays reserved, when nothing is sent."""

from dataclasses import replace

import pytest

from market.messages import Fill, OrderState, OrderUpdate, Side
from operators.execution.intents import Manner
from operators.execution.outside import Numbers, Outside, Seen
from operators.execution.terms import Terms
from operators.risk.measure import Measurement
from tests.operators.execution.outside_desk import LIMITS, TERMS, Desk
from tests.operators.portfolio.decision_stream import START, command

S = OrderState


def one_order(size=8.0):
    """A desk with one order of 8.0 at 50, just sent."""
    desk = Desk()
    desk.target(size * 50.005)
    assert len(desk.sent) == 1
    return desk, desk.sent[0].client_order_id


def test_an_order_leaves_as_an_approved_message_and_ends_by_its_fills():
    desk, name = one_order()
    desk.update(name, S.ACCEPTED, origin="answer")
    desk.fill(name, "1", 3.0)
    assert desk.line.open_size(Side.BUY) == pytest.approx(5.0)
    desk.fill(name, "2", 5.0)
    assert desk.states(name) == ["submitted", "accepted", "partially_filled", "filled"]
    assert desk.line.holding.size == 8.0
    assert desk.line.working == {}
    assert desk.account.wallet == pytest.approx(100_000.0 - 0.02)


def test_a_fill_that_only_the_venue_s_number_names_is_of_the_order_that_was_told_with_it():
    desk, name = one_order()
    desk.update(name, S.ACCEPTED, venue_order_id="77")
    desk.restart()
    desk.fill("", "1", 3.0, venue_order_id="77")
    desk.fill("", "1", 3.0, venue_order_id="77")
    assert desk.line.working[name].filled == 3.0
    desk.update(name, S.FILLED, 8.0)
    desk.fill("", "2", 5.0, venue_order_id="77")  # after its end
    assert desk.states(name) == ["submitted", "accepted", "partially_filled", "filled"]
    assert [row["client_order_id"] for row in desk.rows["fills"]] == [name, name]
    assert "foreign_fill" not in desk.events()
    desk.fill("", "3", 1.0, venue_order_id="78")
    assert desk.events()[-1] == "foreign_fill"


def test_a_fill_that_names_both_numbers_names_the_next_one():
    desk, name = one_order()
    desk.fill(name, "1", 3.0, venue_order_id="77")
    desk.fill("", "2", 5.0, venue_order_id="77")
    assert desk.states(name)[-1] == "filled"


def test_numbers_are_forgotten_beyond_a_bound():
    numbers, said = Numbers(most=2), {"venue": "v", "time_ns": 0, "account": "a"}
    for number in ("1", "2", "3"):
        told = {"client_order_id": f"o{number}", "venue_order_id": number, "state": S.ACCEPTED, "origin": "stream"}
        numbers.learn(OrderUpdate(**said, instrument="X", **told))
    dealt = {"client_order_id": "", "side": Side.BUY, "price": 1.0, "size": 1.0, "fee": 0.0, "fill_id": "f"}
    asked = (("X", "1"), ("X", "2"), ("X", "3"), ("Y", "3"), ("X", ""))
    fills = [Fill(**said, **dealt, instrument=at, venue_order_id=number) for at, number in asked]
    assert [numbers.named(fill).client_order_id for fill in fills] == ["", "o2", "o3", "", ""]


def test_repeats_and_late_words_change_nothing():
    desk, name = one_order()
    for _ in range(2):
        desk.fill(name, "1", 8.0)
        desk.update(name, S.FILLED, 8.0)
        desk.update(name, S.ACCEPTED)
        desk.update(name, S.UNKNOWN)
        desk.update(name, S.SUBMITTED, origin="executor")
    assert desk.line.holding.size == 8.0
    assert desk.states(name) == ["submitted", "accepted", "filled"]
    assert "contradiction" not in desk.events()


def test_an_end_that_is_told_before_its_fills_keeps_them_reserved():
    desk, name = one_order()
    desk.update(name, S.CANCELLED, 3.0)
    assert desk.line.working[name].open_size == pytest.approx(3.0)
    assert [order.size for order in desk.sent] == [8.0, 5.0]  # the next one is for the rest
    desk.fill(name, "1", 3.0)
    assert desk.line.holding.size == 3.0
    assert list(desk.line.working) == [desk.sent[1].client_order_id]


def test_terminal_wins_and_the_larger_filled_wins():
    desk, name = one_order()
    desk.fill(name, "1", 2.0)
    desk.update(name, S.CANCELLED, 2.0)
    desk.update(name, S.FILLED, 5.0)
    assert desk.states(name)[-1] == "cancelled"
    assert desk.events()[-1] == "contradiction"
    assert desk.line.working[name].open_size == pytest.approx(3.0)
    desk.update(name, S.EXPIRED, 4.0)
    assert desk.line.working[name].open_size == pytest.approx(3.0)
    desk.fill(name, "2", 3.0)
    assert name not in desk.line.working


@pytest.mark.parametrize(
    ("state", "filled", "ends"),
    [
        (S.REJECTED, 0.0, "rejected"),
        (S.EXPIRED, 0.0, "expired"),
        (S.CANCELLED, 8.0, "filled"),
        (S.FILLED, 0.0, "filled"),
    ],
)
def test_every_end_of_an_order_that_was_only_submitted(state, filled, ends):
    desk, name = one_order()
    desk.target(0.0)
    desk.update(name, state, filled)
    assert desk.states(name)[-1] == ends
    assert desk.line.open_size(Side.BUY) == (8.0 if ends == "filled" else 0.0)


def test_a_rejection_after_fills_is_a_cancellation_of_the_rest():
    desk, name = one_order()
    desk.fill(name, "1", 2.0)
    desk.update(name, S.REJECTED)
    assert desk.states(name)[-1] == "cancelled"
    assert "contradiction" in desk.events()


def test_while_an_order_is_unknown_it_stays_reserved_and_nothing_else_is_sent():
    desk, name = one_order()
    desk.update(name, S.UNKNOWN, origin="executor", reason="timeout")
    desk.target(2_000.0)
    desk.after(1).quote()
    assert len(desk.sent) == 1
    assert desk.line.open_size(Side.BUY) == 8.0
    desk.update(name, S.REJECTED, origin="query", reason="never arrived")
    assert desk.states(name) == ["submitted", "unknown", "rejected"]
    assert len(desk.sent) == 2
    assert desk.rows["orders"][2]["reason"] == "never arrived"


def test_an_unknown_order_that_is_found_goes_on():
    desk, name = one_order()
    desk.update(name, S.UNKNOWN, origin="executor")
    desk.update(name, S.PARTIALLY_FILLED, 3.0, origin="query")
    desk.fill(name, "1", 3.0)
    assert desk.states(name) == ["submitted", "unknown", "partially_filled", "partially_filled"]


def test_silence_makes_an_order_unknown_and_asks_for_it():
    desk, name = one_order()
    desk.after(9).quote()
    assert desk.states(name) == ["submitted"]
    desk.after(2).quote()
    assert desk.states(name) == ["submitted", "unknown"]
    assert [cancel.client_order_id for cancel in desk.cancels] == [name]
    desk.after(6).quote()
    assert [cancel.reason for cancel in desk.cancels] == ["time in force", "no end heard"]


def test_several_orders_work_at_once_up_to_the_limit_and_never_beyond_the_target():
    desk = Desk(replace(TERMS, venue=Outside(max_working=3)))
    desk.target(5_000.0)
    for _ in range(5):
        desk.after(0.1).quote()
    assert [order.size for order in desk.sent] == [9.9] * 3  # 500 of notional each
    for number, order in enumerate(desk.sent[:2]):
        desk.fill(order.client_order_id, str(number), 9.9)
    desk.after(0.1).quote()
    assert len(desk.sent) == 5
    desk.target(1_500.0)  # 29.9: what works leads to 49.5, so the newest are asked back
    assert [cancel.client_order_id for cancel in desk.cancels] == [order.client_order_id for order in desk.sent[:2:-1]]


def test_a_new_side_waits_until_the_old_one_has_ended():
    desk, name = one_order()
    desk.target(-400.0)
    assert desk.cancels[0].client_order_id == name
    desk.after(1).quote()
    assert len(desk.sent) == 1
    desk.update(name, S.CANCELLED)
    assert desk.sent[1].side == Side.SELL


def test_while_the_link_is_down_nothing_is_sent_not_even_a_cancellation():
    desk, name = one_order()
    desk.link("down")
    desk.target(0.0)
    desk.after(11).quote()
    assert (len(desk.sent), desk.cancels) == (1, [])
    assert desk.line.open_size(Side.BUY) == 8.0
    desk.link("up")
    assert desk.cancels == []  # no statement since
    desk.statement(100_000.0, orders=[name])
    assert [cancel.client_order_id for cancel in desk.cancels] == [name]


def test_nothing_is_sent_before_the_first_statement():
    desk = Desk(ready=False)
    desk.quote()
    desk.target(400.0)
    desk.link("up")
    assert desk.sent == []
    desk.statement(cash=7_000.0)
    assert len(desk.sent) == 1
    assert (desk.account.capital, desk.account.switch.peak_equity) == (7_000.0, 7_000.0)


def test_halting_takes_every_order_back_and_reducing_sells_what_is_held():
    desk, name = one_order()
    desk.fill(name, "1", 5.0)
    desk.take(command(desk.now, "halt", "live"))
    assert [cancel.reason for cancel in desk.cancels] == ["halted"]
    desk.update(name, S.CANCELLED, 5.0)
    desk.take(command(desk.now, "reduce", "live"))
    assert (desk.sent[-1].side, desk.sent[-1].size, desk.sent[-1].reason) == (Side.SELL, 5.0, "reducing")
    desk.fill(desk.sent[-1].client_order_id, "2", 5.0, Side.SELL)
    assert desk.account.switch.state.value == "halted"


def test_words_of_another_account_are_not_heard():
    desk, name = one_order()
    desk.fill(name, "1", 8.0, account="other")
    desk.update(name, S.REJECTED, account="other")
    assert desk.line.holding.size == 0.0
    assert desk.line.open_size(Side.BUY) == 8.0


def test_a_fill_of_somebody_else_is_held_all_the_same():
    desk, name = one_order()
    desk.fill("", "x", 2.0)
    desk.fill("web-1", "y", 1.0, Side.SELL)
    desk.fill(name, "z", 1.0, Side.SELL)  # the wrong side for that order
    assert desk.line.holding.size == 0.0
    assert desk.events().count("foreign_fill") == 3
    assert desk.line.working[name].filled == 0.0


@pytest.mark.parametrize(
    "wrong",
    [{"size": float("nan")}, {"size": 0.0}, {"size": -1.0}, {"size": 1e14}, {"price": 0.0}, {"price": 1e300},
     {"fee": float("inf")}],
)  # fmt: skip
def test_a_fill_that_cannot_be_is_told_and_not_believed(wrong):
    desk, name = one_order()
    desk.fill(name, "1", **({"size": 1.0} | wrong))
    assert desk.events()[-1] == "malformed_fill"
    assert desk.line.holding.size == 0.0


def test_more_filled_than_ordered_is_held_and_told():
    desk, name = one_order()
    desk.fill(name, "1", 8.0)
    desk.fill(name, "2", 1.0)
    assert desk.line.holding.size == 9.0
    assert "contradiction" in desk.events()


def test_ids_are_of_this_life_of_the_journal():
    names = []
    for start in (0, 1):
        desk = Desk(ready=False)
        desk.now += start
        desk.quote()
        desk.statement(cash=1e5)
        desk.link("up")
        desk.target(400.0)
        names += [desk.sent[0].client_order_id]
    assert names[0] != names[1]


def test_funding_counts_once_and_a_transfer_is_neither_profit_nor_loss():
    desk = Desk()
    for _ in range(2):
        desk.pay("a", -3.5)
    assert desk.account.equity == pytest.approx(100_000.0 - 3.5)
    peak = desk.account.switch.peak_equity
    desk.pay("b", -50_000.0, "transfer")
    assert 1 - desk.account.equity / desk.account.switch.peak_equity == pytest.approx(3.5 / peak)
    assert desk.account.books.balance == 0
    desk.pay("c", float("nan"))
    assert desk.events()[-1] == "malformed_payment"


def test_cash_is_spent_only_where_positions_are_paid_for():
    terms = Terms(account="live", limits=LIMITS, venue=Outside(margined=False), manner=Manner(retry_s=0.0))
    desk = Desk(terms, cash=700.0)
    desk.target(5_000.0)
    desk.after(0.1).quote()
    assert len(desk.sent) == 1
    assert desk.rows["risk_events"][-1]["reason"] == "cash_short"


def test_what_a_short_brings_is_not_spent_and_shorts_of_two_instruments_are_paid_for_once():
    terms = Terms(account="live", limits=LIMITS, venue=Outside(margined=False), manner=Manner(retry_s=0.0))
    desk = Desk(terms, cash=700.0)
    desk.quote(symbol="AAAUSDT")
    desk.target(-5_000.0)
    desk.target(-450.0, symbol="AAAUSDT")
    assert [order.instrument for order in desk.sent] == ["BBBUSDT"]
    for number in range(4):  # the first is filled; the proceeds pay for no second one
        for order in desk.sent[number : number + 1]:
            desk.fill(order.client_order_id, f"f{number}", order.size, order.side)
        desk.after(100.0).quote()
    assert -500.0 < desk.line.held < -490.0
    assert desk.rows["risk_events"][-1]["reason"] == "cash_short"
    desk.target(0.0)
    assert desk.sent[-1].side == Side.BUY


def test_orders_that_work_share_what_one_may_take_of_the_book():
    limits = replace(LIMITS, max_order_notional=25_000.0)
    desk = Desk(replace(TERMS, risk=Measurement(), limits=limits), ready=False)
    desk.quote(bid_size=10.0, ask_size=10.0)
    desk.statement(1e5)
    desk.link("up")
    desk.target(1_500.0)
    for _ in range(5):
        desk.after(0.1).quote(bid_size=10.0, ask_size=10.0)
    assert 110.0 < 50.0 * sum(order.size for order in desk.sent) < 0.25 * 10.0 * 50.01
    assert "refused" not in desk.events()


def test_what_was_seen_is_remembered_up_to_a_bound():
    seen = Seen(most=3)
    assert [seen.verdict(str(n), n) for n in range(1, 6)] == ["new"] * 5
    assert seen.verdict("5", 5) == "repeat"
    assert seen.verdict("1", 1) == "too_old"
    assert seen.verdict("late", 2) == "too_old"
    assert seen.verdict("late", 3) == "new"


@pytest.mark.parametrize(
    "wrong", [{"answer_s": 0.0}, {"settle_s": float("nan")}, {"max_working": 0}, {"foreign_orders": "ignore"}]
)
def test_terms_out_of_range_are_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Outside(**wrong)


def test_an_account_row_is_written_once_a_second_and_when_the_link_changes():
    desk = Desk()
    for _ in range(8):
        desk.after(0.25).quote()
    desk.link("down")
    links = [(row["time"] - START, row["link"]) for row in desk.rows["accounts"]]
    assert links == [(0, 0), (0, 1), (1_000_000_000, 1), (2_000_000_000, 1), (2_000_000_000, 0)]
