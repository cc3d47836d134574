import math

import numpy as np
import polars as pl
import pytest

from market.batch import Batch
from market.instrument import InstrumentTable
from market.schema import TICK, Kind
from operators.features import order_flow
from tests.operators.book.messages import table

NAN = math.nan
Row = dict[str, object]


def book(bid: float, bid_size: float, ask: float, ask_size: float, *, sequence: int = 0) -> Row:
    quote = {"bid_price": bid, "bid_size": bid_size, "ask_price": ask, "ask_size": ask_size, "valid": True}
    return {"kind": Kind.DEPTH, "sequence": sequence, **quote}


def trade(side: int, size: float, kind: Kind = Kind.TRADE, *, off_book: bool = False) -> Row:
    return {"kind": kind, "side": side, "size": size, "price": 100.0, "off_book": off_book}


def run(*rows: Row) -> pl.DataFrame:
    """Each row alone; update ids ascend where none is given."""
    found = [_filled(row, number) for number, row in enumerate(rows, start=1)]
    batch = Batch("x/0", 0, np.array([1]), (b"",), table(), ticks=pl.DataFrame(found, TICK))
    return order_flow.stage().run([batch])[0].ticks


def _filled(row: Row, number: int) -> Row:
    blank: Row = dict.fromkeys(("bid_price", "bid_size", "ask_price", "ask_size", "price", "size"), NAN)
    blank |= {"instrument": 0, "frame": 0, "exchange_time": number, "receive_time": number, "valid": False, "side": 0}
    return blank | {"off_book": False} | row | {"sequence": row.get("sequence") or number}


STILL = book(100.0, 1.0, 101.0, 3.0)


def test_the_touch() -> None:
    row = run(STILL).row(0, named=True)
    assert row["mid_price"] == 100.5
    assert row["micro_price"] == 100.25  # nearer to the bid: more is offered than asked for
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


def test_an_unknown_instrument_is_never_read() -> None:
    batch = Batch("x/0", 0, np.array([1]), (b"",), InstrumentTable())
    assert set(order_flow.COLUMNS) <= set(order_flow.stage().run([batch])[0].ticks.columns)
