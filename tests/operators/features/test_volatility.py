import math
from typing import Any

import numpy as np
import pytest

from market.batch import Batch
from market.frames import Frames
from market.schema import Kind
from operators.features import volatility
from tests.operators.book.messages import table
from tests.rows import flow, ticks

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND


def run(
    mids: list[float],
    times_s: list[float] | None = None,
    received_s: list[float] | None = None,
    column: str = "realised_volatility",
    **parameters: Any,
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    times = START + (np.array(times_s or range(len(mids)), np.float64) * SECOND).astype(np.int64)
    received = times if received_s is None else START + (np.array(received_s) * SECOND).astype(np.int64)
    stamped = zip(mids, times.tolist(), received.tolist(), strict=True)
    rows = [
        {"kind": Kind.DEPTH, "mid_price": mid, "exchange_time": time, "receive_time": seen}
        for mid, time, seen in stamped
    ]
    batch = Batch("x/0", 0, np.array([1]), Frames.of([b""]), table(), ticks=ticks(rows))
    out = volatility.stage(**parameters).run([batch.with_features("order_flow", flow(rows))])
    return np.ascontiguousarray(out[0].features["volatility"][column])


def walk(seconds: int, sigma: float, price: float) -> list[float]:
    steps = np.random.default_rng(3).normal(0.0, sigma, seconds)
    return list(price * np.exp(np.cumsum(steps)))


def test_ten_seconds_must_end_before_there_is_a_value() -> None:
    found = run(walk(30, 1e-4, 100.0))
    # The first second gives the first mid, and the eleventh return is under way when ten have ended.
    assert np.isnan(found[:11]).all()
    assert np.isfinite(found[11:]).all()


@pytest.mark.parametrize("price", [1e-6, 60_000.0, 1e9])
@pytest.mark.parametrize("sigma", [1e-8, 1e-5, 1e-2])
def test_it_finds_the_volatility_of_a_random_walk_at_any_price(price: float, sigma: float) -> None:
    found = run(walk(6_000, sigma, price), half_life_s=1_000.0)
    assert found[-1] == pytest.approx(sigma, rel=0.06)


def test_a_still_price_has_none() -> None:
    assert run([60_000.1] * 30)[-1] == 0.0


def test_updates_within_a_second_do_not_add_their_bounce() -> None:
    bouncing = [100.0 + 0.5 * (number % 4 == 1) for number in range(400)]
    assert run(bouncing, [number / 4 for number in range(400)])[-1] == 0.0


def test_quiet_seconds_count_as_returns_of_nothing() -> None:
    dense = run([100.0, 101.0] + [101.0] * 30)
    sparse = run([100.0, 101.0, 101.0], [0, 1, 31])
    assert sparse[-1] == pytest.approx(dense[-1], rel=1e-12)


def test_an_old_return_weighs_half_after_the_half_life() -> None:
    found = run([100.0, 101.0] + [101.0] * 120, half_life_s=20.0)
    weights = 0.5 ** (np.arange(121) / 20.0)
    assert found[-1] == pytest.approx(math.log(1.01) * math.sqrt(weights[119] / weights[:120].sum()), rel=1e-9)


def test_a_stamp_far_ahead_of_our_clock_does_not_move_time() -> None:
    assert np.isnan(run([100.0, 100.0, 100.0], [0, 100, 200], [0, 1, 2])).all()


def test_no_return_spans_a_gap() -> None:
    found = run([100.0] * 20 + [math.nan] + [200.0] * 20)
    assert np.isnan(found[20])
    assert found[-1] == 0.0


@pytest.mark.parametrize("half_life_s", [0.5, 0.0, -1.0, 1e6, math.nan])
def test_a_half_life_out_of_range_is_refused(half_life_s: float) -> None:
    with pytest.raises(ValueError, match="86400"):
        volatility.stage(half_life_s=half_life_s)


def test_bipower_volatility_is_that_of_a_walk_without_jumps() -> None:
    found = run(walk(6_000, 1e-4, 100.0), column="bipower_volatility", half_life_s=1_000.0)
    assert found[-1] == pytest.approx(1e-4, rel=0.06)


def jumped(size: float, seconds: int = 600) -> list[float]:
    """A walk of 1e-4 a second that jumps once, 100 s before its end."""
    mids = np.array(walk(seconds, 1e-4, 100.0))
    mids[-100:] *= 1 + size
    return list(mids)


def test_a_jump_moves_realised_and_hardly_bipower_volatility() -> None:
    still, moved = (run(jumped(size), column="bipower_volatility", half_life_s=300.0)[-1] for size in (0.0, 0.01))
    assert moved < 1.6 * still
    realised = run(jumped(0.01), half_life_s=300.0)[-1]
    assert realised > 3 * moved


def test_the_jump_statistic_finds_a_jump_and_forgets_it_after_the_window() -> None:
    found = run(jumped(0.01), column="jump_statistic", window_s=80)
    assert np.abs(found[100:480]).max() < 5
    assert found[510:570].min() > 5
    assert abs(found[-1]) < 4


def test_without_jumps_the_statistic_is_standard_normal() -> None:
    found = run(walk(30_000, 1e-4, 100.0), column="jump_statistic", window_s=300)[301::300]
    assert found.mean() == pytest.approx(0.0, abs=0.25)
    assert found.std() == pytest.approx(1.0, abs=0.15)
    assert (found > 2.33).mean() < 0.04


def test_the_jump_statistic_needs_its_window_full() -> None:
    found = run(walk(60, 1e-4, 100.0), column="jump_statistic", window_s=20)
    assert np.isnan(found[:21]).all()
    assert np.isfinite(found[21:]).all()


def test_a_price_that_stood_still_has_no_jump_statistic() -> None:
    assert np.isnan(run([100.0] * 60, column="jump_statistic", window_s=20)[-1])
    # A long silence empties the window like as many rows.
    assert np.isnan(run([*walk(60, 1e-4, 100.0), 100.0], [*range(60), 900], column="jump_statistic")[-1])


@pytest.mark.parametrize("window_s", [9, 301])
def test_a_window_out_of_range_is_refused(window_s: int) -> None:
    with pytest.raises(ValueError, match="300"):
        volatility.stage(window_s=window_s)
