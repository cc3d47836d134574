from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.messages import Side
from operators.execution.holding import Contract, Holding, filled, profit, snapped, steps, whole_lots

LINEAR = Contract(0.1)
INVERSE = Contract(1.0, contract_size=100.0, inverse=True)


def after(contract, *fills):
    holding = Holding()
    for size, price, fee in fills:
        holding = filled(holding, contract, Side.BUY if size > 0 else Side.SELL, price, abs(size), fee)
    return holding


def test_adding_averages_by_size():
    assert after(LINEAR, (1.0, 100.0, 0.0), (3.0, 104.0, 0.0)) == Holding(4.0, 103.0, 0.0, 0.0)


def test_closing_realises_at_the_average_which_stays():
    assert after(LINEAR, (4.0, 103.0, 1.0), (-1.0, 110.0, 2.0)) == Holding(3.0, 103.0, 7.0, 3.0)


def test_a_flip_closes_all_and_opens_the_rest_at_its_own_price():
    assert after(LINEAR, (2.0, 100.0, 0.0), (-5.0, 90.0, 0.0)) == Holding(-3.0, 90.0, -20.0, 0.0)
    assert after(LINEAR, (-2.0, 100.0, 0.0), (5.0, 90.0, 0.0)) == Holding(3.0, 90.0, 20.0, 0.0)


def test_a_short_gains_when_the_price_falls():
    assert profit(LINEAR, -2.0, 100.0, 90.0) == 20.0
    assert after(LINEAR, (-2.0, 100.0, 0.0), (2.0, 90.0, 0.0)) == Holding(0.0, 0.0, 20.0, 0.0)


def test_a_flat_position_is_exactly_zero():
    assert after(LINEAR, (0.1, 5.0, 0.0), (0.2, 5.0, 0.0), (-0.3, 5.0, 0.0)).size == 0.0


def test_inverse_contracts_average_harmonically_and_gain_in_coin():
    held = after(INVERSE, (10.0, 20_000.0, 0.0), (10.0, 30_000.0, 0.0))
    assert held.average_price == pytest.approx(24_000.0)
    coin = 20 * 100 * (1 / 24_000 - 1 / 40_000)
    assert profit(INVERSE, 20.0, held.average_price, 40_000.0) == pytest.approx(coin * 40_000)
    assert after(INVERSE, (10.0, 20_000.0, 0.0), (-10.0, 25_000.0, 0.5)) == Holding(0.0, 0.0, 250.0, 0.5)


fills = st.lists(
    st.tuples(st.integers(-40, 40).filter(bool), st.integers(500, 1500), st.floats(0, 2)), min_size=1, max_size=30
)


@given(fills, st.integers(500, 1500))
def test_position_is_the_sum_of_fills_and_profit_is_the_cash_they_moved(moves, mark):
    holding = after(LINEAR, *((lots * 0.1, float(price), fee) for lots, price, fee in moves))
    lots = sum(move[0] for move in moves)
    assert holding.size == snapped(lots * 0.1, 0.1)
    cash = -sum(lots * 0.1 * price for lots, price, _ in moves)
    gained = holding.realised + profit(LINEAR, holding.size, holding.average_price, float(mark))
    assert gained == pytest.approx(cash + lots * 0.1 * mark, abs=1e-6)
    assert holding.fees == pytest.approx(sum(move[2] for move in moves))


@given(fills, st.integers(500, 1500))
def test_inverse_profit_in_coin_is_what_the_fills_moved_in_coin(moves, mark):
    holding, coin = Holding(), 0.0
    for lots, price, _ in moves:
        before = holding.realised
        holding = filled(holding, INVERSE, Side.BUY if lots > 0 else Side.SELL, float(price), float(abs(lots)), 0.0)
        coin += (holding.realised - before) / price
    open_coin = profit(INVERSE, holding.size, holding.average_price, float(mark)) / mark
    moved = sum(lots * 100 / price for lots, price, _ in moves) - holding.size * 100 / mark
    assert coin + open_coin == pytest.approx(moved, abs=1e-9)


@given(st.floats(-1e6, 1e6), st.sampled_from([0.001, 0.1, 1.0, 5.0]))
def test_lots_round_towards_zero(size, lot):
    rounded = whole_lots(size, lot)
    assert abs(rounded) <= abs(size) + 2e-9 * lot
    assert abs(size) - abs(rounded) < lot
    assert rounded * size >= 0


@pytest.mark.parametrize("step", [0.1, 0.01, 0.00001, 0.25, 0.05, 1.0, 10.0])
def test_prices_and_sizes_are_printed_with_no_more_decimals_than_their_step(step):
    decimals = -Decimal(repr(step)).normalize().as_tuple().exponent
    for count in range(1, 1_000_000, 997):
        told = Decimal(repr(steps(count, step)))
        assert told == Decimal(repr(step)) * count
        assert -told.normalize().as_tuple().exponent <= max(decimals, 0)
        assert whole_lots(count * step, step) == snapped(count * step, step) == steps(count, step)
