"""From exact weights to weights that can be traded: whole lots, no dust, and never a limit broken by rounding.

Each position is rounded to whole lots towards 0. A trade within the no-trade band, or below the least notional unless
it closes the position, is not made: the position stays as it is. What that breaks is mended one instrument at a time,
each time by the change that takes most off what is broken: one lot nearer to 0 or to what is held; where no lot helps,
the rounded position, what is held, or 0. Limits that protect can always be kept, at worst by 0; where whole lots cannot
keep `turnover` or `invested`, the caller is told by how much (limits.broken).
"""

from math import inf, sqrt
from typing import NamedTuple

import numpy as np

from operators.portfolio.optimizer.inputs import RELAXED_IN_ORDER, Floats, Inputs, volatility_of
from operators.portfolio.optimizer.limits import broken, shrunk

GRID = 1e-9  # of a lot: nearer than this to a whole number of lots is one
NEAREST = 1e-6  # of two changes that help alike, the one that stays nearer to the exact weights
DUST = 1e-12  # share of equity: no trade at all


class Rounded(NamedTuple):
    """Weights that can be traded, and what became of the exact ones."""

    weights: Floats
    left: int  # trades not made: within the band or too small
    moved: dict[str, float]  # by instrument: rounded less exact weight, where they differ

    @property
    def told(self) -> str:
        """In words, the largest move by name; empty where nothing moved."""
        if not self.moved:
            return ""
        name = max(self.moved, key=lambda one: abs(self.moved[one]))
        left = f", {self.left} trades too small to make" if self.left else ""
        return f"whole lots moved {len(self.moved)} weights, most {name} by {self.moved[name]:+.3g}{left}"


def rounded(exact: Floats, inputs: Inputs, *, band: float = 0.0) -> Rounded:
    """Weights to trade for exact ones that keep the limits of `inputs`."""
    current = inputs.current
    weights = _whole(exact, inputs.lot)
    trade = np.abs(weights - current)
    small = (np.abs(exact - current) <= band) | ((trade < inputs.min_notional) & (weights != 0.0))
    small &= (trade > DUST) | (np.abs(exact - current) > DUST)
    weights = np.where(small, current, weights)
    weights = _mended(weights, exact, inputs)
    moved = {inputs.names[i]: float(weights[i] - exact[i]) for i in np.flatnonzero(np.abs(weights - exact) > GRID)}
    return Rounded(weights, int(np.sum(small & (weights == current))), moved)


def _whole(weights: Floats, lot: Floats) -> Floats:
    """Whole lots towards 0; any size where a lot is 0."""
    lots = np.divide(weights, lot, out=np.zeros_like(weights), where=lot > 0)
    return np.where(lot > 0, np.trunc(lots + np.sign(lots) * GRID) * lot, weights)


def _mended(weights: Floats, exact: Floats, inputs: Inputs) -> Floats:
    """Change one position at a time until no limit is broken, first those that protect."""
    bounded = (weights > inputs.upper) | (weights < inputs.lower)
    weights = np.where(bounded, _whole(np.clip(weights, inputs.lower, inputs.upper), inputs.lot), weights)
    weights = _apart(weights, inputs)
    for names in ((), RELAXED_IN_ORDER):
        weights = _eased(weights, exact, inputs, names)
    return weights


def _apart(weights: Floats, inputs: Inputs) -> Floats:
    """A position that must shrink but by less than the least notional shrinks by that, to 0 at most."""
    trade = np.abs(weights - inputs.current)
    short = (trade > DUST) & (trade < inputs.min_notional) & (weights != 0.0)
    farther = np.sign(inputs.current) * np.maximum(np.abs(inputs.current) - inputs.min_notional, 0.0)
    return np.where(short, _whole(farther, inputs.lot), weights)


def _eased(weights: Floats, exact: Floats, inputs: Inputs, also: tuple[str, ...]) -> Floats:
    """Greedy: the one change that takes most off the sum of what is broken, again and again; first single lots."""
    small = 2 * len(weights)
    for number in range(6 * len(weights) + 6):
        if not broken(weights, inputs, protective=not also):
            return weights
        now = _excess(weights, np.zeros_like(weights), inputs, also)[0]
        for large in (False, True) if number < small else (True,):
            options = _options(weights, exact, inputs, large=large)
            left = np.stack([_excess(weights, option - weights, inputs, also) for option in options])
            apart = NEAREST * np.abs(np.stack(options) - exact)
            best = np.unravel_index(int(np.argmin(left + apart)), left.shape)
            if left[best] < now - DUST:
                break
        else:
            break
        weights = weights.copy()
        weights[best[1]] = options[best[0]][best[1]]
    if also or not broken(weights, inputs, protective=True):
        return weights
    smaller = _whole(shrunk(weights, inputs), inputs.lot)
    return smaller if not broken(smaller, inputs, protective=True) else np.zeros_like(weights)


def _options(weights: Floats, exact: Floats, inputs: Inputs, *, large: bool) -> list[Floats]:
    """What each position could be instead; a trade too small to make is none of it."""
    lot, current = inputs.lot, inputs.current
    if large:
        wanted = [_whole(exact, lot), current, np.zeros_like(weights)]
    else:
        nearer = np.where(np.abs(weights) > lot, weights - np.sign(weights) * lot, 0.0)
        back = weights + np.sign(current - weights) * np.minimum(lot, np.abs(current - weights))
        wanted = [np.where(lot > 0, nearer, weights), back]
    found = []
    for option in wanted:
        trade = np.abs(option - current)
        possible = (trade <= DUST) | (trade >= inputs.min_notional) | (option == 0.0)
        possible &= (option <= inputs.upper) & (option >= inputs.lower)
        found.append(np.where(possible, option, weights))
    return found


def _excess(weights: Floats, change: Floats, inputs: Inputs, also: tuple[str, ...]) -> Floats:
    """What would be broken in all (shares of equity) if position i alone changed by change[i]; one number for each."""
    new = weights + change
    larger = np.abs(new) - np.abs(weights)
    total = np.maximum(float(np.abs(weights).sum()) + larger - inputs.gross, 0.0)
    total += np.maximum(np.abs(float(weights.sum()) + change) - inputs.net, 0.0)
    if inputs.cluster < inf:
        for members in inputs.groups:
            total += np.maximum(float(members @ np.abs(weights)) + members * larger - inputs.cluster, 0.0)
    if inputs.volatility < inf:
        variance = volatility_of(weights, inputs) ** 2 + change * (
            2.0 * (inputs.covariance @ weights) + change * np.diag(inputs.covariance)
        )
        total += np.maximum(np.sqrt(np.maximum(variance, 0.0)) - inputs.volatility, 0.0) / _mean_deviation(inputs)
    if also:
        trade = np.abs(new - inputs.current) - np.abs(weights - inputs.current)
        turned = float(np.abs(weights - inputs.current).sum())
        # The protective ones weigh more: easing these must not cost one of those.
        total = total * 1e6 + np.maximum(turned + trade - inputs.turnover, 0.0)
        total += np.maximum(inputs.invested - float(weights.sum()) - change, 0.0)
    return total


def _mean_deviation(inputs: Inputs) -> float:
    return sqrt(max(float(np.mean(np.diag(inputs.covariance))), 1e-300))
