import random

import polars as pl

from market import record
from market.batch import Batch
from operators import availability, decode
from operators.book import rebuild
from tests import tape
from tests.contract import Case, Tables
from tests.market_case import cut, outputs
from tests.operators.slow_availability import merged, slow_availability

STALE_S = 4.0
LATER_NS = 6_100 * 10**9  # the tape begins at 22:13:20; with this, its fifth minute is the first of a day
NAMES = ["AAAUSDT", "BBBUSDT"]
rows = outputs(tables=["availability"])


def troubled(seed: int, messages: int) -> tape.Tape:
    """The tape with every trouble, over midnight, and with what only capture and the journal can tell."""
    received = [(time + LATER_NS, frame) for time, frame in tape.tape(seed, messages=messages)]
    chance = random.Random(f"troubles {seed}")
    for _ in range(messages // 40):
        at = chance.randrange(3, len(received))
        time = received[at][0]
        said = (
            record.Began(received[at - 1][0], chance.choice((NAMES, NAMES, NAMES[:1]))),
            record.Torn("it has the wrong checksum"),
            record.ClockStepped(chance.choice((-(10**9), 10**9)), chance.random() < 0.5),
            record.Silent("bbbusdt@trade", "BBBUSDT", time - 3 * 10**9),
            record.Shed("ticker", {"AAAUSDT": 2}),
            record.Connected("market", 2, NAMES),
            record.Disconnected("market", "lost", NAMES),
        )
        received.insert(at, (time, record.encode(chance.choice(said))))
    return [*received[:-2], *_restart(received[-3][0]), *received[-2:]]


def _restart(time: int) -> tape.Tape:
    """Before the last snapshots: so every tape ends alike, and what is kept at its end is what must be kept."""
    said = record.Began(time, NAMES), record.Connected("public", 9, NAMES), record.Connected("market", 9, NAMES)
    return [(time, record.encode(one)) for one in said]


def items(seed: int, length: int) -> list[Batch]:
    """In batches of 16 frames."""
    return tape.cut(troubled(seed, 1_500 * length))


def output(batches: list[Batch]) -> Tables:
    """Intervals as the oracle has them."""
    found = rows(batches)["availability"]
    if "state" not in found.columns:
        return {"availability": pl.DataFrame()}
    return {"availability": merged(found.with_columns(said=pl.concat_list("state", "cause")))}


def oracle(batches: list[Batch]) -> Tables:
    return {"availability": slow_availability(batches, int(STALE_S * 10**9))}


CASE = Case(
    "availability",
    lambda: availability.stage(stale_s=STALE_S),
    items,
    cut,
    output,
    oracle,
    tape.empty,
    (decode.stage, rebuild.stage),
)
