"""How a parent order is spread over data time: what share of it is due by now. Pure functions of what was seen.

- `at_once`: all of it.
- `twap`: equal slices, one every `slice_s`, over `horizon_s` (time-weighted).
- `pov`: `participation` × the volume that traded since the parent began.
- `almgren_chriss`: slices that fall like sinh(κ × time left): the closed form that makes expected cost + λ variance
  least for linear impact; κ = 1 / `trade_life_s` where nothing is unusual, and κ → 0 is `twap`.

Slices are released one at a time, so that the next rests on the urgency of its own moment (urgency.py): of what is
left, a slice takes 1 − sinh(κτ (n − 1)) / sinh(κτ n) with n slices left, which is the closed form where κ stands still.
Its square is λσ²/η: the urgency multiplies it, and the participation by its root.

What is due never falls and is never more than the parent, in whole lots. After a gap at most `catch_up` slices are
released at a time until the plan is reached again; a burst of volume releases no more than that either.

Almgren, R. and Chriss, N. (2001), "Optimal execution of portfolio transactions", Journal of Risk 3(2), 5–39, eq. 20.
"""

from dataclasses import dataclass
from math import acosh, ceil, exp, expm1, inf, isfinite, sqrt
from typing import Literal, NamedTuple

from market.clock import SECOND_NS
from operators.execution.holding import snapped, whole_lots


@dataclass(frozen=True)
class Schedule:
    """How parents are spread; times are data time."""

    kind: Literal["at_once", "twap", "pov", "almgren_chriss"] = "at_once"
    horizon_s: float = 300.0
    slice_s: float = 10.0
    participation: float = 0.1  # share of the traded volume
    max_participation: float = 0.25  # however urgent
    trade_life_s: float = 120.0  # 1 / κ of almgren_chriss
    catch_up: int = 2  # slices released at once after a gap
    timeframe: str = "short"  # whose signals say how urgent it is (urgency.py)

    def __post_init__(self) -> None:
        if self.kind not in ("at_once", "twap", "pov", "almgren_chriss"):
            raise ValueError(f"kind must be at_once, twap, pov or almgren_chriss, got {self.kind!r}")
        for name in ("horizon_s", "slice_s", "trade_life_s"):
            if not (isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise ValueError(f"{name} must be finite and above 0, got {getattr(self, name)}")
        if not self.slice_s <= self.horizon_s <= 1e6 * self.slice_s:
            raise ValueError(f"horizon_s must be 1 to 1000000 times slice_s, got {self.horizon_s} and {self.slice_s}")
        if not 0 < self.participation <= self.max_participation <= 1:
            raise ValueError(
                "participation must be above 0 and at most max_participation, that at most 1, got "
                f"{self.participation} and {self.max_participation}"
            )
        if self.catch_up < 1:
            raise ValueError(f"catch_up must be at least 1, got {self.catch_up}")

    @property
    def slices(self) -> int:
        """Slices of a whole parent."""
        return ceil(self.horizon_s / self.slice_s - 1e-9)


class Progress(NamedTuple):
    """How far the schedule of a parent has come."""

    start: float  # size held when it began
    aim: float  # size to hold in the end
    begun_ns: int
    seen: int = 0  # slices that should have been released when it was last looked at
    released: int = 0
    due: float = 0.0  # share of `total`, 0 … 1
    volume: float = 0.0  # traded in the market since it began

    @property
    def total(self) -> float:
        """Signed size to trade."""
        return self.aim - self.start

    def after(self, size: float) -> "Progress":
        """With more that traded in the market; a size that is not finite or not above 0 is not heard."""
        return self._replace(volume=self.volume + size) if 0 < size < inf else self

    def wanted(self, lot_size: float) -> float:
        """The size to hold by now."""
        return snapped(self.start + whole_lots(self.due * self.total, lot_size), lot_size)


def followed(before: Progress | None, schedule: Schedule, held: float, wanted: float, time_ns: int) -> Progress:
    """The schedule that brings what is held to what is wanted; the one before goes on where it wants that already.

    A parent of the same direction waits for the next slice of the one before it, and has the volume that this one left:
    targets that come often neither hurry a schedule nor starve it.
    """
    if before is not None and before.aim == wanted:
        return before
    new = Progress(held, wanted, time_ns)
    if before is None or before.total * new.total <= 0:
        return new
    next_ns = before.begun_ns + round(before.seen * schedule.slice_s * SECOND_NS)
    left = max(before.volume - abs(before.due * before.total) / schedule.participation, 0.0)
    return new._replace(begun_ns=max(time_ns, next_ns), volume=left)


def advanced(progress: Progress, schedule: Schedule, time_ns: int, urgency: float = 1.0) -> Progress:
    """The schedule at a later time; urgency: 1 where nothing is unusual (urgency.py)."""
    if schedule.kind == "at_once":
        return progress._replace(due=1.0)
    elapsed_s = (time_ns - progress.begun_ns) / SECOND_NS
    seen = int(elapsed_s / schedule.slice_s + 1e-9) + 1
    if elapsed_s < 0 or seen <= progress.seen:
        return progress
    if schedule.kind == "pov":
        return _with_the_volume(progress, schedule, seen, urgency)
    kappa = sqrt(urgency) / schedule.trade_life_s if schedule.kind == "almgren_chriss" else 0.0
    count = min(min(seen, schedule.slices) - progress.released, schedule.catch_up)
    left = 1.0 - progress.due
    for released in range(progress.released, progress.released + count):
        left *= 1.0 - slice_share(kappa * schedule.slice_s, schedule.slices - released)
    released = progress.released + count
    due = 1.0 if released == schedule.slices else 1.0 - left
    return progress._replace(seen=seen, released=released, due=max(due, progress.due))


def _with_the_volume(progress: Progress, schedule: Schedule, seen: int, urgency: float) -> Progress:
    """`pov`: what the market traded allows, and no more at once than `catch_up` slices of the parent."""
    if progress.total == 0.0:
        return progress._replace(seen=seen, due=1.0)
    rate = min(schedule.participation * sqrt(urgency), schedule.max_participation)
    most = progress.due + schedule.catch_up / schedule.slices
    due = min(rate * progress.volume / abs(progress.total), most, 1.0)
    return progress._replace(seen=seen, due=max(due, progress.due))


def slice_share(kappa_tau: float, slices_left: int) -> float:
    """Share of what is left that the next slice takes; kappa_tau: κ × slice time.

    >>> [round(slice_share(0.0, left), 3) for left in (4, 3, 2, 1)]
    [0.25, 0.333, 0.5, 1.0]
    """
    if slices_left <= 1:
        return 1.0
    if kappa_tau < 1e-9:
        return 1.0 / slices_left
    rest = exp(-kappa_tau) * expm1(-2.0 * kappa_tau * (slices_left - 1)) / expm1(-2.0 * kappa_tau * slices_left)
    return 1.0 - rest


def kappa(risk_aversion: float, volatility: float, impact: float, slice_s: float) -> float:
    """κ per second, for whoever calibrates `trade_life_s`.

    risk_aversion: λ, per quote currency; volatility: σ of the price, quote currency per square-root second; impact: η̃,
    quote currency by which the price is worse per unit of size and second (temporary, less half a slice of permanent).
    """
    return acosh(0.5 * risk_aversion * volatility**2 / impact * slice_s**2 + 1.0) / slice_s
