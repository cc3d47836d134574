"""Trades that are taken back or corrected after the fact: the bars that they are in, given again; a part of `bars`.

A correction changes neither the book nor event time: the trade keeps its time and its aggressor, and gets another price
and size, and the id that later corrections name it by. All bars that hold it and have closed are given again with
`revision` one higher, equal to what they would be had the trade come as it is now, or never; open ones close so.
"""

from typing import Any

import numpy as np

from market.schema import NO_SEQUENCE
from operators.growing_bars import GROWING, Series, emit, empty
from operators.kernel import kernel, out_type, part, rows_type, state_type
from operators.recent_trades import INTERVALS, NOT_KEPT, TAKEN_BACK, find, retell

# A row of market.schema.CORRECTION as a kernel takes it.
CHANGE = np.dtype(
    [(name, np.int64) for name in ("instrument", "trade_id", "new_trade_id", "receive_time", "frame")]
    + [("new_price", np.float64), ("new_size", np.float64)]
)
MOST_PER_CHANGE = len(INTERVALS)  # bars
DONE, UNKNOWN, REPEATED, TOO_LATE = 0, 1, 2, 3  # what became of a correction
OUTCOME = np.dtype([("outcome", np.int64)])


@part
def alter(trade: Any, change: Any) -> None:
    """Make a trade what a correction says; one without a new id, or without a size, is taken back."""
    if change["new_trade_id"] == NO_SEQUENCE or not change["new_size"] > 0.0:
        trade["there"] = 0
        return
    trade["id"], trade["price"], trade["size"] = change["new_trade_id"], change["new_price"], change["new_size"]


@kernel(state_type(empty(0)), rows_type(CHANGE), out_type(GROWING), out_type(OUTCOME))
def correct(series: Series, changes: Any, out: Any, outcomes: Any) -> int:
    """Take corrections in their order, and give again the bars concerned; how many bars were written to `out`."""
    made, kept = 0, series.bars.shape[2]
    for row in range(len(changes)):
        change = changes[row]
        i = change["instrument"]
        place = find(series.recent, i, change["trade_id"]) if i >= 0 else NOT_KEPT
        if place < 0:
            outcomes[row]["outcome"] = REPEATED if place == TAKEN_BACK else UNKNOWN
            continue
        trade = series.recent.trades[i, place]
        alter(trade, change)
        outcomes[row]["outcome"] = DONE
        if trade["counts"] == 0:
            continue
        for t in range(len(INTERVALS)):
            number = trade["time"] // INTERVALS[t]
            bar = series.bars[i, t, number % kept]
            if bar["number"] != number or number + kept <= series.watermark[i] // INTERVALS[t]:
                outcomes[row]["outcome"] = TOO_LATE
                continue
            retell(series.recent, bar)
            if bar["closed"] != 0:
                bar["revision"] += 1
                made = emit(series, bar, out, made, change["receive_time"], change["frame"])
    return made
