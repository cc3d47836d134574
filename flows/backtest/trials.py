"""All variants over one tape, the one that is reported, and what the others say about it.

Reported is the variant with the highest Sharpe ratio over the whole tape (the first of equals), because that is what a
person would have chosen; what the choice is worth is told by the deflated ratio, by the walk-forward folds and by the
probability of overfitting.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from flows.backtest.account import Run, run
from flows.backtest.figures import LEAST_PERIODS, Section, ratio_figures
from flows.backtest.folds import Fold, folds_of, joined
from flows.backtest.periods import returns_of
from flows.backtest.plan import Plan
from flows.backtest.tape import Progress, Tape
from flows.backtest.trading_stages import trading_stages
from flows.backtest.variants import Values, name_of
from flows.settings import Settings
from operators.analysis.overfitting import MOST_BLOCKS, Overfitting, cscv
from operators.analysis.returns import sharpe

LEAST_ROWS, LEAST_BLOCKS = 5, 4  # of a block, and of blocks, for a probability of overfitting


@dataclass(frozen=True)
class Trials:
    """Runs of all variants over the same periods."""

    values: tuple[Values, ...]
    settings: tuple[Settings, ...]
    runs: tuple[Run, ...]
    period_ns: int
    timeframe: str  # whose regimes figures are split by

    @cached_property
    def returns(self) -> NDArray[np.float64]:
        """Of T periods by V variants."""
        return np.stack([returns_of(run.periods["equity"], run.capital) for run in self.runs], axis=1)

    @cached_property
    def ratios(self) -> NDArray[np.float64]:
        """Sharpe ratio of one period, of each variant; NaN where it is not defined."""
        return np.array([sharpe(column) for column in self.returns.T])

    @cached_property
    def chosen(self) -> int:
        """The variant that is reported."""
        return int(np.nanargmax(self.ratios)) if np.isfinite(self.ratios).any() else 0

    @property
    def names(self) -> list[str]:
        """Each variant in a few words."""
        return [name_of(values) for values in self.values]

    def variance(self, trials: int) -> float:
        """Of the trials' ratios: as measured over the variants; of one only, that of luck alone, 1 / (T − 1), which is
        also the least where there were trials that are not among the variants.
        """
        known = self.ratios[np.isfinite(self.ratios)]
        luck = 1.0 / (len(self.returns) - 1.0) if len(self.returns) > 1 else np.nan
        if len(known) > 1:
            measured = float(known.var(ddof=1))
            return max(measured, luck) if trials > len(self.runs) else measured
        return luck


def tried(
    tape: Tape,
    variants: Sequence[tuple[Values, Settings]],
    *,
    period_ns: int,
    timeframe: str,
    progress: Progress,
    bar_ns: int = 0,
) -> Trials:
    """Run every variant over the tape; bar_ns: length of the longest bars that prices are told by."""
    runs = []
    for number, (values, settings) in enumerate(variants, 1):
        what = "trading" if len(variants) == 1 else f"trading {number} of {len(variants)}: {name_of(values)}"
        runs.append(
            run(
                tape,
                trading_stages(settings, bar_ns=bar_ns),
                capital=settings.portfolio.capital,
                period_ns=period_ns,
                regime_timeframe=timeframe,
                progress=progress,
                what=what,
            )
        )
    all_values, all_settings = tuple(values for values, _ in variants), tuple(settings for _, settings in variants)
    return Trials(all_values, all_settings, tuple(runs), period_ns, timeframe)


def walked(trials: Trials, plan: Plan) -> tuple[list[Fold], int, str]:
    """The folds and the embargo in periods, or why there are none."""
    count = len(trials.returns)
    embargo = plan.embargo if plan.embargo is not None else -(-count // 100)
    try:
        return folds_of(trials.returns, plan.folds, embargo), embargo, ""
    except ValueError as error:
        return [], embargo, str(error)


def overfitted(trials: Trials) -> tuple[Overfitting | None, str]:
    """The probability of overfitting by CSCV, or why there is none."""
    periods, variants = trials.returns.shape
    if variants < 2:
        return None, "one variant was run; name some with --vary"
    blocks = min(MOST_BLOCKS, periods // LEAST_ROWS // 2 * 2)
    if blocks < LEAST_BLOCKS or periods < LEAST_PERIODS:
        return None, f"{periods} periods; {max(LEAST_PERIODS, LEAST_ROWS * LEAST_BLOCKS)} are needed"
    if not (np.isfinite(trials.ratios).sum() > 1):
        return None, "fewer than two variants traded"
    return cscv(trials.returns, blocks), ""


def judged(trials: Trials, folds: Sequence[Fold], yearly: float) -> Section:
    """What the folds' choices came to out of sample, joined."""
    return ratio_figures(joined(trials.returns, list(folds)), yearly)
