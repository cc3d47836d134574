"""The first principal component of a small covariance matrix, by squaring the matrix.

After k squarings the ratio of the first to the second eigenvalue is raised to 2^k, so SQUARINGS of them leave nothing
of the others unless two eigenvalues agree to six digits. No library call, so that kernels can have it.
A part of `features.order_flow`.
"""

from typing import Any

import numpy as np

from operators.kernel import part

SQUARINGS = 24


@part
def first_component(covariance: Any, component: Any) -> None:
    """Write the first principal component of a symmetric n × n matrix, over the sum of its absolute entries.

    Its sign makes the entries' sum positive. NaN where the matrix is zero.
    """
    n = len(component)
    power, square = covariance.copy(), np.empty((n, n))
    for _ in range(SQUARINGS):
        trace = 0.0
        for i in range(n):
            trace += power[i, i]
        if trace <= 0.0:
            component[:] = np.nan
            return
        for i in range(n):
            for j in range(i + 1):
                total = 0.0
                for k in range(n):
                    total += power[i, k] * power[j, k]
                square[i, j] = total / (trace * trace)
                square[j, i] = square[i, j]
        power, square = square, power
    best, total, size = 0, 0.0, 0.0
    for i in range(n):
        if power[i, i] > power[best, best]:
            best = i
    for i in range(n):
        total += power[i, best]
        size += abs(power[i, best])
    for i in range(n):
        component[i] = power[i, best] / (size if total >= 0.0 else -size)
