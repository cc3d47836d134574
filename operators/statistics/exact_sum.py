"""Sums that values enter and leave without a trace: each is two numbers, the sum and what rounding left out.

    sum′ = fl(sum + x);  rest += (sum + x) − sum′, which is found exactly (Knuth's two-sum)
A rolled sum of r⁴ forgets every digit of what is quiet when a crash has passed through it; of such a pair it forgets
none, for its error is 10⁻³² of the largest value, not 10⁻¹⁶. What leaves must be what came, to the bit.
Cost: 7 additions.

Knuth (1998), The Art of Computer Programming 2, 4.2.2. Ogita, Rump, Oishi (2005), "Accurate sum and dot product",
SIAM J. Sci. Comput. 26(6), doi:10.1137/030601818.
A part of `statistics.dependence`: sums are rows of (sum, rest).
"""

from typing import Any

from operators.kernel import part


@part
def add(sums: Any, row: int, value: float) -> None:
    """Let a value into a row; −value lets it out again."""
    before = sums[row, 0]
    after = before + value
    taken = after - before
    sums[row, 1] += (before - (after - taken)) + (value - taken)
    sums[row, 0] = after


@part
def total(sums: Any, row: int) -> float:
    """The sum of a row."""
    return float(sums[row, 0] + sums[row, 1])
