"""Probabilities of the standard normal distribution, exact far into its tails: erfc, never 1 − erf."""

import math

from operators.kernel import part

ROOT_2 = math.sqrt(2.0)


@part
def below(z: float) -> float:
    """P(Z ≤ z).

    >>> below(0.0)
    0.5
    """
    return 0.5 * math.erfc(-z / ROOT_2)


@part
def beyond(z: float) -> float:
    """P(|Z| ≥ |z|), the two-sided p-value.

    >>> round(beyond(-1.959964), 6)
    0.05
    """
    return math.erfc(abs(z) / ROOT_2)
