"""What the books do with one fill, by hand."""

from decimal import Decimal

import pytest

from market.messages import Fill, Side
from operators.execution.books import Books, quanta
from operators.execution.holding import Contract

KEY = ("v", "i")
LINEAR, INVERSE = Contract(1.0), Contract(1.0, 100.0, inverse=True)


def filled(books, side, price, size, fee=0.0, contract=LINEAR):
    fill = Fill(venue="v", instrument="i", time_ns=0, fill_id="f", client_order_id="o", side=side, price=price,
                size=size, fee=fee)  # fmt: skip
    return dict(books.fill(fill, contract).entries)


def test_a_purchase_and_a_sale_of_part_of_it():
    books = Books()
    assert filled(books, Side.BUY, 100.0, 3.0, 0.25) == {
        "position": quanta(300.0), "fees": quanta(0.25), "cash": quanta(-300.25),
    }  # fmt: skip
    assert filled(books, Side.SELL, 110.0, 1.0, -0.1) == {
        "position": quanta(-100.0), "realised": quanta(-10.0), "fees": quanta(-0.1), "cash": quanta(110.1),
    }  # fmt: skip
    assert books.wallet == quanta(10.0 - 0.25 + 0.1)
    assert books.balance == 0


def test_a_fill_beyond_zero_closes_at_cost_and_opens_at_its_own_price():
    books = Books()
    filled(books, Side.BUY, 100.0, 2.0)
    assert filled(books, Side.SELL, 110.0, 5.0)["realised"] == quanta(-20.0)
    assert books.positions[KEY].cost == quanta(-330.0)


def test_an_inverse_contract_is_its_coins():
    books = Books()
    filled(books, Side.BUY, 20_000.0, 4.0, contract=INVERSE)
    assert books.positions[KEY].coins == Decimal("0.02")
    assert filled(books, Side.SELL, 25_000.0, 4.0, contract=INVERSE)["realised"] == quanta(-100.0)
    assert KEY not in books.positions


@pytest.mark.parametrize(("lots", "left"), [(6.0, 3), (10.0, 5), (2.0, 1), (18.0, 9), (30.0, 15)])
def test_the_cost_of_a_part_is_rounded_half_to_even_also_where_its_share_has_no_end(lots, left):
    """A sixth of 3 quanta is half of one, though a sixth is no decimal: found by a million random events."""
    books = Books()
    filled(books, Side.BUY, 0.5e-8, lots)
    assert books.positions[KEY].cost == left
    filled(books, Side.SELL, 1.0, 1.0)
    assert books.positions[KEY].cost == left


def test_the_last_lot_takes_what_is_left_of_the_cost():
    books = Books()
    filled(books, Side.BUY, 1 / 3, 3.0)
    for _ in range(3):
        filled(books, Side.SELL, 1 / 3, 1.0)
    assert KEY not in books.positions
    assert books.balance == 0
