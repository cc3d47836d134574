"""`Process`: something of ours that runs, dies, is started again, or is stopped for a while."""

import abc
from contextlib import suppress
from random import Random

from tests.simulation.fuse import Fuse, KilledError

SOONEST_S, LATEST_S = 0.2, 4.0  # after a death, the supervisor has it running again
STEPS_OF_A_START = 12


class Process(abc.ABC):
    """`begin` makes it from what is durable, `turn` lets it work, `fall` takes away all that is not durable."""

    def __init__(self, name: str, random: Random) -> None:
        self.name, self._random = name, random
        self.fuse = Fuse()
        self.alive = False
        self.frozen_until_s = 0.0
        self.starts = 0
        self.asked_to_end = False
        self.again = 0  # so many times more it dies soon after it was started
        self._due_s = 0.0

    @property
    def is_doomed(self) -> bool:
        """Whether it is yet to die."""
        return self.fuse.left is not None or self.again > 0

    def run(self, now_s: float) -> None:
        """One look at it: start it where that is due, and let it work."""
        try:
            if not self.alive:
                if now_s < self._due_s:
                    return
                self.starts += 1
                self.alive = True
                if self.again:
                    self.again -= 1
                    self.fuse.light(self._random.randint(1, STEPS_OF_A_START))
                self.begin()
            if now_s >= self.frozen_until_s:
                if self.asked_to_end:
                    self.leave(now_s)
                else:
                    self.turn()
        except KilledError:
            self.die(now_s)

    def leave(self, now_s: float) -> None:
        """Asked to end, it ends in good order, if it is alive."""
        if self.alive:
            with suppress(KilledError):
                self.finish()
            self.die(now_s)

    def die(self, now_s: float) -> None:
        """Gone, until the supervisor starts it again."""
        if self.alive:
            self.alive = self.asked_to_end = False
            self.fall()
        self.frozen_until_s = 0.0
        self._due_s = now_s + self._random.uniform(SOONEST_S, LATEST_S)

    @abc.abstractmethod
    def begin(self) -> None:
        """Start."""

    @abc.abstractmethod
    def turn(self) -> None:
        """Work."""

    @abc.abstractmethod
    def finish(self) -> None:
        """End in good order; it falls after that."""

    @abc.abstractmethod
    def fall(self) -> None:
        """The files are closed as the machine does it, and memory is gone."""
