"""What traded in the second of event time under way, and where its mid price began: several models learn by seconds.

Trades count in the second in which they are received, to which the newest stamp belongs.
"""

from typing import Any

import numpy as np

from operators.kernel import part

QUIET_MOST = 600  # quiet seconds told apart, at most, after a silence

SECOND = np.dtype(
    [
        ("second", np.int64),  # of event time, under way; 0: none
        ("mid", np.float64),  # mid price at its beginning
        ("variance", np.float64),  # of the mid price per second, known at its beginning; 0: not known
        ("lambda_", np.float64),  # of `kyle`, per typical order, known at its beginning; 0: not known
        ("signed", np.float64),  # buyers' minus sellers' volume
        ("volume", np.float64),
        ("notional", np.float64),  # price × size
    ]
)


@part
def begin(c: Any, second: int, mid: float, variance: float, lambda_: float) -> None:
    """Start a second in which nothing has traded."""
    c["second"], c["mid"], c["variance"], c["lambda_"] = second, mid, variance, lambda_
    c["signed"] = c["volume"] = c["notional"] = 0.0


@part
def count(c: Any, signed: float, price: float) -> None:
    """One trade."""
    c["signed"] += signed
    c["volume"] += abs(signed)
    c["notional"] += abs(signed) * price


@part
def share(half_life_s: float, ended: int) -> float:
    """What weighs 1 weighs so much some seconds later."""
    return float(0.5 ** (ended / half_life_s))
