import math

import numpy as np
import pytest

from market.schema import Kind
from operators.features import depth
from tests.operators.features.hand import NAN, Levels, Row, book, lost, reset, run, trade

BIDS: Levels = [(100.0 - level / 10, 2.0) for level in range(10)]
ASKS: Levels = [(100.1 + level / 10, 3.0) for level in range(10)]


def still(time_s: float, **more: float) -> Row:
    return book(time_s, BIDS, ASKS, **more)


def without(levels: Levels, size: float) -> Levels:
    """The levels after an order took so much from the best of them."""
    (price, rests), *others = levels
    return [(price, rests - size), *others]


def found(*rows: Row, **parameters: float) -> np.void:
    """What is known after the last row."""
    return run(depth.stage(**parameters), *rows)[-1]


def test_depth_counts_what_lies_within_the_band() -> None:
    last = found(still(0))
    assert last["bid_depth_1bps"] == 0.0  # a tenth is ten bps, and the best bid is half of that below the mid
    assert last["bid_depth_5bps"] == 2.0
    assert last["ask_depth_25bps"] == 9.0


def test_slope_of_one_level_a_side_is_its_log_size_per_relative_distance() -> None:
    last = found(book(0, [(99.0, math.e - 1)], [(101.0, math.e - 1)]))
    assert last["book_slope"] == pytest.approx(1 / 0.01)


def test_slope_of_two_levels_as_in_the_paper() -> None:
    sizes = math.e**2 - 1, math.e**3 - math.e**2  # v = 2 and 3
    last = found(book(0, [(99.0, sizes[0]), (98.0, sizes[1])], [(101.0, sizes[0]), (102.0, sizes[1])]))
    bid = (2 / (1 / 100) + (3 / 2 - 1) / (1 / 99)) / 2
    ask = (2 / (1 / 100) + (3 / 2 - 1) / (1 / 101)) / 2
    assert last["book_slope"] == pytest.approx((bid + ask) / 2)


def test_a_book_of_dust_has_a_slope_too() -> None:
    dust = found(book(0, [(100.0, 1e-4)] * 1, [(100.1, 1e-4)]))["book_slope"]
    assert 0 < dust < found(still(0))["book_slope"]


def recovery(*books: Row, size: float = 1.6) -> float:
    """resiliency_s after a buy at 1 s in a still book."""
    return float(found(still(0), trade(1, 1, size), *books)["resiliency_s"])


def test_half_of_what_a_large_order_took_must_be_back() -> None:
    quarter, half = without(ASKS, 1.2), without(ASKS, 0.8)
    assert math.isnan(recovery(book(2, BIDS, quarter)))
    assert recovery(book(2, BIDS, quarter), book(4.5, BIDS, half)) == 3.5


def test_an_order_of_less_than_half_the_touch_is_not_watched() -> None:
    assert math.isnan(recovery(book(2, BIDS, ASKS), size=1.4))


def test_trades_of_one_side_and_time_are_one_order() -> None:
    rows = [still(0), trade(1, 1, 0.8), trade(1, -1, 0.1), trade(1, 1, 0.8), still(3)]
    assert found(*rows)["resiliency_s"] == 2.0
    assert math.isnan(found(still(0), trade(1, 1, 0.8), trade(2, 1, 0.8), still(3))["resiliency_s"])


def test_a_book_that_does_not_show_the_order_yet_says_nothing() -> None:
    assert math.isnan(recovery(still(0.9), still(1)))
    assert recovery(still(0.9), still(1.1)) == pytest.approx(0.1)


def test_what_never_comes_back_counts_as_the_limit() -> None:
    assert recovery(*[book(2 + number, BIDS, without(ASKS, 1.6)) for number in range(70)]) == 60.0


def test_sells_are_watched_on_the_bid_side() -> None:
    empty_bids = without(BIDS, 1.5)
    rows = [still(0), trade(1, -1, 1.5), book(2, empty_bids, ASKS), still(3)]
    assert found(*rows)["resiliency_s"] == 2.0


def test_recoveries_outlive_a_gap_but_the_order_under_way_does_not() -> None:
    rows = [still(0), trade(1, 1, 1.6), still(3), trade(4, 1, 1.6), lost(5), still(6)]
    measured = run(depth.stage(), *rows)["resiliency_s"]
    assert np.isnan(measured[4])
    assert measured[5] == 2.0


def updates(count: int, **more: float) -> list[Row]:
    return [still(1 + number, **more) for number in range(count)]


def test_what_leaves_without_a_trade_was_cancelled() -> None:
    assert found(*updates(20, bid_removed=1.0))["cancel_ratio"] == 1.0


def test_what_leaves_by_trades_was_not() -> None:
    rows = [row for number in range(20) for row in (trade(number, -1, 5.0), still(number + 0.5, bid_removed=5.0))]
    assert found(*rows)["cancel_ratio"] == 0.0


def test_sells_explain_bids_only_and_no_more_than_was_traded() -> None:
    rows = [
        row
        for number in range(20)
        for row in (trade(number, -1, 3.0), still(number + 0.5, bid_removed=4.0, ask_removed=2.0))
    ]
    assert found(*rows)["cancel_ratio"] == pytest.approx((1.0 + 2.0) / 6.0)


def test_the_ratio_needs_messages_and_something_removed() -> None:
    assert np.isnan(found(*updates(19, bid_removed=1.0))["cancel_ratio"])
    assert np.isnan(found(*updates(30))["cancel_ratio"])


def test_snapshots_do_not_count_as_messages() -> None:
    rows = [row | {"kind": Kind.SNAPSHOT} for row in updates(30, bid_removed=1.0)]
    assert np.isnan(found(*rows)["cancel_ratio"])


@pytest.mark.parametrize("gap", [lost(40), reset(40)])
def test_a_gap_clears(gap: Row) -> None:
    measured = run(depth.stage(), *updates(20, bid_removed=1.0), gap, still(41, bid_removed=1.0))
    assert np.isnan(measured[20].tolist()).all()
    assert np.isnan(measured["cancel_ratio"][21])
    assert measured["bid_depth_5bps"][21] == 2.0


@pytest.mark.parametrize("half_life", [0, NAN, 1e6])
def test_a_half_life_out_of_range_is_refused(half_life: float) -> None:
    with pytest.raises(ValueError, match="100000"):
        depth.stage(half_life_updates=half_life)
