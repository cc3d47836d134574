import math

import numpy as np
import pytest

from market.schema import BOOK
from operators.impact import calibrate
from operators.impact.estimate import estimate_price_impact
from operators.impact.walk import walk_the_book


def coefficients(**more: float) -> np.void:
    row = calibrate.empty(1)["now"][0].copy()
    said = {
        "kyle_lambda": 0.02, "kyle_lambda_error": 0.001, "flow_lambda": 0.03, "hasbrouck_lambda": 0.025,
        "square_root_y": 0.5, "square_root_y_error": 0.05, "price_variance": 4.0, "volume_rate": 10.0,
        "propagator_now": 1.0, "propagator_fast": 0.0, "propagator_slow": 0.0, "lambda_drift": 0.0,
        "kyle_weight": 1.0, "square_root_weight": 0.0,
    }  # fmt: skip
    for name, value in {**said, **more}.items():
        row[name] = value
    return row


def book(spread: float = 0.2) -> np.void:
    row = np.zeros(1, BOOK)[0]
    for name, sign in (("bid", -1), ("ask", 1)):
        row[f"{name}_price"] = 100.0 + sign * (spread / 2 + 0.1 * np.arange(10))
        row[f"{name}_size"] = 3.0
    return row


def told(size: float = 50.0, horizon_s: float = 60.0, side: int = 1, **more: float):
    return estimate_price_impact(coefficients(**more), book(), order_size=size, side=side, horizon_s=horizon_s)


def test_kyle_alone_is_lambda_times_size():
    found = told()
    assert found.mean == pytest.approx(0.02 * 50)
    assert (found.model, found.reason, found.left) == ("kyle", "", pytest.approx(found.mean))
    assert math.log(found.high / found.mean) == pytest.approx(1.96 * 0.05, rel=1e-3)


def test_the_square_root_law_is_y_sigma_root_of_size_over_volume():
    found = told(kyle_weight=0.0, square_root_weight=1.0)
    assert found.mean == pytest.approx(0.5 * 2.0 * math.sqrt(50 / 10))
    assert found.model == "square_root"


def test_models_that_disagree_widen_the_interval():
    apart = told(kyle_weight=0.5, square_root_weight=0.5)
    assert apart.mean == pytest.approx((told().mean + 0.5 * 2.0 * math.sqrt(5)) / 2)
    assert apart.high - apart.low > 2 * (told().high - told().low)


def test_drift_of_lambda_widens_the_interval_with_the_horizon():
    widths = [math.log(told(horizon_s=s, lambda_drift=0.3).high / told().mean) for s in (10.0, 60.0, 120.0)]
    assert widths == sorted(widths)
    assert widths[1] == pytest.approx(1.96 * math.hypot(0.05, 0.3 / math.sqrt(2)), rel=1e-3)


def test_what_decays_is_not_left():
    # G falls from 1 towards 1 − 0.1 · 5.5: an order worked over a minute keeps about half.
    found = told(propagator_fast=-0.1)
    g = [1 - 0.1 * sum(math.exp(-k / 5) for k in range(t)) for t in range(61)]
    assert found.left / found.mean == pytest.approx(np.mean(g), abs=0.08)


def test_an_order_at_once_walks_the_book():
    found = told(size=5.0, horizon_s=0.0, side=-1)
    slippage = walk_the_book(book(), order_size=5.0, side=-1).slippage
    assert (found.mean, found.low, found.high, found.model) == (slippage, slippage, slippage, "walk_the_book")


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"kyle_lambda": math.nan, "square_root_weight": 0.0}, "nothing is calibrated"),
        ({"price_variance": 0.01}, "less than its spread"),
        ({"size": 1e6}, "the market trades"),
        ({"kyle_lambda_error": 0.05}, "not to be told from none"),
        ({"kyle_weight": 0.0}, "no model"),
        ({"size": 500.0, "horizon_s": 0.0}, "levels known hold 30 of 500"),
    ],
)
def test_it_says_when_it_cannot_tell(more, word):
    found = told(**more)
    assert math.isnan(found.mean)
    assert word in found.reason
    assert found.model == "none"
    assert "kyle" in found.components


def test_before_anything_is_known_it_cannot_tell():
    found = estimate_price_impact(calibrate.empty(1)["now"][0], book(), order_size=1.0, side=1, horizon_s=9.0)
    assert "nothing is calibrated" in found.reason


@pytest.mark.parametrize("wrong", [{"order_size": 0.0}, {"side": 0}, {"horizon_s": -1.0}, {"order_size": math.nan}])
def test_nonsense_is_refused(wrong):
    with pytest.raises(ValueError, match="must be"):
        estimate_price_impact(coefficients(), book(), **{"order_size": 1.0, "side": 1, "horizon_s": 1.0, **wrong})
