"""`impact.calibrate`: the coefficients of impact as of every row, of every model, with their errors and weights.

Reads ticks: quotes of SNAPSHOT, DEPTH and TICKER rows, trades. Adds features "impact", Float64; volume is in units of
`size`, prices in quote currency:
- kyle_lambda, kyle_lambda_error: impact per volume of an order that knows nothing, and its standard error (kyle.py);
- flow_lambda: the textbook's lambda, news included, per volume; hasbrouck_lambda: likewise, for good (hasbrouck.py);
- amihud: log return per million of notional (amihud.py);
- square_root_y, square_root_y_error: Y of the square-root law, dimensionless (square_root.py);
- propagator_now, propagator_fast, propagator_slow: g₀, g₁, g₂, dimensionless; propagator_error: of g₀ (propagator.py);
- impact_decay: the share of a trade's impact that is left after DECAY_S seconds, 1 or more where none is lost;
- price_variance: of the mid price, currency² per second; volume_rate: volume per second;
- lambda_drift: rms log change of lambda in 60 s (drift.py);
- kyle_weight, square_root_weight: 0 … 1, how far each model is to be believed (models.py).
operators/impact/estimate.py makes the impact of an order of them.

Two clocks: order time for lambda (intervals.py), seconds of event time for the rest; lambda is solved every
SOLVED_CELLS tenths of a second. No interval, second or past reaches across a gap: a row that says the book is lost
clears them, and values are NaN until volatility is known again, 6 s on. What was learnt stays.
Warm-up: 6 s and 32 intervals for lambda, 30 to 60 s for the seconds' models, 60 s of lambda for its drift. NaN: not
ready, or cleared; kyle_lambda, its error and flow_lambda also where the price moves less than its spread in a second,
for such quotes answer trades too late and too coarsely to be measured. A price that stands still for 6 s is taken to
vary as a fiftieth of its 10 minutes' average.
Cost: 0.1 µs per row, an order 0.5 µs, a second 10 µs.
"""

import math
from typing import Any

import numpy as np
from bytewax.operators import KeyedStream
from numpy.typing import NDArray

from market.batch import Batch, Structs
from market.clock import FUTURE_NS, SECOND_NS
from market.schema import NO_SEQUENCE, NO_TIME, Kind
from operators.feature import feature
from operators.features.rows import DEPTH, RESET, SNAPSHOT, counts, event_time
from operators.impact import amihud, drift, hasbrouck, intervals, kyle, models, propagator, seconds, square_root
from operators.impact import volatility_state as volatility
from operators.kernel import TICKS, float64, int64, kernel, out_type, output, part
from operators.stage import Stage, registered, wire

GAP_S = 0.01
SOLVED_CELLS = 5
DECAY_S = 60.0
TICKER = int(Kind.TICKER)
COLUMNS = np.dtype(
    [
        (name, np.float64)
        for name in (
            *("kyle_lambda", "kyle_lambda_error", "flow_lambda", "hasbrouck_lambda", "amihud"),
            *("square_root_y", "square_root_y_error", "price_variance", "volume_rate"),
            *("propagator_now", "propagator_fast", "propagator_slow", "propagator_error", "impact_decay"),
            *("lambda_drift", "kyle_weight", "square_root_weight"),
        )
    ]
)
STATE = np.dtype(
    [
        ("now", COLUMNS),
        ("time", np.int64),  # event time, ns
        ("live", np.bool_),  # whether the book is good
        ("sequence", np.int64),  # update id of the last book row
        ("quote_sequence", np.int64),  # of the newest quote
        ("spread", np.float64),  # of the newest quote, quote currency
        ("trade_kind", np.int64),  # the kind of trade that counts; 0: none seen
        ("intervals", intervals.INTERVALS),
        ("volatility", volatility.VOLATILITY),
        ("kyle", kyle.KYLE),
        ("hasbrouck", hasbrouck.HASBROUCK),
        ("second", seconds.SECOND),
        ("amihud", amihud.AMIHUD),
        ("square_root", square_root.SQUARE_ROOT),
        ("propagator", propagator.PROPAGATOR),
        ("models", models.COMPETITION),
        ("drift", drift.DRIFT),
    ]
)
SCRATCH = np.dtype(
    [
        ("kyle", kyle.SCRATCH),
        ("hasbrouck", hasbrouck.SCRATCH),
        ("past", np.float64, (hasbrouck.Z,)),
        ("propagator", propagator.SCRATCH),
    ]
)


def empty(instruments: int) -> NDArray[np.void]:
    """Nothing seen and nothing learnt."""
    state = np.zeros(instruments, STATE)
    state["now"] = np.nan
    state["sequence"] = state["quote_sequence"] = NO_SEQUENCE
    state["hasbrouck"]["lambda_"] = np.nan
    return state


BLANK = empty(1)


@registered
def stage(*, gap_s: float = GAP_S, half_lives_s: tuple[float, float, float] = kyle.HALF_LIVES_S) -> Stage:
    """gap_s: least time between the orders that begin intervals, 0.001 … 0.5; half_lives_s: fast, slow and stateful
    memory, rising, 10 … 604 800. All but lambda forgets with the slow one.
    """  # fmt: skip
    if not 0.001 <= gap_s <= 0.5:
        raise ValueError(f"gap_s must be 0.001 … 0.5, got {gap_s}")
    if len(half_lives_s) != kyle.MEMORIES or not 10 <= half_lives_s[0] < half_lives_s[1] < half_lives_s[2] <= 604_800:
        raise ValueError(f"half_lives_s must be three that rise, 10 … 604800, got {half_lives_s}")
    lives, gap_ns = np.array(half_lives_s, np.float64), round(gap_s * SECOND_NS)

    def fill(rows: Structs, batch: Batch, out: Structs) -> None:
        measure(rows, batch.ticks, gap_ns, lives, np.zeros(1, SCRATCH), out)

    return feature("impact.calibrate", "impact", COLUMNS, empty, fill)


def calibrate(
    step_id: str, up: KeyedStream[Batch], *, gap_s: float = GAP_S,
    half_lives_s: tuple[float, float, float] = kyle.HALF_LIVES_S,
) -> KeyedStream[Batch]:  # fmt: skip
    """The stage as a Bytewax step."""
    return wire(step_id, up, stage(gap_s=gap_s, half_lives_s=half_lives_s))


@part
def end_interval(s: Any, time: int, half_lives_s: Any) -> None:
    """Let the models of order time learn from the interval under way, which ends."""
    n, k = s["intervals"], s["kyle"]
    if not intervals.close(n, time):
        return
    s["models"]["kyle"] += kyle.predicted(k, n["x"])
    kyle.observe(k, n["x"], n["change"], n["length_s"], half_lives_s, time)
    noise = k["variance"] * (n["length_s"] + kyle.QUOTE_S)
    hasbrouck.observe(s["hasbrouck"], n["x"][0], n["change"], noise, half_lives_s[kyle.SLOW], time)


@part
def trade(s: Any, time: int, side: int, price: float, size: float, gap_ns: int, half_lives_s: Any) -> None:
    """Take a trade that counts."""
    n = s["intervals"]
    seconds.count(s["second"], side * size, price)
    if intervals.continues_order(n, time, side, size):
        return
    intervals.commit_order(n)
    soon = time < n["start_time"] + gap_ns
    if n["start_mid"] == 0.0 or not soon:
        end_interval(s, time, half_lives_s)
        intervals.begin(n, time)
        s["kyle"]["variance"], s["kyle"]["position"] = s["volatility"]["variance"], s["volatility"]["position"]
        if n["start_mid"] == 0.0:
            intervals.stop(n)
            return
    n["order_side"], n["order_time"], n["order_size"] = side, time, size


@part
def pass_time(s: Any, half_lives_s: Any, scratch: Any) -> None:
    """End what ends by the present event time: a long interval, cells of volatility, seconds."""
    n, v, time = s["intervals"], s["volatility"], s["time"]
    if n["start_mid"] > 0.0 and time >= n["start_time"] + intervals.LONGEST_NS:
        intervals.commit_order(n)
        end_interval(s, n["start_time"] + intervals.LONGEST_NS, half_lives_s)
        intervals.stop(n)
    cell = time // volatility.CELL_NS
    if v["cell"] == 0 or cell <= v["cell"]:
        return
    volatility.end_cells(v, intervals.mid_before(n, cell * volatility.CELL_NS), cell - v["cell"])
    solve = v["variance"] > 0.0 and cell // SOLVED_CELLS > v["cell"] // SOLVED_CELLS
    v["cell"] = cell
    if solve:
        kyle.estimate(s["kyle"], v["position"], half_lives_s, time, scratch["kyle"])
    ended = time // SECOND_NS - s["second"]["second"]
    if ended > 0:
        end_seconds(s, ended, half_lives_s[kyle.SLOW], scratch)
    if solve:
        write(s)


@part
def end_seconds(s: Any, ended: int, half_life_s: float, scratch: Any) -> None:
    """The second under way ends, and `ended` − 1 more in which nothing came."""
    c, n = s["second"], s["intervals"]
    mid = intervals.mid_before(n, (c["second"] + ended) * SECOND_NS)
    change, before = mid - c["mid"], c["mid"]
    share = seconds.share(half_life_s, ended)
    amihud.observe(s["amihud"], math.log1p(change / before), c["notional"], share)
    if c["variance"] > 0.0 and n["typical_count"] == intervals.TYPICAL_ORDERS:
        compete(s, change, half_life_s, c["second"] * SECOND_NS)
        square_root.solve(s["square_root"])
        propagator.solve(s["propagator"], scratch["propagator"])
        hasbrouck.solve(s["hasbrouck"], scratch["hasbrouck"], scratch["past"])
        drift.follow(s["drift"], s["kyle"]["lambda_"] if s["kyle"]["known"] else 0.0)
    for quiet in range(min(ended, seconds.QUIET_MOST)):
        square_root.count_volume(s["square_root"], c["volume"] if quiet == 0 else 0.0)
        propagator.advance(s["propagator"])
    known = s["kyle"]["known"] and s["kyle"]["lambda_"] > 0.0
    seconds.begin(c, c["second"] + ended, mid, s["volatility"]["variance"], s["kyle"]["lambda_"] if known else 0.0)
    s["models"]["kyle"] = 0.0


@part
def compete(s: Any, change: float, half_life_s: float, time: int) -> None:
    """Let the models say what the second should have brought, judge them, then let them learn."""
    c, m, q, p = s["second"], s["models"], s["square_root"], s["propagator"]
    noise = c["variance"]
    q["x"][0] = square_root.regressor(q, c["signed"], noise)
    p["x"][0] = c["signed"] / math.exp(s["intervals"]["typical_log"]) * c["lambda_"]
    by_root = q["y"] * q["x"][0] if q["known"] else 0.0
    by_past = 0.0
    for j in range(propagator.G):
        by_past += p["g"][j] * p["x"][j]
    models.judge(m, models.KYLE, s["kyle"]["known"], m["kyle"], change, noise)
    models.judge(m, models.SQUARE_ROOT, q["known"], by_root, change, noise)
    models.weigh(m)
    square_root.learn_second(q, change, change - by_root, 1.0 / noise, half_life_s, time)
    if c["lambda_"] > 0.0:
        propagator.learn_second(p, change, change - by_past, 1.0 / noise, half_life_s, time)


@part
def write(s: Any) -> None:
    """The columns, from the state."""
    s["now"] = BLANK[0]["now"]
    now, typical = s["now"], math.exp(s["intervals"]["typical_log"])
    k, q, p, m = s["kyle"], s["square_root"], s["propagator"], s["models"]
    now["amihud"] = amihud.value(s["amihud"])
    now["price_variance"] = s["volatility"]["variance"]
    now["volume_rate"] = square_root.volume_rate(q)
    now["hasbrouck_lambda"] = s["hasbrouck"]["lambda_"] / typical
    now["lambda_drift"] = drift.value(s["drift"])
    if k["known"] and s["volatility"]["variance"] >= s["spread"] * s["spread"]:
        now["kyle_lambda"], now["kyle_lambda_error"] = k["lambda_"] / typical, k["error"] / typical
        now["flow_lambda"] = k["flow_lambda"] / typical
    if q["known"]:
        now["square_root_y"], now["square_root_y_error"] = q["y"], q["error"]
    if p["known"]:
        g = p["g"]
        now["propagator_now"], now["propagator_fast"], now["propagator_slow"] = g[0], g[1], g[2]
        now["propagator_error"] = p["error"]
        now["impact_decay"] = propagator.kernel_at(g[0], g[1], g[2], DECAY_S) / g[0] if g[0] > 0.0 else np.nan
    now["kyle_weight"] = m["weight"][models.KYLE]
    now["square_root_weight"] = m["weight"][models.SQUARE_ROOT]


@part
def quote(s: Any, tick: Any, half_lives_s: Any, scratch: Any) -> None:
    """Take a quote, unless a newer one has come; time passes first."""
    s["time"] = event_time(tick, s["time"])
    pass_time(s, half_lives_s, scratch)
    if tick["sequence"] < s["quote_sequence"] or s["time"] == 0:
        return
    s["quote_sequence"], s["spread"] = tick["sequence"], tick["ask_price"] - tick["bid_price"]
    mid, v = (tick["bid_price"] + tick["ask_price"]) / 2.0, s["volatility"]
    intervals.keep_quote(s["intervals"], s["time"], mid)
    if v["cell"] == 0:
        v["cell"], v["cell_mid"] = s["time"] // volatility.CELL_NS, mid
        seconds.begin(s["second"], s["time"] // SECOND_NS, mid, 0.0, 0.0)


@part
def lose(s: Any) -> None:
    """Forget what must not reach across a gap; what was learnt stays."""
    s["now"] = BLANK[0]["now"]
    s["live"] = False
    s["sequence"] = s["quote_sequence"] = NO_SEQUENCE
    intervals.stop(s["intervals"])
    s["intervals"]["quotes"] = 0
    volatility.clear_volatility(s["volatility"])
    hasbrouck.clear_past(s["hasbrouck"])
    propagator.clear_past(s["propagator"])
    s["models"]["kyle"] = 0.0


@kernel(out_type(STATE), TICKS, int64, output(float64), out_type(SCRATCH), out_type(COLUMNS))
def measure(state: Any, ticks: Any, gap_ns: int, half_lives_s: Any, scratch: Any, out: Any) -> None:
    """Walk tick rows; out: one row for each."""
    for row in range(len(ticks)):
        tick = ticks[row]
        s, kind = state[tick["instrument"]], tick["kind"]
        if kind in (SNAPSHOT, DEPTH, RESET):
            if tick["valid"] and kind != RESET:
                s["live"], s["sequence"] = True, tick["sequence"]
                quote(s, tick, half_lives_s, scratch[0])
            elif s["live"] and not (kind == DEPTH and tick["sequence"] <= s["sequence"]):
                lose(s)
        elif kind == TICKER:
            if s["live"] and tick["valid"]:
                quote(s, tick, half_lives_s, scratch[0])
        elif counts(s, tick) and s["live"] and s["time"] > 0:
            s["time"] = event_time(tick, s["time"])
            pass_time(s, half_lives_s, scratch[0])
            stamp = tick["exchange_time"]
            believed = stamp != NO_TIME and stamp <= tick["receive_time"] + FUTURE_NS
            time = stamp if believed else s["time"]
            trade(s, time, int(tick["side"]), tick["price"], tick["size"], gap_ns, half_lives_s)
        out[row] = s["now"]
