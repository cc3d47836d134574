"""How good the signals of each timeframe were: their information coefficient (IC), measured as they come true.

A signal's bet is x = direction × confidence. What became of it after HORIZON_BARS of its bars is

    y = log(mid after / mid then) / (volatility × √elapsed), cut at ± CUT

and IC = Σ w x y / √(Σ w x² Σ w y²) over past bets, about zero: what a bet of that size earned, in units of what was
risked. A bet waits alone: the next of the same instrument and timeframe is noted when it came true, so that no return
is counted twice. Bets of one timeframe count together as one per round, however many instruments there are, for they
move together. The IC used is drawn to its prior as if PRIOR had been seen in `prior_rounds` rounds, and is never
negative: signals that were wrong ask for nothing, they are not turned round.

    IC used = max(0, (n IC + n₀ IC₀) / (n + n₀)),   n = Σ w

n₀ = 400 is the belief that ICs are within ± 0.05 of IC₀ (the variance of a measured IC is about 1 / n), as Grinold and
Kahn (1999), Active Portfolio Management, ch. 6, find of good signals. IC₀ = 0: nothing is expected until it was seen.

Units: none. Warm-up: none; 0 with IC₀ = 0. A bet whose end has no mid within half its horizon is dropped. Bounded: one
waiting bet per instrument and timeframe. Cost: 1 µs per signal, 0.3 µs per waiting bet and grid step.
A part of `portfolio.propose`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import fsum, isfinite, log, sqrt
from typing import NamedTuple

from market.clock import SECOND_NS
from market.messages import Signal

HORIZON_BARS = 20  # a tenth of what a regime is believed to last (policy.HORIZON_BARS), so that bets come true often
CUT = 4.0
LONGEST = 1.5  # horizons after which a bet can no longer be judged
Key = tuple[str, str]  # "venue|instrument", timeframe


@dataclass(frozen=True)
class Prior:
    """What is believed before anything was seen."""

    ic: float = 0.0
    rounds: float = 400.0
    half_life_rounds: float = 1000.0  # of what was seen

    def __post_init__(self) -> None:
        if not 0 <= self.ic <= 0.2:
            raise ValueError(f"ic must be within 0 … 0.2, got {self.ic}")
        if not (self.rounds >= 10 and self.half_life_rounds > 0):
            raise ValueError("rounds must be at least 10 and half_life_rounds above 0")


DEFAULTS = Prior()


class Bet(NamedTuple):
    """One that waits."""

    time_ns: int
    mid: float
    size: float  # −1 … 1
    volatility: float  # per square-root second


class Sums(NamedTuple):
    """Of the bets of one timeframe that came true."""

    rounds: float = 0.0  # Σ w
    bets: float = 0.0  # Σ w x²
    moves: float = 0.0  # Σ w y²
    both: float = 0.0  # Σ w x y


@dataclass
class Skill:
    """State."""

    waiting: dict[Key, Bet] = field(default_factory=dict)
    sums: dict[str, Sums] = field(default_factory=dict)  # by timeframe


def note(state: Skill, name: str, signal: Signal, mid: float) -> None:
    """Remember what a signal bets on, unless the one before still waits; mid: quote currency, NaN where not known."""
    size = signal.direction * signal.confidence
    usable = isfinite(size) and 0 < abs(size) <= 1 and 0 < signal.volatility < 1e6 and 0 < mid < 1e300
    if usable and (name, signal.timeframe) not in state.waiting:
        state.waiting[name, signal.timeframe] = Bet(signal.time_ns, mid, size, signal.volatility)


def settle(
    state: Skill, time_ns: int, mids: Mapping[str, float], bar_s: Mapping[str, int], prior: Prior = DEFAULTS
) -> None:
    """Judge the bets that are due; mids: by name, NaN where stale. In grid steps, not with every message."""
    found: dict[str, list[tuple[float, float]]] = {}
    for key, bet in list(state.waiting.items()):
        name, timeframe = key
        elapsed_s, horizon_s = (time_ns - bet.time_ns) / SECOND_NS, HORIZON_BARS * bar_s.get(timeframe, 0)
        if elapsed_s < horizon_s or elapsed_s <= 0:
            continue
        mid = mids.get(name, float("nan"))
        if elapsed_s > LONGEST * horizon_s or 0 < mid < 1e300:
            del state.waiting[key]
        if elapsed_s <= LONGEST * horizon_s and 0 < mid < 1e300:
            move = log(mid / bet.mid) / (bet.volatility * sqrt(elapsed_s))
            found.setdefault(timeframe, []).append((bet.size, min(max(move, -CUT), CUT)))
    for timeframe, pairs in found.items():
        others = sum(1 for _, other in state.waiting if other == timeframe)
        _count(state, timeframe, pairs, 1.0 / (len(pairs) + others), prior)


def coefficient(state: Skill, timeframe: str, prior: Prior) -> float:
    """The IC to use, 0 … 1."""
    sums = state.sums.get(timeframe, Sums())
    seen = measured(sums)
    seen = seen if isfinite(seen) else 0.0
    return max(0.0, (sums.rounds * seen + prior.rounds * prior.ic) / (sums.rounds + prior.rounds))


def measured(sums: Sums) -> float:
    """The IC as seen, −1 … 1; NaN where nothing was."""
    scale = sqrt(sums.bets * sums.moves)
    return min(max(sums.both / scale, -1.0), 1.0) if scale > 0 else float("nan")


def typical_bet(state: Skill, timeframe: str) -> float:
    """Root mean square of past bets; 1, the largest there can be, as long as few were seen."""
    sums = state.sums.get(timeframe, Sums())
    return sqrt((sums.bets + 10.0) / (sums.rounds + 10.0))


def _count(state: Skill, timeframe: str, pairs: list[tuple[float, float]], weight: float, prior: Prior) -> None:
    """Take bets that came true together; exact sums, so that their order does not matter."""
    share = weight * len(pairs)  # of a round
    keep = 0.5 ** (share / prior.half_life_rounds)
    sums = state.sums.get(timeframe, Sums())
    state.sums[timeframe] = Sums(
        keep * sums.rounds + share,
        keep * sums.bets + weight * fsum(x * x for x, _ in pairs),
        keep * sums.moves + weight * fsum(y * y for _, y in pairs),
        keep * sums.both + weight * fsum(x * y for x, y in pairs),
    )
