"""`Ledger`: all subscriptions of a shard, and what records, data and gaps do to them. A part of `availability`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from operators.slots import grown
from operators.subscriptions import BIT, CLOSED, DOWN, UNVERIFIABLE, UP, Common, Interval, Subscription
from venues.venue import Channel

Key = tuple[int, Channel]  # instrument, channel
Ended = Iterator[tuple[Key, Interval]]
EVERY = sum(BIT.values())
# Causes that show after the fact, some time after the last good message; the others are told of when they happen.
TOLD_BACK = frozenset({"sequence", "checksum", "crossed", "unread", "silent"})


class Gap(NamedTuple):
    """What availability needs of a row of `gaps`."""

    key: Key
    cause: str
    opens: bool
    start: int  # ns


def unheard(instruments: int) -> NDArray[np.int64]:
    """Everything is awaited."""
    return np.full(instruments, EVERY, np.int64)


@dataclass
class Ledger:
    """All subscriptions. What changes is shown by the next `refreshed`."""

    subscriptions: dict[Key, Subscription] = field(default_factory=dict)
    awaited: NDArray[np.int64] = field(default_factory=lambda: unheard(0))  # masks of channels by instrument
    common: Common = field(default_factory=Common)
    touched: dict[Key, None] = field(default_factory=dict)  # since the last `refreshed`, in order

    def grow(self, instruments: int) -> None:
        """Room for so many instruments."""
        self.awaited = grown(self.awaited, unheard, instruments)

    def began(self, numbers: Iterable[int], carried: Iterable[Key], time: int) -> None:
        """Capture begins anew, and asks for these instruments and no others."""
        wanted = set(numbers)
        for key, one in self.subscriptions.items():
            one.starting = False
            one.wanted = key[0] in wanted
            self.touched[key] = None
        for key in carried:
            self._of(key).begin(time)

    def opened(self, carried: Iterable[Key], partners: int, time: int) -> None:
        """A socket is open. partners: mask of the channels on it."""
        for key in carried:
            one = self._of(key)
            one.begin(time)
            one.opened(partners)

    def lost(self, carried: Iterable[Key]) -> None:
        """A socket is gone; rows of `gaps` tell the rest."""
        for key in carried:
            self._of(key).starting = False

    def heard(self, data: dict[int, int], time: int) -> None:
        """Data came: masks of channels by instrument."""
        for number, mask in data.items():
            for channel, bit in BIT.items():
                key = number, channel
                if mask & bit:
                    self._of(key).begin(time)
                if key in self.subscriptions:
                    self._of(key).heard(mask)

    def told(self, gap: Gap, time: int) -> Ended:
        """A row of `gaps`; what it says since before now is told back, as far as the open interval reaches."""
        one, depth = self._of(gap.key), gap.key[1] is Channel.DEPTH
        passing = gap.cause == "sequence" and not (depth or gap.opens)
        if gap.opens or (gap.cause == "shed" and not depth):
            one.troubles += [gap.cause] if gap.cause not in one.troubles else []
        elif depth:
            one.troubles = [cause for cause in one.troubles if cause != gap.cause]
        elif not passing and gap.cause != "torn":
            one.troubles = []
        if one.state in (UP, UNVERIFIABLE) and (gap.opens or passing or gap.cause == "shed"):
            found = (DOWN, gap.cause) if passing else one.now(self.common)
            since = max(gap.start, one.start) if gap.cause in TOLD_BACK else time
            for ended in one.turn(*found, min(since, time)):
                yield gap.key, ended

    def cut(self, time: int, *, closed_too: bool) -> Ended:
        """End the open intervals; those of closed markets only if asked for."""
        for key, one in self.subscriptions.items():
            if one.begun and (closed_too or one.state != CLOSED):
                for ended in one.cut(time):
                    yield key, ended

    def refreshed(self, time: int, *, everything: bool = False) -> Ended:
        """The intervals that end because of what has changed, or of what holds for all now."""
        keys = tuple(self.subscriptions if everything else self.touched)
        self.touched.clear()
        for key in keys:
            one = self.subscriptions[key]
            one.settle()
            if one.begun:
                for ended in one.turn(*one.now(self.common), time):
                    yield key, ended
        for number in dict.fromkeys(number for number, _ in keys):
            self.awaited[number] = self._awaits(number)

    def _awaits(self, number: int) -> int:
        """Mask of the channels of an instrument whose next data would change something."""
        mask = 0
        for channel, bit in BIT.items():
            one = self.subscriptions.get((number, channel))
            mask |= bit if one is None else one.awaits
        return mask

    def _of(self, key: Key) -> Subscription:
        """A subscription, which is about to change."""
        self.touched[key] = None
        return self.subscriptions.setdefault(key, Subscription(key[1]))
