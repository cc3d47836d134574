"""Probability of backtest overfitting: how often the variant that was best in one half is poor in the other. CSCV.

`returns`: T periods by V variants. The rows are cut into `blocks` (even) blocks of equal length, the first rows beyond
left out; every choice of half of the blocks is in-sample, the rest out of sample. The best in-sample Sharpe ratio
(the first of equals) gets the rank r of its out-of-sample ratio among all V (1 the worst, equals share the mean rank),
ω = r / (V + 1), logit = ln(ω / (1 − ω)). The probability of overfitting is the share of choices with logit ≤ 0: the
one that was chosen is no better than the median of what could have been.
A variant that never moved in a part has ratio 0 there.
Bailey, Borwein, López de Prado, Zhu (2017), The probability of backtest overfitting, doi:10.21314/JCF.2016.322.
Cost: C(blocks, blocks / 2) × V; 12 870 choices for 16 blocks.
"""

from itertools import combinations
from math import nan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from operators.analysis.returns import LEAST_SPREAD

Floats = NDArray[np.float64]
MOST_BLOCKS = 16
LEAST_ROWS = 2  # of a block


class Overfitting(NamedTuple):
    """What all choices of halves said."""

    probability: float  # of overfitting: share of logits at or below 0
    logits: Floats  # one for each choice
    loss: float  # share of choices whose best lost money out of sample
    slope: float  # of the best's ratio out of sample on its ratio in-sample; NaN where those do not differ
    combinations: int
    blocks: int


def cscv(returns: Floats, blocks: int = MOST_BLOCKS) -> Overfitting:
    """The answer for a matrix of T by V; raises ValueError for too few of either, or no numbers."""
    found = np.asarray(returns, np.float64)
    if found.ndim != 2 or found.shape[1] < 2:
        raise ValueError(f"two variants at least are compared, got an array of shape {found.shape}")
    if blocks % 2 or not 2 <= blocks <= MOST_BLOCKS:
        raise ValueError(f"blocks must be even, 2 … {MOST_BLOCKS}, got {blocks}")
    if len(found) < LEAST_ROWS * blocks:
        raise ValueError(f"{blocks} blocks need {LEAST_ROWS * blocks} periods, got {len(found)}")
    if not np.isfinite(found).all():
        raise ValueError("returns must be finite")
    scale = max(float(np.abs(found).max()), np.finfo(np.float64).tiny)
    sums, squares, rows = _block_sums(found / scale, blocks)
    half = rows * blocks // 2
    first, second = [], []
    for chosen in combinations(range(blocks), blocks // 2):
        inside = np.zeros(blocks, np.bool_)
        inside[list(chosen)] = True
        first.append(_ratios(sums[inside].sum(axis=0), squares[inside].sum(axis=0), half))
        second.append(_ratios(sums[~inside].sum(axis=0), squares[~inside].sum(axis=0), half))
    return _judged(np.stack(first), np.stack(second), blocks)


def _block_sums(returns: Floats, blocks: int) -> tuple[Floats, Floats, int]:
    """Sums and sums of squares of each block, blocks by V, and the rows of one."""
    rows = len(returns) // blocks
    cut = returns[len(returns) - rows * blocks :].reshape(blocks, rows, -1)
    return cut.sum(axis=1), (cut * cut).sum(axis=1), rows


def _ratios(total: Floats, squares: Floats, count: int) -> Floats:
    """Sharpe ratios of all variants from their sums; 0 where one never moved."""
    mean = total / count
    variance = squares / count - mean * mean
    moves = variance > LEAST_SPREAD * np.maximum(squares / count, np.finfo(np.float64).tiny)
    ratios: Floats = np.where(moves, mean / np.sqrt(np.where(moves, variance, 1.0)), 0.0)
    return ratios


def _judged(first: Floats, second: Floats, blocks: int) -> Overfitting:
    """first, second: ratios in-sample and out of sample, choices by variants."""
    rows = np.arange(len(first))
    best = first.argmax(axis=1)
    chosen = second[rows, best][:, np.newaxis]
    rank = (second < chosen).sum(axis=1) + ((second == chosen).sum(axis=1) + 1) / 2.0
    share = rank / (first.shape[1] + 1.0)
    logits = np.log(share / (1.0 - share))
    x, y = first[rows, best], second[rows, best]
    spread = float(((x - x.mean()) ** 2).sum())
    slope = float(((x - x.mean()) * (y - y.mean())).sum()) / spread if spread > LEAST_SPREAD else nan
    return Overfitting(float((logits <= 0.0).mean()), logits, float((y < 0.0).mean()), slope, len(first), blocks)
