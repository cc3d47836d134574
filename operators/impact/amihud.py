"""Amihud's illiquidity: how much the price moves per notional traded, whoever trades and whichever way.

amihud = 10⁶ · Σ w |r| / Σ w notional over seconds of event time, r the log return of the mid price in the second,
notional price × size of its trades, w halving every half-life. Log return per million of quote currency (for inverse
contracts: per million of price × contracts). The ratio of sums, not Amihud's mean of ratios, which one second with
hardly a trade would rule. Amihud (2002), doi:10.1016/S1386-4181(01)00024-6.
A part of `impact.calibrate`.
"""

from typing import Any

import numpy as np

from operators.kernel import part

MILLION = 1e6
AMIHUD = np.dtype([("moves", np.float64), ("notional", np.float64)])


@part
def observe(a: Any, log_return: float, notional: float, share: float) -> None:
    """One second that ended; `share` is what the seconds before keep of their weight."""
    a["moves"] = share * a["moves"] + abs(log_return)
    a["notional"] = share * a["notional"] + notional


@part
def value(a: Any) -> float:
    """NaN until there was a trade."""
    return MILLION * a["moves"] / a["notional"] if a["notional"] > 0.0 else np.nan
