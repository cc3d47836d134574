"""History in the stream: bars that a person imported, told by frames of their own (`market.record.Bar`).

They are of another time than the frames around them. Bars, statistics and regimes learn from them; what asks about the
present (coverage, latencies, signals, the pace of a replay) passes over their frames, `batch.past`.
"""

import numpy as np
from numpy.typing import NDArray

from market.batch import Batch

HISTORY = "history"  # the table of a batch with its bars of history (BAR); the source of their rows in the journal


def live_times(batch: Batch) -> NDArray[np.int64]:
    """Receive times of the frames, 0 for those that tell history: before any other, so that nothing moves."""
    if not batch.past:
        return batch.receive_times
    times = batch.receive_times.copy()
    times[list(batch.past)] = 0
    return times
