"""Broadcast the slow obvious way: after every frame, whoever has a newer row and was last told long enough ago."""

import json
import math
from typing import Any

import numpy as np
import polars as pl

from market.batch import Batch
from market.schema import NO_BOOK, Kind
from operators import decode
from operators.book import rebuild
from operators.broadcast import conflate
from operators.features import depth, order_flow
from operators.frame import frame
from tests import tape
from tests.contract import Case, Tables
from tests.market_case import cut

INTERVAL_MS = 900.0
STEP_BACK_NS = 50 * 10**9
SCHEMA = {"kind": pl.String, "event": pl.String}
BOOK = (Kind.SNAPSHOT, Kind.DEPTH, Kind.RESET)


def items(seed: int, length: int) -> list[Batch]:
    """The tape with every trouble; in the middle the clock of capture steps back."""
    rows = tape.tape(seed, messages=1_000 * length)
    middle = len(rows) // 2
    return tape.cut(rows[:middle] + [(time - STEP_BACK_NS, raw) for time, raw in rows[middle:]])


def output(batches: list[Batch]) -> Tables:
    """Events in their order, without the place in the batch."""
    told = [row for batch in batches if "broadcast" in batch.tables for row in batch.tables["broadcast"].rows()]
    return {"events": pl.DataFrame([(kind, plain(json.loads(event))) for kind, event in told], SCHEMA, orient="row")}


def plain(event: dict[str, Any]) -> str:
    return json.dumps({name: value for name, value in event.items() if name not in ("offset", "frame")})


def oracle(batches: list[Batch]) -> Tables:
    newest: dict[int, list[tuple[str, str]]] = {}
    told: dict[int, int] = {}
    rows: list[tuple[str, str]] = []
    for batch in batches:
        ticks = frame(batch).to_dicts()
        for number, time in enumerate(batch.receive_times.tolist()):
            for at, tick in enumerate(ticks):
                if tick["frame"] == number and tick["kind"] in BOOK:
                    newest[tick["instrument"]] = list(described(batch, at, tick))
            for instrument in sorted(newest):
                since = time - told.get(instrument, 0)
                if since >= INTERVAL_MS * 1e6 or since < 0:
                    rows += newest.pop(instrument)
                    told[instrument] = time
    return {"events": pl.DataFrame(rows, SCHEMA, orient="row")}


def described(batch: Batch, at: int, tick: dict[str, Any]) -> list[tuple[str, str]]:
    """The events of one tick row."""
    whom = {"venue": batch.venue, "instrument": batch.instruments[tick["instrument"]].symbol}
    head = {
        **whom,
        "exchange_time": said(tick["exchange_time"]) if tick["exchange_time"] else None,
        "receive_time": said(tick["receive_time"]),
        "sequence": tick["sequence"],
    }
    tail = {"shard": batch.shard}
    quote = {name: number(tick[name]) for name in ("bid_price", "bid_size", "ask_price", "ask_size")}
    found = [("quote", {**head, "source": "book", **quote, "valid": tick["valid"], **tail})]
    place = batch.ticks["book"][at]
    if place != NO_BOOK:
        book = batch.books[place]
        sides = {f"{side}s": levels(book[f"{side}_price"], book[f"{side}_size"]) for side in ("bid", "ask")}
        columns = [name for rows in batch.features.values() for name in rows.dtype.names or ()]
        measured = {name: number(tick[name]) for name in columns}
        found += [("book", {**head, **sides, **tail}), ("features", {**head, **measured, **tail})]
    return [(kind, plain({"kind": kind, **event})) for kind, event in found]


def said(time_ns: int) -> str:
    seconds, rest = divmod(time_ns, 10**9)
    return f"{np.datetime64(seconds, 's')}.{rest:09d}Z"


def number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def levels(prices: Any, sizes: Any) -> list[list[float]]:
    return [[price, size] for price, size in zip(prices.tolist(), sizes.tolist(), strict=True) if math.isfinite(price)]


CASE = Case(
    "broadcast.conflate",
    lambda: conflate.stage(interval_ms=INTERVAL_MS),
    items,
    cut,
    output,
    oracle,
    tape.empty,
    (decode.stage, rebuild.stage, order_flow.stage, depth.stage),
)
