"""The same figures by regime: what was earned in periods that began in each state of each view.

A period of an instrument counts for the regime that was held when it began, so nothing is sorted by what came later.
Returns are profits of one instrument as a share of the whole account's equity when the period began.
"""

from math import sqrt

import numpy as np
import polars as pl

from flows.backtest.account import Run
from flows.backtest.figures import COSTS, Section, too_few
from market.regimes import UNKNOWN, VIEWS
from operators.analysis import returns, sharpe

STATES = ((UNKNOWN, UNKNOWN), *((view, state) for view, states in VIEWS.items() for state in states))


def by_regime(run: Run, yearly: float) -> dict[str, Section]:
    """Figures by "view/state", and "unknown"; those of states that never stood say so. yearly: periods in a year."""
    total = len(run.parts)
    found = {}
    for view, state in STATES:
        rows = run.parts.filter(pl.col("regime").str.split("/").list.contains(state))
        found[state if view == UNKNOWN else f"{view}/{state}"] = _figures(rows, total, run.capital, yearly)
    return found


def _figures(rows: pl.DataFrame, total: int, capital: float, yearly: float) -> Section:
    made = Section()
    made.add("periods", len(rows))
    made.add("share_of_time", len(rows) / total if total else np.nan, "there is no period")
    if rows.is_empty():
        return made
    changes = np.maximum((rows["profit"] / rows["capital"]).to_numpy(), -1.0)
    few = too_few(changes)
    scale = sqrt(yearly)
    made.add("return", float(rows["profit"].sum()) / capital)
    made.add("yearly_volatility", np.nan if few else returns.volatility(changes) * scale, few)
    made.add("sharpe", np.nan if few else returns.sharpe(changes) * scale, few)
    made.add("sharpe_error", np.nan if few else sharpe.standard_error(changes, lags=0) * scale, few)
    made.add("sortino", np.nan if few else returns.sortino(changes) * scale, few or "no return is below 0")
    made.add("max_drawdown", returns.drawdown(np.cumprod(np.concatenate([[1.0], 1.0 + changes]))).depth)
    made.add("turnover", float(rows["traded"].sum()) / capital)
    for name in COSTS:
        made.add(f"cost_{name}", float(rows[name].sum()) / capital)
    made.add("hit_rate", returns.hit_rate(changes), "nothing was held")
    return made
