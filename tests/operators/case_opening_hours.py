import random
from typing import Any

import polars as pl

from market import record
from market.batch import Batch
from market.calendar import sessions
from market.schema import STATUS
from operators import decode, opening_hours
from tests import tape
from tests.contract import Case, Tables
from tests.market_case import outputs

SECOND = 10**9
BEGIN = 1_383_250_000 * SECOND  # Thursday, 2013-10-31; clocks change on Sunday
NAN = float("nan")


def frames(seed: int, length: int) -> tape.Tape:
    """Signs of life, at times with hours or weeks between them, and instruments that come to be known."""
    chance, time, found = random.Random(seed), BEGIN, []
    for number in range(700 * length):
        time += chance.choice((-5, 0, 1, 60, 900, 1_800)) * SECOND
        time += chance.choice((0, 3, 20)) * 86_400 * SECOND if chance.random() < 0.01 else 0
        said: record.Record = record.Alive()
        if number % 100 == 10 and number < 600:
            said = record.InstrumentDefined(f"S{number // 100}", "0.01", "1")
        elif number % 100 == 40:
            said = record.InstrumentDefined(f"S{chance.randrange(6)}", "0.01", "1", assumed=True)
        found.append((time if chance.random() > 0.02 else 0, record.encode(said)))
    return found


def items(seed: int, length: int) -> list[Batch]:
    return tape.cut(frames(seed, length), shard="lean-usa/0")


def cut(batches: list[Batch], chance: random.Random) -> list[Batch]:
    return tape.cut(tape.uncut(batches), chance, "lean-usa/0")


def oracle(batches: list[Batch]) -> Tables:
    """Frame by frame: which bounds of which sessions lie between it and the one before."""
    bounds = _bounds()
    known: list[str] = []
    rows: list[tuple[Any, ...]] = []
    clock, frame = 0, 0
    for batch in batches:
        table = batch.tables.get("instruments")
        named = dict(zip(table["frame"], table["instrument"], strict=True)) if table is not None else {}
        for position, received in enumerate(batch.receive_times.tolist()):
            past = position in batch.past or received <= clock
            time = clock if past else received
            for bound in bounds:
                if clock and clock < bound[0] <= time and time - bound[0] <= opening_hours.MISSED_NS:
                    rows += [_row(symbol, bound, time, frame) for symbol in known]
            clock = time
            symbol = named.get(position)
            if symbol is not None and symbol not in known and clock:
                known.append(symbol)
                rows.append(_row(symbol, [bound for bound in bounds if bound[0] <= clock][-1], clock, frame))
            frame += 1
    return {"market_status": pl.DataFrame(rows, STATUS, orient="row")}


def _bounds() -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    for session in sessions("XNYS", BEGIN - 20 * 86_400 * SECOND):
        found += [(session.start, "open"), (session.end, "closed")]
        if session.start > BEGIN + 3 * 365 * 86_400 * SECOND:
            return found
    raise AssertionError


def _row(symbol: str, bound: tuple[int, str], time: int, frame: int) -> tuple[Any, ...]:
    return symbol, bound[0], time, bound[1], "session", "", NAN, NAN, frame


CASE = Case(
    "opening_hours",
    opening_hours.stage,
    items,
    cut,
    outputs(tables=["market_status"]),
    oracle,
    tape.empty,
    (decode.stage,),
)
