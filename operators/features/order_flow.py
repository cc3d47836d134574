"""`features.order_flow`: what the touch of the book and the aggressors' trades say, as of every row.

Reads tick columns kind, instrument, sequence, the quote, valid, size, side, off_book. Adds Float64 columns:
- mid_price = (bid + ask) / 2, quote currency;
- micro_price = (ask_size · bid + bid_size · ask) / (bid_size + ask_size), quote currency;
- spread = ask − bid, quote currency; spread_bps = 10⁴ · spread / mid_price;
- imbalance = (bid_size − ask_size) / (bid_size + ask_size), −1 … 1;
- ofi: order-flow imbalance e_n of this row's own book update, in size; 0 on other rows, NaN on the first update;
- ofi_10, ofi_25, ofi_50: its sum over the last so many book updates;
- signed_volume_10, _25, _50: buyers' minus sellers' volume since the book update that many before.

With P, q price and size of the bid (b) and the ask (a), and n this update:
    e_n = q_n^b 1{P_n^b ≥ P_{n−1}^b} − q_{n−1}^b 1{P_n^b ≤ P_{n−1}^b}
        − q_n^a 1{P_n^a ≤ P_{n−1}^a} + q_{n−1}^a 1{P_n^a ≥ P_{n−1}^a}.

Valid SNAPSHOT and DEPTH rows drive the values; every other row of the instrument repeats them. A row that says the
book is lost clears them, so nothing is ever summed across a gap; a message that the book contains already (old,
duplicate) changes nothing.
Trades count when they met the book (not off_book), with a size above 0, and of one kind only: the first of `trade` and
`aggregate_trade` that the instrument shows, for both report the same volume.
Warm-up: none for the touch; windows of n are NaN for the first n driving rows after a clear. NaN: not ready, or
cleared.
Cost: 0.1 µs per row, 0.1 ms per batch.
Cont, Kukanov, Stoikov (2014), The Price Impact of Order Book Events, doi:10.1093/jjfinec/nbt003;
Stoikov (2018), The micro-price, doi:10.1080/14697688.2018.1489139 (its first-order form).
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from bytewax.operators import KeyedStream
from numpy.typing import NDArray

from market.batch import Batch
from market.schema import NO_SEQUENCE, Kind
from operators.frame import column, widen
from operators.kernel import boolean, float64, int8, int32, int64, kernel, part, state_type
from operators.kernel import column as column_type
from operators.slots import grown
from operators.stage import Stage, registered, wire

COLUMNS = (
    *("mid_price", "micro_price", "spread", "spread_bps", "imbalance"),
    *("ofi", "ofi_10", "ofi_25", "ofi_50", "signed_volume_10", "signed_volume_25", "signed_volume_50"),
)
WINDOW_ROWS = 50  # the longest window
SNAPSHOT, DEPTH, RESET = int(Kind.SNAPSHOT), int(Kind.DEPTH), int(Kind.RESET)
TRADE, AGGREGATE_TRADE = int(Kind.TRADE), int(Kind.AGGREGATE_TRADE)
INPUT = (
    "instrument",
    "kind",
    "sequence",
    "bid_price",
    "bid_size",
    "ask_price",
    "ask_size",
    "valid",
    "size",
    "side",
    "off_book",
)


class Flow(NamedTuple):
    """I instruments; everything in base units or contracts, and quote currency for prices."""

    now: NDArray[np.float64]  # (I, 12) values of COLUMNS
    quote: NDArray[np.float64]  # (I, 4) bid price and size, ask price and size of the last update
    ofi: NDArray[np.float64]  # (I, WINDOW_ROWS) ring of e_n, update n at n % WINDOW_ROWS
    volume: NDArray[np.float64]  # (I, WINDOW_ROWS) ring of signed volume between updates n − 1 and n
    traded: NDArray[np.float64]  # (I,) signed volume since the last update
    updates: NDArray[np.int64]  # (I,) e_n since the last clear; −1: no update yet
    sequence: NDArray[np.int64]  # (I,) update id of the last update
    trade_kind: NDArray[np.int64]  # (I,) the kind of trade that counts; 0: none seen


def empty(instruments: int) -> Flow:
    """No update and no trade yet."""
    return Flow(
        now=np.full((instruments, len(COLUMNS)), np.nan),
        quote=np.zeros((instruments, 4)),
        ofi=np.zeros((instruments, WINDOW_ROWS)),
        volume=np.zeros((instruments, WINDOW_ROWS)),
        traded=np.zeros(instruments),
        updates=np.full(instruments, -1, np.int64),
        sequence=np.full(instruments, NO_SEQUENCE, np.int64),
        trade_kind=np.zeros(instruments, np.int64),
    )


@dataclass
class State:
    """The flow of all instruments of a shard."""

    flow: Flow = field(default_factory=lambda: empty(0))


@registered
def stage() -> Stage:
    """The stage; it has no parameters."""

    def advance(state: State, batch: Batch) -> Batch:
        state.flow = grown(state.flow, empty, len(batch.instruments))
        out = np.empty((len(COLUMNS), len(batch.ticks)))
        measure(state.flow, *(column(batch.ticks, name) for name in INPUT), out)
        return batch._replace(ticks=widen(batch.ticks, dict(zip(COLUMNS, out, strict=True))))

    return Stage("features.order_flow", State, advance)


def order_flow(step_id: str, up: KeyedStream[Batch]) -> KeyedStream[Batch]:
    """The stage as a Bytewax step."""
    return wire(step_id, up, stage())


@part
def imbalance_of(quote: Any, bid: float, bid_size: float, ask: float, ask_size: float) -> float:
    """e_n of the update from `quote` to the quote given."""
    e = 0.0
    if bid >= quote[0]:
        e += bid_size
    if bid <= quote[0]:
        e -= quote[1]
    if ask <= quote[2]:
        e -= ask_size
    if ask >= quote[2]:
        e += quote[3]
    return e


@part
def clear(flow: Flow, i: int) -> None:
    """Forget what came before a gap."""
    flow.now[i] = np.nan
    flow.traded[i] = 0.0
    flow.updates[i] = -1
    flow.sequence[i] = NO_SEQUENCE


@part
def touch(now: Any, bid: float, bid_size: float, ask: float, ask_size: float) -> None:
    """The values that need one quote only."""
    total = bid_size + ask_size
    now[0] = (bid + ask) / 2.0
    now[1] = (ask_size * bid + bid_size * ask) / total
    now[2] = ask - bid
    now[3] = 1e4 * now[2] / now[0]
    now[4] = (bid_size - ask_size) / total


@part
def sums(now: Any, ofi: Any, volume: Any, updates: int) -> None:
    """The windows, summed anew from the newest back, so that nothing drifts and no cut of the stream shows."""
    e, v = 0.0, 0.0
    for back in range(min(updates, WINDOW_ROWS)):
        ring = (updates - 1 - back) % WINDOW_ROWS
        e += ofi[ring]
        v += volume[ring]
        if back == 9:
            now[6], now[9] = e, v
        elif back == 24:
            now[7], now[10] = e, v
        elif back == 49:
            now[8], now[11] = e, v


@part
def update(flow: Flow, i: int, bid: float, bid_size: float, ask: float, ask_size: float) -> None:
    """Take one valid quote of the book."""
    touch(flow.now[i], bid, bid_size, ask, ask_size)
    if flow.updates[i] >= 0:
        e = imbalance_of(flow.quote[i], bid, bid_size, ask, ask_size)
        ring = flow.updates[i] % WINDOW_ROWS
        flow.now[i, 5], flow.ofi[i, ring], flow.volume[i, ring] = e, e, flow.traded[i]
    flow.updates[i] += 1
    flow.traded[i] = 0.0
    quote = flow.quote[i]
    quote[0], quote[1], quote[2], quote[3] = bid, bid_size, ask, ask_size
    sums(flow.now[i], flow.ofi[i], flow.volume[i], flow.updates[i])


@part
def trade(flow: Flow, i: int, kind: int, size: float, side: int, off_book: bool) -> None:
    """Count one trade, if it counts."""
    if flow.trade_kind[i] == 0:
        flow.trade_kind[i] = kind
    if kind == flow.trade_kind[i] and size > 0.0 and not off_book:
        flow.traded[i] += side * size


@kernel(
    state_type(empty(0)),
    *(
        column_type(kind)
        for kind in (int32, int8, int64, float64, float64, float64, float64, boolean, float64, int8, boolean)
    ),
    float64[:, ::1],
)
def measure(
    flow: Flow, instrument: Any, kind: Any, sequence: Any,
    bid_price: Any, bid_size: Any, ask_price: Any, ask_size: Any, valid: Any, size: Any, side: Any, off_book: Any,
    out: Any,
) -> None:  # fmt: skip
    """Walk tick rows; out: COLUMNS by rows."""
    for row in range(len(instrument)):
        i, what = instrument[row], kind[row]
        own = 0.0
        if what in (TRADE, AGGREGATE_TRADE):
            trade(flow, i, what, size[row], side[row], off_book[row])
        elif what in (SNAPSHOT, DEPTH) and valid[row]:
            update(flow, i, bid_price[row], bid_size[row], ask_price[row], ask_size[row])
            flow.sequence[i] = sequence[row]
            own = flow.now[i, 5]
        elif what in (SNAPSHOT, DEPTH, RESET) and not (what == DEPTH and sequence[row] <= flow.sequence[i]):
            clear(flow, i)
        out[:, row] = flow.now[i]
        out[5, row] = own
