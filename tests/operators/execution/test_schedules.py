"""Schedules as an account follows them: what is sent, and what becomes of it when the world changes in the middle."""

from dataclasses import replace
from itertools import pairwise

import pytest

from market.messages import OrderState, Side, Traded
from operators.execution.intents import Manner
from operators.execution.outside import Outside
from operators.execution.pace import Schedule
from tests.operators.execution.outside_desk import TERMS, Desk
from tests.operators.portfolio.decision_stream import VENUE, command

TWAP = Schedule(kind="twap", horizon_s=100.0, slice_s=10.0)
MID = 50.005


def desk_of(schedule, **outside):
    manner = Manner(retry_s=0.0, min_notional=0.0, schedule=schedule)
    return Desk(replace(TERMS, manner=manner, venue=Outside(**({"time_in_force_s": 1e6, "answer_s": 1e6} | outside))))


class Floor:
    """Fills every order that was sent, at once or never, and says so."""

    def __init__(self, desk):
        self.desk, self.done, self.bought = desk, 0, 0.0

    def fill(self, share=1.0):
        for order in self.desk.sent[self.done :]:
            size = round(order.size * share, 1)
            if size:
                self.desk.fill(order.client_order_id, f"f{self.done}", size, order.side, order.limit_price)
            if share < 1.0:
                self.desk.update(order.client_order_id, OrderState.CANCELLED, size)
            self.done += 1
            self.bought += order.side * size

    def follow(self, seconds):
        for _ in range(seconds):
            self.fill()
            self.desk.after(1.0).quote()


def sent(desk):
    return [round(order.side * order.size, 1) for order in desk.sent]


def test_twap_sends_its_slices_one_by_one_and_comes_to_the_parent():
    desk = desk_of(TWAP)
    floor = Floor(desk)
    desk.target(25.0 * MID)
    held = []
    for _ in range(110):
        floor.fill()
        held.append(desk.line.holding.size)
        desk.after(1.0).quote()
    assert sent(desk) == [2.5] * 10
    assert held[::10][:10] == pytest.approx([2.5 * number for number in range(1, 11)])
    intents = desk.rows["intents"]
    assert [row["paced_size"] for row in intents] == pytest.approx([2.5 * number for number in range(1, 11)])
    assert {row["wanted_size"] for row in intents} == {25.0}
    assert {row["schedule"] for row in intents} == {"twap"}


def test_what_did_not_fill_is_tried_again_within_the_plan():
    desk = desk_of(TWAP)
    floor = Floor(desk)
    desk.target(25.0 * MID)
    for second in range(130):
        floor.fill(share=0.4)
        desk.after(1.0).quote()
        assert desk.line.holding.size <= 2.5 * (second // 10 + 2)
    floor.fill()
    assert desk.line.holding.size == 25.0


def test_a_target_that_turns_in_the_middle_first_goes_flat_then_follows_its_own_schedule():
    desk = desk_of(TWAP)
    floor = Floor(desk)
    desk.target(25.0 * MID)
    floor.follow(35)
    assert desk.line.holding.size == 10.0
    desk.target(-30.0 * MID)
    floor.follow(100)
    after = sent(desk)[4:]
    assert after == [-4.0, -4.0, -2.0, -2.0, -4.0, -4.0, -4.0, -4.0, -4.0, -4.0, -4.0]  # the third slice stops at zero
    assert desk.line.holding.size == -30.0


def test_orders_of_a_target_that_turned_are_taken_back_before_the_other_side_is_sent():
    desk = desk_of(TWAP)
    desk.target(25.0 * MID)
    assert sent(desk) == [2.5]
    desk.after(1.0).target(-25.0 * MID)
    assert [cancel.client_order_id for cancel in desk.cancels] == [desk.sent[0].client_order_id]
    assert sent(desk) == [2.5]
    desk.update(desk.sent[0].client_order_id, OrderState.CANCELLED)
    assert sent(desk) == [2.5, -2.5]


def test_a_gap_in_quotes_sends_nothing_and_is_made_good_two_slices_at_a_time():
    desk = desk_of(TWAP)
    floor = Floor(desk)
    desk.target(25.0 * MID)
    floor.fill()
    desk.after(45.0).quote(valid=False)
    assert sent(desk) == [2.5]
    floor.follow(60)
    assert sent(desk)[:5] == [2.5, 5.0, 5.0, 5.0, 2.5]
    assert desk.line.holding.size == 25.0


def test_reducing_drops_the_schedule_and_resuming_begins_it_anew():
    desk = desk_of(TWAP)
    floor = Floor(desk)
    desk.target(25.0 * MID)
    floor.follow(35)
    assert desk.line.holding.size == 10.0
    desk.take(command(desk.now, "reduce", "live"))
    for _ in range(3):
        desk.after(1.0).quote()
        floor.fill()
    assert sum(sent(desk)) == pytest.approx(0.0)
    assert desk.line.holding.size == 0.0
    assert desk.rows["intents"][-1]["schedule"] == "at_once"
    before = len(desk.sent)
    desk.after(60.0).quote()
    assert desk.account.switch.state.value == "halted"
    desk.take(command(desk.now, "resume", "live"))
    assert sent(desk)[before:] == [2.5]  # one slice, though the old plan was done by now


def test_a_halt_takes_back_what_works_and_sends_nothing_more():
    desk = desk_of(TWAP)
    desk.target(25.0 * MID)
    desk.after(10.0).quote()
    assert sent(desk) == [2.5, 2.5]
    desk.take(command(desk.now, "halt", "live"))
    assert {one.client_order_id for one in desk.cancels} == {one.client_order_id for one in desk.sent}
    for _ in range(200):
        desk.after(1.0).quote()
    assert len(desk.sent) == 2


def test_pov_never_holds_more_than_its_share_of_what_traded():
    desk = desk_of(Schedule(kind="pov", participation=0.1, max_participation=0.2, catch_up=30))
    floor, traded = Floor(desk), 0.0
    desk.target(25.0 * MID)
    for second in range(400):
        size = 40.0 if 100 < second < 130 else 1.0
        desk.take(Traded(venue=VENUE, instrument="BBBUSDT", time_ns=desk.now, size=size))
        traded += size
        desk.after(1.0).quote()
        floor.fill()
        assert desk.line.holding.size <= 0.2 * traded
    assert desk.line.holding.size == 25.0


def test_slices_smaller_than_the_least_order_wait_for_each_other():
    desk = desk_of(TWAP)
    desk.stage = Desk(replace(TERMS, manner=Manner(retry_s=0.0, min_notional=200.0, schedule=TWAP))).stage
    floor = Floor(desk)
    desk.target(25.0 * MID)
    floor.follow(110)
    assert sent(desk) == [5.0] * 5


def test_a_position_that_others_enlarge_waits_for_the_plan():
    desk = desk_of(TWAP)
    floor = Floor(desk)
    desk.target(25.0 * MID)
    floor.fill()
    desk.fill("", "hand", 10.0)
    floor.follow(60)
    floor.fill()
    assert sent(desk) == [2.5, 2.5, 2.5]
    assert desk.line.holding.size == 17.5


@pytest.mark.parametrize("retry_s", [0.0, 1.0, 4.0])
def test_an_instrument_makes_an_order_every_retry_s_at_most(retry_s):
    terms = replace(TERMS, manner=Manner(retry_s=retry_s), venue=Outside(max_working=1_000))
    desk = Desk(terms)
    desk.target(1e6)
    times = [desk.now]
    for _ in range(100):
        count = len(desk.sent)
        desk.after(0.1).quote()
        times += [desk.now] * (len(desk.sent) - count)
    least = min(after - before for before, after in pairwise(times)) / 1e9
    assert least == pytest.approx(max(retry_s, 0.1), abs=0.11)
    assert all(order.side is Side.BUY for order in desk.sent)
