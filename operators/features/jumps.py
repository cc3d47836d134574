"""Realised variance, bipower variation and the jump test over a window of returns; a part of `features.volatility`.

With r_1 … r_n the returns of the window, μ_1 = √(2/π) and μ_{4/3} = 2^{2/3} Γ(7/6) / Γ(1/2):
    RV = Σ r_k²,  BV = μ_1⁻² · n/(n − 1) · Σ |r_k| |r_{k−1}|,
    TP = n · μ_{4/3}⁻³ · n/(n − 2) · Σ (|r_k| |r_{k−1}| |r_{k−2}|)^{4/3}  (tripower quarticity),
    z = (1 − BV / RV) / √( (π²/4 + π − 5) / n · max(1, TP / BV²) ).
z is standard normal where the price is continuous, and large where it jumped: BV and TP do not see a single large
return.
Barndorff-Nielsen, Shephard (2006), Econometrics of testing for jumps, doi:10.1093/jjfinec/nbi022; in the ratio form of
Huang, Tauchen (2005), The relative contribution of jumps to total price variance, doi:10.1093/jjfinec/nbi025.
"""

import math
from typing import Any

import numpy as np

from operators.features.window import ring_of, slide, slide_zeros
from operators.kernel import part

MAX_WINDOW = 300  # returns
BIPOWER = math.pi / 2
TRIPOWER = (2 ** (2 / 3) * math.gamma(7 / 6) / math.gamma(1 / 2)) ** -3
SPREAD = math.pi**2 / 4 + math.pi - 5

JUMPS = np.dtype(
    [
        ("last", np.float64, (2,)),  # |r_{k−1}|, |r_{k−2}|
        ("sums", np.float64, (3,)),  # of the three rings
        ("squares", *ring_of(MAX_WINDOW)),
        ("pairs", *ring_of(MAX_WINDOW)),
        ("triples", *ring_of(MAX_WINDOW)),
    ]
)


@part
def take(j: Any, number: int, r: float, window: int) -> None:
    """Take return `number`, counted from 0 since the rings were cleared."""
    now, last, before = abs(r), j["last"][0], j["last"][1]
    j["sums"][0] = slide(j["squares"][: window + 1], number, now * now)
    if number >= 1:
        j["sums"][1] = slide(j["pairs"][:window], number - 1, now * last)
    if number >= 2:
        j["sums"][2] = slide(j["triples"][: window - 1], number - 2, math.pow(now * last * before, 4.0 / 3.0))
    j["last"][0], j["last"][1] = now, last


@part
def take_zeros(j: Any, number: int, count: int, window: int) -> None:
    """Take `count` returns of nothing; more than a window of them empty it, whatever their number."""
    if count >= window:
        clear(j)
        return
    pairs, triples = max(number - 1, 0), max(number - 2, 0)
    j["sums"][0] = slide_zeros(j["squares"][: window + 1], number, count)
    j["sums"][1] = slide_zeros(j["pairs"][:window], pairs, number + count - 1 - pairs)
    j["sums"][2] = slide_zeros(j["triples"][: window - 1], triples, number + count - 2 - triples)
    j["last"][1] = j["last"][0] if count == 1 else 0.0
    j["last"][0] = 0.0


@part
def clear(j: Any) -> None:
    """Forget all returns."""
    j["last"][:] = 0.0
    j["sums"][:] = 0.0
    j["squares"][:] = 0.0
    j["pairs"][:] = 0.0
    j["triples"][:] = 0.0


@part
def statistic(j: Any, n: int) -> float:
    """z of the full window; NaN where the price stood still or never moved twice in a row."""
    realised = j["sums"][0]
    bipower = BIPOWER * n / (n - 1.0) * j["sums"][1]
    if not (realised > 0.0 and bipower > 0.0):
        return np.nan
    tripower = n * TRIPOWER * n / (n - 2.0) * j["sums"][2]
    return float((1.0 - bipower / realised) / math.sqrt(SPREAD / n * max(1.0, tripower / (bipower * bipower))))
