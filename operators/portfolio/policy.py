"""How signals become wanted notionals: inverse volatility, scaled by conviction, capped. Pure functions.

A signal of one timeframe asks for the share of capital

    w(timeframe) × direction × confidence × target_volatility / yearly volatility

Shares of the timeframes add up. One instrument is capped at ± max_instrument_share, then all are scaled down alike
until the sum of absolute shares is at most max_gross_share. Weights are equal: no timeframe has shown yet that it
deserves more. A timeframe that is unknown counts 0 and is not made up for by the others.

A signal counts only if its bet can pay for its trades. What it bets on is at best a move of

    reach = |direction| × confidence × volatility × √(HORIZON_BARS × bar)

because a regime lasts about so long; it must reach ENTRY times the fees of buying and selling, and STAY times once it
counts, so that it does not come and go at the border. ENTRY leaves room for the spread. All of it is measured or
charged; no expected return is assumed. Without this test the 1 s regimes of the USD-M ETH capture (reach below 1 bps,
fees 10 bps) lost 0.57 % of capital in 8 minutes by 203 fills.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import isfinite, sqrt
from typing import NamedTuple

from market.clock import SECOND_NS
from market.fees import Fees
from market.messages import Signal

WEIGHTS: Mapping[str, float] = {"ultra_short": 0.25, "short": 0.25, "medium": 0.25, "long": 0.25}
LIFETIME_BARS = 3  # an opinion that was not renewed for this many of its bars no longer counts
YEAR_S = 365.25 * 86_400
HORIZON_BARS = 200  # less than a direction is believed to last before anything is learned, 250 (operators/regimes/bank)
ENTRY, STAY = 2.0, 1.0  # reach of a signal that begins to count, and of one that goes on counting, in round trips


@dataclass(frozen=True)
class Policy:
    """Limits of what the portfolio may want; shares are of `capital`."""

    capital: float = 100_000.0  # quote currency
    target_volatility: float = 0.10  # yearly, at full conviction on every timeframe
    max_instrument_share: float = 0.25
    max_gross_share: float = 1.0
    no_trade_band: float = 0.02  # smaller changes of a target are left alone, unless the target becomes 0
    fees: Fees = field(default_factory=Fees)  # what one trade costs
    bar_s: Mapping[str, int] = field(  # length of a bar of each regime timeframe
        default_factory=lambda: {"ultra_short": 1, "short": 60, "medium": 3600, "long": 86_400}
    )

    def __post_init__(self) -> None:
        for name in ("capital", "target_volatility", "max_gross_share"):
            if not (isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        for name in ("max_instrument_share", "no_trade_band"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be within 0 … 1, got {getattr(self, name)}")


class Opinion(NamedTuple):
    """What one timeframe asks for."""

    share: float  # of capital, signed, before caps
    time_ns: int  # data time of the signal
    pays: bool = True  # False: it asks for nothing because the bet cannot pay for its trades


def opinion(signal: Signal, policy: Policy, standing: float = 0.0) -> Opinion:
    """The share a signal asks for; 0 where anything it rests on is missing, not finite or out of range, or costs more.

    standing: the share that its timeframe asked for until now.

    >>> bull = Signal(venue="v", instrument="i", time_ns=0, timeframe="long", direction=1.0, confidence=0.5,
    ...               volatility=0.2 / sqrt(YEAR_S), regime="calm/bull", evidence={})
    >>> round(opinion(bull, Policy()).share, 6)
    0.0625
    """
    numbers = (signal.direction, signal.confidence, signal.volatility)
    if not all(map(isfinite, numbers)) or signal.volatility <= 0 or signal.timeframe not in policy.bar_s:
        return Opinion(0.0, signal.time_ns)
    if abs(signal.direction) > 1 or not 0 <= signal.confidence <= 1:
        return Opinion(0.0, signal.time_ns)
    round_trips = ENTRY if standing * signal.direction <= 0 else STAY
    if signal.direction and reach_bps(signal, policy) < round_trips * 2.0 * policy.fees.at(signal.venue):
        return Opinion(0.0, signal.time_ns, pays=False)
    conviction = WEIGHTS[signal.timeframe] * signal.direction * signal.confidence
    share = conviction * policy.target_volatility / (signal.volatility * sqrt(YEAR_S))
    return Opinion(share if isfinite(share) else 0.0, signal.time_ns)


def reach_bps(signal: Signal, policy: Policy) -> float:
    """One standard deviation of the return over the signal's horizon, by how sure it is; bps.

    >>> sure = Signal(venue="v", instrument="i", time_ns=0, timeframe="short", direction=-1.0, confidence=0.5,
    ...               volatility=1e-4, regime="calm/bear", evidence={})
    >>> round(reach_bps(sure, Policy()), 1)
    54.8
    """
    horizon_s = HORIZON_BARS * policy.bar_s[signal.timeframe]
    return abs(signal.direction) * signal.confidence * signal.volatility * sqrt(horizon_s) * 1e4


def end_ns(timeframe: str, one: Opinion, policy: Policy) -> int:
    """The last data time at which an opinion counts."""
    return one.time_ns + LIFETIME_BARS * policy.bar_s.get(timeframe, 0) * SECOND_NS


def combined(opinions: Mapping[str, Opinion], time_ns: int, policy: Policy) -> float:
    """Sum of the opinions that still count, capped for one instrument; a share of capital."""
    total = sum(one.share for timeframe, one in opinions.items() if time_ns <= end_ns(timeframe, one, policy))
    return min(max(total, -policy.max_instrument_share), policy.max_instrument_share)


def gross_scale(shares: Iterable[float], policy: Policy) -> float:
    """By how much all shares shrink so that their absolute sum stays within max_gross_share.

    >>> gross_scale([0.25, -0.25], Policy(max_gross_share=0.25))
    0.5
    """
    gross = sum(map(abs, shares))
    return policy.max_gross_share / gross if gross > policy.max_gross_share else 1.0
