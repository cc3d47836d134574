"""The event loop: for each instrument, what is due next happens, and `publish` writes down what the venue would say.

Due are agents at random times, depth messages every 100 ms, marks and truth samples every second. The rate of agents
is trimmed once a second, so that messages come at the rate asked for in the present volatility regime. How simulated
time is cut into calls of `advance_all` changes nothing in what happens.
"""

import numpy as np

from simulator import agents, draws, engine, publish
from simulator.compiled import compiled
from simulator.engine import NONE, ORDERS, TOUCHED
from simulator.publish import WORK, Integers, Rows, World
from simulator.regimes import EVENTS_PER_MESSAGE, SECOND, move

DEPTH_NS = 100_000_000
MARK_NS = 1_000_000_000
SAMPLE_NS = 1_000_000_000
TOUCHED_SPARE = 1_024  # more levels than one event touches
TRIM = 0.2  # share of the error in the message rate that is made up each second
TRIM_LEAST, TRIM_MOST = 0.2, 5.0


def clockwork(first_ids: Integers) -> Rows:
    """WORK of each instrument, everything due soon; depth messages are spread over their interval."""
    rows = np.zeros(len(first_ids), WORK)
    rows["next_depth"] = np.arange(len(rows)) * DEPTH_NS // len(rows) + 1
    rows["next_mark"] = MARK_NS
    rows["trim"] = 1.0
    rows["update_id"], rows["depth_last"] = first_ids, first_ids - 1
    rows["trade_id"], rows["aggregate_id"] = first_ids // 1_000, first_ids // 2_000
    return rows


@compiled
def open_market(world: World, i: int) -> None:
    """Fill the book before the first message."""
    agents.open_book(world.book, world.latent[i], world.fixed[i], i)
    publish.forget_touched(world.book, i)
    publish.look(world.book, world.work[i], i)


@compiled
def advance_all(world: World, first: int, until: int) -> int:
    """Run the instruments from number `first` on up to time `until`, ns.

    The number of the instrument that could not go on because the output is nearly full and must be taken away
    first; the number of instruments when all are done.
    """
    count = len(world.work)
    for i in range(first, count):
        if not _advance(world, i, until):
            return i
    return count


@compiled
def _advance(world: World, i: int, until: int) -> bool:
    work = world.work[i]
    while True:
        due = min(work["next_event"], work["next_depth"], work["next_mark"], work["next_sample"])
        if due >= until:
            return True
        if publish.full(world.out):
            return False
        if due == work["next_depth"]:
            publish.depth(world, i, due)
            work["next_depth"] = due + DEPTH_NS
        elif due == work["next_mark"]:
            publish.mark(world, i, due)
            work["next_mark"] = due + MARK_NS
        elif due == work["next_sample"]:
            _each_second(world, i, due)
            work["next_sample"] = due + SAMPLE_NS
        else:
            _event(world, i, due)


@compiled
def _event(world: World, i: int, time: int) -> None:
    book, latent, fixed, work = world.book, world.latent[i], world.fixed[i], world.work[i]
    move(latent, fixed, time)
    agents.follow_metaorder(latent, world.crowd[i], time)
    top = book.tops[i]
    live, last_id = top["live"], top["last_id"]
    side = agents.act(book, latent, fixed, world.crowd[i], i, time)
    rate = EVENTS_PER_MESSAGE * fixed["message_rate"][latent["volatility"]] * work["trim"]
    work["next_event"] = time + 1 + int(SECOND / rate * draws.exponential(latent))
    if live == top["live"] and last_id == top["last_id"]:
        return
    publish.take_id(work, latent)
    _tell(world, i, time, side)


@compiled
def _tell(world: World, i: int, time: int, side: int) -> None:
    if side != 0:
        publish.trades(world, i, time, side)
    publish.ticker(world, i, time)
    if world.book.tops[i]["touched_count"] > TOUCHED - TOUCHED_SPARE:
        publish.depth(world, i, time)


@compiled
def enter(
    world: World, i: int, time: int, number: int, side: int, level: int, size: int, rests: bool
) -> tuple[int, int, int]:
    """An order from outside, see engine.outside_order: its slot, rows in `book.fills`, the last trade id before it.

    The market tells of it as of any other; it costs no draw and does not count for the message rate. The output must
    have room.
    """
    if world.book.tops[i]["touched_count"] > TOUCHED - TOUCHED_SPARE - ORDERS:
        publish.depth(world, i, time)
    work, before = world.work[i], world.work[i]["trade_id"]
    messages = work["messages"]
    slot = engine.outside_order(world.book, i, number, side, level, size, rests)
    count = world.book.tops[i]["fill_count"]
    if count > 0 or slot != NONE:
        publish.next_id(work)
        _tell(world, i, time, side)
    work["messages"] = messages
    return slot, int(count), int(before)


@compiled
def leave(world: World, i: int, time: int, slot: int) -> int:
    """An order from outside is taken back: the lots it had left. A full output tells of it with the next depth."""
    work = world.work[i]
    messages = work["messages"]
    lots = engine.cancel_order(world.book, i, slot)
    if lots > 0:
        publish.next_id(work)
        if not publish.full(world.out):
            _tell(world, i, time, 0)
    work["messages"] = messages
    return lots


@compiled
def _each_second(world: World, i: int, time: int) -> None:
    latent, work, crowd, fixed = world.latent[i], world.work[i], world.crowd[i], world.fixed[i]
    publish.sample(world, i, time)
    if crowd["meta_number"] > 0 and time >= crowd["meta_until"]:
        publish.metaorder(world, i)
        agents.end_metaorder(latent, crowd, time)
    error = 1.0 - work["messages"] / fixed["message_rate"][latent["volatility"]]
    if time > 0:
        work["trim"] = min(max(work["trim"] * (1.0 + TRIM * max(error, -1.0)), TRIM_LEAST), TRIM_MOST)
    work["messages"] = 0
