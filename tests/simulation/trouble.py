"""What befalls our own side of a world, drawn by seed: deaths, pauses, a store or a disk that fails, clocks, power."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

KINDS = {
    "kill capture": "it dies at one of its next steps, of which an append is two",
    "kill market": "the same; its state is what it last kept, if it kept any",
    "kill trading": "the same",
    "kill again": "market or trading dies twice more while it recovers",
    "stop market": "it is asked to end, and started again",
    "stop trading": "the same",
    "freeze capture": "the whole machine but the store and the venue stands still (a laptop that sleeps), for_s",
    "freeze market": "it is stopped (SIGSTOP), for_s",
    "freeze trading": "the same",
    "power": "everything of ours dies at once, and with it what no fsync had reached",
    "store down": "no connection to it, for_s",
    "store slow": "an insert takes seconds, for_s",
    "store full": "it has no space, for_s",
    "store refuses": "it refuses for good (a table is gone), for_s",
    "store ambiguous": "it takes every other insert and says that it did not, for_s",
    "disk full": "no append to a journal of capture succeeds, for_s",
    "clock": "the wall clock is wrong by hours, days or decades, for_s",
}
STORE = tuple(kind for kind in KINDS if kind.startswith("store"))
RARELY = {"store refuses": 0.3}  # how often a kind is drawn against others; a world with this one is a minute longer
LONGEST_FREEZE_S = 8.0  # a book is judged by what was true within 15 s
SKEWS_S = (-3600.0, 3600.0, -86_400.0, 86_400.0, -1.79e9, 2.5, -2.5)  # one of them leads to 1970
MOST_STEPS = 60  # a process dies within so many


@dataclass(frozen=True)
class Trouble:
    """One of them. `number`: the steps to a death, the seconds of a skew."""

    kind: str
    at_s: float
    for_s: float = 0.0
    number: float = 0.0

    @property
    def ends_s(self) -> float:
        """When it is over."""
        return self.at_s + self.for_s


def draw(random: Random, *, turn: int, troubles: int, after_s: float, until_s: float) -> list[Trouble]:
    """So many, in order, all over at `until_s`; one is of the kind whose `turn` it is. In every third draw they come
    close together.
    """
    if random.random() < 1 / 3 and until_s - after_s > 6.0:
        after_s = random.uniform(after_s, until_s - 6.0)
        until_s = after_s + 6.0
    known = tuple(KINDS)
    weights = [RARELY.get(kind, 1.0) for kind in known]
    kinds = [known[turn % len(known)], *random.choices(known, weights, k=troubles - 1)]
    return sorted((_drawn(random, kind, after_s, until_s) for kind in kinds), key=lambda one: one.at_s)


def _drawn(random: Random, kind: str, after_s: float, until_s: float) -> Trouble:
    at_s = round(random.uniform(after_s, until_s), 3)
    for_s, number = round(random.uniform(0.0, until_s - at_s), 3), 0.0
    if kind.startswith("kill"):
        for_s, number = 0.0, float(random.randint(1, MOST_STEPS))
    elif kind.startswith(("stop", "power")):
        for_s, number = 0.0, random.random()
    elif kind == "freeze capture":
        for_s = min(for_s, LONGEST_FREEZE_S)
    elif kind == "clock":
        number = random.choice(SKEWS_S)
    return Trouble(kind, at_s, for_s, number)


def on(troubles: Sequence[Trouble], now_s: float, *kinds: str) -> Trouble | None:
    """The first of these kinds that lasts now."""
    return next((one for one in troubles if one.kind in kinds and one.at_s <= now_s < one.ends_s), None)
