"""Deterministic raw frames of a small exchange that speaks Binance USD-M's protocol: two instruments, books that are
true.

A tape is a list of (receive time in ns, frame). `tape(seed)` has every kind of message and, with `faults`, every kind
of trouble; `cut` makes journal batches of it, and `positions` finds frames to tamper with.
"""

import json
import random
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np

from market import record
from market.batch import Batch
from market.frames import Frames

Tape = list[tuple[int, bytes]]
START_MS = 1_700_000_000_000
SHARD = "binance-usdm/0"


@dataclass
class Market:
    """One instrument: its book in integer ticks, and the ids it gave."""

    symbol: str
    tick: Decimal
    middle: int
    random: random.Random
    bids: dict[int, int] = field(default_factory=dict)  # price in ticks → size in thousandths
    asks: dict[int, int] = field(default_factory=dict)
    last: int = 1_000
    trade: int = 1

    def __post_init__(self) -> None:
        for step in range(1, 40, 2):
            self.bids[self.middle - step] = self.asks[self.middle + step] = self.random.randint(1, 9_999)

    def text(self, ticks: int) -> str:
        return str(self.tick * ticks)

    def rows(self, side: dict[int, int], *, best_first: int) -> list[list[str]]:
        return [[self.text(price), _size(side[price])] for price in sorted(side, reverse=best_first < 0)]

    def snapshot(self, time: int) -> dict[str, Any]:
        books = {"bids": self.rows(self.bids, best_first=-1), "asks": self.rows(self.asks, best_first=1)}
        return {"lastUpdateId": self.last, "E": time, "T": time, **books}

    def move(self) -> tuple[dict[int, int], dict[int, int]]:
        """Change a few levels, at times the best price; returns the changes, 0 for levels that are gone."""
        self.middle += self.random.choice((0, 0, 0, 1, -1, 3, -3))
        bids = {price: 0 for price in self.bids if price >= self.middle}
        asks = {price: 0 for price in self.asks if price <= self.middle}
        for side, changes, sign in ((self.bids, bids, -1), (self.asks, asks, 1)):
            for _ in range(self.random.randint(0, 3)):
                price = self.middle + sign * (1 + int(self.random.expovariate(0.15)))
                changes[price] = self.random.choice((0, self.random.randint(1, 9_999)))
            changes.setdefault(self.middle + sign * 2, self.random.randint(1, 9_999))
            changes[self.middle + sign * 2] = changes[self.middle + sign * 2] or 5
            side.update(changes)
            for price in [price for price, size in side.items() if size == 0]:
                del side[price]
        return bids, asks

    def depth(self, time: int) -> dict[str, Any]:
        previous, bids_asks = self.last, self.move()
        first = previous + self.random.randint(1, 9)
        self.last = first + self.random.randint(0, 9)
        sides = [[[self.text(price), _size(size)] for price, size in side.items()] for side in bids_asks]
        ids = {"U": first, "u": self.last, "pu": previous}
        return {"e": "depthUpdate", "E": time + 2, "T": time, "s": self.symbol, **ids, "b": sides[0], "a": sides[1]}

    def ticker(self, time: int) -> dict[str, Any]:
        bid, ask = max(self.bids), min(self.asks)
        quote = {"b": self.text(bid), "B": _size(self.bids[bid]), "a": self.text(ask), "A": _size(self.asks[ask])}
        return {"e": "bookTicker", "u": self.last, "s": self.symbol, **quote, "T": time, "E": time + 2}

    def trades(self, time: int, kind: str = "trade", cause: str = "MARKET") -> dict[str, Any]:
        sold = self.random.random() < 0.5
        price = max(self.bids) if sold else min(self.asks)
        self.trade += 1
        deal = {"p": self.text(price), "q": _size(self.random.randint(1, 900)), "m": sold}
        if kind == "aggTrade":
            ids = {"a": self.trade, "f": self.trade, "l": self.trade}
            return {"e": kind, "E": time + 2, "T": time, "s": self.symbol, **ids, **deal}
        return {"e": kind, "E": time + 2, "T": time, "s": self.symbol, "t": self.trade, "X": cause, **deal}


@dataclass
class Recorder:
    """What a capture process would append."""

    time: int = START_MS  # ms
    tape: Tape = field(default_factory=list)

    def keep(self, body: dict[str, Any], stream: str) -> None:
        frame = {"stream": f"{body['s'].lower()}@{stream}", "data": body}
        self.tape.append((self.time * 1_000_000, json.dumps(frame, separators=(",", ":")).encode()))

    def note(self, said: record.Record) -> None:
        self.tape.append((self.time * 1_000_000, record.encode(said)))

    def snapshot(self, market: Market) -> None:
        self.note(record.Snapshot(market.symbol, msgspec.Raw(json.dumps(market.snapshot(self.time)).encode())))


def tape(seed: int, *, messages: int = 1_500, faults: bool = True) -> Tape:
    """Frames, about 0.1 s per message; a snapshot of each instrument every 60 messages, and one at the end."""
    chance = random.Random(seed)
    markets = [
        Market("AAAUSDT", Decimal("0.1"), 600_000, random.Random(f"{seed} a")),
        Market("BBBUSDT", Decimal("0.05"), 247, random.Random(f"{seed} b")),
    ]
    recorder = Recorder()
    for market in markets:
        recorder.note(record.InstrumentDefined(market.symbol, str(market.tick), "0.001"))
    recorder.note(record.Connected("public", 1, [market.symbol for market in markets]))
    for number in range(messages):
        recorder.time += chance.choice((1, 20, 80, 200)) if chance.random() < 0.99 else chance.choice((3_000, 65_000))
        _message(recorder, chance.choice(markets), chance)
        if faults and chance.random() < 0.01:
            _fault(recorder, chance.choice(markets), chance)
        if number % 30 == 12:
            recorder.snapshot(markets[number // 30 % 2])
    for market in markets:
        recorder.snapshot(market)
    return recorder.tape


def cut(tape: Tape, chance: random.Random | None = None, shard: str = SHARD) -> list[Batch]:
    """A tape as journal batches: of 16 frames, or of random lengths with empty ones between."""
    batches: list[Batch] = []
    rows = list(tape)
    while rows:
        size = 16 if chance is None else chance.choice((0, 1, 2, 7, 40, 200))
        batches.append(_batch(len(batches), rows[:size], shard))
        rows = rows[size:]
    return batches


def empty(batch: Batch) -> Batch:
    """A batch after `batch` in which nothing was received."""
    return _batch(batch.offset + 1, [], batch.shard)._replace(instruments=batch.instruments)


def uncut(batches: list[Batch]) -> Tape:
    """The tape that batches were cut from."""
    return [row for batch in batches for row in zip(batch.receive_times.tolist(), batch.frames, strict=True)]


def positions(tape: Tape, symbol: str, event: str = "depthUpdate") -> list[int]:
    """Where a tape has frames of one event of one instrument."""
    marks = (f'"e":"{event}"'.encode(), f'"s":"{symbol}"'.encode())
    return [number for number, (_, frame) in enumerate(tape) if all(mark in frame for mark in marks)]


def _batch(offset: int, rows: Tape, shard: str) -> Batch:
    times = np.array([time for time, _ in rows], np.int64)
    return Batch(shard, offset, times, Frames.of([frame for _, frame in rows]))


def _size(thousandths: int) -> str:
    return f"{thousandths / 1000:.3f}"


def _message(recorder: Recorder, market: Market, chance: random.Random) -> None:
    """One message of the ordinary kind; some stamps are late, and one venue clock in a hundred is far ahead."""
    time = recorder.time + chance.choice((0, 0, 0, 0, -30, -400, -1_500))
    which = chance.random()
    if which < 0.6:
        recorder.keep(market.depth(time), "depth@100ms")
        if which < 0.15:
            recorder.keep(market.ticker(time), "bookTicker")
    elif which < 0.9:
        stamp = time + (chance.choice((-20_000, -300_000, 8_000)) if which < 0.62 else 0)
        kind = chance.choice(("trade", "aggTrade"))
        recorder.keep(market.trades(stamp, kind), kind)
    else:
        recorder.keep(market.trades(time, cause=chance.choice(("INSURANCE_FUND", "NA", "MARKET"))), "trade")


def _fault(recorder: Recorder, market: Market, chance: random.Random) -> None:
    """One thing that goes wrong."""
    which = chance.randint(0, 7)
    if which == 0:
        market.depth(recorder.time)  # lost
    elif which == 1:
        recorder.tape.append(recorder.tape[-1])  # twice, whatever it is
    elif which == 2 and not record.is_record(recorder.tape[-2][1]):
        (first, one), (second, other) = recorder.tape[-2:]
        recorder.tape[-2:] = [(first, other), (second, one)]
    elif which == 3:
        recorder.note(record.Disconnected("public", "lost", [market.symbol]))
        recorder.time += 500
        recorder.note(record.Connected("public", 2, [market.symbol]))
    elif which == 4:
        recorder.note(record.Silent(f"{market.symbol.lower()}@depth@100ms", market.symbol, recorder.time * 1_000_000))
    elif which == 5:
        recorder.note(record.Shed("depth", {market.symbol: 3}))
    elif which == 6:
        recorder.keep(_crossing(market, recorder.time), "depth@100ms")
    else:
        recorder.snapshot(market)


def _crossing(market: Market, time: int) -> dict[str, Any]:
    """A message that the venue should never send: a bid at the best ask."""
    said = market.depth(time)
    said["b"].append([market.text(min(market.asks)), "1.000"])
    return said
