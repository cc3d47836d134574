"""Deterministic frames of venues that send snapshots in band, or pictures, with every kind of trouble.

A frame is JSON, one message with the venue's own texts. `FEEDS` are the kinds of feed; `items` and `cut` make journal
batches, as tests.market_case does of Binance's frames, and `stage` stands for decoding.
"""

import json
import random
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np

from market.batch import Batch
from market.frames import Frames
from market.instrument import Instrument, InstrumentTable
from market.schema import EVENT, NO_SEQUENCE, Flag, Kind
from operators.stage import Stage
from tests.operators.book.stream_rows import SECOND, kraken_sum, okx_sum

START = 1_700_000_000 * SECOND
TICK, PLACES = Decimal("0.5"), (2, 8)
TABLE = InstrumentTable().define(
    Instrument("any", "X0", TICK, Decimal("0.00000001"), price_decimals=PLACES[0], size_decimals=PLACES[1])
)
FEEDS = ("summed", "summed-okx", "chained", "counted", "blind", "pictures")
# Sizes that a float64 tells, tells only as the likeliest of several, and cannot tell.
SIZES = ("0.00000001", "0.3", "12.5", "1234567.12345678", "123456789", "98765432.10000001", "123456789.12345678")
Body = dict[str, Any]


@dataclass
class Feed:
    """One instrument of a venue: its true book, and what the venue tells of it."""

    name: str
    chance: random.Random
    depth: int = 10
    middle: int = 2_000  # ticks
    time: int = START
    sequence: int = 100
    sides: dict[int, dict[int, str]] = field(default_factory=lambda: {1: {}, -1: {}})
    auction: int = 0  # messages for which the book may be crossed
    plain: bool = False  # no sizes that a float64 does not tell, and a checksum with every message
    frames: list[Body] = field(default_factory=list)
    truths: dict[str, dict[int, list[tuple[float, float]]]] = field(default_factory=dict)  # best levels, by frame

    def size(self) -> str:
        odd = self.chance.random() < 0.03 and not self.plain
        return self.chance.choice(SIZES) if odd else str(Decimal(self.chance.randint(1, 10**9)).scaleb(-8))

    def top(self, side: int) -> list[tuple[int, str]]:
        levels = sorted(self.sides[side].items(), reverse=side == 1)
        return levels[: self.depth] if self.name == "summed" else levels

    def move(self) -> list[tuple[int, int, str]]:
        """Change the book; the changes of what the venue shows."""
        before = {side: dict(self.top(side)) for side in (1, -1)}
        self.middle += self.chance.choice((0, 0, 0, 1, -1, 4, -4))
        for side in (1, -1):
            for price in [price for price in self.sides[side] if side * (self.middle - price) <= 0]:
                del self.sides[side][price]
            for _ in range(self.chance.randint(0, 4)):
                price = self.middle - side * (1 + int(self.chance.expovariate(0.2)))
                self.sides[side][price] = self.size()
                if self.chance.random() < 0.4:
                    del self.sides[side][price]
            for rank in range(4 if self.chance.random() < 0.95 else 30):
                self.sides[side].setdefault(self.middle - side * (1 + rank * 2), self.size())
        if self.auction > 0:
            self.sides[1][self.middle + self.chance.randint(0, 2)] = self.size()
            self.auction -= 1
        after = {side: dict(self.top(side)) for side in (1, -1)}
        changes = [(side, price, after[side].get(price, "0")) for side in (1, -1) for price in after[side]]
        changes = [change for change in changes if before[change[0]].get(change[1]) != change[2]]
        # A venue that cuts its book says nothing of levels that it pushes out.
        gone = [(side, p, "0") for side in (1, -1) for p in before[side] if p not in self.sides[side]]
        return sorted([*changes, *gone], key=lambda change: -change[0])

    def checksum(self) -> int | None:
        texts = {
            side: [(f"{TICK * price:.2f}", f"{Decimal(size):.8f}") for price, size in self.top(side)]
            for side in (1, -1)
        }
        if self.name == "summed":
            return kraken_sum(texts[1], texts[-1])
        if self.name == "summed-okx" and (self.plain or self.chance.random() < 0.98):
            short = {s: [(_short(p), _short(q)) for p, q in levels] for s, levels in texts.items()}
            return okx_sum(short[1], short[-1])
        return None

    def say(self, kind: str, levels: list[tuple[int, int, str]], **more: Any) -> None:
        rows = [(side, str(TICK * price), size) for side, price, size in levels]
        body: Body = {"kind": kind, "time": self.time, "received": self.time + 5, "sequence": 0, "previous": None}
        truth = {side: [(float(TICK * price), float(size)) for price, size in self.top(side)[:10]] for side in (1, -1)}
        self.frames.append(body | {"checksum": None, "flags": 0, "levels": rows} | more)
        self.truths[json.dumps(self.frames[-1])] = truth

    def snapshot(self) -> None:
        levels = [(side, price, size) for side in (1, -1) for price, size in self.top(side)]
        self.say("SNAPSHOT", levels, sequence=self.counted(), checksum=self.checksum())

    def counted(self) -> int:
        return self.sequence if self.name in ("chained", "counted") else 0

    def update(self) -> None:
        """One message: changes, a picture, OKX's keepalive or its ids set back."""
        self.time += self.chance.choice((0, 1, 20, 400)) * 1_000_000
        before, luck = self.sequence, self.chance.random()
        if self.name == "chained" and luck < 0.05:
            self.say("DEPTH", [], sequence=before, previous=before)
            return
        changes = self.move()
        self.sequence = 3 if luck > 0.98 and self.name == "chained" else before + self.chance.randint(1, 9)
        more = {"sequence": self.counted(), "previous": before if self.name == "chained" else None}
        if self.name == "pictures":
            kept = [1, -1] if luck < 0.95 else [self.chance.choice((1, -1))]
            count = self.chance.choice((1, 1, 5, 30))
            levels = [(side, price, size) for side in kept for price, size in self.top(side)[:count]]
            self.say("PICTURE", self.chance.sample(levels, len(levels)), **more)
        else:
            self.say("DEPTH", changes, checksum=self.checksum(), **more)


def tape(name: str, seed: int, messages: int = 1_200) -> list[bytes]:
    """Frames of one feed with its troubles."""
    return frames_of(feed(name, seed, messages))


def frames_of(feed: Feed) -> list[bytes]:
    return [json.dumps(body).encode() for body in feed.frames]


def feed(name: str, seed: int, messages: int, *, plain: bool = False, faults: bool = True) -> Feed:
    """A feed and what it said; snapshots come now and then, as after a request."""
    chance = random.Random(f"{seed} {name}")
    feed = Feed(name, chance, plain=plain)
    feed.move()
    for number in range(messages):
        feed.update()
        if faults and chance.random() < 0.06:
            _trouble(feed, chance)
        if number % 40 == 7:
            feed.snapshot()
        if chance.random() < 0.01:
            feed.auction = 6
    # At the end all is well, so that states of long and short tapes compare.
    feed.auction, feed.plain, feed.sides = 0, True, {1: {}, -1: {}}
    feed.time += SECOND
    feed.move()
    feed.snapshot()
    return feed


def _trouble(feed: Feed, chance: random.Random) -> None:
    frames = feed.frames
    match chance.choice(("drop", "again", "late", "swap", "reset", "wrong", "silence", "old snapshot")):
        case "drop":
            frames.pop()
        case "again":
            frames.append(frames[-1])
        case "late" if len(frames) > 5:
            frames.append(frames[-5] | {"received": feed.time + 5})
        case "swap" if len(frames) > 1:
            frames[-1], frames[-2] = frames[-2], frames[-1]
        case "reset":
            feed.say("RESET", [], flags=int(chance.choice((Flag.SHED, Flag.DISCONNECTED, Flag.MISSED))), sequence=-1)
            if chance.random() < 0.5:
                feed.snapshot()
        case "wrong" if frames[-1]["checksum"] is not None:
            frames[-1] = frames[-1] | {"checksum": 77}
        case "silence":
            feed.time += chance.choice((2, 70, 4_000)) * SECOND
        case "old snapshot" if len(frames) > 9:
            frames += [frame for frame in frames[-9:] if frame["kind"] == "SNAPSHOT"]


def _short(text: str) -> str:
    return format(Decimal(text).normalize(), "f")


def batches(venue: str, frames: list[bytes], chance: random.Random | None = None) -> list[Batch]:
    """Frames as journal batches: of 16, or of random lengths with empty ones between."""
    found: list[Batch] = []
    while frames:
        size = 16 if chance is None else chance.choice((0, 1, 2, 7, 40, 200))
        found.append(_batch(venue, len(found), frames[:size]))
        frames = frames[size:]
    return found


def uncut(found: list[Batch]) -> list[bytes]:
    return [frame for batch in found for frame in batch.frames]


def empty(batch: Batch) -> Batch:
    return _batch(batch.venue, batch.offset + 1, [])


def _batch(venue: str, offset: int, frames: list[bytes]) -> Batch:
    times = np.array([json.loads(frame)["received"] for frame in frames], np.int64)
    return Batch(f"{venue}/0", offset, times, Frames.of(frames), TABLE)


def stage() -> Stage:
    """A stand-in for the decode stage."""
    return Stage("told", list, lambda _, batch: batch._replace(events=events(batch)))


def events(batch: Batch) -> np.ndarray[Any, Any]:
    rows: list[tuple[object, ...]] = []
    for number, frame in enumerate(batch.frames):
        body = json.loads(frame)
        times, sequence, levels = (body["time"], body["received"]), body["sequence"], body["levels"]
        previous = NO_SEQUENCE if body["previous"] is None else body["previous"]
        kind = int(Kind[body["kind"]])
        head = (*times, sequence, previous, body["checksum"] or 0, 0.0, 0, len(levels), number, kind, 0, body["flags"])
        rows.append(head)
        for side, price, size in levels:
            ticks = int(Decimal(price) / TICK)
            rows.append((*times, sequence, NO_SEQUENCE, ticks, float(size), 0, 0, number, int(Kind.LEVEL), side, 0))
    return np.array(rows, EVENT)
