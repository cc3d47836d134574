import random

import numpy as np
import pytest

from operators.features import spreads
from tests.operators.features.hand import NAN, Row, lost, quote, reset, run, trade


def found(*rows: Row, **parameters: float) -> np.void:
    """What is known after the last row."""
    return run(spreads.stage(**parameters), *rows)[-1]


def bounces(count: int, mid: float = 100.0) -> list[Row]:
    """Ten trades a second, buys at the ask and sells at the bid, which are 0.2 apart, in random turn."""
    sides = random.Random(1).choices((1, -1), k=count)
    return [trade(1 + number / 10, side, price=mid + 0.1 * side) for number, side in enumerate(sides)]


def test_a_taker_who_crosses_a_still_book_pays_the_quoted_spread_and_the_maker_keeps_it() -> None:
    last = found(quote(0, 100.0), *bounces(20), quote(9, 100.0))
    assert last["effective_spread_bps"] == pytest.approx(20.0)
    assert last["realised_spread_bps"] == pytest.approx(20.0)
    assert last["price_impact_bps"] == pytest.approx(0.0, abs=1e-9)


def test_impact_is_where_the_mid_has_gone_five_seconds_later() -> None:
    buys = [trade(1, 1, price=100.1) for _ in range(10)]
    # The mid at 6.1 s is that of 6.0 s: what comes at 6.2 s is later.
    last = found(quote(0, 100.0), *buys, quote(6.0, 100.25), quote(6.2, 777.0))
    assert last["price_impact_bps"] == pytest.approx(50.0)
    assert last["realised_spread_bps"] == pytest.approx(20.0 - 50.0)


def test_effective_is_realised_plus_impact_over_the_same_trades() -> None:
    chance = random.Random(2)
    rows = [quote(number / 10 + 0.05, 100 + chance.gauss(0, 0.05)) for number in range(100)]
    rows += [row | {"time_s": row["time_s"] + late} for row in bounces(80) for late in (0.0, 0.07)]
    rows.sort(key=lambda row: row["time_s"])
    last = found(*rows, quote(60, 100.0), half_life_trades=100_000)
    total = last["realised_spread_bps"] + last["price_impact_bps"]
    assert total == pytest.approx(last["effective_spread_bps"], rel=1e-3)  # the same but for weights


def test_five_seconds_must_be_over() -> None:
    rows = [quote(0, 100.0), *[trade(1.05, 1, price=100.1) for _ in range(10)]]
    for time_s, ready in ((6.0, False), (6.0999, False), (6.1, True)):
        assert np.isfinite(found(*rows, quote(time_s, 100.0))["realised_spread_bps"]) == ready


def test_no_rate_of_trades_is_too_high_for_the_queue() -> None:
    rows = [trade(1 + number / 500, 1, price=100.1) for number in range(10_000)]
    measured = run(spreads.stage(), quote(0, 100.0), *rows, quote(40, 100.0))
    assert measured["realised_spread_bps"][-1] == pytest.approx(20.0)
    assert np.isfinite(measured["realised_spread_bps"]).sum() == pytest.approx(10_000 - 5.1 * 500, abs=60)


def test_roll_finds_the_spread_of_random_bounces() -> None:
    last = found(quote(0, 100.0), *bounces(20_000), half_life_trades=5_000)
    assert last["roll_spread_bps"] == pytest.approx(20.0, rel=0.05)


def test_roll_is_not_defined_where_prices_run() -> None:
    runs = [trade(number, 1, price=100.0 + 0.01 * (number % 40 if number % 80 < 40 else 40 - number % 40))
            for number in range(200)]  # fmt: skip
    assert np.isnan(found(quote(0, 100.0), *runs)["roll_spread_bps"])


@pytest.mark.parametrize("gap", [lost(3), reset(3)])
def test_a_gap_clears_what_was_measured_and_what_waits(gap: Row) -> None:
    rows = [quote(0, 100.0), *bounces(20), gap, quote(4, 100.0), *[trade(4, 1) for _ in range(9)], quote(60, 100.0)]
    measured = run(spreads.stage(), *rows)
    assert np.isnan(measured[21].tolist()).all()
    assert np.isnan(measured[-1].tolist()).all()  # nine trades since


def test_a_trade_without_a_book_is_not_measured() -> None:
    rows = [*bounces(50), quote(6, 100.0), quote(60, 100.0)]
    assert np.isnan(found(*rows)["effective_spread_bps"])


@pytest.mark.parametrize("half_life", [0, -1, NAN, 1e6])
def test_a_half_life_out_of_range_is_refused(half_life: float) -> None:
    with pytest.raises(ValueError, match="100000"):
        spreads.stage(half_life_trades=half_life)
