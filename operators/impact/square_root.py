"""The square-root law: impact = Y · σ · √(Q / V), with Y calibrated as the market runs; a part of `impact.calibrate`.

σ is the volatility of the mid price in quote currency per √s, V the volume traded per second, Q the size of the order,
so that σ √(Q / V) is how far the price wanders while the market trades Q. Y, dimensionless and near 1 in most markets,
is the coefficient of the change of the mid price over one second of event time on sign(v) σ √(|v| / V), v the signed
volume of the second, by least squares that forgets. Where impact is linear in size the law fits badly, and the
competition in operators/impact/models.py tells.
Tóth et al. (2011), doi:10.1103/PhysRevX.1.021006; Almgren et al. (2005), Direct estimation of equity market impact.
"""

import math
from typing import Any

import numpy as np

from operators.impact.least_squares import fade, learn, sums
from operators.kernel import part

VOLUME_HALF_LIFE_S = 60.0
SHARE = 0.5 ** (1.0 / VOLUME_HALF_LIFE_S)  # per second
WARM_UP = 30.0  # seconds with trades, faded
SQUARE_ROOT = np.dtype(
    [
        ("sums", sums(1)),
        ("x", np.float64, (1,)),  # the regressor of the second that ended
        ("volume", np.float64),  # Σ w volume per second
        ("volume_weight", np.float64),  # Σ w
        ("known", np.bool_),
        ("y", np.float64),
        ("error", np.float64),
    ]
)


@part
def regressor(q: Any, signed: float, variance: float) -> float:
    """sign(v) σ √(|v| / V); 0 where nothing is known of V."""
    if q["volume"] <= 0.0 or signed == 0.0:
        return 0.0
    scale = math.sqrt(variance * abs(signed) * q["volume_weight"] / q["volume"])
    return scale if signed > 0.0 else -scale


@part
def count_volume(q: Any, volume: float) -> None:
    """The volume of one second that ended."""
    q["volume"] = SHARE * q["volume"] + volume
    q["volume_weight"] = SHARE * q["volume_weight"] + 1.0


@part
def volume_rate(q: Any) -> float:
    """Volume per second; NaN before the first second has ended."""
    return float(q["volume"] / q["volume_weight"]) if q["volume_weight"] > 0.0 else np.nan


@part
def learn_second(q: Any, change: float, error: float, weight: float, half_life_s: float, time: int) -> None:
    """One second that ended, with its regressor in q["x"]; one without signed volume teaches nothing."""
    if q["x"][0] != 0.0:
        fade(q["sums"], half_life_s, time)
        learn(q["sums"], q["x"], change, error, weight)


@part
def solve(q: Any) -> None:
    """Y and its error."""
    r = q["sums"]
    if r["count"] >= WARM_UP and r["xx"][0, 0] > 0.0:
        q["known"] = True
        q["y"] = r["xy"][0] / r["xx"][0, 0]
        q["error"] = math.sqrt(r["meat"][0, 0]) / r["xx"][0, 0]
