import math

import numpy as np
import pytest

from market.fees import Fees
from market.messages import Signal
from operators.portfolio.optimizer.from_signals import problem_of
from operators.portfolio.optimizer.optimizer import PortfolioOptimizer
from operators.portfolio.policy import YEAR_S, Policy

FREE = Policy(fees=Fees(0.0))
NAMES = ("v|up", "v|down", "v|quiet")


def a_signal(symbol, direction):
    return Signal(
        venue="v", instrument=symbol, time_ns=0, timeframe="medium", direction=direction, confidence=0.9,
        volatility=0.5 / math.sqrt(YEAR_S), regime="calm/bull/trending", evidence={},
    )  # fmt: skip


def asked(signals, **changes):
    known = {
        "names": NAMES, "covariance": np.eye(3) * 1e-4, "time_ns": 0, "horizon_s": 3600.0, "ic": 0.1, "caps": 0.3,
        "limits": {"gross": 0.5}, "regime": "calm/bull/trending", "policy": FREE,
    }  # fmt: skip
    return problem_of(signals, **(known | changes))


def test_weights_go_where_the_signals_point():
    problem = asked([a_signal("up", 1.0), a_signal("down", -1.0)])
    assert problem.expected[0] == -problem.expected[1] > 0
    assert problem.expected[2] == problem.confidence[2] == 0.0
    solution = PortfolioOptimizer().optimize_regime_aware(problem)
    assert solution.rung == "optimal"
    up, down, quiet = solution.weights
    assert up == pytest.approx(-down, abs=1e-6)
    assert up > 0.01
    assert abs(quiet) < 1e-6


def test_the_order_of_signals_does_not_matter():
    signals = [a_signal("up", 1.0), a_signal("down", -0.5)]
    assert asked(signals) == asked(reversed(signals))


def test_without_signals_nothing_is_expected():
    assert asked([]).expected == (0.0, 0.0, 0.0)
