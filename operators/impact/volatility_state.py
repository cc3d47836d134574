"""The state that impact depends on: variance of the mid price over the last few seconds, on a logarithmic grid.

Impact changes with volatility (thin and nervous books move more), and volatility is known in seconds where impact
takes minutes to measure. So the regressions of `kyle` are kept apart by volatility and may remember for long.
The variance is the mean squared change over the last WINDOW cells of CELL_NS of event time: a window with an edge,
because an average that fades would hold on to a burst for many half-lives. It is kept above FLOOR of its own long
average, so that a mid price that stood still is quiet and not without noise.
A part of `impact.calibrate`.
"""

import math
from typing import Any

import numpy as np

from market.clock import SECOND_NS
from operators.kernel import part

CELL_NS = SECOND_NS // 10
CELLS_PER_S = 10
WINDOW = 60
FLOOR = 0.02
USUAL_HALF_LIFE_S = 600.0
KEEP_USUAL = 0.5 ** (1.0 / (USUAL_HALF_LIFE_S * CELLS_PER_S))  # per cell
STATES = 16  # half octaves of volatility, counted round

VOLATILITY = np.dtype(
    [
        ("cell", np.int64),  # of event time, under way; 0: none
        ("cell_mid", np.float64),  # mid price at its beginning
        ("squares", np.float64, (WINDOW,)),  # squared changes of the last cells, a ring
        ("cells", np.int64),  # ended since the last gap
        ("usual", np.float64),  # (1 − KEEP_USUAL) Σ w (change)² over all cells, w fading by KEEP_USUAL
        ("usual_weight", np.float64),  # (1 − KEEP_USUAL) Σ w, 0 … 1
        ("variance", np.float64),  # quote currency² per second; 0: not known
        ("position", np.float64),  # log₂ of relative volatility, in half octaves
    ]
)


@part
def end_cells(v: Any, mid: float, ended: int) -> None:
    """The cell under way ends at this mid price, and `ended` − 1 more without a change."""
    square = (mid - v["cell_mid"]) ** 2
    v["cell_mid"] = mid
    for k in range(min(ended, WINDOW)):
        v["squares"][(v["cells"] + k) % WINDOW] = square if k == 0 else 0.0
    v["cells"] += min(ended, WINDOW)
    faded = math.pow(KEEP_USUAL, float(ended - 1))
    v["usual"] = faded * (KEEP_USUAL * v["usual"] + (1.0 - KEEP_USUAL) * square)
    v["usual_weight"] = 1.0 - KEEP_USUAL * faded * (1.0 - v["usual_weight"])
    if v["cells"] >= WINDOW and v["usual"] > 0.0:
        total = 0.0
        for k in range(WINDOW):
            total += v["squares"][k]
        v["variance"] = CELLS_PER_S * max(total / WINDOW, FLOOR * v["usual"] / v["usual_weight"])
        v["position"] = math.log2(v["variance"] / (mid * mid))


@part
def state_of(position: float) -> int:
    """Which of STATES a position is in."""
    return math.floor(position) % STATES


@part
def clear_volatility(v: Any) -> None:
    """No change of the mid price spans a gap; what is usual stays."""
    v["cell"] = 0
    v["cells"] = 0
    v["variance"] = 0.0
