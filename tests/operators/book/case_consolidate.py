"""Quotes of four exchanges whose clocks differ, with everything that may come among them, and the slow way to the same
pictures: every quote that an exchange ever made is kept in plain dicts."""

import random
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from market.batch import Batch
from market.frames import Frames
from market.instrument import Instrument, InstrumentTable
from market.schema import EVENT, GAP, NO_SEQUENCE, Flag, Kind
from operators.book import consolidate
from operators.book.quotes import MAX_EXCHANGES
from tests.contract import Case, Tables
from tests.operators.case_decode import table

SKEW_MS = 100
MS = 1_000_000
START = 1_700_000_000_000 * MS
SYMBOLS = "AAA", "BBB"
LISTED = InstrumentTable()
for _symbol in SYMBOLS:
    LISTED = LISTED.define(Instrument("massive-crypto", _symbol, Decimal("0.01"), Decimal(1)))
Message = list[dict[str, Any]]  # a header and its levels
Side = tuple[int, int, float]  # side, price, size


def quote(exchange: int, time: int, *sides: Side, received: int | None = None, **more: Any) -> Message:
    """What an exchange has now: (side, price in ticks, size) of one side or both."""
    times = {"exchange_time": time, "receive_time": time if received is None else received}
    head = {"kind": Kind.QUOTE, "previous": exchange, "levels": len(sides), **times, "instrument": 0} | more
    level = {"kind": Kind.LEVEL, "previous": NO_SEQUENCE, **times, "instrument": head["instrument"]}
    return [head, *({**level, "side": side, "price": price, "size": size} for side, price, size in sides)]


def other(kind: Kind, time: int, **more: Any) -> Message:
    """A row that is no quote."""
    return [
        {"kind": kind, "exchange_time": time, "receive_time": time, "previous": NO_SEQUENCE, "instrument": 0} | more
    ]


def batch_of(messages: list[Message], offset: int = 0) -> Batch:
    """A batch in which each message is a frame."""
    rows = np.zeros(sum(map(len, messages)), EVENT)
    flat = [(row, number) for number, message in enumerate(messages) for row in message]
    for place, (row, number) in zip(rows, flat, strict=True):
        for name, value in row.items():
            place[name] = value
        place["frame"] = number
    times = np.array([message[0]["receive_time"] for message in messages], np.int64)
    return Batch("massive-crypto/0", offset, times, Frames.of([b""] * len(messages)), LISTED, rows)


def stream(seed: int, count: int) -> list[Message]:
    """Quotes around a price that moves; late, doubted, missing and future stamps, withdrawals, trades, resets."""
    chance, time, middle = random.Random(seed), START, 10_000
    found: list[Message] = []
    for number in range(count):
        time += chance.choice((0, 1, 5, 40, 300)) * MS
        middle += chance.choice((-3, -1, 0, 0, 1, 3))
        which, instrument = chance.random(), chance.randrange(2)
        if which < 0.05:
            found.append(other(Kind.TRADE, time, price=middle, size=3.0, sequence=number, instrument=instrument))
            continue
        if which < 0.054:
            found.append(other(Kind.RESET, time, flags=Flag.DISCONNECTED, instrument=instrument))
            continue
        exchange = chance.choice((1, 2, 6, 23)) if which < 0.7 else chance.randrange(100, 100 + 2 * MAX_EXCHANGES)
        stamp = time - chance.choice((0, 5, 60, 60, 500)) * MS
        stamp = chance.choice((0, time + 9_000 * MS, stamp, stamp)) if which < 0.1 else stamp
        sides = [(1, middle - chance.randint(-1, 4)), (-1, middle + chance.randint(-1, 4))]
        told = chance.choice((sides, sides, sides[:1], sides[1:]))
        levels = [(side, price, chance.choice((0.0, 1.0, 2.0, 0.5))) for side, price in told]
        flags = chance.choice((0, 0, 0, 0, 0, 0, Flag.BEST, Flag.OFF_BOOK))
        found.append(quote(exchange, stamp, *levels, received=time, flags=flags, instrument=instrument))
    return found


def messages_of(batches: list[Batch]) -> list[Message]:
    """The messages that batches were made of."""
    found: list[Message] = []
    for batch in batches:
        for row in batch.events:
            named = {name: row[name].item() for name in EVENT.names or () if name != "frame"}
            if row["kind"] == Kind.LEVEL:
                found[-1].append(named)
            else:
                found.append([named])
    return found


def items(seed: int, length: int) -> list[Batch]:
    """Batches of 16 messages."""
    messages = stream(seed, 700 * length)
    return [batch_of(messages[at : at + 16], at) for at in range(0, len(messages), 16)]


def cut(batches: list[Batch], chance: random.Random) -> list[Batch]:
    """The same messages in other batches, some of them empty."""
    messages, found = messages_of(batches), list[Batch]()
    while messages:
        size = chance.choice((0, 1, 2, 7, 40, 200))
        found.append(batch_of(messages[:size], len(found)))
        messages = messages[size:]
    return found


def added(batches: list[Batch]) -> Tables:
    """Events and gaps, with `frame` counted over the whole stream."""
    starts = np.cumsum([0, *(len(batch.frames) for batch in batches)]).tolist()
    gaps = [
        batch.tables["gaps"].with_columns(pl.col("frame") + start)
        for start, batch in zip(starts, batches, strict=False)
        if "gaps" in batch.tables
    ]
    return table(batches) | {"gaps": pl.concat(gaps) if gaps else pl.DataFrame(schema=GAP)}


class SlowMarket:
    """One instrument: (exchange, side) -> (price, size, time)."""

    def __init__(self) -> None:
        self.quotes: dict[tuple[int, int], tuple[int, float, int]] = {}
        self.times: dict[int, int] = {}  # of every exchange, in the order in which they came to be known

    def trouble(self, head: dict[str, Any], time: int) -> str:
        """Why a quote does not count."""
        if head["flags"] & Flag.OFF_BOOK:
            return "suspicious"
        return "late" if time < self.times.get(head["previous"], 0) else ""

    def make_room(self, exchange: int) -> bool:
        """Forget the exchange that was silent longest, where there are too many."""
        if exchange in self.times or len(self.times) < MAX_EXCHANGES:
            return False
        silent = min(self.times, key=lambda known: self.times[known])
        self.times = {exchange if known == silent else known: time for known, time in self.times.items()}
        self.quotes = {key: value for key, value in self.quotes.items() if key[0] != silent}
        return True

    def take(self, message: Message, time: int) -> None:
        head, *levels = message
        self.times[head["previous"]] = time
        for level in levels:
            side = int(level["side"])
            if head["flags"] & Flag.BEST:
                self.quotes = {key: value for key, value in self.quotes.items() if key[1] != side}
            self.quotes[head["previous"], side] = level["price"], level["size"], time

    def picture(self, skew: int) -> dict[tuple[int, int], tuple[int, float, int]]:
        """The quotes that count."""
        order = list(self.times)
        counted = {key: value for key, value in self.quotes.items() if value[1] > 0}
        while True:
            best = {
                side: max(
                    (side * price for (_, other), (price, *_) in counted.items() if other == side), default=-(10**9)
                )
                for side in (1, -1)
            }
            if best[1] < -best[-1]:
                return counted
            at = {
                side: [
                    (value[2], key)
                    for key, value in counted.items()
                    if key[1] == side and side * value[0] == best[side]
                ]
                for side in (1, -1)
            }
            behind = {}
            for side in (1, -1):
                oldest = min(at[side], key=lambda pair: (pair[0], order.index(pair[1][0])))
                behind[side] = max(at[-side])[0] - oldest[0], oldest[1]
            side = 1 if behind[1][0] >= behind[-1][0] else -1
            if behind[side][0] <= skew:
                return counted
            del counted[behind[side][1]]


def oracle(batches: list[Batch]) -> Tables:
    """Pictures, message by message."""
    markets = [SlowMarket(), SlowMarket()]
    found: list[Message] = []
    frames: list[int] = []
    gaps: list[tuple[Any, ...]] = []
    for number, message in enumerate(messages_of(batches)):
        head = message[0]
        market = markets[head["instrument"]]
        if head["kind"] == Kind.RESET:
            markets[head["instrument"]] = SlowMarket()
        if head["kind"] != Kind.QUOTE:
            found.append(message)
            frames.append(number)
            continue
        received, stamp = head["receive_time"], head["exchange_time"]
        time = stamp if 0 < stamp <= received + 5_000 * MS else received
        trouble = market.trouble(head, time)
        if not trouble:
            trouble = "limit" if market.make_room(head["previous"]) else ""
            market.take(message, time)
            found.append(_picture(market.picture(SKEW_MS * MS), head, time))
            frames.append(number)
        if trouble:
            symbol = SYMBOLS[head["instrument"]]
            gaps.append((symbol, received, "depth", trouble, "healed", stamp, NO_SEQUENCE, NO_SEQUENCE, number))
    batch = batch_of(found)
    batch.events["frame"] = np.repeat(frames, [len(message) for message in found])
    return table([batch]) | {"gaps": pl.DataFrame(gaps, GAP, orient="row")}


def _picture(counted: dict[tuple[int, int], tuple[int, float, int]], head: dict[str, Any], time: int) -> Message:
    levels = []
    newest = []
    for side in (1, -1):
        prices = sorted({price for (_, other), (price, *_) in counted.items() if other == side}, reverse=side > 0)
        for price in prices[:10]:
            there = [value for key, value in counted.items() if key[1] == side and value[0] == price]
            levels.append((side, price, sum(size for _, size, _ in there)))
            newest += [at for *_, at in there]
    made = quote(NO_SEQUENCE, max(newest, default=time), *levels, received=head["receive_time"])
    for row in made:
        row["instrument"] = head["instrument"]
    made[0]["kind"] = Kind.PICTURE
    return made


def silence(batch: Batch) -> Batch:
    """A batch in which nothing was received."""
    return batch_of([], batch.offset + 1)


CASE = Case("book.consolidate", lambda: consolidate.stage(skew_ms=SKEW_MS), items, cut, added, oracle, silence)
