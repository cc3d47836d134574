"""The drawdown controller: never hold more than the budget that is left could lose in one gap.

    budget = equity − (1 − max_drawdown) × peak          what may still be lost, quote currency
    gap loss = Σ_i |notional_i| × gap_i                  every instrument jumps against its position at once
    scale = min(1, use_share × budget / gap loss)        by which everything wanted is made smaller

So size falls as the drawdown nears its limit, in proportion to what is left, and after any gap up to gap_i at least
(1 − use_share) of the budget is still there: the limit cannot be reached by gaps within the reserve, however many, as
long as sizes are set anew between two of them. A larger gap can break it; its size is what `gap_i` is chosen by:

    gap_i = min(max(least_gap, deviations × volatility_i, worst_multiple × worst return seen of i), 1) + cost

volatility_i is of one step between two settings of size. From `reducing_share` of the limit on, the kill switch closes
everything (switch.py): the little that could still be held is not worth its costs.

Reference: constant proportion portfolio insurance with multiplier use_share / gap; Black, Perold (1992),
doi:10.1016/0165-1889(92)90043-E.
"""

from dataclasses import dataclass
from math import isfinite, nan

import numpy as np

from operators.risk.checked import Floats, checked_vector


@dataclass(frozen=True)
class Reserve:
    """How a drawdown limit is kept."""

    use_share: float = 0.5  # of the remaining budget that one gap may cost
    least_gap: float = 0.10  # smallest gap reckoned with, share of the price
    deviations: float = 10.0  # … in standard deviations of one step
    worst_multiple: float = 1.5  # … of the worst return seen
    cost: float = 0.002  # of closing after the gap, share of notional
    reducing_share: float = 0.95  # of the limit at which everything is closed

    def __post_init__(self) -> None:
        for name in ("use_share", "least_gap", "reducing_share"):
            if not 0.0 < getattr(self, name) <= 1.0:
                raise ValueError(f"{name} must be above 0 and at most 1, got {getattr(self, name)}")
        for name in ("deviations", "worst_multiple", "cost"):
            if not (isfinite(getattr(self, name)) and getattr(self, name) >= 0.0):
                raise ValueError(f"{name} must be finite and at least 0, got {getattr(self, name)}")


def budget(equity: float, peak: float, max_drawdown: float) -> float:
    """What may still be lost, quote currency; 0 once the limit is reached, NaN where equity or peak is.

    >>> budget(95.0, 100.0, 0.10)
    5.0
    """
    if not (isfinite(equity) and isfinite(peak)):
        return nan
    return max(equity - (1.0 - max_drawdown) * peak, 0.0)


def gaps(volatility: Floats, worst: Floats, reserve: Reserve) -> Floats:
    """Gap reckoned with for each instrument, share of price; volatility of one step and worst absolute return seen.

    What is not known (NaN) is reckoned with as 1, the whole position; nothing is with more, though a short may lose it.
    """
    seen = np.maximum(reserve.deviations * np.asarray(volatility), reserve.worst_multiple * np.asarray(worst))
    known = np.clip(seen, reserve.least_gap, 1.0)
    return np.asarray(np.where(np.isfinite(seen), known, 1.0) + reserve.cost, np.float64)


def gap_loss(notionals: Floats, gap: Floats) -> float:
    """What one gap against every position costs, quote currency."""
    return float(np.abs(checked_vector("notionals", notionals)) @ checked_vector("gaps", gap))


def scale(budget_left: float, lost_in_a_gap: float, reserve: Reserve) -> float:
    """By how much everything wanted shrinks, 0 … 1; 0 where the budget is not known.

    >>> scale(5.0, 20.0, Reserve(use_share=0.5))
    0.125
    """
    if not (isfinite(budget_left) and isfinite(lost_in_a_gap)):
        return 0.0
    allowed = reserve.use_share * max(budget_left, 0.0)
    return 1.0 if lost_in_a_gap <= allowed else allowed / lost_in_a_gap
