"""`features.order_flow`: what the book says and how it flows, at its touch and over its ten best levels.

Reads ticks and books. Adds features "order_flow", Float64:
- mid_price = (bid + ask) / 2, weighted_mid = (ask_size · bid + bid_size · ask) / (bid_size + ask_size), quote currency;
- spread = ask − bid, quote currency; spread_bps = 10⁴ · spread / mid_price;
- imbalance = (bid_size − ask_size) / (bid_size + ask_size), −1 … 1; imbalance_10: the same of ten levels' sums;
- ofi: order-flow imbalance e_n of this row's own book update at the touch, in size; 0 on other rows, NaN on the first;
- ofi_10, ofi_25, ofi_50: its sum over the last so many book updates;
- ofi_deep_h: the sum of e_n^m over the levels m = 1 … 10 and the last h updates, in size;
- ofi_normalised_h: ofi_h over the mean of (bid_size + ask_size) / 2 at those updates' touch;
- ofi_integrated_h: w · x / Σ|w|, x the ten sums of e_n^m over the last h updates, each over Q, the mean of
  (bid_size^m + ask_size^m) / 2 of the ten levels and the h updates; w the first principal component of x;
- ofi_ew: Σ e_{n−k} · 2^(−k / EW_UPDATES), in size;
- signed_volume_h: buyers' minus sellers' volume since the book update h before.

With P, q price and size of bid (b) and ask (a) of level m, and n this update:
    e_n^m = q_n^b 1{P_n^b ≥ P_{n−1}^b} − q_{n−1}^b 1{P_n^b ≤ P_{n−1}^b}
          − q_n^a 1{P_n^a ≤ P_{n−1}^a} + q_{n−1}^a 1{P_n^a ≥ P_{n−1}^a};
a level that is not there is infinitely far away and of size 0. w is of the covariance of x over windows of 50 updates
that do not overlap, each weighing half as much COMPONENT_WINDOWS windows later; it is found anew every RENEW windows.

Valid SNAPSHOT and DEPTH rows drive the values; every other row of the instrument repeats them. A row that says the
book is lost clears them, so nothing is summed across a gap; the covariance and w outlive gaps. A message that the book
contains already (old, duplicate) changes nothing. Trades count when they met the book (not off_book), with a size above
0 and a side, and of one kind only: the first of `trade` and `aggregate_trade` that the instrument shows, for both
report the same volume.
Warm-up: none for the touch; windows of h are NaN for the first h driving rows after a clear, ofi_integrated_h until the
first RENEW windows of 50 as well. NaN: not ready, or cleared.
Cost: 0.25 µs per row that drives, 8 µs per batch.
Cont, Kukanov, Stoikov (2014), The Price Impact of Order Book Events, doi:10.1093/jjfinec/nbt003;
Cont, Cucuringu, Zhang (2023), Cross-impact of order flow imbalance, doi:10.1080/14697688.2023.2236159.
"""

from typing import Any

import numpy as np
from bytewax.operators import KeyedStream
from numpy.typing import NDArray

from market.batch import Batch, Structs
from market.schema import DEPTH_LEVELS, NO_SEQUENCE
from operators.feature import feature
from operators.features.component import first_component
from operators.features.rows import DEPTH, RESET, SNAPSHOT, counts
from operators.kernel import BOOKS, TICKS, kernel, out_type, part
from operators.stage import Stage, registered, wire

HORIZONS = (10, 25, 50)  # book updates, ascending
RING = HORIZONS[-1]
EW_UPDATES = 25
COMPONENT_WINDOWS = 200  # half-life of what the principal component knows, about 10 000 updates
RENEW = 5
_TOUCH = ("mid_price", "weighted_mid", "spread", "spread_bps", "imbalance", "imbalance_10", "ofi", "ofi_ew")
_WINDOWED = ("ofi", "ofi_deep", "ofi_normalised", "ofi_integrated", "signed_volume")
COLUMNS = np.dtype(
    [(name, np.float64) for name in _TOUCH] + [(f"{name}_{h}", np.float64) for name in _WINDOWED for h in HORIZONS]
)
EW_DECAY = 0.5 ** (1.0 / EW_UPDATES)
COMPONENT_DECAY = 0.5 ** (1.0 / COMPONENT_WINDOWS)
BLANK = np.full(len(COLUMNS.names or ()), np.nan).view(COLUMNS)

STATE = np.dtype(
    [
        ("updates", np.int64),  # e_n since the last clear; −1: no update yet
        ("sequence", np.int64),  # update id of the last update
        ("trade_kind", np.int64),  # the kind of trade that counts; 0: none seen
        ("traded", np.float64),  # signed volume since the last update
        ("now", COLUMNS),
        ("bid_price", np.float64, (DEPTH_LEVELS,)),  # the last update's levels; −inf where there is none
        ("bid_size", np.float64, (DEPTH_LEVELS,)),
        ("ask_price", np.float64, (DEPTH_LEVELS,)),  # inf where there is none
        ("ask_size", np.float64, (DEPTH_LEVELS,)),
        ("flows", np.float64, (RING, DEPTH_LEVELS)),  # e_n^m, update n in row n % RING
        ("volumes", np.float64, (RING,)),  # signed volume between updates n − 1 and n
        ("touches", np.float64, (RING,)),  # mean size at the touch
        ("depths", np.float64, (RING,)),  # mean size of a level
        ("flow", np.float64, (len(HORIZONS), DEPTH_LEVELS)),  # sums of the rings over the horizons
        ("volume", np.float64, (len(HORIZONS),)),
        ("touch", np.float64, (len(HORIZONS),)),
        ("depth", np.float64, (len(HORIZONS),)),
        ("windows", np.int64),  # windows that the component has seen, never cleared
        ("weight", np.float64),  # sum of their weights
        ("mean", np.float64, (DEPTH_LEVELS,)),
        ("scatter", np.float64, (DEPTH_LEVELS, DEPTH_LEVELS)),  # weighted, about the mean
        ("component", np.float64, (DEPTH_LEVELS,)),  # w / Σ|w|; NaN until known
    ],
    align=True,
)


def empty(instruments: int) -> NDArray[np.void]:
    """No update and no trade yet."""
    state = np.zeros(instruments, STATE)
    state["now"] = np.nan
    state["updates"], state["sequence"], state["component"] = -1, NO_SEQUENCE, np.nan
    return state


@registered
def stage() -> Stage:
    """The stage; it has no parameters."""

    def fill(rows: Structs, batch: Batch, out: Structs) -> None:
        measure(rows, batch.ticks, batch.books, out)

    return feature("features.order_flow", "order_flow", COLUMNS, empty, fill)


def order_flow(step_id: str, up: KeyedStream[Batch]) -> KeyedStream[Batch]:
    """The stage as a Bytewax step."""
    return wire(step_id, up, stage())


@part
def clear(s: Any) -> None:
    """Forget what came before a gap."""
    s["now"] = BLANK[0]
    s["traded"] = 0.0
    s["updates"] = -1
    s["sequence"] = NO_SEQUENCE


@part
def difference(price: float, size: float, before: float, size_before: float) -> float:
    """What one level's flow adds on the bid side; for an ask with prices negated, what it takes away."""
    change = 0.0
    if price >= before:
        change += size
    if price <= before:
        change -= size_before
    return change


@part
def flow_of(s: Any, book: Any, ring: int) -> float:
    """Write e_n^m of one update into the ring and remember its levels; the mean size of a level."""
    total = 0.0
    for m in range(DEPTH_LEVELS):
        bid = book["bid_price"][m] if book["bid_size"][m] > 0.0 else -np.inf
        ask = book["ask_price"][m] if book["ask_size"][m] > 0.0 else np.inf
        bid_size, ask_size = book["bid_size"][m], book["ask_size"][m]
        s["flows"][ring, m] = difference(bid, bid_size, s["bid_price"][m], s["bid_size"][m]) - difference(
            -ask, ask_size, -s["ask_price"][m], s["ask_size"][m]
        )
        s["bid_price"][m], s["bid_size"][m], s["ask_price"][m], s["ask_size"][m] = bid, bid_size, ask, ask_size
        total += bid_size + ask_size
    return total / (2.0 * DEPTH_LEVELS)


@part
def leave(s: Any, n: int) -> None:
    """Take the updates that fall out of the windows with update n out of their sums."""
    for k in range(len(HORIZONS)):
        if n >= HORIZONS[k]:
            ring = (n - HORIZONS[k]) % RING
            for m in range(DEPTH_LEVELS):
                s["flow"][k, m] -= s["flows"][ring, m]
            s["volume"][k] -= s["volumes"][ring]
            s["touch"][k] -= s["touches"][ring]
            s["depth"][k] -= s["depths"][ring]


@part
def enter(s: Any, ring: int, first: int) -> None:
    """Add one update of the ring to the sums of the horizons from number `first` on."""
    for k in range(first, len(HORIZONS)):
        for m in range(DEPTH_LEVELS):
            s["flow"][k, m] += s["flows"][ring, m]
        s["volume"][k] += s["volumes"][ring]
        s["touch"][k] += s["touches"][ring]
        s["depth"][k] += s["depths"][ring]


@part
def empty_sums(s: Any) -> None:
    """Windows of nothing."""
    s["flow"][:] = 0.0
    s["volume"][:] = 0.0
    s["touch"][:] = 0.0
    s["depth"][:] = 0.0


@part
def renew_sums(s: Any) -> None:
    """Sum the windows anew when the ring has come round, so that rounding never gathers."""
    empty_sums(s)
    for ring in range(RING):
        first = 0
        while RING - ring > HORIZONS[first]:
            first += 1
        enter(s, ring, first)


@part
def learn(s: Any) -> None:
    """Fold the window of RING updates that just ended into the covariance; renew the component now and then."""
    scale = RING / s["depth"][len(HORIZONS) - 1]
    x = s["flow"][len(HORIZONS) - 1]
    s["weight"] = s["weight"] * COMPONENT_DECAY + 1.0
    step = 1.0 / s["weight"]
    for m in range(DEPTH_LEVELS):
        for k in range(m + 1):
            off = (x[m] * scale - s["mean"][m]) * (x[k] * scale - s["mean"][k])
            s["scatter"][m, k] = COMPONENT_DECAY * s["scatter"][m, k] + (1.0 - step) * off
            s["scatter"][k, m] = s["scatter"][m, k]
    for m in range(DEPTH_LEVELS):
        s["mean"][m] += step * (x[m] * scale - s["mean"][m])
    s["windows"] += 1
    if s["windows"] % RENEW == 0:
        first_component(s["scatter"], s["component"])


@part
def window(s: Any, k: int) -> tuple[float, float, float, float, float]:
    """The five windowed values of horizon number k; NaN until it is full."""
    if s["updates"] < HORIZONS[k]:
        return np.nan, np.nan, np.nan, np.nan, np.nan
    deep, integrated = 0.0, 0.0
    for m in range(DEPTH_LEVELS):
        deep += s["flow"][k, m]
        integrated += s["flow"][k, m] * s["component"][m]
    touch = s["touch"][k] / HORIZONS[k]
    depth = s["depth"][k] / HORIZONS[k]
    return s["flow"][k, 0], deep, s["flow"][k, 0] / touch, integrated / depth, s["volume"][k]


@part
def look(now: Any, book: Any) -> None:
    """The values that need one book only."""
    bid, bid_size, ask, ask_size = book["bid_price"][0], book["bid_size"][0], book["ask_price"][0], book["ask_size"][0]
    bids, asks = 0.0, 0.0
    for m in range(DEPTH_LEVELS):
        bids += book["bid_size"][m]
        asks += book["ask_size"][m]
    now["mid_price"] = (bid + ask) / 2.0
    now["weighted_mid"] = (ask_size * bid + bid_size * ask) / (bid_size + ask_size)
    now["spread"] = ask - bid
    now["spread_bps"] = 1e4 * now["spread"] / now["mid_price"]
    now["imbalance"] = (bid_size - ask_size) / (bid_size + ask_size)
    now["imbalance_10"] = (bids - asks) / (bids + asks)


@part
def update(s: Any, book: Any) -> None:
    """Take one valid book."""
    n, now = s["updates"], s["now"]
    look(now, book)
    ring = max(n, 0) % RING
    leave(s, n)
    depth = flow_of(s, book, ring)
    s["updates"] = n + 1
    if n < 0:
        s["traded"], now["ofi_ew"] = 0.0, 0.0
        empty_sums(s)
        return
    s["volumes"][ring], s["depths"][ring] = s["traded"], depth
    s["touches"][ring] = (book["bid_size"][0] + book["ask_size"][0]) / 2.0
    s["traded"] = 0.0
    enter(s, ring, 0)
    if ring == RING - 1:
        renew_sums(s)
        learn(s)
    now["ofi"] = s["flows"][ring, 0]
    now["ofi_ew"] = now["ofi_ew"] * EW_DECAY + now["ofi"]
    (now["ofi_10"], now["ofi_deep_10"], now["ofi_normalised_10"], now["ofi_integrated_10"],
     now["signed_volume_10"]) = window(s, 0)  # fmt: skip
    (now["ofi_25"], now["ofi_deep_25"], now["ofi_normalised_25"], now["ofi_integrated_25"],
     now["signed_volume_25"]) = window(s, 1)  # fmt: skip
    (now["ofi_50"], now["ofi_deep_50"], now["ofi_normalised_50"], now["ofi_integrated_50"],
     now["signed_volume_50"]) = window(s, 2)  # fmt: skip


@part
def take(s: Any, tick: Any, books: Any) -> bool:
    """Take one tick row of an instrument; whether it was an update of its book."""
    kind = tick["kind"]
    if kind in (SNAPSHOT, DEPTH) and tick["valid"]:
        update(s, books[tick["book"]])
        s["sequence"] = tick["sequence"]
        return True
    if kind in (SNAPSHOT, DEPTH, RESET):
        if not (kind == DEPTH and tick["sequence"] <= s["sequence"]):
            clear(s)
    elif counts(s, tick):
        s["traded"] += tick["side"] * tick["size"]
    return False


@kernel(out_type(STATE), TICKS, BOOKS, out_type(COLUMNS))
def measure(state: Any, ticks: Any, books: Any, out: Any) -> None:
    """Walk tick rows; out: one row for each."""
    for row in range(len(ticks)):
        s = state[ticks[row]["instrument"]]
        updated = take(s, ticks[row], books)
        out[row] = s["now"]
        out[row]["ofi"] = s["now"]["ofi"] if updated else 0.0
