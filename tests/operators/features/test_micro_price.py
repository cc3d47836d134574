import random

import numpy as np
import pytest
from numpy.typing import NDArray

from operators import decode
from operators.book import rebuild
from operators.features import micro_price, order_flow
from tests.captures import real
from tests.operators.features.hand import NAN, Row, book, lost, run, trade

Array = NDArray[np.float64]
TICK = 0.1  # of the instrument in `hand`


def touch(time_s: float, mid_ticks: float, bid_size: float, ask_size: float, spread_ticks: int = 1) -> Row:
    bid, ask = (mid_ticks - spread_ticks / 2) * TICK, (mid_ticks + spread_ticks / 2) * TICK
    return book(time_s, [(bid, bid_size)], [(ask, ask_size)])


def found(rows: list[Row], **parameters: float) -> Array:
    return np.ascontiguousarray(run(micro_price.stage(**({"transitions": 500} | parameters)), *rows)["micro_price"])


def chain(updates: int, *, follows: float, seed: int = 1) -> list[Row]:
    """Ten updates a second: a new imbalance each time, and a chance that the mid moves to the side of the old."""
    chance, rows, mid, sign = random.Random(seed), list[Row](), 1_000.5, 1
    for number in range(updates):
        if chance.random() < 0.2:
            mid += sign if chance.random() < follows else -sign
        sign = chance.choice((1, -1))
        rows.append(touch(number / 10, mid, *((9.0, 1.0) if sign > 0 else (1.0, 9.0))))
    return rows


def test_it_finds_the_expected_move_of_a_chain_without_memory() -> None:
    # G = 0.2 · (0.8 − 0.2) ticks, for what comes after the next update is as likely up as down.
    rows = chain(10_000, follows=0.8)
    expected = 0.12 * 10_000 / (10_000 + micro_price.PRIOR)
    off = (found(rows, half_life_s=864_000)[-1] - (rows[-1]["bids"][0][0] + rows[-1]["asks"][0][0]) / 2) / TICK
    assert abs(off) == pytest.approx(expected, rel=0.15)
    assert (off > 0) == (rows[-1]["bids"][0][1] > 1)


def test_it_is_a_martingale_where_the_mid_is_not() -> None:
    rows = chain(10_000, follows=0.9)
    price = found(rows)[2_000:]
    mid = np.array([(row["bids"][0][0] + row["asks"][0][0]) / 2 for row in rows])[2_000:]
    sign = np.sign([row["bids"][0][1] - row["asks"][0][1] for row in rows])[2_000:]
    drift_of_mid = (np.diff(mid) * sign[:-1]).mean() / TICK
    drift = (np.diff(price) * sign[:-1]).mean() / TICK
    assert drift_of_mid == pytest.approx(0.16, abs=0.03)
    assert abs(drift) < 0.03


def test_mirror_images_are_the_same_observation() -> None:
    rows = chain(5_000, follows=0.7)
    mirrored = []
    for row in rows:
        (bid, bid_size), (ask, ask_size) = row["bids"][0], row["asks"][0]
        mirrored.append(touch(row["time_s"], 2_000 - (bid + ask) / 2 / TICK, ask_size, bid_size))
    assert found(mirrored) == pytest.approx(2_000 * TICK - found(rows), nan_ok=True)


def test_a_balanced_book_is_worth_its_mid() -> None:
    rows = [*chain(5_000, follows=0.9), touch(500, 1_000.5, 3.0, 3.0)]
    assert found(rows)[-1] == pytest.approx(1_000.5 * TICK, rel=1e-15)


def test_where_imbalance_tells_nothing_it_is_the_mid() -> None:
    rows = chain(10_000, follows=0.5)
    mid = np.array([(row["bids"][0][0] + row["asks"][0][0]) / 2 for row in rows])
    assert np.abs(found(rows, half_life_s=864_000) - mid)[-1] < 0.02 * TICK


def test_it_is_found_once_there_are_enough_transitions_and_a_period_begins() -> None:
    ready = np.isfinite(found(chain(1_000, follows=0.8), transitions=150, renew_s=10))
    # Weights are 0.998 after a period: 150 are counted in the second, 0 … 199, so the third, from row 200 on, has it.
    assert ready.argmax() == 200
    assert ready[200:].all()


def test_a_gap_clears_the_value_and_no_transition_spans_it() -> None:
    rows = chain(2_000, follows=0.8)
    last = rows[-1]["time_s"]
    seen = found(
        [*rows, lost(last), touch(last + 0.1, 9_000.5, 9.0, 1.0), trade(last + 0.2, 1), touch(last + 20, 9e3, 9, 1)]
    )
    assert np.isnan(seen[2_000])
    assert abs(seen[2_001] / TICK - 9_000.5) < 1.0
    assert seen[2_002] == seen[2_001]
    assert abs(seen[2_003] / TICK - 9_000) < 1.0  # the leap of 8 000 ticks was not learned


@pytest.mark.parametrize("name", ["usdm-btc", "usdm-eth", "spot-btc"])
def test_on_real_captures_it_says_more_of_the_next_move_than_mid_and_weighted_mid(name: str) -> None:
    batches = real.batches(name, limit=40_000)
    for stage in (decode.stage(), rebuild.stage(), order_flow.stage(), micro_price.stage(transitions=2_000)):
        batches = stage.run(batches)
    driven = np.concatenate([batch.ticks["book"] >= 0 for batch in batches])

    def column(feature: str, name: str) -> Array:
        return np.concatenate([batch.features[feature][name] for batch in batches if len(batch.ticks)])[driven]

    mid, weighted = column("order_flow", "mid_price"), column("order_flow", "weighted_mid")
    price = column("micro_price", "micro_price")
    changes = np.flatnonzero(np.diff(mid)) + 1
    after = np.searchsorted(changes, np.arange(len(mid)), side="right")
    known = np.isfinite(price) & (after < len(changes))
    following = mid[changes[after[known]]]
    error, of_mid, of_weighted = (np.mean((following - guess[known]) ** 2) for guess in (price, mid, weighted))
    assert error < of_mid
    assert error < 1.001 * of_weighted


@pytest.mark.parametrize("parameters", [{"half_life_s": 1}, {"half_life_s": NAN}, {"renew_s": 0}, {"transitions": 1}])
def test_parameters_out_of_range_are_refused(parameters: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        micro_price.stage(**parameters)
