"""Figures of one account: each a number that was measured, or the reason why it cannot be told.

A figure from too little is worse than none, so each kind has a least sample:
ratios and their errors LEAST_PERIODS returns, of which LEAST_MOVES are not 0; yearly growth LEAST_DAYS.
"""

from dataclasses import dataclass, field
from functools import partial
from math import isfinite, sqrt

import numpy as np
import polars as pl

from flows.backtest.account import Run
from flows.backtest.periods import per_year, returns_of
from operators.analysis import resampling, returns, sharpe
from operators.analysis.returns import Floats
from operators.portfolio.policy import YEAR_S

LEAST_PERIODS, LEAST_MOVES = 30, 10
LEAST_DAYS = 30.0
LEVEL = 0.95
DAY_S = 86_400.0
COSTS = ("fee", "spread", "impact")


@dataclass
class Section:
    """Named figures in their order; None where one cannot be told, and why."""

    values: dict[str, float | None] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, value: float, reason: str = "it is not defined for these returns") -> None:
        """A figure; the reason counts where the value is not finite."""
        known = isfinite(value)
        self.values[name] = value if known and isinstance(value, int) else float(value) if known else None
        if not known:
            self.unknown[name] = reason

    def get(self, name: str) -> float | None:
        """A figure; None where it is not known or not there."""
        return self.values.get(name)


def account_figures(run: Run, period_ns: int, *, trials: int, variance: float, seed: int) -> Section:
    """All figures of an account. trials, variance: of the Sharpe ratios of all variants that were tried."""
    made = Section()
    equity, changes = run.periods["equity"], returns_of(run.periods["equity"], run.capital)
    yearly = per_year(run.periods, period_ns)
    days = len(changes) / yearly * YEAR_S / DAY_S if len(changes) else 0.0
    few = too_few(changes)
    made.add("periods", len(changes))
    made.add("days", days)
    made.add("return", returns.total(changes))
    short = f"{days:.1f} days; {LEAST_DAYS:.0f} are needed" if days < LEAST_DAYS else ""
    made.add("yearly_return", np.nan if short else returns.growth(changes, yearly), short)
    made.add("yearly_volatility", np.nan if few else returns.volatility(changes) * sqrt(yearly), few)
    _ratios(made, changes, yearly, few, seed)
    _confidence(made, changes, yearly, few, trials, variance)
    _drawdown(made, np.concatenate([[run.capital], equity.to_numpy()]), YEAR_S / DAY_S / yearly)
    _trading(made, run, days)
    return made


def ratio_figures(changes: Floats, yearly: float) -> Section:
    """Return, volatility, Sharpe ratio with its error, and drawdown of returns alone. yearly: periods in a year."""
    made, few, scale = Section(), too_few(changes), sqrt(yearly) if yearly > 0 else np.nan
    made.add("periods", len(changes))
    made.add("return", returns.total(changes))
    made.add("yearly_volatility", np.nan if few else returns.volatility(changes) * scale, few)
    made.add("sharpe", np.nan if few else returns.sharpe(changes) * scale, few)
    made.add("sharpe_error", np.nan if few else sharpe.standard_error(changes) * scale, few)
    made.add("max_drawdown", returns.drawdown(np.cumprod(np.concatenate([[1.0], 1.0 + changes]))).depth)
    return made


def trade_figures(run: Run) -> Section:
    """Turnover and costs of an account, shares of its capital at the start."""
    made = Section()
    made.add("fills", len(run.trades))
    made.add("turnover", _sum(run.trades, "notional") / run.capital)
    made.add("costs", sum(_sum(run.trades, name) for name in COSTS) / run.capital)
    return made


def too_few(changes: Floats) -> str:
    """Why ratios of these returns cannot be told; empty where they can."""
    moves = int((changes != 0.0).sum())
    if len(changes) < LEAST_PERIODS:
        return f"{len(changes)} periods; {LEAST_PERIODS} are needed"
    if moves < LEAST_MOVES:
        return f"{moves} periods in which equity moved; {LEAST_MOVES} are needed"
    return "" if returns.differ(changes) else "the returns do not differ"


def _ratios(made: Section, changes: Floats, yearly: float, few: str, seed: int) -> None:
    scale = sqrt(yearly) if isfinite(yearly) else np.nan
    made.add("sharpe", np.nan if few else returns.sharpe(changes) * scale, few)
    made.add("sharpe_error", np.nan if few else sharpe.standard_error(changes) * scale, few)
    named = {
        "sharpe": lambda drawn: returns.sharpe(drawn) * scale,
        "return": returns.total,
    }
    for name, statistic in named.items():
        low, high = (np.nan, np.nan) if few else resampling.interval(changes, statistic, seed=seed, level=LEVEL)
        made.add(f"{name}_low", low, few or "too few draws in which it is defined")
        made.add(f"{name}_high", high, few or "too few draws in which it is defined")
    made.add("sortino", np.nan if few else returns.sortino(changes) * scale, few or "no return is below 0")


def _confidence(made: Section, changes: Floats, yearly: float, few: str, trials: int, variance: float) -> None:
    """What the Sharpe ratio is worth: ratios inside are of one period."""
    skew, kurtosis = sharpe.skew_and_kurtosis(changes) if not few else (np.nan, np.nan)
    ratio = np.nan if few else returns.sharpe(changes)
    made.add("skew", skew, few)
    made.add("kurtosis", kurtosis, few)
    known = partial(sharpe.probabilistic, ratio, len(changes), skew, kurtosis)
    made.add("probabilistic_sharpe", np.nan if few else known(), few)
    made.add("trials", trials)
    luck = sharpe.expected_maximum(variance, trials) if isfinite(variance) else np.nan
    made.add("sharpe_of_luck", luck * sqrt(yearly) if isfinite(yearly) else np.nan, "the trials' ratios are not known")
    made.add("deflated_sharpe", np.nan if few else known(luck), few or "the trials' ratios are not known")
    needed = np.nan if few else sharpe.minimum_track_record(ratio, skew, kurtosis, level=LEVEL)
    days = needed / yearly * YEAR_S / DAY_S if isfinite(yearly) else np.nan
    made.add(
        "minimum_track_record_days", days, few or "no record is long enough for a Sharpe ratio that is not above 0"
    )


def _drawdown(made: Section, curve: Floats, days: float) -> None:
    """days: of a period, hours in which the market is closed shared out over all."""
    fall = returns.drawdown(curve)
    made.add("max_drawdown", fall.depth)
    made.add("max_drawdown_days", (fall.low - fall.high) * days)
    made.add("longest_drawdown_days", fall.longest * days)


def _trading(made: Section, run: Run, days: float) -> None:
    """Turnover, costs and hits; shares of the capital at the start."""
    trades, capital = run.trades, run.capital
    none = "nothing was traded"
    made.add("fills", len(trades))
    made.add("turnover", _sum(trades, "notional") / capital)
    made.add(
        "yearly_turnover", _sum(trades, "notional") / capital * 365.25 / days if days else np.nan, "no time passed"
    )
    for name in COSTS:
        made.add(f"cost_{name}", _sum(trades, name) / capital)
    costs = sum(_sum(trades, name) for name in COSTS)
    made.add("costs", costs / capital)
    made.add("gross_return", (_profit(run) + costs) / capital)
    worth = _sum(trades, "notional")
    made.add("cost_bps", costs / worth * 1e4 if worth else np.nan, none)
    made.add("delay_bps", _sum(trades, "delay") / worth * 1e4 if worth else np.nan, none)
    closed = trades.filter(pl.col("closed_profit") != 0.0)["closed_profit"].to_numpy()
    made.add("hit_rate", returns.hit_rate(closed), "no position was closed")
    _capacity(made, run)


def _profit(run: Run) -> float:
    return float(run.periods["equity"][-1]) - run.capital if len(run.periods) else 0.0


def _sum(frame: pl.DataFrame, name: str) -> float:
    values = frame[name].to_numpy()
    return float(np.nansum(values)) if len(values) else 0.0


def _capacity(made: Section, run: Run) -> None:
    """The capital at which costs eat half of the gross return, by the square-root law of impact.

    Fees and spread are shares of what is traded, whatever its size; impact per unit grows with the root of size, so
    with capital C instead of C₀ it is √(C / C₀) times as large a share. Half of gross = linear + impact √(C / C₀).
    """
    linear = sum(_sum(run.trades, name) for name in ("fee", "spread"))
    impact = _sum(run.trades, "impact")
    gross = _profit(run) + linear + impact
    if gross <= 0.0:
        made.add("capacity", np.nan, "there is no gross profit that costs could eat")
    elif linear >= gross / 2.0:
        made.add("capacity", np.nan, "fees and spread alone eat half of the gross profit, at any capital")
    elif impact <= 0.0:
        made.add("capacity", np.nan, "no impact was charged, so nothing bounds it; give --impact above 0")
    else:
        made.add("capacity", run.capital * ((gross / 2.0 - linear) / impact) ** 2)
