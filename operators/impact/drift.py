"""How much lambda changes while an order is worked: the root mean square of its log change over HORIZON_S seconds.

No estimate made now knows that the market will turn nervous in a minute. lambda_drift is how far off that has made
estimates, 0.3 for about 30 %, weights halving every HALF_LIFE_S; operators/impact/estimate.py widens intervals by it.
A part of `impact.calibrate`.
"""

import math
from typing import Any

import numpy as np

from operators.kernel import part

STEP_S = 10
STEPS = 6
HORIZON_S = float(STEP_S * STEPS)
HALF_LIFE_S = 1800.0
SHARE = 0.5 ** (STEP_S / HALF_LIFE_S)  # per step

DRIFT = np.dtype(
    [
        ("seconds", np.int64),  # since the last step
        ("logs", np.float64, (STEPS,)),  # log λ of the last steps, a ring
        ("steps", np.int64),  # in the ring since λ was last unknown
        ("squares", np.float64),  # Σ w (change)²
        ("weights", np.float64),  # Σ w
    ]
)


@part
def follow(d: Any, lambda_: float) -> None:
    """One second has ended with this λ; one that is not above 0 begins the ring anew."""
    d["seconds"] += 1
    if d["seconds"] < STEP_S:
        return
    d["seconds"] = 0
    if not lambda_ > 0.0:
        d["steps"] = 0
        return
    k = d["steps"] % STEPS
    log = math.log(lambda_)
    if d["steps"] >= STEPS:
        d["squares"] = SHARE * d["squares"] + (log - d["logs"][k]) ** 2
        d["weights"] = SHARE * d["weights"] + 1.0
    d["logs"][k] = log
    d["steps"] += 1


@part
def value(d: Any) -> float:
    """NaN until λ has been known for HORIZON_S."""
    return math.sqrt(d["squares"] / d["weights"]) if d["weights"] > 0.0 else np.nan
