"""Random draws inside kernels: one explicit 64-bit state per instrument, field `random` of its row.

Multiply-with-carry, x ← a (x mod 2³²) + x div 2³² with a = 698769069: the carry generator of KISS, period about 2⁶⁰.
G. Marsaglia, "Random number generators", Journal of Modern Applied Statistical Methods 2 (2003), 2–13. Every product
stays below 2⁶², so plain int64 arithmetic never overflows, compiled or not.
"""

import math
from collections.abc import Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import compiled

Integers = NDArray[np.int64]
MULTIPLIER = 698_769_069
LOW_BITS = 0xFFFFFFFF


def states(seed: int, names: Sequence[str]) -> Integers:
    """One state per name. An instrument draws the same numbers whatever other instruments there are."""
    rows = [np.random.SeedSequence([seed, crc32(name.encode())]).generate_state(2) for name in names]
    return np.array([(1 + int(carry) % (MULTIPLIER - 2)) << 32 | int(low) for low, carry in rows], np.int64)


@compiled
def uniform(row: np.void) -> float:
    """The next number of the row, uniform in (0, 1)."""
    x = MULTIPLIER * (row["random"] & LOW_BITS) + (row["random"] >> 32)
    row["random"] = x
    return float(((x & LOW_BITS) + 0.5) / 4294967296.0)


@compiled
def exponential(row: np.void) -> float:
    """Exponential with mean 1."""
    return -math.log(uniform(row))


@compiled
def normal(row: np.void) -> float:
    """Standard normal (Box and Muller 1958; the second value is not kept, so that the state stays one integer)."""
    radius = math.sqrt(-2.0 * math.log(uniform(row)))
    return radius * math.cos(2.0 * math.pi * uniform(row))
