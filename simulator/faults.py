"""Fault switches: what the simulated exchange does wrong on purpose, and a count of everything it did.

Drop, duplicate and reorder act on depth frames, at random or on the n-th depth frame of an instrument; a reordered
frame is held and sent right after the next depth frame of its instrument. Everything can be set while the exchange
runs.
"""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np

from simulator.protocol import Frames
from simulator.publish import DEPTH, KINDS

Kind = Literal["drop", "duplicate", "reorder"]
DEPTH_KINDS: tuple[Kind, ...] = ("drop", "duplicate", "reorder")


class Strike(NamedTuple):
    """One scripted fault: what happens to the n-th depth frame (1 is the first sent to anybody) of an instrument."""

    kind: Kind
    symbol: str
    number: int


@dataclass
class Faults:
    """Switches and the count of what was injected; the default does nothing."""

    drop: float = 0.0  # probability per depth frame
    duplicate: float = 0.0
    reorder: float = 0.0
    script: list[Strike] = field(default_factory=list)
    disconnect_every_s: float = 0.0  # 0 is never
    silenced: set[str] = field(default_factory=set)  # stream names that say nothing
    stale_snapshots: int = 0  # how many of the next snapshots show the book as it was at the opening
    seed: int = 0
    injected: Counter[str] = field(default_factory=Counter)  # by kind, and by "kind symbol" for depth frames
    disconnect_requested: bool = False
    _random: random.Random = field(init=False, repr=False)
    _seen: Counter[str] = field(default_factory=Counter, repr=False)
    _held: dict[str, tuple[int, int, bytes]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for name in DEPTH_KINDS:
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} is {getattr(self, name)}, must be a probability from 0 to 1")
        self._random = random.Random(self.seed)  # noqa: S311  (repeatable on purpose)

    def strike(self, kind: Kind, symbol: str, *, after: int = 1) -> None:
        """Hit one depth frame of an instrument: the next one, or the one `after` that many."""
        self.script.append(Strike(kind, symbol, self._seen[symbol] + after))

    def silence(self, stream: str) -> None:
        """Say nothing more on a stream."""
        self.silenced.add(stream)

    def resume(self, stream: str) -> None:
        """Speak again on a stream."""
        self.silenced.discard(stream)

    def disconnect(self) -> None:
        """Cut all connections now."""
        self.disconnect_requested = True

    def count(self, kind: str, symbol: str = "") -> None:
        """Note one injected fault."""
        self.injected[kind] += 1
        if symbol:
            self.injected[f"{kind} {symbol}"] += 1

    def idle(self) -> bool:
        """Whether every frame may pass as it is."""
        return not (self.drop or self.duplicate or self.reorder or self.script or self.silenced or self._held)

    def apply(self, frames: Frames, streams: Sequence[str], listened: Callable[[int], bool] = lambda _: True) -> Frames:
        """The frames to send instead. Depth frames that nobody listens to are neither counted nor hit."""
        count = int(frames.total[0])
        if self.idle() or not count:
            self._count_seen(frames, streams, listened)
            return frames
        chosen: list[tuple[int, int, bytes]] = []
        for row in range(count):
            stream = int(frames.stream[row])
            start, end = int(frames.start[row]), int(frames.end[row])
            item = (stream, int(frames.payload[row]) - start, frames.buffer[start:end].tobytes())
            if streams[stream] in self.silenced:
                self.count("silence")
            elif stream % KINDS == DEPTH and listened(stream):
                chosen += self._depth(_symbol(streams[stream]), item)
            else:
                chosen.append(item)
        return _packed(chosen)

    def _count_seen(self, frames: Frames, streams: Sequence[str], listened: Callable[[int], bool]) -> None:
        for stream in frames.stream[: frames.total[0]].tolist():
            if stream % KINDS == DEPTH and listened(stream):
                self._seen[_symbol(streams[stream])] += 1

    def _depth(self, symbol: str, item: tuple[int, int, bytes]) -> list[tuple[int, int, bytes]]:
        self._seen[symbol] += 1
        kind = self._verdict(symbol)
        held = self._held.pop(symbol, None)
        after = [] if held is None else [held]
        if kind is None:
            return [item, *after]
        if kind == "reorder" and held is not None:
            return [item, *after]  # one at a time: this frame already overtakes the one held
        self.count(kind, symbol)
        if kind == "drop":
            return after
        if kind == "duplicate":
            return [item, item, *after]
        self._held[symbol] = item
        return []

    def _verdict(self, symbol: str) -> Kind | None:
        for number, strike in enumerate(self.script):
            if strike.symbol == symbol and strike.number == self._seen[symbol]:
                return self.script.pop(number).kind
        for kind in DEPTH_KINDS:
            chance = float(getattr(self, kind))
            if chance and self._random.random() < chance:
                return kind
        return None


def _symbol(stream: str) -> str:
    return stream.split("@", 1)[0].upper()


def _packed(items: Sequence[tuple[int, int, bytes]]) -> Frames:
    """Frames from (stream, bytes before the payload, bytes)."""
    lengths = np.array([len(item[2]) for item in items], np.int64)
    end = np.cumsum(lengths)
    start = end - lengths
    return Frames(
        buffer=np.frombuffer(b"".join(item[2] for item in items), np.uint8).copy(),
        start=start,
        payload=start + np.array([item[1] for item in items], np.int64),
        end=end,
        stream=np.array([item[0] for item in items], np.int64),
        total=np.array([len(items)], np.int64),
    )
