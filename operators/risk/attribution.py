"""Who makes the risk: ES and VaR of a book in parts, by instrument, strategy and regime, that sum exactly.

ES is homogeneous of degree 1 in what is held, so by Euler it is Σ holding × ∂ES/∂holding; the derivative by a holding
is −E[return | the tail]. With tail weights w (tail.py) a cell is exactly

    part of strategy s, instrument i, regime g = −Σ_t w_t [regime of t = g] holding_{s,i} return_{t,i}

VaR is −E[profit | loss = VaR]: the mean over the scenarios around the quantile, in rank at most `span` away, with
weights that fall linearly; all are then scaled so that they sum to the VaR itself. Where these neighbours do not lose
together (their mean is below half the VaR), the VaR scenario speaks alone.

Rounding is closed in integers. Cells are counted in units of money (default a millionth of the quote currency): the
total is rounded to the nearest unit, each cell down, and the units that are left go to the cells with the largest
remainders, the first of equals. Every margin is a sum of the same integers, so parts by instrument, by strategy and by
regime all sum to the total, to the unit. A cell is at most one unit from its unrounded value,
as far as floats resolve it.

References: Tasche (1999), Risk contributions and performance measurement; Epperlein, Smillie (2006), Cracking VaR with
kernels, Risk 19(8). Closing: largest remainders (Hamilton).
"""

from math import fsum
from typing import NamedTuple

import numpy as np

from operators.risk.checked import Floats, Integers, checked_matrix
from operators.risk.tail import shares, tail_weights, tells, var_scenario

UNIT = 1e-6  # quote currency
MOST_UNITS = 2.0**62  # integers of 64 bits hold them, and any sum of them


class Attribution(NamedTuple):
    """Parts of a risk in whole units; strategies by instruments by regimes."""

    cells: Integers
    unit: float  # quote currency

    @property
    def total(self) -> int:
        """All of it, units."""
        return int(self.cells.sum())

    @property
    def by_strategy(self) -> Integers:
        """Units."""
        return np.asarray(self.cells.sum(axis=(1, 2)), np.int64)

    @property
    def by_instrument(self) -> Integers:
        """Units."""
        return np.asarray(self.cells.sum(axis=(0, 2)), np.int64)

    @property
    def by_regime(self) -> Integers:
        """Units; by the regime in which the scenario happened."""
        return np.asarray(self.cells.sum(axis=(0, 1)), np.int64)


def es_attribution(
    scenarios: Floats, holdings: Floats, regimes: Integers, level: float, *, weights: Floats | None = None,
    unit: float = UNIT,
) -> Attribution | None:  # fmt: skip
    """ES in parts; holdings: strategies by instruments, signed notional; regimes: 0, 1, … of each scenario.

    None where there are too few scenarios for the level.
    """
    share = shares(len(scenarios), weights)
    if not tells(share, level):
        return None
    lost = _lost(scenarios, holdings)
    return closed(_cells(scenarios, holdings, regimes, tail_weights(lost, level, share)), unit)


def var_attribution(
    scenarios: Floats, holdings: Floats, regimes: Integers, level: float, *, weights: Floats | None = None,
    span: int | None = None, unit: float = UNIT,
) -> Attribution | None:  # fmt: skip
    """VaR in parts; span: ranks on either side that speak with the VaR scenario, by default a hundredth of all."""
    share = shares(len(scenarios), weights)
    if not tells(share, level):
        return None
    lost = _lost(scenarios, holdings)
    around = _around(lost, level, share, len(lost) // 100 if span is None else span)
    return closed(_cells(scenarios, holdings, regimes, around), unit)


def closed(cells: Floats, unit: float = UNIT) -> Attribution:
    """Cells in whole units that sum to the rounded total.

    >>> closed(np.array([[[0.4], [0.4], [0.4]]]), 1.0).cells.ravel()
    array([1, 0, 0])
    """
    if not float(np.abs(cells).sum()) / unit < MOST_UNITS:
        raise ValueError(f"parts up to {np.abs(cells).max():.3g} are not counted in units of {unit}")
    total = fsum(cells.ravel()) / unit
    exact = cells.ravel() / unit
    whole = np.floor(exact).astype(np.int64)
    everywhere, missing = divmod(round(total) - int(whole.sum()), whole.size)  # 0 each, but for floats beyond 2^53
    largest = np.argsort(-(exact - whole), kind="stable")
    whole += everywhere
    whole[largest[:missing]] += 1
    return Attribution(whole.reshape(cells.shape), unit)


def _lost(scenarios: Floats, holdings: Floats) -> Floats:
    scenarios = checked_matrix("scenarios", scenarios, np.shape(holdings)[-1])
    return np.asarray(-(scenarios @ checked_matrix("holdings", holdings).sum(axis=0)), np.float64)


def _cells(scenarios: Floats, holdings: Floats, regimes: Integers, counted: Floats) -> Floats:
    """−Σ_t counted_t × holding × return, by regime of t."""
    regimes = np.asarray(regimes, np.int64)
    if regimes.shape != (len(scenarios),) or regimes.min() < 0:
        raise ValueError(f"regimes must be {len(scenarios)} numbers from 0 on")
    means = np.zeros((int(regimes.max()) + 1, scenarios.shape[1]))
    np.add.at(means, regimes, counted[:, None] * scenarios)
    return np.asarray(-(holdings[:, :, None] * means.T[None, :, :]), np.float64)


def _around(lost: Floats, level: float, share: Floats, span: int) -> Floats:
    """Weights of the scenarios near the VaR in rank, such that their losses sum to it."""
    at = var_scenario(lost, level, share)
    alone = np.zeros(len(lost))
    alone[at] = 1.0
    rank = np.empty(len(lost))
    rank[np.argsort(lost, kind="stable")] = np.arange(len(lost))
    near = np.clip(1.0 - np.abs(rank - rank[at]) / (span + 1.0), 0.0, None) * share
    near /= near.sum() or 1.0
    mean = float(near @ lost)
    return near * (lost[at] / mean) if mean > 0.5 * lost[at] > 0.0 else alone
