"""Which model of impact in size to believe: each is weighed by how well it predicted what it had not seen.

Every second of event time, `kyle` and `square_root` say what the signed volume of that second should have done to the
mid price, with coefficients from before. Score: Gaussian log likelihood Σ w (−e² / 2 σ²), w halving every
HALF_LIFE_S, σ² the variance of the mid price as the second began, the same for all. Weights: softmax of the scores, 0
for a model that is not ready. Raftery, Kárný, Ettler (2010), Dynamic model averaging, doi:10.1198/TECH.2009.08104.
A part of `impact.calibrate`.
"""

import math
from typing import Any

import numpy as np

from operators.kernel import part

KYLE, SQUARE_ROOT = 0, 1
MODELS = 2
HALF_LIFE_S = 600.0
SHARE = 0.5 ** (1.0 / HALF_LIFE_S)  # per second

COMPETITION = np.dtype(
    [
        ("kyle", np.float64),  # change of the mid price in the second under way that `kyle` expects, quote currency
        ("score", np.float64, (MODELS,)),
        ("ready", np.int8, (MODELS,)),  # 0 or 1
        ("weight", np.float64, (MODELS,)),
    ]
)


@part
def judge(c: Any, model: int, ready: bool, expected: float, change: float, noise: float) -> None:
    """What one model expected of a second, and what came. A model that is not ready expected nothing."""
    error = change - (expected if ready else 0.0)
    c["score"][model] = SHARE * c["score"][model] - 0.5 * error * error / noise
    c["ready"][model] = ready


@part
def weigh(c: Any) -> None:
    """Weights that sum to 1, or to 0 where no model is ready."""
    best, total = -math.inf, 0.0
    for model in range(MODELS):
        if c["ready"][model]:
            best = max(best, c["score"][model])
    for model in range(MODELS):
        c["weight"][model] = math.exp(c["score"][model] - best) if c["ready"][model] else 0.0
        total += c["weight"][model]
    if total > 0.0:
        for model in range(MODELS):
            c["weight"][model] /= total
