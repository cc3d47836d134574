"""`correlation_break`: an alarm when the newest correlations are not those that stood before.

Returns are divided by their own forecast volatility (variances.py) and cut at ± CUT, so that neither a volatile hour
nor one bad tick is a break. Every `block_rows` rows their correlations R are compared with the standing ones R₀, which
rest on earlier blocks alone, in two numbers:

    concentration = atanh of the mean over pairs of s_i s_j r_ij, s the signs of R₀'s first eigenvector: how much all
        moves as one, or as its own opposite;
    distance = log of the standard deviation over pairs of s_i s_j (atanh(r) − atanh(r₀)): how far correlations have
        moved against each other, for 3 instruments and more.

No distribution is assumed for them: each is judged against its own past blocks,

    t = (now − mean) / (s √(1 + Σ w²)),   Student's t with 1 / Σ w² − 1 degrees of freedom,

two-sided for the concentration, upwards for the distance, p the smaller of both times 2 (Bonferroni). So fat tails, the
number of instruments and their true correlations do not change the rate of false alarms. With `false_alarms` = 0.001
per block it was 0.0007 … 0.0017, measured on 10 000 blocks each of Gaussian and Student-t(4) markets of 2, 10 and 40
instruments, and 0.0010 with GARCH volatility (tests/operators/portfolio/test_breaks.py). Comparing two correlation
matrices: Jennrich (1970), doi:10.1080/01621459.1970.10481133; its χ² needs Gaussian returns and n far below the rows.

Hysteresis: the alarm begins at p < false_alarms and ends after `calm_blocks` blocks in a row with p > CALM. Blocks are
learnt from in alarm too, cut at ± LEARNT standard deviations: what lasts becomes the new standing state.
Warm-up: `warm_up_blocks` blocks. NaN: not ready, or fewer than 2 instruments with half the rows of the block.
State: (block_rows + 2 n) n. Cost: 20 µs a row; a block of 100 instruments 3 ms.
A part of `portfolio.propose`.
"""

from math import isnan, log, nan, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from operators.portfolio import variances

Matrix = NDArray[np.float64]
CUT = 3.0  # standard deviations
CALM = 0.1
LEARNT = 3.0
LEAST = 1e-6  # distance of correlations that did not move
EDGE = 0.999  # correlations are drawn in so far before they are transformed


class Verdict(NamedTuple):
    """What a block said."""

    concentration: float
    distance: float
    p_value: float  # of the sharper of the two, times 2
    alarm: bool  # stands after this block
    changed: bool  # began or ended with it
    instruments: int  # that had enough rows
    time_ns: int = 0  # of the row that ended it, if the caller says


class Breaks(NamedTuple):
    """State."""

    false_alarms: float
    calm_blocks: int
    warm_up_blocks: int
    keep: float  # what a block leaves of the weight of those before it
    volatility: variances.Variances
    block: Matrix  # block_rows by n, standardised returns of the block under way
    counts: NDArray[np.int64]  # rows in the block, blocks, calm blocks in a row, whether in alarm
    weight: Matrix  # n by n, Σ w of blocks
    products: Matrix  # n by n, Σ w r of blocks
    past: Matrix  # 2 by (Σ w, Σ w², mean, Σ w deviation²), of the measures


def empty(
    n: int, *, block_rows: int = 60, half_life_blocks: float = 60.0, warm_up_blocks: int = 20,
    false_alarms: float = 0.001, calm_blocks: int = 3, volatility_half_life_rows: float = 60.0,
) -> Breaks:  # fmt: skip
    """block_rows: at least 10; half_life_blocks, warm_up_blocks: at least 5; false_alarms: 0 … 0.1 per block."""
    if block_rows < 10 or half_life_blocks < 5 or warm_up_blocks < 5 or calm_blocks < 1:
        raise ValueError("block_rows must be ≥ 10, half_life_blocks and warm_up_blocks ≥ 5, calm_blocks ≥ 1")
    if not 0 < false_alarms < CALM:
        raise ValueError(f"false_alarms must be within 0 … {CALM}, got {false_alarms}")
    alpha, beta = variances.weighting(volatility_half_life_rows)
    return Breaks(
        false_alarms, calm_blocks, warm_up_blocks, 0.5 ** (1.0 / half_life_blocks),
        variances.empty(n, alpha=alpha, beta=beta, warm_up_rows=block_rows, most=CUT), np.full((block_rows, n), np.nan),
        np.zeros(4, np.int64), np.zeros((n, n)), np.zeros((n, n)), np.zeros((2, 4)),
    )  # fmt: skip


def update(state: Breaks, returns: Matrix) -> Verdict | None:
    """Take a row of n returns; a verdict where it ends a block."""
    standard = variances.update(state.volatility, returns)
    if not np.isfinite(standard).any():
        return None
    state.block[state.counts[0]] = np.clip(standard, -CUT, CUT)
    state.counts[0] += 1
    if state.counts[0] < len(state.block):
        return None
    state.counts[0] = 0
    return _judge(state)


def _judge(state: Breaks) -> Verdict:
    found = block_correlation(state.block)
    known = np.isfinite(found)
    standing = np.full_like(found, nan)
    np.divide(state.products, state.weight, out=standing, where=state.weight > 0)
    measured = compared(found, standing)
    p_value = _p_value(state, measured)
    for number, value in enumerate(measured):
        if not isnan(value):
            _learn(state.past[number], value, state.keep)
    state.weight[...] = state.keep * state.weight + known
    state.products[...] = state.keep * state.products + np.where(known, found, 0.0)
    changed = _alarm(state, p_value)
    alarm = bool(state.counts[3])
    return Verdict(*measured, p_value, alarm, changed, int(np.diagonal(known).sum()))


def block_correlation(block: Matrix) -> Matrix:
    """Correlations about zero of rows by n; NaN for instruments with less than half of the rows."""
    there = np.isfinite(block)
    values = np.where(there, block, 0.0)
    squares = (values**2).T @ there  # of i, where j is there too
    with np.errstate(divide="ignore", invalid="ignore"):
        found = (values.T @ values) / np.sqrt(squares * squares.T)
    pairs = there.T.astype(np.int64) @ there.astype(np.int64)
    enough = (2 * np.diagonal(pairs) >= len(block)) & (np.diagonal(squares) > 0)
    found[~np.outer(enough, enough)] = nan
    np.fill_diagonal(found, np.where(enough, 1.0, nan))
    return np.clip(np.where(np.outer(enough, enough) & np.isnan(found), 0.0, found), -1.0, 1.0)


def compared(found: Matrix, standing: Matrix) -> tuple[float, float]:
    """Concentration and distance of a block; n by n, NaN where not known; NaN for too few instruments."""
    known = np.isfinite(np.diagonal(found)) & np.isfinite(np.diagonal(standing))
    n = int(known.sum())
    if n < 2:
        return nan, nan
    now, before = (np.nan_to_num(one[np.ix_(known, known)]) for one in (found, standing))
    signs = np.where(np.linalg.eigh(before)[1][:, -1] < 0, -1.0, 1.0)
    sides, pairs = np.outer(signs, signs), np.triu_indices(n, 1)
    mean = float((sides * now)[pairs].mean())
    gap = (sides * (np.arctanh(EDGE * now) - np.arctanh(EDGE * before)))[pairs]
    distance = log(max(float(gap.std()), LEAST)) if n > 2 else nan
    return float(np.arctanh(EDGE * mean)), distance


def _p_value(state: Breaks, measured: tuple[float, float]) -> float:
    """How often a block like those before would be so far off; NaN while not ready."""
    found = []
    for number, value in enumerate(measured):
        weight, squares, mean, spread = state.past[number]
        rows = weight * weight / squares if squares > 0 else 0.0
        if isnan(value) or state.counts[1] < state.warm_up_blocks or rows < 3 or not spread > 0:
            continue
        deviation = sqrt(spread / (weight - squares / weight) * (1.0 + 1.0 / rows))
        t = (value - mean) / deviation
        found.append(2.0 * float(stdtr(rows - 1.0, -abs(t))) if number == 0 else float(stdtr(rows - 1.0, -t)))
    return min(1.0, len(found) * min(found)) if found else nan


def _learn(past: Matrix, value: float, keep: float) -> None:
    """Take a measure into its past; one far off counts as LEARNT standard deviations."""
    weight, squares, mean, spread = past
    rows = weight * weight / squares if squares > 0 else 0.0
    if rows >= 5 and spread > 0:
        reach = LEARNT * sqrt(spread / (weight - squares / weight))
        value = min(max(value, mean - reach), mean + reach)
    weight, squares = keep * weight + 1.0, keep * keep * squares + 1.0
    gap = value - mean
    past[:] = weight, squares, mean + gap / weight, keep * spread + (1.0 - 1.0 / weight) * gap * gap


def _alarm(state: Breaks, p_value: float) -> bool:
    """Whether the alarm began or ended."""
    state.counts[1] += 1
    if isnan(p_value):
        return False
    before = bool(state.counts[3])
    state.counts[2] = state.counts[2] + 1 if p_value > CALM else 0
    if p_value < state.false_alarms:
        state.counts[3] = 1
    elif before and state.counts[2] >= state.calm_blocks:
        state.counts[3] = 0
    return before != bool(state.counts[3])
