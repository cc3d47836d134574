"""Risk measured over time: returns, money and holdings go in; rows, book risk and the limits in force come out.

Cheap, for every item: `observe` a row of returns, `mark` the equity, `limits` and `book_risk` for the gate.
Heavy, on a grid of data time (`every_s`) and whenever a tenth of the budget was lost since: `measure` takes every
method of estimates.py, attribution, stress and the drawdown controller, and moves the limits. VaR is measured on the
rows in which everything held has a return. Below `least_rows` of them it is NaN, `book_risk` is None once something
held is not known, and what is not known counts whole in a gap.

The drawdown controller reckons with the largest gap of what is held or wanted: `drawdown_scale` is the share of the
fixed gross limit that one such gap may meet, `target_scale` that of everything wanted. The latter is cut by a further
step, so that a target which fits it passes the gate after small moves of price.

The VaR per standard deviation that projects an order's VaR is the worst of all methods at the last measurement, of what
is held or, where nothing is, of what is wanted; before the first, the normal one's. Deterministic and bounded: a window
of `window_rows` by `most` instruments. Cost on a busy machine: 7 ms per measurement of 3
instruments, 35 ms of 100, several times that where matrices take more than one thread (flows/__init__.py); 10 µs per
`book_risk`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum, isfinite, nan, sqrt
from typing import NamedTuple

import numpy as np
import polars as pl

from market.clock import SECOND_NS
from market.regimes import UNKNOWN
from operators.risk import look as looking
from operators.risk.attribution import es_attribution, var_attribution
from operators.risk.checked import Floats, checked_level
from operators.risk.estimates import Estimates, Manner, estimates, weighted_covariance
from operators.risk.exposure import exposure
from operators.risk.moving_limits import ACCOUNT, STEP, Conditions, Key, Movement, MovingLimits
from operators.risk.parametric import normal
from operators.risk.reserve import Reserve, budget, gap_loss, gaps, scale
from operators.risk.risk_rows import Stamp, Taken, limit_rows, part_rows, risk_row
from operators.risk.standing import BookRisk, Limits
from operators.risk.stress import LIBRARY, Scenario, loss, shocks
from operators.risk.stress_reverse import least_shock
from operators.risk.window import ReturnWindow

MOST_INSTRUMENTS = 512
NOTHING_WORKS: Mapping[Key, float] = {}
Books = Mapping[str, Mapping[Key, float]]  # strategy → instrument → signed notional, quote currency


@dataclass(frozen=True)
class Measurement:
    """How risk is measured."""

    level: float = 0.99
    horizon_s: float = 3600.0  # of VaR, ES and their limit
    step_s: float = 10.0  # of the rows of returns
    every_s: float = 60.0  # data time between measurements
    window_rows: int = 1000
    least_rows: int = 30
    half_life_rows: float = 60.0
    paths: int = 2000  # of each Monte Carlo
    most: int = MOST_INSTRUMENTS
    regime_timeframe: str = "short"  # of the signals whose regime stands
    regime_age_s: float = 180.0  # data time; older signals say nothing of it
    scenarios: tuple[Scenario, ...] = LIBRARY
    reserve: Reserve = field(default_factory=Reserve)
    movement: Movement = field(default_factory=Movement)

    def __post_init__(self) -> None:
        checked_level(self.level)
        for name in ("horizon_s", "step_s", "every_s", "half_life_rows", "regime_age_s"):
            if not (isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise ValueError(f"{name} must be finite and above 0, got {getattr(self, name)}")
        if not (2 <= self.least_rows <= self.window_rows and self.paths >= 0 and self.most >= 1):
            raise ValueError("rows must be 2 ≤ least_rows ≤ window_rows, paths at least 0 and most at least 1")

    @property
    def horizon_rows(self) -> float:
        """Steps of returns in the horizon."""
        return self.horizon_s / self.step_s

    @property
    def manner(self) -> Manner:
        """How the methods are run."""
        return Manner(self.level, self.half_life_rows, self.horizon_rows, self.paths)


class Money(NamedTuple):
    """How the account stands; quote currency."""

    state: str  # of the kill switch
    equity: float
    peak_equity: float
    day_loss: float  # share of the equity at the day's beginning


@dataclass
class RiskMeasure:
    """State, of one account."""

    manner: Measurement
    fixed: Limits
    window: ReturnWindow = field(init=False)
    moving: MovingLimits = field(default_factory=MovingLimits)
    worst_drawdown: float = 0.0  # so far
    left: float = nan  # of what may be lost, quote currency
    measured_left: float = nan  # when last measured
    usage: float = 0.0  # value at risk of what was held then, over its limit in force; NaN: not known
    regime: str = ""  # that stands, or the last that did
    next_ns: int = 0  # of the grid
    seen: looking.Seen | None = None  # by the last measurement
    multiple: float = nan  # VaR per standard deviation, of the last measurement

    def __post_init__(self) -> None:
        self.window = ReturnWindow(self.manner.window_rows, self.manner.most)
        self.multiple = normal(0.0, 1.0, self.manner.level).var

    def observe(self, names: Sequence[str], log_returns: Floats, regime: str) -> None:
        """A row of returns of one step; names are "venue|instrument", the regime is that which stands."""
        self.window.take(names, log_returns, regime)
        if regime != UNKNOWN:  # what nobody tells any longer loosens nothing
            self.regime = regime

    def mark(self, equity: float, peak_equity: float) -> None:
        """The account's equity and its peak; what is not finite leaves no budget that is known."""
        self.left = budget(equity, peak_equity, self.fixed.max_drawdown)
        if isfinite(self.left):
            self.worst_drawdown = max(self.worst_drawdown, 1.0 - equity / peak_equity)

    def due(self, time_ns: int) -> bool:
        """Whether data time has come to the next measurement, or a tenth of the budget was lost since the last."""
        return time_ns >= self.next_ns or self.left < self.measured_left / STEP

    @property
    def target_scale(self) -> float:
        """By which everything wanted is made smaller, above 0, at most 1."""
        return self.moving.target_scale

    def limits(self, key: Key) -> Limits:
        """The limits in force for an order of this instrument."""
        return self.moving.in_force(key, self.fixed)

    def book_risk(
        self, key: Key, book: Mapping[Key, float], *, added: float = 0.0, works: Mapping[Key, float] = NOTHING_WORKS
    ) -> BookRisk | None:
        """What the gate needs to project VaR, from what is held now; None until all of it was measured.

        works: signed notional of the orders of other instruments, which count as filled where that makes the VaR after
        an order worse that adds so much.
        """
        if self.seen is None:
            return None
        named = {_name(one): held for one, held in book.items()}
        if works:
            elsewhere = {_name(one): notional for one, notional in works.items()}
            named = looking.worst_book(self.seen, _name(key), added, named, elsewhere)
        return looking.book_risk(self.seen, _name(key), named, rows=self.manner.horizon_rows, multiple=self.multiple)

    def measure(
        self, stamp: Stamp, money: Money, books: Books, wanted: Mapping[Key, float], depths: Mapping[Key, float]
    ) -> dict[str, pl.DataFrame]:
        """Measure now and move the limits; rows of the tables risk, risk_parts and limits, empty ones included.

        wanted: signed notional by instrument before any scale; depths: notional displayed, the thinner side, NaN where
        it is not known.
        """
        every_ns = round(self.manner.every_s * SECOND_NS)
        self.next_ns = (stamp.time_ns // every_ns + 1) * every_ns
        self.mark(money.equity, money.peak_equity)
        self.measured_left = self.left
        self.seen = looking.look(
            self.window, stamp.time_ns, half_life_rows=self.manner.half_life_rows, least_rows=self.manner.least_rows
        )
        keys = sorted({key for book in books.values() for key, held in book.items() if held != 0.0})
        names, strategies = [_name(key) for key in keys], sorted(books)
        holdings = np.array([[books[strategy].get(key, 0.0) for key in keys] for strategy in strategies])
        held = holdings.sum(axis=0) if strategies else np.zeros(0)
        returns, regimes = self.window.complete(names)
        if not keys or len(returns) < self.manner.least_rows:
            returns, regimes = returns[:0], regimes[:0]
        found = estimates(returns, held, self.manner.manner) if len(returns) else None
        self._project(found if keys else self._estimates_of(wanted))
        taken = self._taken(money, names, held, wanted, returns, found)
        conditions = Conditions(
            self.regime,
            None if self.seen is None else self.seen.ratio,
            taken.drawdown_scale,
            self._target_scale(names, wanted),
            depths,
        )
        changes = self.moving.advance(stamp.time_ns, conditions, self.fixed, self.manner.movement)
        self.usage = self._usage(dict(zip(keys, held.tolist(), strict=True)), money.equity)
        parts = {}
        for measure, attribution in (("var", var_attribution), ("es", es_attribution)):
            part = attribution(returns, holdings, regimes, self.manner.level) if len(returns) else None
            if part is not None:
                parts[measure] = part
        return {
            "risk": risk_row(stamp, taken),
            "risk_parts": part_rows(stamp, parts, names, strategies, self.window.regimes),
            "limits": limit_rows(stamp, changes),
        }

    def _estimates_of(self, book: Mapping[Key, float]) -> Estimates | None:
        """Every method on a book of one strategy; None where it is empty or there are not enough rows."""
        held = {_name(key): notional for key, notional in book.items() if notional}
        returns, _ = self.window.complete(list(held))
        if not held or len(returns) < self.manner.least_rows:
            return None
        return estimates(returns, np.fromiter(held.values(), np.float64, len(held)), self.manner.manner)

    def _project(self, found: Estimates | None) -> None:
        """Take over the VaR per standard deviation, where it is known."""
        if found is not None and isfinite(found.multiple):
            self.multiple = max(found.multiple, normal(0.0, 1.0, self.manner.level).var)

    def _taken(
        self, money: Money, names: Sequence[str], holdings: Floats, wanted: Mapping[Key, float], returns: Floats,
        found: Estimates | None,
    ) -> Taken:  # fmt: skip
        manner = self.manner
        distance = nan
        if len(returns) and self.left > 0:
            covariance = weighted_covariance(returns, manner.half_life_rows) * manner.horizon_rows
            shock = least_shock(covariance, holdings, self.left)
            distance = nan if shock is None else shock.distance
        return Taken(
            **money._asdict(),
            drawdown=1.0 - money.equity / money.peak_equity,
            worst_drawdown=self.worst_drawdown,
            exposure=exposure(holdings, money.equity),
            level=manner.level,
            horizon_s=manner.horizon_s,
            scenarios=len(returns),
            volatility_ratio=nan if self.seen is None else self.seen.ratio,
            estimates=found,
            stress={one.name: loss(holdings, shocks(one, names)) for one in manner.scenarios} if names else {},
            reverse_distance=distance,
            budget=self.left,
            gap_loss=gap_loss(holdings, self._gaps(names)) if names else 0.0,
            drawdown_scale=self._scale(self.fixed.max_gross_notional, names, wanted),
        )

    def _usage(self, held: Mapping[Key, float], equity: float) -> float:
        if not held:
            return 0.0
        book = self.book_risk(next(iter(held)), held)
        limit = self.limits(ACCOUNT).max_var_share * equity
        return book.multiple * sqrt(book.variance) / limit if book is not None and limit > 0 else nan

    def _target_scale(self, held: Sequence[str], wanted: Mapping[Key, float]) -> float:
        """One step below what the budget allows of everything wanted; 1 where it allows all."""
        share = self._scale(fsum(map(abs, wanted.values())), held, wanted)
        return share if share == 1.0 else share / STEP

    def _scale(self, gross: float, held: Sequence[str], wanted: Mapping[Key, float]) -> float:
        """The share of a gross notional that one gap may meet."""
        return scale(self.left, gross * self._largest_gap(held, wanted), self.manner.reserve)

    def _gaps(self, names: Sequence[str]) -> Floats:
        """Gap reckoned with for each of these; the whole position for one whose returns are not known."""
        steps = (self.manner.every_s / self.manner.step_s) ** 0.5
        volatility, worst = np.full(len(names), nan), np.full(len(names), nan)
        for place, name in enumerate(names):
            if self.seen is not None and name in self.seen.columns:
                column = self.seen.columns[name]
                volatility[place] = self.seen.deviation[column] * steps
                worst[place] = self.seen.worst[column]
        return gaps(volatility, worst, self.manner.reserve)

    def _largest_gap(self, held: Sequence[str], wanted: Mapping[Key, float]) -> float:
        """Of what is held or wanted; where nothing is, of what is known."""
        names = dict.fromkeys((*held, *(_name(key) for key, notional in wanted.items() if notional)))
        known = () if self.seen is None else self.seen.columns
        return float(self._gaps(sorted(names or known) or ["nothing known"]).max())


def _name(key: Key) -> str:
    return f"{key[0]}|{key[1]}"
