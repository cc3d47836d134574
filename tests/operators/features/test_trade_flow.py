import numpy as np
import pytest

from market.schema import Kind
from operators.features import trade_flow
from operators.stage import Stage
from tests.operators.features.hand import NAN, Row, lost, quote, reset, run, trade


def stage(**parameters: float) -> Stage:
    return trade_flow.stage(**({"warm_up_events": 10} | parameters))


def trades(count: int, *, begin: int = 0, size: float = 1.0) -> list[Row]:
    """One a second, three buys to a sell."""
    return [trade(begin + number, -1 if number % 4 == 0 else 1, size) for number in range(count)]


def test_imbalance_is_signed_over_total_volume_of_the_last_trades() -> None:
    rows = [trade(number, 1 if number % 2 else -1, 1.0 + number) for number in range(60)]
    found = run(stage(), *rows)
    for n in (10, 25, 50):
        last = [row["side"] * row["size"] for row in rows[-n:]]
        assert found[f"trade_imbalance_{n}"][-1] == pytest.approx(sum(last) / sum(map(abs, last)), rel=1e-14)
        assert np.isnan(found[f"trade_imbalance_{n}"]).sum() == n - 1


def test_buyers_alone_are_one_and_sellers_alone_minus_one() -> None:
    assert run(stage(), *[trade(n, 1) for n in range(10)])["trade_imbalance_10"][-1] == 1.0
    assert run(stage(), *[trade(n, -1) for n in range(10)])["trade_imbalance_10"][-1] == -1.0


@pytest.mark.parametrize(
    "row",
    [
        *(trade(9, -1, 9.0, off_book=True), trade(9, -1, 0.0), trade(9, -1, NAN), trade(9, 0, 9.0)),
        *(trade(9, -1, 9.0, kind=Kind.AGGREGATE_TRADE), {"kind": Kind.TICKER}, lost(9)),
    ],
)
def test_what_changes_nothing(row: Row) -> None:
    bought = [trade(number, 1) for number in range(30)]
    found = run(stage(), quote(0, 100.0), *bought, row)
    assert found[-1] == pytest.approx(found[-2], nan_ok=True)
    assert found["trade_imbalance_25"][-1] == 1.0


def test_a_reset_clears_the_windows_and_the_excitation() -> None:
    found = run(stage(), *trades(60), reset(60), *trades(1, begin=61))
    assert np.isfinite(found[59].tolist()[:3]).all()
    assert np.isnan(found[60].tolist()[:3]).all()
    assert np.isnan(found["hawkes_buy"][60])
    assert np.isfinite(found["hawkes_buy"][61])
    assert np.isnan(found["trade_imbalance_10"][61])


def test_nothing_before_a_reset_excites_what_comes_after() -> None:
    soon, late = (run(stage(), *trades(60), reset(60), trade(time, 1))[-1] for time in (60, 9_000))
    assert soon["hawkes_buy"] == late["hawkes_buy"]
    assert soon["hawkes_sell"] == late["hawkes_sell"]


def test_closed_buckets_outlive_a_reset_and_the_bucket_under_way_does_not() -> None:
    bought = [trade(1_201 + number, 1) for number in range(30)]
    found = run(stage(bucket_s=20), *trades(1_200), reset(1_200), *bought)["vpin"]
    assert found[1_200] == found[1_199] == pytest.approx(0.5, abs=0.05)
    # A bucket of 20 trades must fill anew; it is all of one side, and one of fifty.
    assert found[1_219] == found[1_200]
    assert found[-1] == pytest.approx(0.51, abs=0.003)


def test_the_intensity_jumps_with_a_trade_and_decays_with_the_book() -> None:
    found = run(stage(), *trades(40), quote(39.2, 100.0), quote(50, 100.0), quote(4_000, 100.0))["hawkes_buy"]
    assert found[39] > found[40] > found[41] > 0
    assert found[42] == pytest.approx(found[41], rel=1e-3)  # the base rate is left


def test_rows_of_the_venue_s_own_quote_repeat() -> None:
    found = run(stage(), *trades(40), {"kind": Kind.TICKER, "time_s": 50})
    assert found["hawkes_buy"][40] == found["hawkes_buy"][39]


@pytest.mark.parametrize("parameters", [{"bucket_s": 0}, {"bucket_s": NAN}, {"half_life_events": 1}])
def test_parameters_out_of_range_are_refused(parameters: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        stage(**parameters)
