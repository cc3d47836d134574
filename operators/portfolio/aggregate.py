"""Many signals of single instruments as one expected return and one confidence for each, by timeframe and in all.

Of one timeframe, over `horizon_s`, with h = skill.HORIZON_BARS × its bar, Grinold (1994), doi:10.3905/jpm.1994.409482:

    expected = IC × volatility × √h × score × min(horizon_s, h − age) / h
    score = direction × confidence / typical bet, cut at ± CUT
    confidence = confidence of the signal × (h − age) / h

IC and typical bet are measured (skill.py): where the signals of a timeframe have earned nothing yet, nothing is
expected of them. What is expected of the time beyond h is 0, because nothing was measured there. In all instruments

    combined = Σ w(timeframe) × value of the timeframe

with the weights given, policy.WEIGHTS or budgets of risk, summing to 1: timeframes are not independent, so they are
averaged and not added, and one that is silent counts 0.

Which signals count is decided by policy.py and by nothing else: an opinion ends after LIFETIME_BARS of its bars, and it
counts only if its bet can pay for its trades (ENTRY when it begins, STAY while it stands). A signal older than the one
of its timeframe is not heard. So the order of instruments, and of messages of different instruments, does not matter.

Units: log return over the horizon. Warm-up: none. Not known: 0, with confidence 0. Cost: 3 µs per signal, 2 µs per
instrument and timeframe when asked.
A part of `portfolio.propose`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from market.clock import SECOND_NS
from market.messages import Signal
from operators.portfolio import skill
from operators.portfolio.policy import WEIGHTS, Opinion, Policy, end_ns, opinion
from operators.portfolio.skill import Prior, Skill

CUT = 2.0  # of a score
Vector = NDArray[np.float64]


class Heard(NamedTuple):
    """A signal that stands."""

    opinion: Opinion
    signal: Signal


@dataclass
class Signals:
    """State: the signals that stand, by "venue|instrument" and timeframe."""

    heard: dict[str, dict[str, Heard]] = field(default_factory=dict)


class Outlook(NamedTuple):
    """What is expected of n instruments over the horizon."""

    expected: Vector  # n
    confidence: Vector  # n, 0 … 1
    by_timeframe: dict[str, tuple[Vector, Vector]]  # expected and confidence of each


def hear(state: Signals, name: str, signal: Signal, policy: Policy) -> bool:
    """Let a signal stand in place of the one before of its timeframe; False where it is older."""
    of = state.heard.setdefault(name, {})
    before = of.get(signal.timeframe)
    counted = 0.0
    if before is not None:
        if signal.time_ns < before.opinion.time_ns:
            return False
        alive = signal.time_ns <= end_ns(signal.timeframe, before.opinion, policy)
        counted = before.opinion.share if alive else 0.0
    if signal.timeframe in policy.bar_s:
        of[signal.timeframe] = Heard(opinion(signal, policy, counted), signal)
    return True


def outlook(
    state: Signals, names: Sequence[str], time_ns: int, *, horizon_s: float, learnt: Skill, prior: Prior,
    policy: Policy, weights: Mapping[str, float] = WEIGHTS,
) -> Outlook:  # fmt: skip
    """What is expected of these instruments."""
    if not horizon_s > 0:
        raise ValueError(f"horizon_s must be above 0, got {horizon_s}")
    found = {}
    for timeframe in sorted(policy.bar_s):
        horizon = skill.HORIZON_BARS * policy.bar_s[timeframe]
        scale = skill.coefficient(learnt, timeframe, prior) * sqrt(horizon)
        typical = skill.typical_bet(learnt, timeframe)
        pairs = [
            _one(state.heard.get(name, {}).get(timeframe), time_ns, policy, horizon, horizon_s, scale, typical)
            for name in names
        ]
        columns = np.array(pairs, np.float64).reshape(len(names), 2)
        found[timeframe] = (columns[:, 0], columns[:, 1])
    return Outlook(_sum(found, 0, weights, len(names)), _sum(found, 1, weights, len(names)), found)


def counts(one: Heard, time_ns: int, policy: Policy) -> bool:
    """Whether a signal says anything now."""
    return one.opinion.share != 0.0 and time_ns <= end_ns(one.signal.timeframe, one.opinion, policy)


def _one(
    one: Heard | None, time_ns: int, policy: Policy, horizon: float, horizon_s: float, scale: float, typical: float
) -> tuple[float, float]:
    """Expected return and confidence of one instrument on one timeframe."""
    if one is None or not counts(one, time_ns, policy):
        return 0.0, 0.0
    left_s = min(max(horizon - (time_ns - one.signal.time_ns) / SECOND_NS, 0.0), horizon)
    score = min(max(one.signal.direction * one.signal.confidence / typical, -CUT), CUT)
    expected = scale * one.signal.volatility * score * min(horizon_s, left_s) / horizon
    return expected, one.signal.confidence * left_s / horizon


def _sum(found: Mapping[str, tuple[Vector, Vector]], which: int, weights: Mapping[str, float], n: int) -> Vector:
    """Weighted sum over timeframes, exact, so that their order does not matter."""
    return np.array(
        [
            fsum(weights.get(timeframe, 0.0) * pair[which][place] for timeframe, pair in found.items())
            for place in range(n)
        ],
        np.float64,
    )
