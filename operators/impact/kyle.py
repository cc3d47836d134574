"""Kyle's lambda: permanent change of the mid price per unit of signed taker volume; a part of `impact.calibrate`.

For each interval of order time (operators/impact/intervals.py)
    Δmid = λ₀ v + a₀ n + b₀ l + λ₁ v′ + a₁ n′ + b₁ l′ + noise,
with v signed volume, n signed count of orders, l signed sum of the logarithms of their sizes, and ′ the interval
before, since quotes answer trades late. λ = λ₀ + λ₁. The terms in n and l take up what a trade tells about news that
its taker knew: the chance that a taker knows something rises with his size no faster than its logarithm, while the
push of an order is proportional to its size. So λ is the impact of an order that knows nothing. The λ of v and v′
alone, `flow_lambda`, is the textbook's, push and news together, and is larger wherever takers are informed.

Observations weigh 1 / (variance of the mid price per second as their interval began × its length in seconds, QUOTE_S
more for the noise of the quotes), and fade. Errors: operators/impact/least_squares.py; until a memory is ready, the
error of an observation is taken to be what its weight says.

Three memories compete: FAST and SLOW over all intervals, and a STATEFUL one kept apart by volatility, in which
neighbouring states count with a Gaussian of BANDWIDTH half octaves. Each weighs its likelihood (of what it predicted
lately, Gaussian, half-life SCORE_HALF_LIFE_S) over the variance of its λ, so that memory shortens where impact has
changed and lengthens where it has not. The error of λ is the memories' own, or their disagreement where that is more.

Kyle (1985), doi:10.2307/1913210; for terms beyond size Glosten, Harris (1988), doi:10.1016/0304-405X(88)90034-7, and
Hasbrouck (1991), doi:10.1111/j.1540-6261.1991.tb03749.x.
"""

import math
from typing import Any

import numpy as np

from operators.impact.intervals import FEATURES
from operators.impact.least_squares import add, clear, factor, fade, keep, learn, leverage, quadratic, substitute, sums
from operators.impact.volatility_state import STATES, state_of
from operators.kernel import part

X = 2 * FEATURES
FAST, SLOW, STATEFUL = 0, 1, 2
MEMORIES = 3
HALF_LIVES_S = (60.0, 600.0, 3600.0)
SCORE_HALF_LIFE_S = 120.0
BANDWIDTH = 0.6
REACH = 2  # states to either side that count
QUOTE_S = 0.02
WARM_UP = 32.0  # intervals a memory must hold, faded

SUMS = sums(X)
MEMORY = np.dtype(
    [
        ("beta", np.float64, (X,)),  # quote currency per typical order
        ("low", np.float64, (X, X)),  # Cholesky factor of the A that gave it
        ("ready", np.bool_),
        ("lambda_", np.float64),
        ("variance", np.float64),  # of λ
        ("flow_lambda", np.float64),
        ("score", np.float64),  # log likelihood, faded
        ("weight", np.float64),  # 0 … 1
    ]
)
KYLE = np.dtype(
    [
        ("memories", MEMORY, (MEMORIES,)),
        ("sums", SUMS, (STATEFUL + STATES,)),  # of FAST, SLOW and each state of STATEFUL
        ("scored_at", np.int64),  # ns
        ("variance", np.float64),  # of the mid price per second as the interval under way began; 0: not known
        ("position", np.float64),  # of the same
        ("known", np.bool_),
        ("lambda_", np.float64),  # the memories together, quote currency per typical order
        ("error", np.float64),
        ("flow_lambda", np.float64),
    ]
)
SCRATCH = np.dtype([("total", SUMS), ("one", np.float64, (X,)), ("u", np.float64, (X,))])


@part
def row_of(memory: int, position: float) -> int:
    """Where a memory keeps its sums."""
    return memory if memory != STATEFUL else STATEFUL + state_of(position)


@part
def predicted(k: Any, x: Any) -> float:
    """The change of the mid price that the memories together expect with these features."""
    total = 0.0
    for memory in range(MEMORIES):
        for i in range(X):
            total += k["memories"][memory]["weight"] * k["memories"][memory]["beta"][i] * x[i]
    return total


@part
def observe(k: Any, x: Any, change: float, length_s: float, half_lives_s: Any, time: int) -> None:
    """Learn from one interval that ended."""
    noise = k["variance"] * (length_s + QUOTE_S)
    if noise <= 0.0:
        return
    share = keep(SCORE_HALF_LIFE_S, time - k["scored_at"])
    k["scored_at"] = max(time, k["scored_at"])
    for memory in range(MEMORIES):
        m, r = k["memories"][memory], k["sums"][row_of(memory, k["position"])]
        error = change
        for i in range(X):
            error -= m["beta"][i] * x[i]
        m["score"] = share * m["score"] - 0.5 * error * error / noise
        fade(r, half_lives_s[memory], time)
        learn(r, x, change, expected_error(m, x, error, noise), 1.0 / noise)


@part
def expected_error(m: Any, x: Any, error: float, noise: float) -> float:
    """The error of an observation without what the coefficients' own error adds to it.

    Its variance is 1 + xᵀ A⁻¹ x / noise times as large where x is unusual (MacKinnon, White 1985, their HC2).
    """
    if not m["ready"]:
        return math.sqrt(noise)
    return error / math.sqrt(1.0 + leverage(m["low"], x, X) / noise)


@part
def gather(k: Any, memory: int, position: float, half_lives_s: Any, time: int, total: Any) -> None:
    """The sums of a memory at a position of volatility."""
    clear(total)
    reach = REACH if memory == STATEFUL else 0
    for shift in range(-reach, reach + 1):
        r = k["sums"][row_of(memory, position + shift)]
        fade(r, half_lives_s[memory], time)
        away = (math.floor(position + shift) + 0.5 - position) / BANDWIDTH
        add(total, r, math.exp(-0.5 * away * away) if memory == STATEFUL else 1.0)


@part
def solve(m: Any, scratch: Any) -> None:
    """Coefficients, λ and its variance of one memory from the sums in scratch."""
    total, low = scratch["total"], m["low"]
    m["ready"] = total["count"] >= WARM_UP and factor(total["xx"], low, X)
    if not m["ready"]:
        return
    substitute(low, total["xy"], m["beta"], X)
    for i in range(X):
        scratch["one"][i] = 1.0 if i % FEATURES == 0 else 0.0
    substitute(low, scratch["one"], scratch["u"], X)
    m["lambda_"] = m["beta"][0] + m["beta"][FEATURES]
    m["variance"] = quadratic(total["meat"], scratch["u"])
    own, cross, other = total["xx"][0, 0], total["xx"][0, FEATURES], total["xx"][FEATURES, FEATURES]
    first, second = total["xy"][0], total["xy"][FEATURES]
    m["flow_lambda"] = ((other - cross) * first + (own - cross) * second) / (own * other - cross * cross)


@part
def estimate(k: Any, position: float, half_lives_s: Any, time: int, scratch: Any) -> None:
    """Solve the memories at a position of volatility and put them together."""
    best = -math.inf
    for memory in range(MEMORIES):
        gather(k, memory, position, half_lives_s, time, scratch["total"])
        m = k["memories"][memory]
        solve(m, scratch)
        if m["ready"]:
            best = max(best, m["score"])
    total = 0.0
    for memory in range(MEMORIES):
        m = k["memories"][memory]
        m["weight"] = math.exp(m["score"] - best) / m["variance"] if m["ready"] and m["variance"] > 0.0 else 0.0
        total += m["weight"]
    k["known"] = total > 0.0
    if k["known"]:
        combine(k, total)


@part
def combine(k: Any, total: float) -> None:
    """λ as the weighted mean of the memories' λ; `total` of their weights."""
    k["lambda_"] = k["flow_lambda"] = 0.0
    for memory in range(MEMORIES):
        m = k["memories"][memory]
        m["weight"] /= total
        k["lambda_"] += m["weight"] * m["lambda_"]
        k["flow_lambda"] += m["weight"] * m["flow_lambda"]
    variance, apart = 0.0, 0.0
    for memory in range(MEMORIES):
        m = k["memories"][memory]
        variance += m["weight"] * m["variance"]
        apart += m["weight"] * (m["lambda_"] - k["lambda_"]) ** 2
    k["error"] = math.sqrt(max(variance, apart))
