import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from market.messages import Approved, Order, Quote, Refused, Side
from operators.risk.gate import CHECKS, Limits, Standing, assess
from operators.risk.switch import SwitchState

SECOND = 1_000_000_000
QUOTE = Quote(venue="v", instrument="i", time_ns=10 * SECOND, bid_price=99.0, bid_size=1.0, ask_price=101.0,
              ask_size=1.0, valid=True, tick_size=0.5, lot_size=0.1)  # fmt: skip
ORDER = Order(venue="v", instrument="i", time_ns=11 * SECOND, client_order_id="x", side=Side.BUY, size=10.0,
              limit_price=100.0, reason="")  # fmt: skip
STANDING = Standing(11 * SECOND, SwitchState.ACTIVE, 1e5, QUOTE, 0.0, 0.0, 0.0, 0.0)
LIMITS = Limits(max_order_notional=2_000.0, max_position_notional=3_000.0, max_gross_notional=5_000.0)


def refusal(order=ORDER, limits=LIMITS, **standing):
    verdict = assess(order, STANDING._replace(**standing), limits)
    return verdict.reason if isinstance(verdict, Refused) else None


def test_an_order_within_all_limits_passes_with_its_measures():
    verdict = assess(ORDER, STANDING, LIMITS)
    assert isinstance(verdict, Approved)
    assert verdict.order is ORDER
    assert list(verdict.checks) == [check.name for check in CHECKS]
    assert verdict.checks["quote_age_s"] == 1.0
    assert verdict.checks["order_notional"] == verdict.checks["gross_notional"] == 1_000.0


@pytest.mark.parametrize(
    ("reason", "order", "standing"),
    [
        ("malformed", {"size": math.nan}, {}),
        ("malformed", {"size": math.inf}, {}),
        ("malformed", {"size": 0.0}, {}),
        ("malformed", {"size": -1.0}, {}),
        ("malformed", {"limit_price": math.nan}, {}),
        ("malformed", {"limit_price": 0.0}, {}),
        ("malformed", {"side": 0}, {}),
        ("malformed", {"client_order_id": ""}, {}),
        ("kill_switch", {}, {"state": SwitchState.HALTED}),
        ("kill_switch", {}, {"state": SwitchState.REDUCING}),
        ("kill_switch", {}, {"state": None}),
        ("equity_missing", {}, {"equity": math.nan}),
        ("equity_missing", {}, {"equity": math.inf}),
        ("equity_missing", {}, {"equity": -1.0}),
        ("quote_invalid", {}, {"quote": None}),
        ("quote_invalid", {"instrument": "other"}, {}),
        ("quote_invalid", {}, {"quote": replace(QUOTE, valid=False)}),
        ("quote_invalid", {}, {"quote": replace(QUOTE, bid_price=101.0)}),
        ("quote_invalid", {}, {"quote": replace(QUOTE, ask_price=math.nan)}),
        ("quote_invalid", {}, {"quote": replace(QUOTE, bid_size=-1.0)}),
        ("quote_invalid", {}, {"quote": replace(QUOTE, lot_size=0.0)}),
        ("quote_invalid", {}, {"quote": replace(QUOTE, contract_size=math.nan)}),
        ("quote_age_s", {}, {"time_ns": 15 * SECOND + 1}),
        ("quote_age_s", {}, {"time_ns": 9 * SECOND}),
        ("price_band_bps", {"limit_price": 100.6}, {}),
        ("price_band_bps", {"limit_price": 99.4}, {}),
        ("order_notional", {"size": 20.1}, {}),
        ("position_notional", {}, {"position": 21.0}),
        ("position_notional", {}, {"working_buy": 21.0}),
        ("position_notional", {}, {"position": math.nan}),
        ("position_notional", {}, {"working_buy": math.nan}),
        ("position_notional", {"side": Side.SELL}, {"position": -21.0}),
        ("gross_notional", {}, {"other_gross": 4_001.0}),
        ("gross_notional", {}, {"other_gross": math.nan}),
        ("position_notional", {"side": Side.SELL}, {"position": 31.0, "working_sell": 25.0}),
    ],
)
def test_one_thing_wrong_refuses_and_is_named(reason, order, standing):
    assert refusal(replace(ORDER, **order), **standing) == reason


@pytest.mark.parametrize("state", [SwitchState.ACTIVE, SwitchState.REDUCING])
def test_an_order_that_only_reduces_passes_however_much_is_held(state):
    sell = replace(ORDER, side=Side.SELL)
    assert refusal(sell, state=state, position=500.0, other_gross=1e9, equity=-5.0) is None
    assert refusal(sell, state=SwitchState.REDUCING, position=9.0) == "kill_switch"
    assert refusal(sell, state=SwitchState.REDUCING, position=15.0, working_sell=6.0) == "kill_switch"


def test_refusals_carry_finite_numbers_only():
    verdict = assess(ORDER, STANDING._replace(position=math.nan), LIMITS)
    assert all(map(math.isfinite, verdict.checks.values()))
    assert "position_notional" not in verdict.checks


anything = st.one_of(st.floats(), st.floats(-100, 100), st.sampled_from([0.0, math.nan, math.inf]))


@settings(max_examples=150, deadline=None)
@given(
    side=st.sampled_from([Side.BUY, Side.SELL]), size=anything, limit=st.one_of(anything, st.floats(99, 101)),
    bid=st.one_of(anything, st.floats(98, 100)), spread=st.floats(-1, 2), age=st.integers(-10, 10),
    position=anything, buy=st.floats(0, 30), sell=st.floats(0, 30), others=st.one_of(anything, st.floats(0, 6e3)),
    equity=st.one_of(anything, st.just(1e5)), state=st.sampled_from(list(SwitchState)), inverse=st.booleans(),
)  # fmt: skip
def test_no_approved_order_violates_any_limit(
    side, size, limit, bid, spread, age, position, buy, sell, others, equity, state, inverse
):
    quote = replace(QUOTE, bid_price=bid, ask_price=bid + spread, inverse=inverse)
    order = replace(ORDER, side=side, size=size, limit_price=limit)
    standing = Standing((10 + age) * SECOND, state, equity, quote, position, buy, sell, others)
    verdict = assess(order, standing, LIMITS)
    if isinstance(verdict, Refused):
        return
    assert state is not SwitchState.HALTED
    assert all(map(math.isfinite, (size, limit, bid, equity, position, others)))
    assert 0 <= age <= 5
    mid = bid + spread / 2
    assert 0 < bid < quote.ask_price
    assert abs(limit - mid) <= mid * 50.001e-4
    worth = 1.0 if inverse else max(limit, mid)
    assert size * worth <= 2_000.001
    after = position + size + buy if side == Side.BUY else position - size - sell
    if abs(after) > abs(position) or after * position < 0:
        assert state is SwitchState.ACTIVE
        assert equity > 0
        assert abs(after) * worth <= 3_000.001
        assert abs(after) * worth + others <= 5_000.001


@pytest.mark.parametrize("name", list(Limits.__dataclass_fields__))
@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_a_limit_that_is_none_is_named(name, value):
    with pytest.raises(ValueError, match=name):
        Limits(**{name: value})
