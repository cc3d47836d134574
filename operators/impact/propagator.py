"""The propagator: how the impact of a trade decays, or is slow to come, in the seconds and minutes after it.

The mid price is a sum over past trades, p_t = Σ_{s ≤ t} G(t − s) λ_s v_s, with G(τ) = g₀ + Σ_j g_j (1 − φ_j^τ) / (1 −
φ_j), τ in seconds: g₀ at once, and one exponential approach per time constant of DECAYS_S, downwards where impact is
transient. λ_s is Kyle's lambda when volume v_s traded, so that G is a shape, near 1 at once, whatever the market's
state. In differences it is linear, Δp_t = g₀ λ_t v_t + Σ_j g_j u_j with u_j = Σ_{s < t} φ_j^{t−s−1} λ_s v_s, so g is
estimated by least squares that forgets, over seconds of event time.
Bouchaud, Gefen, Potters, Wyart (2004), doi:10.1080/14697680400000022.
A part of `impact.calibrate`.
"""

import math
from typing import Any

import numpy as np

from operators.impact.least_squares import factor, fade, learn, quadratic, substitute, sums
from operators.kernel import part

DECAYS_S = (5.0, 40.0)
FADES = (math.exp(-1.0 / DECAYS_S[0]), math.exp(-1.0 / DECAYS_S[1]))  # φ, per second
G = 1 + len(DECAYS_S)
WARM_UP = 30.0  # seconds, faded
PROPAGATOR = np.dtype(
    [
        ("sums", sums(G)),
        ("x", np.float64, (G,)),  # λ v of the second that ended, then u; quote currency
        ("g", np.float64, (G,)),  # dimensionless
        ("error", np.float64),  # of g₀
        ("known", np.bool_),
    ]
)
SCRATCH = np.dtype([("low", np.float64, (G, G)), ("one", np.float64, (G,)), ("u", np.float64, (G,))])


@part
def share_of(fade: float, seconds: float) -> float:
    """(1 − φ^τ) / (1 − φ)."""
    return (1.0 - math.pow(fade, seconds)) / (1.0 - fade)


@part
def kernel_at(now: float, fast: float, slow: float, seconds: float) -> float:
    """G(τ), not below 0: a trade may lose its impact, not turn it."""
    return max(now + fast * share_of(FADES[0], seconds) + slow * share_of(FADES[1], seconds), 0.0)


@part
def advance(p: Any) -> None:
    """Make the second that ended part of the past."""
    for j in range(G - 1):
        p["x"][1 + j] = FADES[j] * p["x"][1 + j] + p["x"][0]
    p["x"][0] = 0.0


@part
def learn_second(p: Any, change: float, error: float, weight: float, half_life_s: float, time: int) -> None:
    """One second that ended, with its flow and the past in p["x"]."""
    fade(p["sums"], half_life_s, time)
    learn(p["sums"], p["x"], change, error, weight)


@part
def solve(p: Any, scratch: Any) -> None:
    """The coefficients and the error of the first."""
    r, low = p["sums"], scratch["low"]
    if r["count"] < WARM_UP or not factor(r["xx"], low, G):
        return
    substitute(low, r["xy"], p["g"], G)
    for j in range(G):
        scratch["one"][j] = 1.0 if j == 0 else 0.0
    substitute(low, scratch["one"], scratch["u"], G)
    p["error"] = math.sqrt(quadratic(r["meat"], scratch["u"]))
    p["known"] = True


@part
def clear_past(p: Any) -> None:
    """Trades before a gap are forgotten, for those in it are not known."""
    for j in range(G):
        p["x"][j] = 0.0
