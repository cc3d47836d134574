"""Reads Binance frames and our records the slow obvious way: json and Decimal, one message at a time; the oracle of
decode.

`said` gives messages with the venue's own texts, for oracles that know nothing of ticks; `events` turns them into
EVENT rows.
"""

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np

from market.batch import Batch, Events
from market.clock import MILLISECOND_NS
from market.instrument import Instrument, InstrumentTable
from market.schema import EVENT, NO_SEQUENCE, NO_TIME, Flag, Kind
from operators.stage import Stage

SPOT = "binance-spot"


class Said(NamedTuple):
    """One message as the venue said it."""

    frame: int
    receive_time: int
    kind: Kind
    symbol: str
    exchange_time: int = NO_TIME
    sequence: int = NO_SEQUENCE
    previous: int = NO_SEQUENCE
    side: int = 0
    price: str = "0"
    size: str = "0"
    flags: int = 0
    levels: tuple[tuple[int, str, str], ...] = ()  # side, price, size


def said(batch: Batch, table: InstrumentTable) -> tuple[list[Said], InstrumentTable]:
    """The messages of a batch, and the instruments as they are after it."""
    found: list[Said] = []
    for number, (received, frame) in enumerate(zip(batch.receive_times.tolist(), batch.frames, strict=True)):
        if frame[:1] == b"\x1e":
            record = json.loads(frame[1:])
            more, table = _record(number, received, record, table, batch.venue)
            found.extend(more)
        else:
            body = json.loads(frame)
            found.extend(_message(number, received, body.get("data", body), batch.venue, table))
    return found, table


def events(messages: Iterable[Said], table: InstrumentTable) -> Events:
    """EVENT rows of messages; prices are exact multiples of the tick."""
    rows: list[tuple[Any, ...]] = []
    for said_ in messages:
        number = table.id_of(said_.symbol)
        tick = table[number].tick_size
        head = (said_.exchange_time, said_.receive_time, said_.sequence, said_.previous, _ticks(said_.price, tick))
        tail = (said_.frame, int(said_.kind), said_.side, said_.flags)
        rows.append((*head, float(said_.size), number, len(said_.levels), *tail))
        for side, price, size in said_.levels:
            level = (said_.exchange_time, said_.receive_time, said_.sequence, NO_SEQUENCE, _ticks(price, tick))
            rows.append((*level, float(size), number, 0, said_.frame, int(Kind.LEVEL), side, 0))
    return np.array(rows, EVENT)


def stage() -> Stage:
    """A stand-in for the decode stage: events and instruments only, no other tables."""

    def advance(state: list[InstrumentTable], batch: Batch) -> Batch:
        messages, state[0] = said(batch, state[0])
        return batch._replace(events=events(messages, state[0]), instruments=state[0])

    return Stage("plain", lambda: [InstrumentTable()], advance)


def _ticks(price: str, tick: Decimal) -> int:
    return int(Decimal(price) / tick)


def _record(
    frame: int, received: int, record: dict[str, Any], table: InstrumentTable, venue: str
) -> tuple[list[Said], InstrumentTable]:
    def resets(symbols: Iterable[str], flag: int) -> list[Said]:
        return [Said(frame, received, Kind.RESET, symbol, flags=flag) for symbol in symbols if table.id_of(symbol) >= 0]

    match record["record"]:
        case "instrument":
            steps = [Decimal(record[name]) for name in ("tick_size", "lot_size")]
            contract = Decimal(record.get("contract_size", "1"))
            row = Instrument(venue, record["symbol"], *steps, contract, record.get("inverse", False))
            known = table.id_of(row.symbol)
            changed = known >= 0 and table[known].tick_size != row.tick_size
            return resets([row.symbol], Flag.TICK_CHANGED) if changed else [], table.define(row)
        case "connected":
            return [] if record["overlap"] else resets(record["symbols"], Flag.DISCONNECTED), table
        case "disconnected":
            return resets(record["symbols"], Flag.DISCONNECTED), table
        case "silent":
            return resets([record["symbol"]], Flag.SILENT), table
        case "shed":
            return resets(record["symbols"], Flag.SHED), table
        case "snapshot":
            return [_snapshot(frame, received, record["body"], record["symbol"])], table
    return [], table


def _message(frame: int, received: int, body: dict[str, Any], venue: str, table: InstrumentTable) -> Iterator[Said]:
    time = body.get("T", body.get("E", 0)) * MILLISECOND_NS
    if "lastUpdateId" in body:
        yield _snapshot(frame, received, body, body.get("symbol", table[0].symbol))
    elif body.get("e") == "depthUpdate":
        previous = body["U"] - 1 if venue == SPOT else body["pu"]
        yield Said(
            frame, received, Kind.DEPTH, body["s"], time, body["u"], previous, levels=_levels(body["b"], body["a"])
        )
    elif body.get("e") in ("trade", "aggTrade"):
        kind = Kind.TRADE if body["e"] == "trade" else Kind.AGGREGATE_TRADE
        number = body["t"] if body["e"] == "trade" else body["a"]
        flags = Flag.OFF_BOOK if body.get("X", "MARKET") != "MARKET" else 0
        side = -1 if body["m"] else 1
        yield Said(
            frame, received, kind, body["s"], time, number, side=side, price=body["p"], size=body["q"], flags=flags
        )
    elif "B" in body and "A" in body:
        levels = _levels([[body["b"], body["B"]]], [[body["a"], body["A"]]])
        yield Said(frame, received, Kind.TICKER, body["s"], time, body["u"], levels=levels)


def _snapshot(frame: int, received: int, body: dict[str, Any], symbol: str) -> Said:
    time = body.get("T", body.get("E", 0)) * MILLISECOND_NS
    levels = _levels(body["bids"], body["asks"])
    return Said(frame, received, Kind.SNAPSHOT, symbol, time, body["lastUpdateId"], levels=levels)


def _levels(bids: list[list[str]], asks: list[list[str]]) -> tuple[tuple[int, str, str], ...]:
    return tuple((side, row[0], row[1]) for side, rows in ((1, bids), (-1, asks)) for row in rows)
