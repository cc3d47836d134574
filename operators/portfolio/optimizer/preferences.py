"""What the optimiser is told beside the problem: taste, how regimes shrink limits, how long a solve may take."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf, isfinite

from market.regimes import STATES

REGIME_SCALES: Mapping[str, float] = {"stressed": 0.5}


@dataclass(frozen=True)
class Preferences:
    """Taste and manner; shares are of equity, returns and covariance are over the horizon of the problem."""

    risk_aversion: float = 5.0  # λ of  μ'w − λ/2 w'Σw − costs
    regime_scales: Mapping[str, float] = field(default_factory=lambda: dict(REGIME_SCALES))  # of limits, by state
    unknown_scale: float = 0.25  # of limits while no regime is known
    no_trade_band: float = 0.0  # share of equity: a smaller trade is left alone
    fallback_share: float = 0.5  # risk parity, which knows no returns, uses at most this share of the limits
    time_limit_s: float = inf  # of one solve; inf: none, so that the same problem always has the same answer
    most_iterations: int = 200  # of the interior point method

    def __post_init__(self) -> None:
        if not (isfinite(self.risk_aversion) and self.risk_aversion > 0):
            raise ValueError(f"risk_aversion must be above 0 and finite, got {self.risk_aversion}")
        for name in ("unknown_scale", "no_trade_band", "fallback_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be within 0 … 1, got {getattr(self, name)}")
        for state, scale in self.regime_scales.items():
            if state not in STATES:
                raise ValueError(f"{state} is no state of a regime; they are {', '.join(STATES)}")
            if not 0 <= scale <= 1:
                raise ValueError(f"regime_scales of {state} must be within 0 … 1, got {scale}")
        if not self.time_limit_s > 0:
            raise ValueError(f"time_limit_s must be above 0, got {self.time_limit_s}")
        if self.most_iterations < 1:
            raise ValueError(f"most_iterations must be at least 1, got {self.most_iterations}")


def regime_scale(regime: str, preferences: Preferences) -> float:
    """By how much the limits shrink in a regime: the least of its states' scales.

    >>> regime_scale("stressed/bull/trending", Preferences()), regime_scale("calm/bull/trending", Preferences())
    (0.5, 1.0)
    >>> regime_scale("unknown", Preferences()), regime_scale("", Preferences())
    (0.25, 0.25)
    """
    words = regime.split("/")
    if not all(word in STATES for word in words):
        return preferences.unknown_scale
    return min(preferences.regime_scales.get(word, 1.0) for word in words)
