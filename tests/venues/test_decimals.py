import pickle
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from market.errors import FrameError
from venues.decimals import MAX_REMEMBERED, Ticks, finest_step


@given(
    ticks=some.integers(0, 10**12),
    tick_size=some.sampled_from(["0.1", "0.01", "0.05", "0.5", "1", "10", "0.00000001", "25"]),
    zeros=some.integers(0, 3),
)
def test_any_multiple_of_the_tick_size_gives_its_ticks_exactly(ticks: int, tick_size: str, zeros: int) -> None:
    price = f"{ticks * Decimal(tick_size):f}"
    price = price + "0" * zeros if "." in price else price
    if len(price) <= 18:
        assert Ticks(Decimal(tick_size))[price] == ticks


def test_price_off_the_tick_grid_is_refused_with_both_numbers() -> None:
    with pytest.raises(FrameError, match=r"28145\.15 is not a multiple of the tick size 0\.1"):
        Ticks(Decimal("0.1"))["28145.15"]


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", "1e", "1e500", "nan", "1.", ".5", "1_0", " 1", "1 ", "0x1", "１", "1,5", "9" * 40, "1.2.3"]
)
def test_text_that_is_no_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(FrameError, match="decimal number"):
        Ticks(Decimal("0.1"))[text]


@pytest.mark.parametrize(
    ("text", "ticks"), [("8.1E-7", 81), ("1e-8", 1), ("1.50E2", 15 * 10**9), ("0E-8", 0), ("2e+1", 2 * 10**9)]
)
def test_price_with_an_exponent_is_as_exact_as_any_other(text: str, ticks: int) -> None:
    assert Ticks(Decimal("0.00000001"))[text] == ticks


def test_price_that_leaves_the_range_of_ticks_is_refused() -> None:
    with pytest.raises(FrameError, match="more than"):
        Ticks(Decimal("0.00000001"))["9" * 18]


def test_memory_is_bounded_and_no_part_of_the_state() -> None:
    ticks = Ticks(Decimal(1))
    for number in range(3 * MAX_REMEMBERED):
        assert ticks[str(number)] == number
    assert len(ticks) <= MAX_REMEMBERED
    again = pickle.loads(pickle.dumps(ticks))
    assert (len(again), again["7"]) == (0, 7)


def test_finest_step_ignores_trailing_zeros_and_is_at_most_one() -> None:
    assert finest_step(["28145.10", "5000.00"]) == Decimal("0.1")
    assert finest_step(["3", "40"]) == Decimal(1)
    assert finest_step([]) == Decimal(1)


def test_finest_step_knows_exponents_and_leaves_out_what_is_no_number() -> None:
    assert finest_step(["8.1E-7", "1.50E2"]) == Decimal("0.00000001")
    assert finest_step(["hello.e", "0.1x", "1." + "3" * 40]) == Decimal(1)
