"""How steeply a side of the book grows with distance from the mid price; a part of `features.depth`.

Growth of v per growth of distance, no unit:
    (1 / N) · [v_1 / |p_1 / p_0 − 1| + Σ_{τ=1}^{N−1} (v_{τ+1} / v_τ − 1) / |p_{τ+1} / p_τ − 1|]
over the N ≤ 10 best levels, p_0 the mid price, p_τ the level's price, v_τ = ln(1 + size of the τ best levels). The
paper's v is ln(size), which is negative for less than one unit.
All but p_0 is kept until the side's levels change: half of the messages leave a side's ten best levels as they were,
and ten logarithms cost more than all else here.
Næs, Skjeltorp (2006), Order book characteristics and the volume–volatility relation, doi:10.1016/j.finmar.2006.04.001.
"""

import math
from typing import Any

import numpy as np

from market.schema import DEPTH_LEVELS
from operators.kernel import part

SIDE = np.dtype(
    [
        ("prices", np.float64, (DEPTH_LEVELS,)),  # best first
        ("sizes", np.float64, (DEPTH_LEVELS,)),  # 0 where there is no level
        ("levels", np.float64),  # N
        ("total", np.float64),  # size of all of them
        ("first", np.float64),  # v_1
        ("rest", np.float64),  # the sum
    ]
)


@part
def look(s: Any, prices: Any, sizes: Any) -> None:
    """Take a side of the book as it is now."""
    for level in range(DEPTH_LEVELS):
        if sizes[level] != s["sizes"][level] or (sizes[level] > 0.0 and prices[level] != s["prices"][level]):
            add_up(s, prices, sizes)
            return


@part
def add_up(s: Any, prices: Any, sizes: Any) -> None:
    """Remember a side and find what does not depend on the mid price."""
    for level in range(DEPTH_LEVELS):
        s["prices"][level], s["sizes"][level] = prices[level], sizes[level]
    total, before, rest, levels = 0.0, 0.0, 0.0, 0
    while levels < DEPTH_LEVELS and sizes[levels] > 0.0:
        total += sizes[levels]
        v = math.log(1.0 + total)
        if levels == 0:
            s["first"] = v
        else:
            near = prices[levels - 1]
            rest += (v - before) / before * near / abs(prices[levels] - near)
        before, levels = v, levels + 1
    s["levels"], s["total"], s["rest"] = levels, total, rest


@part
def slope(s: Any, mid: float) -> float:
    """Of the side taken last, by the mid price."""
    return float((s["first"] * mid / abs(s["prices"][0] - mid) + s["rest"]) / s["levels"])
