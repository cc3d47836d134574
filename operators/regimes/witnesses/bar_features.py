"""What a closed bar says beside its return, as far as table `bars` has it.

range      √ log(high / low): Parkinson's range (1980), doi:10.1086/296071, the best witness of volatility in a bar
trades     √ number of trades: activity; the root makes the noise of a count even
flow_size  √ |ofi|: how hard the book was pushed
flow       the same with the sign of ofi (Cont, Kukanov, Stoikov 2014, doi:10.1093/jjfinec/nbt003)
imbalance  (buy − sell) / (buy + sell) volume of aggressors

NaN where it was not observed: range and imbalance in a bar without trades, flow in a bar without a valid book, all in
bars of history that do not have the columns.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Float64Array = NDArray[np.float64]

FEATURES = ("range", "trades", "flow_size", "flow", "imbalance")
SIGNED = np.array([False, False, False, True, True])
COLUMNS = ("high", "low", "trades", "ofi", "updates", "buy_volume", "sell_volume")  # of table `bars`


def measured(bars: Mapping[str, NDArray[np.float64]]) -> Float64Array:
    """R rows of FEATURES, from COLUMNS of R bars; no trades and no updates: nobody counted them, as in history."""
    high, low, trades, ofi, updates, bought, sold = (np.asarray(bars[name], np.float64) for name in COLUMNS)
    flow = np.sqrt(np.where(updates > 0, np.abs(ofi), np.nan))
    with np.errstate(invalid="ignore", divide="ignore"):
        features = (
            np.sqrt(np.log(high / low)),
            np.sqrt(np.where((trades > 0) | (updates > 0), trades, np.nan)),
            flow,
            np.sign(ofi) * flow,
            (bought - sold) / (bought + sold),
        )
    return np.ascontiguousarray(np.column_stack(features))
