"""A Problem message as arrays that are sound, and what was wrong with it.

Whatever is not finite counts as 0, for positions and limits alike: no position can be larger than that. What is wrong
is told by kind, because each kind takes other rungs of the ladder away:

- `malformed`: lengths that do not agree. Nothing can be said about any instrument.
- `standing`: positions, caps, limits or lots that are not finite or negative, or a limit whose name nobody knows.
  Only what shrinks may be asked for.
- `risk`: a covariance that is not finite, has a variance that is not positive, or is not positive semi-definite.
- `returns`: expected returns, confidence or costs that are not finite, confidence outside 0 … 1, negative costs.

Limits by name (all as shares of equity, none of them in force where the problem does not name it):

    gross       Σ|w|                          cluster     Σ|w| of each group
    net         |Σw|                          volatility  √(w'Σw), of returns over the horizon
    instrument  |w| of each, beside its cap   short       |w| of each that is sold short; 0: long only
    turnover    Σ|w − current|                invested    Σw is at least this

The first six protect capital; they and the caps shrink with the regime (preferences.regime_scale; volatility too), and
nothing ever relaxes them. All positions at 0 keep them. `turnover` serves costs and `invested` serves return: where
not all can be kept, `invested` gives way first, then `turnover`. RELAXED_IN_ORDER is that order.
"""

from dataclasses import dataclass, field
from math import inf, isfinite, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from market.messages import Problem
from operators.portfolio.optimizer.preferences import Preferences, regime_scale

Floats = NDArray[np.float64]

PROTECTIVE = ("instrument", "short", "gross", "cluster", "net", "volatility")
RELAXED_IN_ORDER = ("invested", "turnover")
KNOWN_LIMITS = (*PROTECTIVE, *RELAXED_IN_ORDER)
PSD_TOLERANCE = 1e-9  # an eigenvalue below −this × the largest is no rounding


class Inputs(NamedTuple):
    """What a solve reads. All arrays are of the length of `names` but where said."""

    names: tuple[str, ...]
    expected: Floats  # return over the horizon; 0 where the confidence is 0
    covariance: Floats  # n by n, symmetric
    current: Floats  # shares of equity
    half_spread: Floats  # cost of a share traded
    impact: Floats  # cost = impact × |share|^1.5
    lot: Floats  # 0: any size
    min_notional: Floats
    lower: Floats  # at most 0
    upper: Floats  # at least 0
    gross: float = inf
    net: float = inf
    cluster: float = inf
    volatility: float = inf
    turnover: float = inf
    invested: float = -inf
    group_names: tuple[str, ...] = ()
    groups: Floats = np.zeros((0, 0))  # groups by n: 1 where the instrument is a member


NO = np.zeros(0)
NOTHING = Inputs((), NO, np.zeros((0, 0)), NO, NO, NO, NO, NO, NO, NO)  # no instruments


@dataclass
class Wrong:
    """What is wrong with a problem, by kind, as short phrases."""

    malformed: list[str] = field(default_factory=list)
    standing: list[str] = field(default_factory=list)
    risk: list[str] = field(default_factory=list)
    returns: list[str] = field(default_factory=list)

    @property
    def all(self) -> list[str]:
        """In the order of how much they take away."""
        return [*self.malformed, *self.standing, *self.risk, *self.returns]


def inputs_of(problem: Problem, preferences: Preferences) -> tuple[Inputs, Wrong]:
    """The arrays of a problem, and what is wrong with it."""
    wrong = Wrong(malformed=_malformed(problem))
    if wrong.malformed:
        return NOTHING, wrong
    scale = regime_scale(problem.regime, preferences)
    limits = _limits(problem, wrong)
    current = _sound(problem.current, "current", wrong.standing, signed=True)
    caps = np.minimum(_sound(problem.caps, "caps", wrong.standing), limits.get("instrument", inf)) * scale
    confidence = _sound(problem.confidence, "confidence", wrong.returns)
    if (confidence > 1).any():
        wrong.returns.append(f"confidence of {_first(problem, confidence > 1)} is above 1")
    if limits.get("volatility", inf) == 0:
        caps = np.zeros_like(caps)
    shrunk = {name: value * (scale if name in PROTECTIVE else 1.0) for name, value in limits.items()}
    return (
        Inputs(
            names=problem.names,
            expected=_sound(problem.expected, "expected", wrong.returns, signed=True) * (confidence > 0),
            covariance=_covariance(problem, wrong.risk),
            current=current,
            half_spread=_sound(problem.half_spread, "half_spread", wrong.returns),
            impact=_sound(problem.impact, "impact", wrong.returns),
            lot=_sound(problem.lot, "lot", wrong.standing),
            min_notional=_sound(problem.min_notional, "min_notional", wrong.standing),
            lower=-np.minimum(caps, shrunk.get("short", inf)),
            upper=caps,
            gross=shrunk.get("gross", inf),
            net=shrunk.get("net", inf),
            cluster=shrunk.get("cluster", inf),
            volatility=shrunk.get("volatility", inf),
            turnover=shrunk.get("turnover", inf),
            invested=shrunk.get("invested", -inf),
            group_names=tuple(problem.groups),
            groups=_groups(problem),
        ),
        wrong,
    )


def _malformed(problem: Problem) -> list[str]:
    count = len(problem.names)
    per_name = (
        "expected", "confidence", "current", "half_spread", "impact", "lot", "min_notional", "caps"
    )  # fmt: skip
    found = [
        f"{name} has {len(getattr(problem, name))} entries, expected {count}"
        for name in per_name
        if len(getattr(problem, name)) != count
    ]
    if len(problem.covariance) != count * (count + 1) // 2:
        found.append(f"covariance has {len(problem.covariance)} entries, expected {count * (count + 1) // 2}")
    if len(set(problem.names)) != count:
        found.append("an instrument is named twice")
    found += [
        f"group {name} has a member that is no place in names"
        for name, members in problem.groups.items()
        if not all(0 <= member < count for member in members)
    ]
    return found


def _limits(problem: Problem, wrong: Wrong) -> dict[str, float]:
    found = {}
    for name, value in problem.limits.items():
        if name not in KNOWN_LIMITS:
            wrong.standing.append(f"limit {name} is not known")
        elif not isfinite(value) or value < 0:
            wrong.standing.append(f"limit {name} is {value}")
            found[name] = 0.0
        else:
            found[name] = value
    return found


def _sound(values: tuple[float, ...], name: str, wrong: list[str], *, signed: bool = False) -> Floats:
    """The values as an array; 0 where one is not finite, or negative where it must not be."""
    array = np.array(values, np.float64)
    sound = np.isfinite(array) & (signed | (array >= 0))
    if not sound.all():
        wrong.append(f"{name} is {array[~sound][0]} at place {int(np.flatnonzero(~sound)[0])}")
    return np.where(sound, array, 0.0)


def _first(problem: Problem, where: NDArray[np.bool_]) -> str:
    return problem.names[int(np.flatnonzero(where)[0])]


def _covariance(problem: Problem, wrong: list[str]) -> Floats:
    """The symmetric matrix; its diagonal alone where it is not positive semi-definite, zeros where it is no use."""
    count = len(problem.names)
    packed = np.array(problem.covariance, np.float64)
    matrix = np.zeros((count, count))
    if not np.isfinite(packed).all():
        wrong.append("covariance is not finite")
        return matrix
    matrix[np.tril_indices(count)] = packed
    matrix += np.tril(matrix, -1).T
    diagonal = np.diag(matrix)
    if count and not (diagonal > 0).all():
        wrong.append(f"variance of {_first(problem, diagonal <= 0)} is {diagonal[diagonal <= 0][0]}")
        return np.zeros((count, count))
    with np.errstate(all="ignore"):
        unit = matrix / sqrt_of(diagonal) / sqrt_of(diagonal)[:, None]
    if not (np.abs(unit) < 1.0 + 1e-6).all():
        wrong.append("covariance has correlations beyond 1, so it is not positive semi-definite")
        return np.diag(diagonal)
    if count and (least := float(np.linalg.eigvalsh(unit)[0])) < -PSD_TOLERANCE * count:
        wrong.append(f"correlation is not positive semi-definite: an eigenvalue is {least:.3g}")
        return np.diag(diagonal)
    return matrix


def sqrt_of(values: Floats) -> Floats:
    """Square roots of what rounding may have left a little below 0."""
    return np.sqrt(np.maximum(values, 0.0))


def volatility_of(weights: Floats, inputs: Inputs) -> float:
    """√(w'Σw)."""
    return sqrt(max(float(weights @ inputs.covariance @ weights), 0.0))


def _groups(problem: Problem) -> Floats:
    matrix = np.zeros((len(problem.groups), len(problem.names)))
    for row, members in enumerate(problem.groups.values()):
        matrix[row, list(members)] = 1.0
    return matrix
