"""`Fuse`: a process that dies at its nth step from now. Every write, and every step between two, is one."""

from collections import Counter
from dataclasses import dataclass, field


class KilledError(BaseException):
    """The process was killed at a step; nobody catches it but the world. Its text names the step."""


@dataclass
class Fuse:
    """The steps of one process. `left`: it dies at the so manieth; None: it does not."""

    left: int | None = None
    steps: Counter[str] = field(default_factory=Counter)  # taken so far, by name
    deaths: Counter[str] = field(default_factory=Counter)

    def light(self, steps: int) -> None:
        """Die at the nth step from now, unless that is due sooner."""
        self.left = steps if self.left is None else min(steps, self.left)

    def step(self, name: str) -> None:
        """One step is about to be taken."""
        self.steps[name] += 1
        if self.left is None:
            return
        self.left -= 1
        if self.left <= 0:
            self.left = None
            self.deaths[name] += 1
            raise KilledError(name)
