"""Order flow of recorded updates over windows of any length: in book updates, in seconds, or in traded volume.

The window of update n with length h ends with it and holds
- events: the last h updates;
- seconds: the updates whose event time is later than that of n by less than h seconds before it;
- volume: the fewest updates, newest first, before and with which at least h was traded.
It is full when its run goes back so far; otherwise everything about it is NaN.
Measures and references: operators/features/order_flow.py.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from market.batch import Structs
from market.clock import SECOND_NS
from market.schema import DEPTH_LEVELS
from operators.analysis.history import UPDATE
from operators.kernel import column, float64, int64, kernel, rows_type

Unit = Literal["events", "seconds", "volume"]
NAMES = ("ofi", "ofi_deep", "ofi_normalised", "ofi_integrated", "signed_volume")
MOST = 1e9  # of any unit
REBUILD = 4_096  # updates after which sums are made anew, so that rounding never gathers


def horizons_of(updates: Structs, horizons: Sequence[float], unit: Unit) -> pl.DataFrame:
    """One row per update: when it was, and five measures for each horizon, named `ofi_10`, `ofi_deep_10`, …

    Raises ValueError for an unknown unit and for a horizon that is not above 0, or no whole number of events.
    """
    if len({f"{horizon:g}" for horizon in horizons}) < len(horizons):
        raise ValueError(f"horizons must differ in their first six digits, got {list(horizons)}")
    columns: dict[str, Any] = {name: updates[name].copy() for name in ("event_time", "receive_time", "sequence")}
    for horizon in horizons:
        _check(horizon, unit)
        out = np.empty((len(NAMES), len(updates)))
        window_sums(updates, _starts(updates, horizon, unit), out)
        columns |= {f"{name}_{horizon:g}": values for name, values in zip(NAMES, out, strict=True)}
    return pl.DataFrame(columns)


def _check(horizon: float, unit: Unit) -> None:
    if unit not in ("events", "seconds", "volume"):
        raise ValueError(f"unit must be events, seconds or volume, got {unit!r}")
    if not 0 < horizon <= MOST or (unit == "events" and horizon != int(horizon)):
        raise ValueError(f"a horizon must be a number of {unit} above 0 and up to {MOST:g}, got {horizon}")


def _starts(updates: Structs, horizon: float, unit: Unit) -> NDArray[np.int64]:
    """The first update of each one's window, −1 where the window is not full. Ascending within a run."""
    found = np.full(len(updates), -1, np.int64)
    edges = np.flatnonzero(np.diff(updates["run"], prepend=-1))
    for first, last in pairwise([*edges, len(updates)]):
        run = updates[first:last]
        if unit == "events":
            # The first update of a run has no flow yet: e_n begins with the second.
            start = np.arange(len(run)) - int(horizon) + 1
            full = start >= 1
        elif unit == "seconds":
            begins = run["event_time"] - round(horizon * SECOND_NS)
            start = np.maximum(np.searchsorted(run["event_time"], begins, side="right"), 1)
            full = begins >= run["event_time"][0]
        else:
            traded = np.cumsum(run["volume"])
            start = np.searchsorted(traded, traded - horizon, side="right")
            full = traded >= horizon
            start = np.maximum(start, 1)
        found[first:last] = np.where(full & (np.arange(len(run)) >= 1), first + start, -1)
    return found


@kernel(rows_type(UPDATE), column(int64), float64[:, ::1])
def window_sums(updates: Any, starts: Any, out: Any) -> None:
    """Write the measures of the windows [starts[n], n]; out: NAMES by updates."""
    flow = np.zeros(DEPTH_LEVELS)
    touch, depth, signed, head, tail = 0.0, 0.0, 0.0, 0, 0
    for n in range(len(updates)):
        start = starts[n]
        if start < 0 or start > n:
            out[:, n] = np.nan if start < 0 else 0.0
            if start > n:
                out[2:4, n] = np.nan
            continue
        if head == tail or start < tail or start >= head or n % REBUILD == 0:
            flow[:] = 0.0
            touch, depth, signed, head, tail = 0.0, 0.0, 0.0, start, start
        while head <= n:
            one = updates[head]
            for m in range(DEPTH_LEVELS):
                flow[m] += one["flow"][m]
            touch += one["touch"]
            depth += one["depth"]
            signed += one["signed_volume"]
            head += 1
        while tail < start:
            one = updates[tail]
            for m in range(DEPTH_LEVELS):
                flow[m] -= one["flow"][m]
            touch -= one["touch"]
            depth -= one["depth"]
            signed -= one["signed_volume"]
            tail += 1
        deep, integrated = 0.0, 0.0
        for m in range(DEPTH_LEVELS):
            deep += flow[m]
            integrated += flow[m] * updates[n]["component"][m]
        count = n - start + 1
        out[0, n], out[1, n], out[2, n] = flow[0], deep, flow[0] / (touch / count)
        out[3, n], out[4, n] = integrated / (depth / count), signed
