"""Limits that move with regime, volatility, drawdown and depth; never looser than the fixed ones of the settings.

Each limit in force is a level of its fixed value: 1, 1/1.1, 1/1.1², … down to LOWEST, which is next to nothing. The law
says a share of the fixed value; the level is the highest that is not above it.

    share  = regime share × min(1, 1 / volatility ratio) × drawdown scale         of all limits named in MOVED
    order    ≤ participation × depth;  position ≤ position_depths × depth         of an instrument, where depth is known
    target_scale: by which everything wanted is made smaller (reserve.py), a limit of 1 that the gate never sees

Hysteresis: a tighter law counts at once. A looser one counts once it has been looser for `hold_s` of data time without
a break, and then as the tightest of that time. Whatever is not a number counts as LOWEST; a volatility that is not
measured yet counts 1, because the drawdown scale reckons with the loss of all that is not known. Each change is a row
of the table `limits` with all factors and its reason: the factor that fell most since the limit last moved, or, of one
that loosens, the smallest.

State: one level per limit and instrument, bounded by the instruments of the account. Cost: 2 µs per limit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import floor, isfinite, log, nan
from typing import NamedTuple

from market.clock import SECOND_NS
from operators.risk.standing import Limits

STEP = 1.1
LOWEST = -200  # 1.1^−200 = 5e-9 of the fixed limit
MOVED = ("max_order_notional", "max_position_notional", "max_gross_notional", "max_leverage", "max_var_share")
BY_DEPTH = ("max_order_notional", "max_position_notional")
TARGET_SCALE = "target_scale"
Key = tuple[str, str]  # venue, instrument
ACCOUNT: Key = ("", "")  # the account as a whole


@dataclass(frozen=True)
class Movement:
    """How limits move."""

    regime_shares: Mapping[str, float] = field(default_factory=dict)  # by regime or a part of its name; others count 1
    participation: float = 0.25  # of the depth, for one order
    position_depths: float = 20.0  # depths that a position may be
    hold_s: float = 300.0  # data time before a limit loosens

    def __post_init__(self) -> None:
        for name in ("participation", "position_depths", "hold_s"):
            if not (isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise ValueError(f"{name} must be finite and above 0, got {getattr(self, name)}")
        for regime, share in self.regime_shares.items():
            if not 0.0 <= share <= 1.0:
                raise ValueError(f"the share of regime {regime!r} must be 0 to 1, got {share}")


class Conditions(NamedTuple):
    """What the limits move with."""

    regime: str  # that stands
    volatility_ratio: float | None  # of now over usual; None: not measured yet
    drawdown_scale: float  # of operators/risk/reserve.py, 0 … 1
    target_scale: float = 1.0  # … of what is wanted
    depths: Mapping[Key, float] = {}  # notional displayed, the thinner side, quote currency


class Change(NamedTuple):
    """A limit that moved; a row of the table limits."""

    key: Key
    limit: str
    value: float
    previous: float
    fixed: float
    reason: str
    factors: dict[str, float]


class Level(NamedTuple):
    """Where a limit stands."""

    power: int = 0  # of STEP; at most 0
    tightest: int = 0  # power the law asked for since it was last at or below `power`
    looser_ns: int = 0  # data time since when it asks for more; 0: it does not


@dataclass
class MovingLimits:
    """State: the levels in force, and what moved them."""

    levels: dict[tuple[Key, str], Level] = field(default_factory=dict)
    moved_by: dict[tuple[Key, str], dict[str, float]] = field(default_factory=dict)  # factors known at the last change
    made: dict[Key, tuple[Limits, Limits]] = field(default_factory=dict)  # fixed and in force, since the last move

    def advance(self, time_ns: int, conditions: Conditions, fixed: Limits, movement: Movement) -> list[Change]:
        """Move the limits; what changed, in a fixed order."""
        factors = account_factors(conditions, movement)
        share = _product(factors)
        asked = [(ACCOUNT, name, getattr(fixed, name), share, factors) for name in MOVED]
        asked.append((ACCOUNT, TARGET_SCALE, 1.0, conditions.target_scale, {"drawdown": conditions.target_scale}))
        for key in sorted(conditions.depths):
            for name, of_depth in zip(BY_DEPTH, (movement.participation, movement.position_depths), strict=True):
                ratio = of_depth * conditions.depths[key] / getattr(fixed, name)
                asked.append((key, name, getattr(fixed, name), ratio, {"depth": ratio}))
        changes = []
        self.made.clear()
        for key, name, whole, ratio, reasons in asked:
            before = self.levels.get((key, name), Level())
            after = self.levels[key, name] = _moved(before, power(ratio), time_ns, round(movement.hold_s * SECOND_NS))
            if after.power != before.power:
                earlier = self.moved_by.get((key, name), {})
                changes.append(_change(key, name, before, after, whole, reasons, earlier))
                self.moved_by[key, name] = changes[-1].factors
        return changes

    def in_force(self, key: Key, fixed: Limits) -> Limits:
        """The limits for an order of one instrument: the tighter of the account's and its own."""
        made = self.made.get(key)
        if made is None or made[0] is not fixed:
            powers = {name: min(self._power(ACCOUNT, name), self._power(key, name)) for name in MOVED}
            tighter = {name: getattr(fixed, name) * STEP**found for name, found in powers.items() if found < 0}
            made = self.made[key] = (fixed, replace(fixed, **tighter) if tighter else fixed)
        return made[1]

    @property
    def target_scale(self) -> float:
        """By which everything wanted is made smaller now, above 0, at most 1."""
        return STEP ** self._power(ACCOUNT, TARGET_SCALE)

    def _power(self, key: Key, name: str) -> int:
        level = self.levels.get((key, name))
        return 0 if level is None else level.power


def account_factors(conditions: Conditions, movement: Movement) -> dict[str, float]:
    """Each share by its name; NaN where it cannot be told."""
    ratio, named = conditions.volatility_ratio, (conditions.regime, *conditions.regime.split("/"))
    return {
        "regime": min(movement.regime_shares.get(name, 1.0) for name in named),
        "volatility": 1.0 if ratio is None else _inverse(ratio),
        "drawdown": conditions.drawdown_scale,
    }


def power(ratio: float) -> int:
    """The highest level that is not above a share.

    >>> power(1.5), power(1.0), power(0.95), power(0.0), power(float("nan"))
    (0, 0, -1, -200, -200)
    """
    if not (isfinite(ratio) and ratio > 0):
        return LOWEST
    return min(max(floor(log(ratio) / log(STEP) + 1e-9), LOWEST), 0)


def _inverse(ratio: float) -> float:
    return min(1.0, 1.0 / ratio) if ratio > 0 and isfinite(ratio) else nan


def _product(factors: Mapping[str, float]) -> float:
    share = 1.0
    for factor in factors.values():
        share *= factor
    return share


def _moved(level: Level, asked: int, time_ns: int, hold_ns: int) -> Level:
    if asked <= level.power:
        return Level(asked, asked, 0)
    if not level.looser_ns:
        return Level(level.power, asked, time_ns)
    tightest = min(level.tightest, asked)
    if time_ns - level.looser_ns >= hold_ns:
        return Level(tightest, tightest, 0)
    return level._replace(tightest=tightest)


def _change(
    key: Key, name: str, before: Level, after: Level, whole: float, factors: Mapping[str, float],
    earlier: Mapping[str, float],
) -> Change:  # fmt: skip
    known = {one: value for one, value in factors.items() if isfinite(value)}
    unknown = [one for one in factors if one not in known]
    if unknown:
        reason = f"{unknown[0]} not known"
    elif after.power < before.power:
        reason = min(known, key=lambda one: (known[one] / (earlier.get(one) or 1.0), known[one]))
    else:
        reason = min(known, key=lambda one: known[one])
    if after.power > before.power:
        reason = f"looser for long enough: {reason}" if after.power < 0 else "looser for long enough"
    return Change(key, name, whole * STEP**after.power, whole * STEP**before.power, whole, reason, known)
