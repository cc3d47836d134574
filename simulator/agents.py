"""Who trades: makers who quote around the latent price, noise takers who cluster, informed takers, and metaorders.

`act` lets one agent of one instrument do one thing. Makers add near the touch or far out, cancel at random so that
the number of orders stays about ORDERS_KEPT, and mend the touch when the latent price has left it. Noise takers
excite each other (a Hawkes process with branching ratio BRANCHING and decay EXCITEMENT_S; Hawkes 1971,
doi:10.1093/biomet/58.1.83). An informed taker takes quotes that the latent price has run over. While a metaorder
runs, it replaces its participation of noise takers.
"""

import math

import numpy as np
from numpy.typing import NDArray

from simulator import draws, engine
from simulator.compiled import compiled
from simulator.engine import BUY, LEVELS, NONE, SELL, Book
from simulator.regimes import BRANCHING, SECOND, TAKER_SHARE, TAKER_SPREAD, shift

Rows = NDArray[np.void]

INFORMED_SHARE = 0.04
MEND_SHARE = 0.24
NEAR_SHARE = 0.5  # of added quotes
SPAN = 800.0  # levels, of the far quotes
ORDERS_KEPT = 2_400
STALE = 0.25  # levels the latent price must be beyond a quote before anyone reacts
MENDED_LEVELS = 16  # at most, in one go
SWEEP = 200  # levels a taker accepts beyond the touch
EXCITEMENT_S = 0.5
EXCITED_MOST = 4.0
METAORDER_WAIT_S = 45.0
METAORDER_S = (20.0, 120.0)  # shortest and longest
PARTICIPATION = (0.1, 0.4)  # of noise takers


CROWD = np.dtype(
    [
        ("excitement", np.float64),
        ("excited_at", np.int64),  # ns
        ("meta_number", np.int64),  # of the running metaorder, 0 when none runs
        ("meta_last", np.int64),  # how many there have been
        ("meta_next", np.int64),  # ns, when the next begins
        ("meta_start", np.int64),  # ns
        ("meta_until", np.int64),
        ("meta_side", np.int64),
        ("meta_size", np.int64),  # lots asked for
        ("meta_executed", np.int64),  # lots
        ("meta_participation", np.float64),
        ("meta_impact", np.float64),  # levels, sum of the shifts of its own fills
        ("meta_left", np.float64),  # levels of that which are left when it ends
    ]
)


def empty_crowd(latent: Rows) -> Rows:
    """CROWD of each instrument: nobody excited, no metaorder running."""
    rows = np.zeros(len(latent), CROWD)
    for row, one in zip(rows, latent, strict=True):
        end_metaorder(one, row, 0)
    return rows


@compiled
def act(book: Book, latent: np.void, fixed: np.void, crowd: np.void, i: int, time: int) -> int:
    """One action; the side of the taker whose fills are in `book.fills`, 0 where nobody took."""
    book.tops[i]["fill_count"] = 0
    crowd["excitement"] *= math.exp((crowd["excited_at"] - time) / (EXCITEMENT_S * SECOND))
    crowd["excited_at"] = time
    takers = TAKER_SHARE * (1.0 + min(crowd["excitement"], EXCITED_MOST))
    chance = draws.uniform(latent)
    if chance < takers:
        return _take(book, latent, fixed, crowd, i, time)
    chance -= takers
    if chance < INFORMED_SHARE:
        return _inform(book, latent, fixed, i)
    if chance < INFORMED_SHARE + MEND_SHARE:
        _mend(book, latent, fixed, i)
    elif draws.uniform(latent) * 2 * ORDERS_KEPT < book.tops[i]["live"]:
        _withdraw(book, latent, i)
    else:
        _quote(book, latent, fixed, i)
    return 0


@compiled
def open_book(book: Book, latent: np.void, fixed: np.void, i: int) -> None:
    """Fill an empty book with quotes."""
    for _ in range(ORDERS_KEPT):
        _quote(book, latent, fixed, i)
    _mend(book, latent, fixed, i)


@compiled
def _lots(latent: np.void, median: float, spread: float) -> int:
    return 1 + int(median * math.exp(spread * draws.normal(latent)))


@compiled
def _place(book: Book, latent: np.void, fixed: np.void, i: int, side: int, level: int) -> None:
    """A quote that never takes: one that would cross rests one tick short of the other side."""
    level = min(level, book.tops[i]["ask"] - 1) if side == BUY else max(level, book.tops[i]["bid"] + 1)
    if 0 < level < LEVELS - 1:
        engine.limit_order(book, i, side, level, _lots(latent, fixed["maker_lots"], 1.0))


@compiled
def _reference(latent: np.void, fixed: np.void, side: int) -> int:
    """The level at which makers want their best quote."""
    half = fixed["half_spread"][latent["volatility"]]
    if side == BUY:
        return math.floor(float(latent["value"] - half))
    return math.ceil(float(latent["value"] + half))


@compiled
def _quote(book: Book, latent: np.void, fixed: np.void, i: int) -> None:
    side = BUY if draws.uniform(latent) < 0.5 else SELL
    if draws.uniform(latent) < NEAR_SHARE:
        scale = 1.0 + 2.0 * fixed["half_spread"][latent["volatility"]]
        distance = scale * draws.exponential(latent)
    else:
        distance = SPAN * draws.uniform(latent) ** 2
    _place(book, latent, fixed, i, side, _reference(latent, fixed, side) - side * int(distance))


@compiled
def _withdraw(book: Book, latent: np.void, i: int) -> None:
    """Cancel the farther of two random orders when it is out of the span, else the first; agents' orders only."""
    live = book.tops[i]["live"]
    slot = book.slots[i, int(live * draws.uniform(latent))]
    other = book.slots[i, int(live * draws.uniform(latent))]
    if abs(book.orders[i, other]["level"] - latent["value"]) > 1.25 * SPAN:
        slot = other
    if book.orders[i, slot]["id"] > 0:
        engine.cancel_order(book, i, slot)


@compiled
def _mend(book: Book, latent: np.void, fixed: np.void, i: int) -> None:
    """Take quotes away that the latent price has run over, then see that both sides quote at their reference."""
    value = latent["value"]
    for _ in range(MENDED_LEVELS):
        bid, ask = book.tops[i]["bid"], book.tops[i]["ask"]
        if bid > value + STALE:
            _clear(book, i, bid)
        elif ask < value - STALE:
            _clear(book, i, ask)
        else:
            break
        if bid == book.tops[i]["bid"] and ask == book.tops[i]["ask"]:
            break  # an order from outside stands there
    for side in (BUY, SELL):
        reference = _reference(latent, fixed, side)
        best = engine.best_level(book, i, side)
        if (reference - best) * side > 0:
            _place(book, latent, fixed, i, side, reference)


@compiled
def _clear(book: Book, i: int, level: int) -> None:
    """Cancel all orders of agents there."""
    slot = book.ladder[i, level]["head"] if 0 <= level < LEVELS else NONE
    while slot != NONE:
        after = book.orders[i, slot]["next"]
        if book.orders[i, slot]["id"] > 0:
            engine.cancel_order(book, i, slot)
        slot = after


@compiled
def _inform(book: Book, latent: np.void, fixed: np.void, i: int) -> int:
    value = latent["value"]
    size = _lots(latent, 2.0 * fixed["taker_lots"], TAKER_SPREAD)
    if book.tops[i]["ask"] < value - STALE:
        return _execute(book, latent, fixed, i, BUY, math.floor(value), size)
    if book.tops[i]["bid"] > value + STALE:
        return _execute(book, latent, fixed, i, SELL, math.ceil(value), size)
    return 0


@compiled
def _execute(book: Book, latent: np.void, fixed: np.void, i: int, side: int, level: int, size: int) -> int:
    """Take, and move the latent price by impact × signed lots; the side, 0 where nothing filled."""
    filled = engine.market_order(book, i, side, level, size)
    if filled == 0:
        return 0
    shift(latent, fixed, side * filled * fixed["impact"][latent["volatility"]])
    return side


@compiled
def _take(book: Book, latent: np.void, fixed: np.void, crowd: np.void, i: int, time: int) -> int:
    crowd["excitement"] += BRANCHING / (EXCITEMENT_S * fixed["taker_rate"] * (1.0 - BRANCHING))
    if crowd["meta_number"] == 0 and time >= crowd["meta_next"]:
        _begin_metaorder(latent, fixed, crowd, time)
    size = _lots(latent, fixed["taker_lots"], TAKER_SPREAD)
    side = BUY if draws.uniform(latent) < 0.5 else SELL
    chance = draws.uniform(latent)
    slice_of_parent = crowd["meta_number"] > 0 and time < crowd["meta_until"] and chance < crowd["meta_participation"]
    if slice_of_parent:
        side = crowd["meta_side"]
        size = min(size, crowd["meta_size"] - crowd["meta_executed"])
    touch = engine.best_level(book, i, -side)
    side = _execute(book, latent, fixed, i, side, touch + side * SWEEP, size)
    if slice_of_parent:
        lots = 0
        for row in range(book.tops[i]["fill_count"]):
            lots += book.fills[row, 2]
        shifted = crowd["meta_side"] * lots * fixed["impact"][latent["volatility"]]
        crowd["meta_executed"] += lots
        crowd["meta_impact"] += shifted
        latent["pushed"] += shifted
        crowd["meta_left"] = latent["pushed"]
        if crowd["meta_executed"] >= crowd["meta_size"]:
            crowd["meta_until"] = time
    return side


@compiled
def _begin_metaorder(latent: np.void, fixed: np.void, crowd: np.void, time: int) -> None:
    shortest, longest = METAORDER_S
    least, most = PARTICIPATION
    seconds = shortest + (longest - shortest) * draws.uniform(latent)
    participation = least + (most - least) * draws.uniform(latent)
    mean_lots = fixed["taker_lots"] * math.exp(0.5 * TAKER_SPREAD**2)
    crowd["meta_last"] += 1
    crowd["meta_number"] = crowd["meta_last"]
    crowd["meta_start"] = time
    crowd["meta_until"] = time + int(seconds * SECOND)
    crowd["meta_side"] = BUY if draws.uniform(latent) < 0.5 else SELL
    crowd["meta_size"] = 1 + int(participation * mean_lots * fixed["taker_rate"] * seconds)
    crowd["meta_executed"] = 0
    crowd["meta_impact"] = crowd["meta_left"] = 0.0
    latent["pushed"] = latent["pushed_anchor"] = 0.0
    crowd["meta_participation"] = participation


@compiled
def follow_metaorder(latent: np.void, crowd: np.void, time: int) -> None:
    """Take note of what is left of the impact of a running metaorder."""
    if crowd["meta_number"] > 0 and time <= crowd["meta_until"]:
        crowd["meta_left"] = latent["pushed"]


@compiled
def end_metaorder(latent: np.void, crowd: np.void, time: int) -> None:
    """Forget the finished metaorder and draw when the next begins."""
    crowd["meta_number"] = 0
    crowd["meta_next"] = time + int(METAORDER_WAIT_S * SECOND * draws.exponential(latent))
