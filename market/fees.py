"""What a taker pays, by venue."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite


@dataclass(frozen=True)
class Fees:
    """Taker fees in bps of notional.

    >>> Fees(5.0, {"binance-spot": 10.0}).at("binance-spot")
    10.0
    """

    default_bps: float = 5.0  # of a venue that is not named
    by_venue: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise ValueError for a fee that is negative or not finite."""
        for bps in (self.default_bps, *self.by_venue.values()):
            if not (isfinite(bps) and bps >= 0):
                raise ValueError(f"a fee must be finite and at least 0 bps, got {bps}")

    def at(self, venue: str) -> float:
        """The fee of a venue, bps."""
        return self.by_venue.get(venue, self.default_bps)
