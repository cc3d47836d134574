"""A running mean that is a plain one first and then forgets: what is usual, of orders or of sizes displayed.

mean ← mean + max(share, 1 / n) × (value − mean). State: two numbers. A value that is not finite is not heard.
"""

from math import isfinite, nan
from typing import NamedTuple


class Running(NamedTuple):
    """State.

    >>> NOTHING.after(2.0, share=0.1).after(4.0, share=0.1)
    Running(mean=3.0, values=2)
    """

    mean: float = nan
    values: int = 0

    def after(self, value: float, *, share: float) -> "Running":
        """The state after another value; share: of it in the mean, above 0, at most 1."""
        if not isfinite(value):
            return self
        if not self.values:
            return Running(value, 1)
        values = self.values + 1
        return Running(self.mean + max(share, 1.0 / values) * (value - self.mean), values)


NOTHING = Running()
