import numpy as np
import pytest

from operators.features import trade_flow
from tests.operators.features.hand import Row, run, trade


def vpin(*rows: Row) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return run(trade_flow.stage(bucket_s=10), *rows)["vpin"]


def test_fifty_buckets_must_close_and_the_rate_be_known_before() -> None:
    # One unit a second: 10 s make the rate known, then a bucket takes 10 s, give or take the first fraction of a trade.
    found = vpin(*[trade(second, 1) for second in range(600)])
    assert np.isnan(found[:505]).all()
    assert np.isfinite(found[515:]).all()


def test_one_side_alone_is_one_and_sides_in_turn_are_nothing() -> None:
    assert vpin(*[trade(second, 1) for second in range(600)])[-1] == 1.0
    # Within rounding of the rate, which moves the edges of the buckets.
    assert vpin(*[trade(second / 20, (-1) ** second) for second in range(12_000)])[-1] < 0.01


def test_it_is_the_mean_imbalance_of_volume_not_of_time() -> None:
    # Buckets hold 30 buys and 10 sells of a unit, whether they come fast or slowly.
    sides = [1, 1, 1, -1] * 4_000
    times = np.cumsum(np.where(np.arange(16_000) % 1_000 < 500, 0.05, 0.45))
    found = vpin(*[trade(time, side) for time, side in zip(times.tolist(), sides, strict=True)])
    assert found[-1] == pytest.approx(0.5, abs=0.02)


def test_a_trade_that_overfills_a_bucket_is_split() -> None:
    # After balanced buckets one buy fills 25 of the 50 all by itself.
    calm = [trade(second / 20, (-1) ** second, 0.1) for second in range(12_000)]
    assert vpin(*calm, trade(600, 1, 25.0 * 20))[-1] == pytest.approx(0.5, abs=0.03)


def test_a_trade_beyond_all_measure_fills_the_window_once() -> None:
    calm = [trade(second, (-1) ** second) for second in range(700)]
    # All but the half-filled bucket that was under way.
    assert vpin(*calm, trade(700, -1, 1e15))[-1] == pytest.approx(1.0, abs=0.02)
