"""`features.volatility`: how much the mid price moves, per square-root second, lately, and whether it jumped.

Reads ticks and the mid_price of "order_flow". Adds features "volatility", Float64:
- realised_volatility = √(Σ w r² / Σ w), per √s of log returns, r_k the log return of the mid over the k-th second of
  event time (operators/features/seconds.py), w weights that halve every `half_life_s`;
- bipower_volatility = √(π/2 · Σ w |r_k| |r_{k−1}| / Σ w), per √s: the same without the part that jumps make;
- jump_statistic: z of the ratio test over the last `window_s` returns (operators/features/jumps.py); above 2.3 a price
  that does not jump is found one time in a hundred.

Book rows (mid_price not NaN) drive it, every row of the instrument shows it; NaN in mid_price clears it, so no return
spans a gap.
Warm-up: NaN until WARM_UP_S seconds have ended after the first, jump_statistic until `window_s` have. Other NaN:
cleared; jump_statistic also where the price stood still, or never moved in two seconds on end.
The square is of a log return of about 10⁻⁵ and no difference of large sums is taken: safe at any price.
Cost: 0.02 µs per row, 3 µs per batch; a second that ends 0.1 µs.
RiskMetrics Technical Document (1996), section 5.2, on one-second previous-tick sampling; Barndorff-Nielsen, Shephard
(2004), Power and bipower variation with stochastic volatility and jumps, doi:10.1093/jjfinec/nbh001.
"""

import math
from typing import Any

import numpy as np
from bytewax.operators import KeyedStream
from numpy.typing import NDArray

from market.batch import Batch, Structs
from operators.feature import feature
from operators.features import jumps, order_flow
from operators.features.rows import DEPTH, RESET, SNAPSHOT
from operators.features.seconds import SECONDS, ended_by, last_return, weight_of
from operators.kernel import TICKS, float64, int64, kernel, out_type, part, rows_type
from operators.stage import Stage, registered, wire

HALF_LIFE_S = 60.0
WARM_UP_S = 10
WINDOW_S = 300
COLUMNS = np.dtype([(name, np.float64) for name in ("realised_volatility", "bipower_volatility", "jump_statistic")])
STATE = np.dtype(
    [
        ("now", COLUMNS),
        ("seconds", SECONDS),
        ("returns", np.int64),  # since the last clear
        ("last", np.float64),  # |r| of the last second
        ("squares", np.float64),  # Σ w r²
        ("weights", np.float64),  # Σ w, in seconds
        ("products", np.float64),  # Σ w |r_k| |r_{k−1}|
        ("product_weights", np.float64),
        ("jumps", jumps.JUMPS),
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
    """half_life_s: seconds until a return weighs half, 1 … 86 400; window_s: returns of the jump test, 10 … 300."""
    if not 1 <= half_life_s <= 86_400:
        raise ValueError(f"half_life_s must be 1 … 86400, got {half_life_s}")
    if not 10 <= window_s <= jumps.MAX_WINDOW:
        raise ValueError(f"window_s must be 10 … {jumps.MAX_WINDOW}, got {window_s}")
    decay = 0.5 ** (1.0 / half_life_s)

    def fill(rows: Structs, batch: Batch, out: Structs) -> None:
        measure(rows, batch.ticks, batch.features["order_flow"], decay, window_s, out)

    return feature("features.volatility", "volatility", COLUMNS, empty, fill)


def volatility(
    step_id: str, up: KeyedStream[Batch], *, half_life_s: float = HALF_LIFE_S, window_s: int = WINDOW_S
) -> KeyedStream[Batch]:
    """The stage as a Bytewax step."""
    return wire(step_id, up, stage(half_life_s=half_life_s, window_s=window_s))


@part
def move(s: Any, r: float, decay: float, window: int) -> None:
    """Take one return."""
    s["squares"] = s["squares"] * decay + r * r
    s["weights"] = s["weights"] * decay + 1.0
    if s["returns"] > 0:
        s["products"] = s["products"] * decay + abs(r) * s["last"]
        s["product_weights"] = s["product_weights"] * decay + 1.0
    jumps.take(s["jumps"], s["returns"], r, window)
    s["last"] = abs(r)
    s["returns"] += 1


@part
def rest(s: Any, seconds: int, decay: float, window: int) -> None:
    """Take `seconds` returns of nothing at once."""
    jumps.take_zeros(s["jumps"], s["returns"], seconds, window)
    pairs = seconds if s["returns"] > 0 else seconds - 1
    s["squares"] *= math.pow(decay, float(seconds))
    s["weights"] = s["weights"] * math.pow(decay, float(seconds)) + weight_of(decay, seconds)
    s["products"] *= math.pow(decay, float(pairs))
    s["product_weights"] = s["product_weights"] * math.pow(decay, float(pairs)) + weight_of(decay, pairs)
    s["last"] = 0.0
    s["returns"] += seconds


@part
def end_seconds(s: Any, seconds: int, decay: float, window: int) -> None:
    """The second under way ends, and `seconds` − 1 more without an update."""
    r, now = last_return(s["seconds"]), s["now"]
    if not math.isnan(r):
        move(s, r, decay, window)
    if seconds > 1:
        rest(s, seconds - 1, decay, window)
    if s["returns"] >= WARM_UP_S:
        now["realised_volatility"] = math.sqrt(s["squares"] / s["weights"])
        now["bipower_volatility"] = math.sqrt(jumps.BIPOWER * s["products"] / s["product_weights"])
    if s["returns"] >= window:
        now["jump_statistic"] = jumps.statistic(s["jumps"], window)


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
            elif s["seconds"]["mid"] > 0.0:
                state[i] = BLANK[0]
        out[row] = s["now"]
