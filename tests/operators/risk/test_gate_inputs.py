"""What the gate asks after its first checks: link, halt, rate, own orders, depth, cash, leverage, VaR, a day."""

import math

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from market.messages import Approved, Order, Quote, Refused, Side
from operators.risk.gate import CHECKS, BookRisk, Depth, Limits, Standing, assess, reduces
from operators.risk.order_rate import MOST_ORDERS, OrderRate
from operators.risk.switch import SwitchState

SECOND = 1_000_000_000
NOW = 1000 * SECOND
QUOTE = Quote(venue="v", instrument="i", time_ns=NOW, bid_price=99.5, bid_size=50.0, ask_price=100.5,
              ask_size=50.0, valid=True, tick_size=0.5, lot_size=0.1)  # fmt: skip
ORDER = Order(venue="v", instrument="i", time_ns=NOW, client_order_id="x", side=Side.BUY, size=10.0,
              limit_price=100.0, reason="")  # fmt: skip
RISK = BookRisk(NOW, variance=400.0, covariance=0.0, own_variance=1e-4, multiple=3.0)
STANDING = Standing(
    NOW, SwitchState.ACTIVE, 1e4, QUOTE, 0.0, 0.0, 0.0, 0.0, recent_orders=3, day_loss=0.01, cash=5e3,
    typical_notional=800.0, own_bid=99.0, own_ask=101.0, depth=Depth(NOW, 2e4, 2e4), risk=RISK,
)  # fmt: skip
LIMITS = Limits(
    max_order_notional=2_000.0, max_position_notional=3_000.0, max_gross_notional=15_000.0, max_leverage=1.2,
    max_orders_per_s=5.0,
)  # fmt: skip
SIZES = {"order_notional", "position_notional", "gross_notional", "typical_multiple", "depth_share", "cash_short",
         "leverage", "var_share"}  # fmt: skip


def refusal(order=None, limits=LIMITS, **standing):
    verdict = assess(replace(ORDER, **(order or {})), STANDING._replace(**standing), limits)
    return verdict.reason if isinstance(verdict, Refused) else None


def test_an_order_that_is_well_on_all_counts_passes():
    assert refusal() is None


@pytest.mark.parametrize(
    ("reason", "order", "standing"),
    [
        ("halted", {}, {"halted": True}),
        ("halted", {}, {"halted": None}),
        ("link_down", {}, {"link_up": False}),
        ("link_down", {}, {"link_up": None}),
        ("order_age_s", {"time_ns": NOW - 5 * SECOND - 1}, {}),
        ("order_age_s", {"time_ns": NOW + 1}, {}),
        ("standing_invalid", {}, {"working_sell": math.nan}),
        ("standing_invalid", {}, {"working_sell": -1.0}),
        ("standing_invalid", {}, {"working_buy": -1.0}),
        ("standing_invalid", {}, {"other_gross": -1.0}),
        ("standing_invalid", {"side": Side.SELL}, {"position": math.inf}),
        ("standing_invalid", {"side": Side.SELL}, {"position": 90.0, "working_sell": -math.inf}),
        ("orders_per_s", {}, {"recent_orders": 5}),
        ("orders_per_s", {}, {"recent_orders": -1}),
        ("self_crossing", {"limit_price": 100.0}, {"own_ask": 100.0}),
        ("self_crossing", {"limit_price": 100.0}, {"own_ask": math.nan}),
        ("self_crossing", {"side": Side.SELL, "limit_price": 100.0}, {"own_bid": 100.0}),
        ("self_crossing", {"side": Side.SELL}, {"own_bid": math.inf}),
        ("typical_multiple", {}, {"typical_notional": 99.0}),
        ("typical_multiple", {}, {"typical_notional": 0.0}),
        ("typical_multiple", {}, {"typical_notional": math.nan}),
        ("depth_age_s", {}, {"depth": Depth(NOW - 5 * SECOND - 1, 1e5, 1e5)}),
        ("depth_age_s", {}, {"depth": Depth(NOW + 1, 1e5, 1e5)}),
        ("depth_share", {}, {"depth": Depth(NOW, 1e5, 3_999.0)}),
        ("depth_share", {"side": Side.SELL}, {"depth": Depth(NOW, 3_999.0, 1e5)}),
        ("depth_share", {}, {"depth": Depth(NOW, 1e5, math.nan)}),
        ("depth_share", {}, {"depth": Depth(NOW, 1e5, 0.0)}),
        ("depth_share", {}, {"depth": Depth(NOW, 1e5, 4_500.0), "working_buy": 2.0}),
        ("cash_short", {}, {"cash": 999.0}),
        ("cash_short", {}, {"cash": math.nan}),
        ("cash_short", {}, {"cash": 1500.0, "working_buy": 6.0}),
        ("leverage", {}, {"other_gross": 11_500.0}),
        ("risk_age_s", {}, {"risk": RISK._replace(time_ns=NOW - 901 * SECOND)}),
        ("risk_age_s", {}, {"risk": RISK._replace(time_ns=NOW + 1)}),
        ("var_share", {}, {"risk": RISK._replace(variance=1e5)}),
        ("var_share", {}, {"risk": RISK._replace(own_variance=0.04)}),
        ("var_share", {}, {"risk": RISK._replace(covariance=15.0)}),
        ("var_share", {}, {"risk": RISK._replace(variance=math.nan)}),
        ("var_share", {}, {"risk": RISK._replace(variance=-1.0)}),
        ("var_share", {}, {"risk": RISK._replace(covariance=-math.inf)}),
        ("var_share", {}, {"risk": RISK._replace(own_variance=-1.0)}),
        ("var_share", {}, {"risk": RISK._replace(multiple=0.0)}),
        ("daily_loss", {}, {"day_loss": 0.031}),
        ("daily_loss", {}, {"day_loss": math.nan}),
        ("daily_loss", {}, {"day_loss": -math.inf}),
    ],
)
def test_one_thing_wrong_refuses_and_is_named(reason, order, standing):
    assert refusal(order, **standing) == reason


def test_the_var_after_an_order_is_that_of_the_book_with_it():
    verdict = assess(ORDER, STANDING._replace(risk=BookRisk(NOW, 900.0, 0.2, 4e-4, 2.5)), LIMITS)
    after = 900.0 + 2 * 1005.0 * 0.2 + 1005.0**2 * 4e-4 if ORDER.limit_price > 100.0 else 900.0 + 400.0 + 400.0
    assert verdict.checks["var_share"] == pytest.approx(2.5 * math.sqrt(after) / 1e4)


def test_a_hedge_does_not_pass_while_the_var_is_above_its_limit_since_half_of_it_may_fill():
    hedging = RISK._replace(variance=1e5, covariance=-2.0, own_variance=4e-5)
    assert refusal(risk=hedging) == "var_share"


def test_what_only_reduces_passes_a_bad_day_a_thin_book_and_a_debt():
    sell = {"side": Side.SELL, "limit_price": 100.0}
    bad = {"day_loss": 0.5, "cash": -10.0, "depth": Depth(NOW, 1.0, 1.0), "typical_notional": 1.0, "equity": -1.0}
    assert refusal(sell, position=50.0, risk=RISK._replace(variance=1e9), other_gross=1e9, **bad) is None
    for unsound in ({"day_loss": math.nan}, {"cash": math.nan}, {"depth": Depth(NOW, math.nan, 1.0)},
                    {"typical_notional": math.nan}, {"risk": RISK._replace(variance=math.nan)}):  # fmt: skip
        assert refusal(sell, position=50.0, **unsound) is not None


BAD = [math.nan, math.inf, -math.inf, -1.0]
NEVER = {  # by field of the standing: values that no order may pass with
    "equity": [math.nan, math.inf, -math.inf],
    "position": BAD[:3],
    "working_buy": BAD, "working_sell": BAD, "other_gross": BAD, "recent_orders": BAD,
    "day_loss": BAD[:3], "cash": BAD[:3], "typical_notional": [*BAD[:3]],
    "state": [SwitchState.HALTED, None], "link_up": [False, None, math.nan], "halted": [True, None, math.nan],
    "time_ns": [NOW - 1, NOW + 6 * SECOND],
    "quote": [None, *(replace(QUOTE, **{name: bad}) for name in ("bid_price", "ask_price", "bid_size", "ask_size",
              "tick_size", "lot_size", "contract_size") for bad in BAD), replace(QUOTE, time_ns=NOW - 6 * SECOND),
              replace(QUOTE, time_ns=NOW + 1), replace(QUOTE, valid=False)],
    "depth": [Depth(NOW, bad, bad) for bad in BAD[:3]] + [Depth(NOW + 1, 1e5, 1e5), Depth(NOW - 6 * SECOND, 1e5, 1e5)],
    "risk": [RISK._replace(**{name: bad}) for name in ("variance", "own_variance", "multiple") for bad in BAD]
            + [RISK._replace(covariance=bad) for bad in BAD[:3]]
            + [RISK._replace(time_ns=NOW + 1), RISK._replace(time_ns=NOW - 901 * SECOND)],
}  # fmt: skip
NEVER_ORDERS = [{name: bad} for name in ("size", "limit_price") for bad in [*BAD, 0.0]] + [
    {"time_ns": NOW + 1}, {"time_ns": NOW - 6 * SECOND}, {"side": 0}, {"client_order_id": ""}, {"instrument": "j"},
]  # fmt: skip

sound = st.fixed_dictionaries({
    "equity": st.floats(1.0, 1e6), "position": st.floats(-60, 60), "working_buy": st.floats(0, 20),
    "working_sell": st.floats(0, 20), "other_gross": st.floats(0, 2e4), "recent_orders": st.integers(0, 6),
    "day_loss": st.floats(-0.1, 0.05), "cash": st.one_of(st.none(), st.floats(0, 1e4)),
    "typical_notional": st.one_of(st.none(), st.floats(10, 1e4)), "own_bid": st.one_of(st.none(), st.floats(95, 105)),
    "own_ask": st.one_of(st.none(), st.floats(95, 105)), "state": st.sampled_from(list(SwitchState)),
    "depth": st.one_of(st.none(), st.builds(Depth, st.just(NOW), st.floats(0, 1e5), st.floats(0, 1e5))),
    "risk": st.one_of(st.none(), st.builds(BookRisk, st.just(NOW), st.floats(0, 1e5), st.floats(-5, 5),
                                           st.floats(0, 1e-2), st.floats(0.1, 5))),
})  # fmt: skip
mild = st.fixed_dictionaries({
    "equity": st.floats(1e4, 1e5), "position": st.floats(-20, 20), "working_buy": st.floats(0, 5),
    "working_sell": st.floats(0, 5), "other_gross": st.floats(0, 1e4), "recent_orders": st.integers(0, 5),
    "day_loss": st.floats(-0.1, 0.035), "cash": st.one_of(st.none(), st.floats(500, 1e4)),
    "typical_notional": st.one_of(st.none(), st.floats(90, 1e4)), "own_bid": st.one_of(st.none(), st.floats(95, 100)),
    "own_ask": st.one_of(st.none(), st.floats(100, 105)),
    "depth": st.one_of(st.none(), st.builds(Depth, st.just(NOW), st.floats(2e3, 1e5), st.floats(2e3, 1e5))),
    "risk": st.one_of(st.none(), st.builds(BookRisk, st.just(NOW), st.floats(0, 5e4), st.floats(-1, 1),
                                           st.floats(0, 1e-2), st.floats(0.1, 3))),
})  # fmt: skip
orders = st.fixed_dictionaries(
    {"side": st.sampled_from(Side), "size": st.floats(0.1, 80), "limit_price": st.floats(99.6, 100.4)}
)
modest = st.fixed_dictionaries(
    {"side": st.sampled_from(Side), "size": st.floats(0.1, 15), "limit_price": st.floats(99.6, 100.4)}
)


@settings(max_examples=150, deadline=None)
@given(orders, sound, st.data())
def test_no_unsound_or_stale_input_is_ever_approved_whatever_the_others_are(order, standing, data):
    """Every field in turn and several at once, for orders that add and orders that reduce."""
    names = data.draw(st.lists(st.sampled_from([*NEVER, "order"]), min_size=1, max_size=3, unique=True))
    spoilt = {name: data.draw(st.sampled_from(NEVER[name])) for name in names if name != "order"}
    worse = data.draw(st.sampled_from(NEVER_ORDERS)) if "order" in names else {}
    verdict = assess(replace(ORDER, **(order | worse)), STANDING._replace(**(standing | spoilt)), LIMITS)
    assert isinstance(verdict, Refused)


@pytest.mark.parametrize("name", NEVER)
@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
@pytest.mark.parametrize("position", [0.0, 50.0, -50.0])
def test_each_unsound_input_alone_refuses(name, side, position):
    for bad in NEVER[name]:
        given_ = STANDING._replace(position=position)._replace(**{name: bad})
        assert isinstance(assess(replace(ORDER, side=side), given_, LIMITS), Refused), (name, bad)


@settings(max_examples=150, deadline=None)
@given(orders, sound, st.floats(1.0, 50.0))
def test_a_larger_order_never_passes_where_a_smaller_is_refused_for_its_size(order, standing, times):
    held = STANDING._replace(**standing)
    small = assess(replace(ORDER, **order), held, LIMITS)
    event(small.reason if isinstance(small, Refused) else "approved")
    assume(isinstance(small, Refused) and small.reason in SIZES)
    larger = replace(ORDER, **(order | {"size": order["size"] * times}))
    assert isinstance(assess(larger, held, LIMITS), Refused)


@settings(max_examples=150, deadline=None)
@given(modest, mild)
def test_what_is_approved_keeps_every_limit_by_an_arithmetic_of_its_own(order, standing):
    held, one = STANDING._replace(**standing), replace(ORDER, **order)
    assume(isinstance(assess(one, held, LIMITS), Approved))
    assert held.recent_orders + 1 <= 5
    assert (one.limit_price < (held.own_ask or 1e9)) if one.side == Side.BUY else one.limit_price > (held.own_bid or 0)
    if reduces(one, held):
        return
    worth = max(one.limit_price, 100.0)
    working = held.working_buy if one.side == Side.BUY else held.working_sell
    added = (one.size + working) * worth
    position = abs(held.position + one.side * (one.size + working)) * worth
    assert position + held.other_gross <= 1.2 * held.equity * (1 + 1e-9)
    assert held.cash is None or added <= held.cash
    assert held.typical_notional is None or one.size * worth <= 10 * held.typical_notional
    assert held.day_loss <= 0.03
    if held.depth is not None:
        displayed = held.depth.ask_notional if one.side == Side.BUY else held.depth.bid_notional
        assert one.size * worth <= 0.25 * displayed * (1 + 1e-9)
    if held.risk is not None:
        for part in (0.0, 0.25, 0.5, 1.0):  # of it that fills
            d = one.side * added * part
            variance = max(held.risk.variance + 2 * d * held.risk.covariance + d * d * held.risk.own_variance, 0.0)
            assert held.risk.multiple * math.sqrt(variance) <= 0.05 * held.equity * (1 + 1e-9)


def test_every_check_has_refused_something_here_or_in_the_first_tests():
    assert len({check.name for check in CHECKS}) == len(CHECKS) == 23
    assert {check.limit for check in CHECKS if check.limit} <= set(Limits.__dataclass_fields__)


def test_the_order_rate_forgets_and_is_bounded():
    rate = OrderRate()
    for number in range(MOST_ORDERS + 10):
        rate.note(number)
    assert rate.recent(MOST_ORDERS) == MOST_ORDERS
    assert rate.recent(10 * SECOND) == 0
    assert rate.times.maxlen == MOST_ORDERS
