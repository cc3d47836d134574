import math

import numpy as np
import polars as pl
import pytest

from market.batch import Batch
from market.frames import Frames
from market.schema import Kind
from operators.features import order_flow
from operators.frame import frame
from tests.operators.book.messages import table
from tests.rows import books, ticks

NAN = math.nan
Row = dict[str, object]


def book(bid: float, bid_size: float, ask: float, ask_size: float, *, sequence: int = 0) -> Row:
    quote = {"bid_price": bid, "bid_size": bid_size, "ask_price": ask, "ask_size": ask_size, "valid": True}
    return {"kind": Kind.DEPTH, "sequence": sequence, **quote}


def trade(side: int, size: float, kind: Kind = Kind.TRADE, *, off_book: bool = False) -> Row:
    return {"kind": kind, "side": side, "size": size, "price": 100.0, "off_book": off_book}


def run(*rows: Row) -> pl.DataFrame:
    """All rows at once; update ids ascend where none is given."""
    found = [_filled(row, number) for number, row in enumerate(rows, start=1)]
    batch = Batch("x/0", 0, np.array([1]), Frames.of([b""]), table(), ticks=ticks(found), books=books(found))
    return frame(order_flow.stage().run([batch])[0])


def _filled(row: Row, number: int) -> Row:
    return {"exchange_time": number, "receive_time": number} | row | {"sequence": row.get("sequence") or number}


STILL = book(100.0, 1.0, 101.0, 3.0)


def test_the_touch() -> None:
    row = run(STILL).row(0, named=True)
    assert row["mid_price"] == 100.5
    assert row["weighted_mid"] == 100.25  # nearer to the bid: more is offered than asked for
    assert row["spread"] == 1.0
    assert row["spread_bps"] == pytest.approx(99.50248756)
    assert row["imbalance"] == -0.5


@pytest.mark.parametrize(
    ("then", "ofi"),
    [
        (book(100.0, 1.0, 101.0, 3.0), 0.0),  # nothing changed
        (book(100.0, 5.0, 101.0, 3.0), 4.0),  # bid grew
        (book(100.5, 2.0, 101.0, 3.0), 2.0),  # bid rose: all of it is new
        (book(99.0, 9.0, 101.0, 3.0), -1.0),  # bid fell: all of it is gone
        (book(100.0, 1.0, 101.0, 4.0), -1.0),  # ask grew
        (book(100.0, 1.0, 100.5, 2.0), -2.0),  # ask fell
        (book(100.0, 1.0, 102.0, 9.0), 3.0),  # ask rose
    ],
)
def test_ofi_as_in_the_paper(then: Row, ofi: float) -> None:
    assert run(STILL, then)["ofi"][1] == ofi


def test_windows_are_ready_after_as_many_changes() -> None:
    found = run(*[STILL] * 60)
    for rows in (10, 25, 50):
        assert found[f"ofi_{rows}"].is_nan().sum() == rows
        assert found[f"signed_volume_{rows}"].is_nan().sum() == rows


def test_nothing_is_summed_across_a_gap() -> None:
    found = run(*[STILL] * 20, {"kind": Kind.DEPTH}, book(1.0, 1.0, 2.0, 1.0), *[STILL] * 5)
    assert math.isnan(found["mid_price"][20])
    assert math.isnan(found["ofi"][21])
    assert found["ofi_10"][20:].is_nan().all()


def test_a_reset_clears() -> None:
    assert run(*[STILL] * 20, {"kind": Kind.RESET})["ofi_10"].is_nan()[20]


def test_a_message_that_the_book_contains_changes_nothing() -> None:
    found = run(*[STILL] * 20, {"kind": Kind.DEPTH, "sequence": 20}, STILL)
    assert not found["ofi_10"].is_nan()[20]
    assert found["ofi_10"][21] == 0.0


def test_signed_volume_is_buyers_minus_sellers_since_the_update_that_many_before() -> None:
    moves = [row for _ in range(12) for row in (trade(1, 2.0), trade(-1, 0.5), STILL)]
    found = run(STILL, *moves)
    assert found["signed_volume_10"][-1] == 10 * 1.5


def test_trades_before_the_first_update_do_not_count() -> None:
    assert run(trade(1, 100.0), *[STILL] * 11)["signed_volume_10"][-1] == 0.0


@pytest.mark.parametrize(
    "row", [trade(1, 9.0, off_book=True), trade(1, 0.0), trade(1, NAN), trade(1, 9.0, Kind.AGGREGATE_TRADE)]
)
def test_what_does_not_count_as_a_trade(row: Row) -> None:
    found = run(STILL, trade(1, 1.0), row, *[STILL] * 10)
    assert found["signed_volume_10"][-1] == 1.0


def test_trade_rows_repeat_the_values_and_have_no_flow_of_their_own() -> None:
    found = run(STILL, book(100.0, 5.0, 101.0, 3.0), trade(1, 1.0))
    assert found["mid_price"][2] == 100.5
    assert found["ofi"].to_list()[1:] == [4.0, 0.0]


def test_a_batch_without_instruments_has_the_columns() -> None:
    batch = Batch("x/0", 0, np.array([1]))
    assert set(order_flow.COLUMNS.names or ()) <= set(frame(order_flow.stage().run([batch])[0]).columns)


def deep(level: int, size: float) -> Row:
    """Ten levels a side of size 1, but for the size of one bid."""
    sizes = [size if number == level else 1.0 for number in range(10)]
    prices = {"bid_prices": [100.0 - n for n in range(10)], "ask_prices": [101.0 + n for n in range(10)]}
    return book(100.0, sizes[0], 101.0, 1.0) | prices | {"bid_sizes": sizes, "ask_sizes": [1.0] * 10}


def test_flow_below_the_touch_is_in_the_deep_sums_alone() -> None:
    found = run(deep(0, 1.0), *[deep(4, float(size)) for size in range(1, 11)])
    assert found["ofi_10"][-1] == 0.0
    assert found["ofi_deep_10"][-1] == 9.0
    assert found["imbalance_10"][-1] == pytest.approx(9.0 / 29.0)


def test_a_level_that_appears_or_goes_is_flow_of_its_size() -> None:
    short = book(100.0, 1.0, 101.0, 1.0)
    found = run(short, deep(4, 5.0), *[deep(4, 5.0)] * 9)
    assert found["ofi_deep_10"][-1] == 13.0 - 9.0
    assert run(deep(4, 5.0), short, *[short] * 9)["ofi_deep_10"][-1] == 9.0 - 13.0


def test_normalised_flow_is_per_mean_size_at_the_touch() -> None:
    found = run(STILL, *[book(100.0, 1.0 + n, 101.0, 3.0) for n in range(1, 11)])
    assert found["ofi_normalised_10"][-1] == pytest.approx(10.0 / np.mean([(1.0 + n + 3.0) / 2 for n in range(1, 11)]))


def test_the_integrated_flow_weighs_the_level_that_varies() -> None:
    random = np.random.default_rng(1)
    found = run(*[deep(4, float(random.integers(1, 50))) for _ in range(251)])
    sums = found["ofi_deep_50"][250]
    # Only level 5 ever changes, so it has all the weight, and Q is the mean size of the levels.
    assert np.isnan(found["ofi_integrated_50"][249])
    assert np.sign(found["ofi_integrated_50"][250]) == np.sign(sums)


def test_the_exponential_sum_halves_in_its_half_life() -> None:
    found = run(STILL, book(100.0, 5.0, 101.0, 3.0), *[book(100.0, 5.0, 101.0, 3.0)] * 25)
    assert found["ofi_ew"][1] == 4.0
    assert found["ofi_ew"][26] == pytest.approx(2.0)


def test_sizes_that_cannot_be_added_never_stop_the_flow() -> None:
    huge, tiny = book(100.0, 1.23e17, 101.0, 1.0), book(100.0, 5e-324, 101.0, 5e-324)
    rows = [STILL] * 100 + [huge] + [book(100.0, 2.0, 101.0, 2.0)] + [STILL] * 120 + [tiny, STILL]
    found = run(*rows)
    assert (
        found["ofi_normalised_10"][99] == found["ofi_normalised_10"][-3] == 0.0
    )  # what it spoilt is over after RING updates
