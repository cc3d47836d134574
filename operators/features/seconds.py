"""Seconds of event time and the returns of the mid price over them; what `volatility` and `moments` share.

A second ends with the first row stamped in a later one; its return is the log of its last mid over the last mid of the
second before. Seconds without an update have a return of 0 and count. Rows without a believable stamp (see
operators/features/rows.py), or of a second that has passed, change the mid but not the second.
"""

import math
from typing import Any

import numpy as np

from market.clock import SECOND_NS
from operators.features.rows import event_time
from operators.kernel import part

SECONDS = np.dtype(
    [
        ("second", np.int64),  # the second of event time under way; 0: none
        ("mid", np.float64),  # newest mid price; 0: none
        ("before", np.float64),  # mid price at the end of the last second; 0: none
    ]
)


@part
def ended_by(c: Any, tick: Any) -> int:
    """How many seconds a row's stamp ends: the one under way, and each after it without an update; 0 for most rows."""
    second = event_time(tick, c["second"] * SECOND_NS) // SECOND_NS
    ended = second - c["second"] if c["second"] > 0 and c["mid"] > 0.0 else 0
    c["second"] = second
    return int(ended)


@part
def last_return(c: Any) -> float:
    """Close the second under way: its log return, NaN for the first after a clear."""
    before = c["before"]
    c["before"] = c["mid"]
    # No quotient of large numbers: safe at any price.
    return math.log1p((c["mid"] - before) / before) if before > 0.0 else np.nan


@part
def weight_of(decay: float, values: int) -> float:
    """Sum of the weights of so many successive values, the newest of which weighs 1."""
    return (1.0 - math.pow(decay, float(values))) / (1.0 - decay)
