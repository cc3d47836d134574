import pytest
from msgspec.structs import replace

from market.fees import Fees
from market.messages import OrderState, Side
from operators.execution.orders import submit
from operators.execution.paper import Level, Venue, settle
from operators.risk.gate import Limits, assess
from tests.operators.risk.test_gate import ORDER, QUOTE, SECOND, STANDING

MS = 1_000_000
SENT = 11 * SECOND
VENUE = Venue(fees=Fees(10.0), latency_ms=50.0, time_in_force_s=2.0)


def sent(**changes):
    order = replace(ORDER, **{"limit_price": 101.0, "size": 5.0} | changes)
    return submit(assess(order, STANDING, Limits(price_band_bps=200.0)), SENT)


def quote(after_ms, size=100.0, **changes):
    return replace(QUOTE, time_ns=SENT + after_ms * MS, bid_size=size, ask_size=size, **changes)


def run(working, *quotes):
    level, fills, states = Level(), [], []
    for one in quotes:
        working, entered, fill, level = settle(working, one, level, VENUE)
        states += entered
        fills += [(fill.price, fill.size)] if fill else []
    return working, states, fills


def test_the_first_quote_after_the_latency_decides():
    assert run(sent(), quote(0), quote(49))[1] == []
    _, states, fills = run(sent(), quote(50))
    assert states == [OrderState.ACCEPTED, OrderState.FILLED]
    assert fills == [(101.0, 5.0)]


def test_a_sell_fills_at_the_bid():
    assert run(sent(side=Side.SELL, limit_price=99.0), quote(50))[2] == [(99.0, 5.0)]


def test_the_fee_is_in_bps_of_the_notional():
    outcome = settle(sent(), quote(50), Level(), VENUE)
    assert outcome.fill.fee == pytest.approx(5 * 101 * 0.001)
    assert outcome.fill.fill_id == "x-1"


@pytest.mark.parametrize(("side", "touch", "price"), [(Side.BUY, 101.0, 101.1), (Side.SELL, 99.0, 98.9)])
def test_impact_is_the_root_of_the_share_of_what_is_displayed_and_stays_within_the_limit(side, touch, price):
    venue = Venue(fees=Fees(0.0), latency_ms=50.0, impact=0.1)
    one = settle(sent(side=side, limit_price=touch + 0.5 * side), quote(50, size=20.0), Level(), venue)
    assert one.fill.price == pytest.approx(price)  # 0.1 × 2 × √(5 / 20)
    bound = settle(sent(side=side, limit_price=touch), quote(50, size=20.0), Level(), venue)
    assert bound.fill.price == touch


def test_a_price_beyond_the_limit_waits():
    far = quote(50, ask_price=101.5)
    assert run(sent(), far, far)[2] == []
    assert run(sent(), far, quote(60))[2] == [(101.0, 5.0)]


def test_displayed_size_limits_a_fill_and_is_not_taken_twice():
    working, states, fills = run(sent(), quote(50, 2.0), quote(60, 2.0), quote(70, 2.0))
    assert fills == [(101.0, 2.0)]
    assert states == [OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED]
    assert working.filled == 2.0
    assert run(sent(), quote(50, 2.0), quote(60, 1.0), quote(70, 9.0))[2] == [(101.0, 2.0), (101.0, 1.0), (101.0, 2.0)]


def test_fills_are_whole_lots():
    assert run(sent(), quote(50, 0.25))[2] == [(101.0, 0.2)]
    assert run(sent(), quote(50, 0.05))[2] == []


def test_no_quote_that_is_not_usable_fills():
    assert run(sent(), quote(50, valid=False), quote(60, bid_price=102.0), quote(70, ask_price=float("nan")))[2] == []


def test_an_order_expires_and_a_cancellation_arrives():
    assert run(sent(), quote(2050))[1] == [OrderState.ACCEPTED, OrderState.EXPIRED]

    cancelled = replace(sent(), cancel_ns=SENT + 10 * MS)
    assert run(cancelled, quote(60))[1] == [OrderState.ACCEPTED, OrderState.CANCELLED]
    assert run(cancelled, quote(59))[1] == [OrderState.ACCEPTED, OrderState.FILLED]


@pytest.mark.parametrize("wrong", [{"latency_ms": float("nan")}, {"time_in_force_s": float("inf")}])
def test_terms_out_of_range_are_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Venue(**wrong)
