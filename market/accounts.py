"""`Accounts`: what became of the frames of a stretch of a journal. Every frame is counted once.

received + shed = applied + duplicate + dead_lettered + control + shed
"""

from typing import NamedTuple, Self


class Accounts(NamedTuple):
    """Numbers of frames."""

    received: int = 0  # that stand in the journal
    applied: int = 0  # that made or changed something
    duplicate: int = 0  # that said only what was known
    dead_lettered: int = 0  # that could not be read, in whole or in part; table `dead_letters` holds them
    control: int = 0  # that say nothing of the market: acknowledgements, heartbeats, signs of life
    shed: int = 0  # that never came into the journal, as records of it tell

    @property
    def balanced(self) -> bool:
        """Whether every frame has been accounted for."""
        return self.received == self.applied + self.duplicate + self.dead_lettered + self.control

    def plus(self, other: "Accounts") -> Self:
        """Of both stretches together."""
        return type(self)(*(one + more for one, more in zip(self, other, strict=True)))
