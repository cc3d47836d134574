"""What the venue would publish, as rows of integers: depth, best bid and ask, trades, marks; and the truth beside them.

Update ids rise by instrument and are not dense: whatever changes the book takes the next id, so a depth message and a
best bid and ask that carry the same id show the same state. Prices are ticks, sizes lots, times ns since the start of
the simulation.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator import draws
from simulator.compiled import compiled
from simulator.engine import ASK_BIT, BID_BIT, LEVELS, ORDERS, TOUCHED, Book

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Rows = NDArray[np.void]

DEPTH, TICKER, TRADE, MARK = 0, 1, 2, 3
KINDS = 4
MESSAGES = 8_192  # rows in one call of `flow.advance`, which returns early when it gets near to that
MESSAGES_SPARE = 1_024  # more than one event can make
LEVEL_ROWS = 65_536
SAMPLES = 1_024
HITS = 8_192  # fills of orders from outside by agents
IDS_BETWEEN = 200.0  # update ids that other instruments of the venue take in between, at most

WORK = np.dtype(
    [
        ("next_event", np.int64),  # ns, as are all due times
        ("next_depth", np.int64),
        ("next_mark", np.int64),
        ("next_sample", np.int64),
        ("trim", np.float64),  # factor on the event rate that makes the message rate come out as asked
        ("messages", np.int64),  # made by agents since the last sample
        ("update_id", np.int64),  # of the newest state
        ("depth_first", np.int64),  # id of the first change since the last depth message, 0 when there is none
        ("depth_last", np.int64),  # id the last depth message ended with
        ("trade_id", np.int64),
        ("aggregate_id", np.int64),
        ("bid", np.int64),  # best bid and ask as last looked at: levels and lots
        ("bid_lots", np.int64),
        ("ask", np.int64),
        ("ask_lots", np.int64),
    ]
)


class Output(NamedTuple):
    """What one call of `flow.advance_all` made."""

    messages: Integers  # kind, instrument, time, and six columns by kind: see the functions that write them
    levels: Integers  # ticks and lots; DEPTH rows point into it
    samples: Integers  # instrument, time, volatility, dynamics, metaorder number, bid ticks, ask ticks
    latent: Floats  # of the same samples: latent price in ticks, impact in ticks per lot
    metaorders: Integers  # instrument, number, start, end, side, lots asked, lots executed
    pressure: Floats  # of the same metaorders: participation, shift by its own fills in ticks, what is left of it
    hits: Integers  # outside orders that agents took from: instrument, time, order id, level, lots, trade id
    counts: Integers  # rows of messages, levels, samples, metaorders and hits


class World(NamedTuple):
    """Everything the simulation is; rows by instrument."""

    book: Book
    latent: Rows  # LATENT
    fixed: Rows  # TRAITS
    crowd: Rows  # CROWD
    work: Rows  # WORK
    out: Output


def output() -> Output:
    """Buffers that are filled again and again."""
    return Output(
        messages=np.zeros((MESSAGES, 9), np.int64),
        levels=np.zeros((LEVEL_ROWS, 2), np.int64),
        samples=np.zeros((SAMPLES, 7), np.int64),
        latent=np.zeros((SAMPLES, 2)),
        metaorders=np.zeros((SAMPLES, 7), np.int64),
        pressure=np.zeros((SAMPLES, 3)),
        hits=np.zeros((HITS, 6), np.int64),
        counts=np.zeros(5, np.int64),
    )


@compiled
def full(out: Output) -> bool:
    """Whether the next event might not fit."""
    short = out.counts[0] > MESSAGES - MESSAGES_SPARE or out.counts[1] > LEVEL_ROWS - 2 * TOUCHED
    return bool(short or max(out.counts[2], out.counts[3]) >= SAMPLES or out.counts[4] > HITS - MESSAGES_SPARE)


@compiled
def has_room(out: Output) -> bool:
    """Whether an order from outside fits, which may take from every order of a book."""
    return bool(out.counts[0] <= MESSAGES - MESSAGES_SPARE - ORDERS and out.counts[1] <= LEVEL_ROWS - 4 * TOUCHED)


@compiled
def take_id(work: np.void, latent: np.void) -> None:
    """The book has changed: give the new state its update id."""
    step = draws.uniform(latent)
    _raise_id(work, 1 + int(IDS_BETWEEN * step * step * step))


@compiled
def next_id(work: np.void) -> None:
    """The same after an order from outside, without a draw: the agents' luck stays theirs."""
    _raise_id(work, 1)


@compiled
def _raise_id(work: np.void, step: int) -> None:
    work["update_id"] += step
    if work["depth_first"] == 0:
        work["depth_first"] = work["update_id"]


@compiled
def _row(out: Output, kind: int, i: int, time: int) -> int:
    row = out.counts[0]
    out.counts[0] = row + 1
    out.messages[row, 0] = kind
    out.messages[row, 1] = i
    out.messages[row, 2] = time
    return int(row)


@compiled
def trades(world: World, i: int, time: int, side: int) -> None:
    """A row for all fills of a taker at one price: id, ticks, lots, first trade, last trade, whether the buyer made."""
    book, work, rows = world.book, world.work[i], world.out.messages
    fill, count = 0, book.tops[i]["fill_count"]
    while fill < count:
        level, lots, first = book.fills[fill, 1], 0, work["trade_id"] + 1
        while fill < count and book.fills[fill, 1] == level:
            if book.fills[fill, 2] > 0:
                lots += book.fills[fill, 2]
                work["trade_id"] += 1
                if book.fills[fill, 0] < 0:
                    _hit(world, i, time, fill)
            fill += 1
        if lots == 0:
            continue
        work["aggregate_id"] += 1
        work["messages"] += 1
        row = _row(world.out, TRADE, i, time)
        rows[row, 3] = work["aggregate_id"]
        rows[row, 4] = world.fixed[i]["base_ticks"] + level
        rows[row, 5] = lots
        rows[row, 6] = first
        rows[row, 7] = work["trade_id"]
        rows[row, 8] = 1 if side < 0 else 0


@compiled
def _hit(world: World, i: int, time: int, fill: int) -> None:
    """An order from outside was filled by the agent whose fills stand in the book."""
    row = world.out.counts[4]
    world.out.counts[4] = row + 1
    world.out.hits[row, 0] = i
    world.out.hits[row, 1] = time
    world.out.hits[row, 2:5] = world.book.fills[fill]
    world.out.hits[row, 5] = world.work[i]["trade_id"]


@compiled
def ticker(world: World, i: int, time: int) -> None:
    """Where the best changed and both sides stand: update id, bid ticks, bid lots, ask ticks, ask lots."""
    work, rows = world.work[i], world.out.messages
    if not look(world.book, work, i) or work["bid_lots"] == 0 or work["ask_lots"] == 0:
        return
    base = world.fixed[i]["base_ticks"]
    work["messages"] += 1
    row = _row(world.out, TICKER, i, time)
    rows[row, 3] = work["update_id"]
    rows[row, 4] = base + work["bid"]
    rows[row, 5] = work["bid_lots"]
    rows[row, 6] = base + work["ask"]
    rows[row, 7] = work["ask_lots"]


@compiled
def look(book: Book, work: np.void, i: int) -> bool:
    """Take note of the best bid and ask; whether they have changed since the last look."""
    bid, ask = book.tops[i]["bid"], book.tops[i]["ask"]
    bid_lots = book.ladder[i, bid]["volume"] if bid >= 0 else 0
    ask_lots = book.ladder[i, ask]["volume"] if ask < LEVELS else 0
    moved = bid != work["bid"] or ask != work["ask"]
    changed = moved or bid_lots != work["bid_lots"] or ask_lots != work["ask_lots"]
    work["bid"] = bid
    work["bid_lots"] = bid_lots
    work["ask"] = ask
    work["ask_lots"] = ask_lots
    return bool(changed)


@compiled
def depth(world: World, i: int, time: int) -> None:
    """All levels that changed: first id, last id, last id of the message before, start in `levels`, bids, asks."""
    book, work, out = world.book, world.work[i], world.out
    if book.tops[i]["touched_count"] == 0:
        return
    row, start = _row(out, DEPTH, i, time), out.counts[1]
    book.touched[i, : book.tops[i]["touched_count"]].sort()
    out.messages[row, 3] = work["depth_first"]
    out.messages[row, 4] = work["update_id"]
    out.messages[row, 5] = work["depth_last"]
    out.messages[row, 6] = start
    out.messages[row, 7] = _copy_side(world, i, BID_BIT)
    out.messages[row, 8] = _copy_side(world, i, ASK_BIT)
    work["depth_last"] = work["update_id"]
    work["depth_first"] = 0
    forget_touched(book, i)


@compiled
def _copy_side(world: World, i: int, bit: int) -> int:
    """A level that went from one side to the other is told twice: gone on the one, there on the other."""
    book, out = world.book, world.out
    start = out.counts[1]
    best_ask = book.tops[i]["ask"]
    for k in range(book.tops[i]["touched_count"]):
        level = book.touched[i, k]
        if book.ladder[i, level]["dirty"] & bit:
            here = (level >= best_ask) == (bit == ASK_BIT)
            out.levels[out.counts[1], 0] = world.fixed[i]["base_ticks"] + level
            out.levels[out.counts[1], 1] = book.ladder[i, level]["volume"] if here else 0
            out.counts[1] += 1
    return int(out.counts[1] - start)


@compiled
def forget_touched(book: Book, i: int) -> None:
    """Begin the next depth message."""
    for k in range(book.tops[i]["touched_count"]):
        book.ladder[i, book.touched[i, k]]["dirty"] = 0
    book.tops[i]["touched_count"] = 0


@compiled
def mark(world: World, i: int, time: int) -> None:
    """Mark price, halfway from the mid price to the latent one, and index price, in millionths of a tick."""
    work, latent = world.work[i], world.latent[i]
    base = world.fixed[i]["base_ticks"]
    middle = 0.5 * (work["bid"] + work["ask"])
    row = _row(world.out, MARK, i, time)
    world.out.messages[row, 3] = int((base + 0.5 * (middle + latent["value"])) * 1e6)
    world.out.messages[row, 4] = int((base + latent["value"]) * 1e6)


@compiled
def sample(world: World, i: int, time: int) -> None:
    """Write the state down for the truth."""
    latent, work, out, fixed = world.latent[i], world.work[i], world.out, world.fixed[i]
    row = out.counts[2]
    out.counts[2] = row + 1
    out.samples[row, 0] = i
    out.samples[row, 1] = time
    out.samples[row, 2] = latent["volatility"]
    out.samples[row, 3] = latent["dynamics"]
    out.samples[row, 4] = world.crowd[i]["meta_number"]
    out.samples[row, 5] = fixed["base_ticks"] + work["bid"]
    out.samples[row, 6] = fixed["base_ticks"] + work["ask"]
    out.latent[row, 0] = fixed["base_ticks"] + latent["value"]
    out.latent[row, 1] = fixed["impact"][latent["volatility"]]


@compiled
def metaorder(world: World, i: int) -> None:
    """Write a finished metaorder down for the truth."""
    crowd, out = world.crowd[i], world.out
    row = out.counts[3]
    out.counts[3] = row + 1
    out.metaorders[row, 0] = i
    out.metaorders[row, 1] = crowd["meta_number"]
    out.metaorders[row, 2] = crowd["meta_start"]
    out.metaorders[row, 3] = crowd["meta_until"]
    out.metaorders[row, 4] = crowd["meta_side"]
    out.metaorders[row, 5] = crowd["meta_size"]
    out.metaorders[row, 6] = crowd["meta_executed"]
    out.pressure[row, 0] = crowd["meta_participation"]
    out.pressure[row, 1] = crowd["meta_impact"]
    out.pressure[row, 2] = crowd["meta_left"]
