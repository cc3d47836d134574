"""Least squares that forget: sums that fade, solved when asked; what every regression of impact is made of.

With weights w that halve every half-life of event time, A = Σ w x xᵀ and b = Σ w x y give the coefficients β = A⁻¹ b:
recursive least squares with a forgetting factor, kept as sums because sums of several memories can be added. M = Σ w²
e² x xᵀ, e the error of prediction before learning, gives their covariance A⁻¹ M A⁻¹: honest when the noise is not
even, and when what was long ago has faded, for M carries the squares of the weights (White 1980,
doi:10.2307/1912934; Ljung, Söderström 1983, Theory and Practice of Recursive Identification, section 2.6).

A system whose pivot falls below SINGULAR of its diagonal has regressors that cannot be told apart; it is refused.
A part of `impact.calibrate`.
"""

import math
from typing import Any

import numpy as np

from operators.kernel import part

SINGULAR = 1e-9
LARGEST = 8  # regressors
LN2_PER_NS = math.log(2.0) * 1e-9


def sums(size: int) -> "np.dtype[np.void]":
    """The sums of a regression on `size` regressors."""
    square = (np.float64, (size, size))
    return np.dtype(
        [
            ("xx", *square),  # A
            ("xy", np.float64, (size,)),  # b
            ("meat", *square),  # M
            ("count", np.float64),  # observations, faded
            ("at", np.int64),  # ns of event time, to which these have faded
        ]
    )


@part
def keep(half_life_s: float, elapsed_ns: int) -> float:
    """What weighs 1 weighs so much later."""
    return math.exp(-LN2_PER_NS * max(elapsed_ns, 0) / half_life_s)


@part
def fade(r: Any, half_life_s: float, time: int) -> None:
    """Forget up to `time`; time that goes back forgets nothing."""
    share = keep(half_life_s, time - r["at"])
    r["at"] = max(time, r["at"])
    r["count"] *= share
    size = len(r["xy"])
    for i in range(size):
        r["xy"][i] *= share
        for j in range(size):
            r["xx"][i, j] *= share
            r["meat"][i, j] *= share * share


@part
def learn(r: Any, x: Any, y: float, error: float, weight: float) -> None:
    """One observation of weight 1 / variance of its noise."""
    squared = weight * weight * error * error
    r["count"] += 1.0
    size = len(r["xy"])
    for i in range(size):
        r["xy"][i] += weight * x[i] * y
        for j in range(size):
            r["xx"][i, j] += weight * x[i] * x[j]
            r["meat"][i, j] += squared * x[i] * x[j]


@part
def clear(r: Any) -> None:
    """Nothing observed."""
    r["count"] = 0.0
    size = len(r["xy"])
    for i in range(size):
        r["xy"][i] = 0.0
        for j in range(size):
            r["xx"][i, j] = 0.0
            r["meat"][i, j] = 0.0


@part
def add(total: Any, r: Any, share: float) -> None:
    """Add a share of other sums, faded to the same time."""
    total["count"] += share * r["count"]
    size = len(r["xy"])
    for i in range(size):
        total["xy"][i] += share * r["xy"][i]
        for j in range(size):
            total["xx"][i, j] += share * r["xx"][i, j]
            total["meat"][i, j] += share * share * r["meat"][i, j]


@part
def factor(matrix: Any, low: Any, size: int) -> bool:
    """Cholesky factor of the first `size` rows and columns of `matrix` into `low`; False where it is singular."""
    for j in range(size):
        for i in range(j, size):
            total = matrix[i, j]
            for k in range(j):
                total -= low[i, k] * low[j, k]
            if i > j:
                low[i, j] = total / low[j, j]
            elif total > SINGULAR * matrix[j, j]:
                low[j, j] = math.sqrt(total)
            else:
                return False
    return True


@part
def substitute(low: Any, right: Any, out: Any, size: int) -> None:
    """Solve low · lowᵀ · out = right."""
    for i in range(size):
        total = right[i]
        for k in range(i):
            total -= low[i, k] * out[k]
        out[i] = total / low[i, i]
    for j in range(size):
        i = size - 1 - j
        total = out[i]
        for k in range(i + 1, size):
            total -= low[k, i] * out[k]
        out[i] = total / low[i, i]


@part
def leverage(low: Any, x: Any, size: int) -> float:
    """xᵀ · (low · lowᵀ)⁻¹ · x, for at most LARGEST regressors."""
    total = 0.0
    half = np.empty(LARGEST)
    for i in range(size):
        rest = x[i]
        for k in range(i):
            rest -= low[i, k] * half[k]
        half[i] = rest / low[i, i]
        total += half[i] * half[i]
    return total


@part
def quadratic(matrix: Any, vector: Any) -> float:
    """vectorᵀ · matrix · vector."""
    total = 0.0
    for i in range(len(vector)):
        for j in range(len(vector)):
            total += vector[i] * matrix[i, j] * vector[j]
    return total
