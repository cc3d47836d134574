"""Upper tail of the chi-square distribution with a whole number of degrees of freedom, in closed form.

    P(χ²_d > x) = e^{−x/2} Σ_{j < d/2} (x/2)^j / j!                                      d even
                = erfc(√(x/2)) + e^{−x/2} Σ_{j=1}^{(d−1)/2} (x/2)^{j−½} / Γ(j + ½)       d odd
All terms are positive, so no digit is lost. Cost: d / 2 steps.

Abramowitz, Stegun (1964), Handbook of Mathematical Functions, 26.4.4 and 26.4.5.
"""

import math

from operators.kernel import part


@part
def chi_square_tail(x: float, degrees: int) -> float:
    """Chance of more than x; 1 for x ≤ 0."""
    if not x > 0.0:
        return 1.0 if x <= 0.0 else math.nan
    half = 0.5 * x
    if degrees % 2 == 0:
        term, found, power = math.exp(-half), 0.0, 1.0
    else:
        found, power = math.erfc(math.sqrt(half)), 1.5
        term = math.exp(-half) * 2.0 * math.sqrt(half / math.pi)
    for _ in range(degrees // 2):
        found += term
        term *= half / power
        power += 1.0
    return found
