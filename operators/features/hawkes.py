"""Hawkes intensities of aggressive buys and sells, learned as trades come; a part of `features.trade_flow`.

With i, j = 0 (buys), 1 (sells): λ_i(t) = μ_i + β Σ_j n_ij R_j(t), where R_j(t) = Σ_k exp(−β (t − t_jk)) over the events
of j before t is kept from event to event. n_ij is how many buys or sells (i) one event of j brings about itself.
Trades of one side and one exchange time are one event: a taker's order that met several makers.

The parameters follow by online expectation maximisation. Each event of i is an immigrant with probability
p_0 = μ_i / λ_i, a child of j with p_j = β n_ij R_j / λ_i, whose age is L_j / R_j in the mean, where L_j(t) = Σ_k
(t − t_jk) exp(−β (t − t_jk)). Sums of p_0, p_j, p_j L_j / R_j, events and time, weighing half `half_life_events` later,
give
    μ_i = immigrants_i / time,  n_ij = children_ij / events_j,  β = children / ages.
As children are events less immigrants, n · events = events − immigrants < events: the largest eigenvalue of n (the
branching ratio) is below 1 whatever comes. β is kept within MIN_DECAY … MAX_DECAY, for exchange time is in ms.
The sums begin as if PRIOR_EVENTS a side had come, at PRIOR_RATE, half of them children; that is forgotten too.
Hawkes (1971), Spectra of some self-exciting and mutually exciting point processes, doi:10.1093/biomet/58.1.83;
Cappé, Moulines (2009), On-line expectation-maximization algorithm for latent data models,
doi:10.1111/j.1467-9868.2009.00698.x; Bacry, Mastromatteo, Muzy (2015), Hawkes processes in finance,
doi:10.1142/S2382626615500057.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from market.clock import SECOND_NS
from operators.kernel import part

PRIOR_EVENTS = 20.0
PRIOR_RATE = 1.0  # events per second and side
PRIOR_DECAY = 10.0  # per second
MIN_BASE = 1e-9  # per second, for a side that has gone quiet
MIN_DECAY, MAX_DECAY = 0.01, 1_000.0  # per second

HAWKES = np.dtype(
    [
        ("time", np.int64),  # of the last event, ns; 0: none since the feed was interrupted
        ("newest", np.int64, (2,)),  # time of the last event of each side, ns
        ("seen", np.int64),  # events that were learned from
        ("excitation", np.float64, (2,)),  # R_j at `time`
        ("aged", np.float64, (2,)),  # L_j at `time`, seconds
        ("immigrants", np.float64, (2,)),
        ("children", np.float64, (2, 2)),  # of i by j
        ("events", np.float64, (2,)),
        ("seconds", np.float64),
        ("ages", np.float64),  # Σ of children's ages, seconds
        ("base", np.float64, (2,)),  # μ_i, per second
        ("branching", np.float64, (2, 2)),  # n_ij
        ("decay", np.float64),  # β, per second
    ],
    align=True,
)


def begin(h: NDArray[np.void]) -> None:
    """Set rows of HAWKES to the prior."""
    h["events"], h["immigrants"], h["children"] = PRIOR_EVENTS, PRIOR_EVENTS / 2, PRIOR_EVENTS / 4
    h["seconds"], h["ages"] = PRIOR_EVENTS / PRIOR_RATE, PRIOR_EVENTS / PRIOR_DECAY
    h["base"], h["branching"], h["decay"] = PRIOR_RATE / 2, 1 / 4, PRIOR_DECAY


@part
def move(h: Any, elapsed_s: float) -> None:
    """Let R and L decay to the time of the next event."""
    fade = math.exp(-h["decay"] * elapsed_s)
    for j in range(2):
        h["aged"][j] = fade * (h["aged"][j] + elapsed_s * h["excitation"][j])
        h["excitation"][j] *= fade


@part
def learn(h: Any, i: int, elapsed_s: float, keep: float) -> None:
    """Add an event of side i, by its expected descent, to the sums, and take the parameters from them."""
    beta, n, base = h["decay"], h["branching"], h["base"]
    intensity = base[i] + beta * (n[i, 0] * h["excitation"][0] + n[i, 1] * h["excitation"][1])
    h["seconds"] = h["seconds"] * keep + elapsed_s
    h["ages"] = h["ages"] * keep + beta * (n[i, 0] * h["aged"][0] + n[i, 1] * h["aged"][1]) / intensity
    total = 0.0
    for side in range(2):
        own = 1.0 if side == i else 0.0
        h["immigrants"][side] = h["immigrants"][side] * keep + own * base[i] / intensity
        h["events"][side] = h["events"][side] * keep + own
        for j in range(2):
            child = own * beta * n[i, j] * h["excitation"][j] / intensity
            h["children"][side, j] = h["children"][side, j] * keep + child
            total += h["children"][side, j]
    for side in range(2):
        base[side] = max(h["immigrants"][side] / h["seconds"], MIN_BASE)
        for j in range(2):
            n[side, j] = h["children"][side, j] / h["events"][j] if h["events"][j] > 0.0 else 0.0
    h["decay"] = min(max(total / h["ages"], MIN_DECAY), MAX_DECAY) if h["ages"] > 0.0 else MAX_DECAY


@part
def excite(h: Any, time: int, side: int, keep: float) -> None:
    """Take one trade at an event time that never goes back; `keep` is the weight left to an event by the next one."""
    i = 0 if side > 0 else 1
    if time == h["newest"][i]:
        return
    if h["time"] > 0:
        elapsed_s = (time - h["time"]) / SECOND_NS
        move(h, elapsed_s)
        learn(h, i, elapsed_s, keep)
        h["seen"] += 1
    h["time"] = time
    h["newest"][i] = time
    h["excitation"][i] += 1.0


@part
def intensities(h: Any, time: int) -> tuple[float, float]:
    """λ of buys and sells, per second, as of a time that is not before the last event; NaN without one."""
    if h["time"] == 0:
        return np.nan, np.nan
    n, scale = h["branching"], h["decay"] * math.exp(-h["decay"] * ((time - h["time"]) / SECOND_NS))
    buys, sells = scale * h["excitation"][0], scale * h["excitation"][1]
    return (
        float(h["base"][0] + n[0, 0] * buys + n[0, 1] * sells),
        float(h["base"][1] + n[1, 0] * buys + n[1, 1] * sells),
    )


@part
def interrupt(h: Any) -> None:
    """The feed was interrupted: nothing before excites what comes; the parameters remain."""
    h["time"] = 0
    for i in range(2):
        h["newest"][i], h["excitation"][i], h["aged"][i] = 0, 0.0, 0.0
