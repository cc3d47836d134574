"""`features.moments`: how the mid price's one-second returns are distributed, and how far the mid is from its mean.

Reads ticks and the mid_price of "order_flow". Adds features "moments", Float64, of the log returns r over seconds of
event time (operators/features/seconds.py):
- return_mean m and return_variance v = Σ w (r − m)² / Σ w, per second; return_skewness = Σ w (r − m)³ / (Σ w · v^1.5);
  return_kurtosis = Σ w (r − m)⁴ / (Σ w · v²), 3 for a normal distribution; w halves every `half_life_s`;
- return_q05, return_q50, return_q95: quantiles of the last `window_s` returns (operators/features/quantiles.py);
- mid_z_score = (mid − m) / √v with m and v those of the mid price at the end of each second, weighted alike.

How moments are kept without losing digits: operators/features/central_moments.py. Seconds without an update come as one
value of their total weight.

Book rows (mid_price not NaN) drive it, every row of the instrument shows it; NaN in mid_price clears it.
Warm-up: NaN until WARM_UP_S seconds have ended after the first; quantiles until `window_s` have. Other NaN: cleared;
skewness, kurtosis and mid_z_score also where nothing has moved (mid_z_score: by less than RESOLUTION of it).
Cost: 0.02 µs per row, 3 µs per batch; a second that ends 0.2 µs.
Source: that of the moments, Pébay (2008), doi:10.2172/1028931.
"""

import math
from typing import Any

import numpy as np
from bytewax.operators import KeyedStream
from numpy.typing import NDArray

from market.batch import Batch, Structs
from operators.feature import feature
from operators.features import order_flow, quantiles
from operators.features.central_moments import MOMENTS, kurtosis_of, merge, skewness_of, variance_of
from operators.features.rows import DEPTH, RESET, SNAPSHOT
from operators.features.seconds import SECONDS, ended_by, last_return
from operators.kernel import TICKS, float64, int64, kernel, out_type, part, rows_type
from operators.stage import Stage, registered, wire

HALF_LIFE_S = 300.0
WARM_UP_S = 30
WINDOW_S = 300
RESOLUTION = 1e-12  # share of the mid price below which its standard deviation is rounding
COLUMNS = np.dtype(
    [
        (name, np.float64)
        for name in (
            *("return_mean", "return_variance", "return_skewness", "return_kurtosis"),
            *("return_q05", "return_q50", "return_q95", "mid_z_score"),
        )
    ]
)
STATE = np.dtype(
    [
        ("now", COLUMNS),
        ("seconds", SECONDS),
        ("returns", np.int64),  # since the last clear
        ("moves", MOMENTS),  # of returns
        ("mids", MOMENTS),  # of the mid price
        ("quantiles", quantiles.QUANTILES),
    ]
)


def empty(instruments: int) -> NDArray[np.void]:
    """No mid price yet."""
    state = np.zeros(instruments, STATE)
    state["now"] = np.nan
    return state


BLANK = empty(1)


@registered
def stage(*, half_life_s: float = HALF_LIFE_S, window_s: int = WINDOW_S) -> Stage:
    """half_life_s: seconds until a return weighs half, 1 … 86 400; window_s: returns of the quantiles, 10 … 300."""
    if not 1 <= half_life_s <= 86_400:
        raise ValueError(f"half_life_s must be 1 … 86400, got {half_life_s}")
    if not 10 <= window_s <= quantiles.MAX_WINDOW:
        raise ValueError(f"window_s must be 10 … {quantiles.MAX_WINDOW}, got {window_s}")
    decay = 0.5 ** (1.0 / half_life_s)

    def fill(rows: Structs, batch: Batch, out: Structs) -> None:
        measure(rows, batch.ticks, batch.features["order_flow"], decay, window_s, out)

    return feature("features.moments", "moments", COLUMNS, empty, fill)


def moments(
    step_id: str, up: KeyedStream[Batch], *, half_life_s: float = HALF_LIFE_S, window_s: int = WINDOW_S
) -> KeyedStream[Batch]:
    """The stage as a Bytewax step."""
    return wire(step_id, up, stage(half_life_s=half_life_s, window_s=window_s))


@part
def shape(s: Any, window: int) -> None:
    """The values that change once a second."""
    now, m = s["now"], s["moves"]
    now["return_mean"], now["return_variance"] = m["mean"], variance_of(m)
    now["return_skewness"], now["return_kurtosis"] = skewness_of(m), kurtosis_of(m)
    if s["returns"] >= window:
        now["return_q05"] = quantiles.quantile(s["quantiles"], window, 0.05)
        now["return_q50"] = quantiles.quantile(s["quantiles"], window, 0.50)
        now["return_q95"] = quantiles.quantile(s["quantiles"], window, 0.95)


@part
def end_seconds(s: Any, seconds: int, decay: float, window: int) -> None:
    """The second under way ends, and `seconds` − 1 more without an update."""
    r = last_return(s["seconds"])
    merge(s["mids"], s["seconds"]["mid"], seconds, decay)
    if not math.isnan(r):
        merge(s["moves"], r, 1, decay)
        quantiles.take(s["quantiles"], s["returns"], r, window)
        s["returns"] += 1
    if seconds > 1:
        merge(s["moves"], 0.0, seconds - 1, decay)
        quantiles.take_zeros(s["quantiles"], s["returns"], seconds - 1, window)
        s["returns"] += seconds - 1
    if s["returns"] >= WARM_UP_S:
        shape(s, window)


@part
def distance(s: Any, mid: float) -> float:
    """Of a mid price from the mean, in standard deviations; NaN where these are rounding."""
    m = s["mids"]
    deviation = math.sqrt(variance_of(m))
    return (mid - m["mean"]) / deviation if deviation > RESOLUTION * mid else np.nan


@kernel(out_type(STATE), TICKS, rows_type(order_flow.COLUMNS), float64, int64, out_type(COLUMNS), counted=False)
def measure(state: Any, ticks: Any, flow: Any, decay: float, window: int, out: Any) -> None:
    """Walk tick rows; out: one row for each."""
    for row in range(len(ticks)):
        tick = ticks[row]
        i = tick["instrument"]
        s, mid = state[i], flow[row]["mid_price"]
        if tick["kind"] in (SNAPSHOT, DEPTH, RESET):
            if mid > 0.0:
                seconds = ended_by(s["seconds"], tick)
                if seconds > 0:
                    end_seconds(s, seconds, decay, window)
                s["seconds"]["mid"] = mid
                if s["returns"] >= WARM_UP_S:
                    s["now"]["mid_z_score"] = distance(s, mid)
            elif s["seconds"]["mid"] > 0.0:
                state[i] = BLANK[0]
        out[row] = s["now"]
