"""Killing at random while frames flow: who is killed, when, how far the pipe came in between, what each was doing."""

import random
import sqlite3
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from market.journal import partition_path
from tests.kill.processes import SUPERVISOR, Pipe, wait_for
from tests.kill.reader import Reader

SHARD = "simulated/0"
PROGRESS = 0.2  # of the mean between two kills, at least, before the next
FIRST_ROWS = 20  # progress before the first kill, journal rows
BEHIND_NS = 4_000_000_000  # recorded time that is not in the tables yet: a flow is catching up
WEIGHTS = {"market": 5, "trading": 3, "capture": 3, "store": 4, "gateway": 1, "simulator": 1, SUPERVISOR: 1}
LIVE = 0.3  # share of kills before which the tables may catch up first,
CATCH_UP_S = 15.0  # where it takes them no longer than this
AGAIN = 0.25  # share of kills that a second one follows while the pipe recovers from the first
PROGRESS_TIMEOUT_S = 600.0  # on a machine that others use too


@dataclass
class Record:
    """What was killed and how far the pipe came."""

    kills: Counter[tuple[str, str]] = field(default_factory=Counter)  # by process and what it was doing
    again: int = 0  # kills while the pipe recovered from one before: these had no progress to wait for
    recorded: list[int] = field(default_factory=list)  # journal rows between two kills
    stored: list[int] = field(default_factory=list)  # offsets settled in the tables between two kills

    @property
    def total(self) -> int:
        """All kills."""
        return self.kills.total()

    def least(self) -> float:
        """The smallest progress of the tables between two kills, as a share of the mean."""
        return min(self.stored) * len(self.stored) / max(1, sum(self.stored))

    def __str__(self) -> str:
        names = sorted({name for name, _ in self.kills})
        phases = ("starting", "catching up", "live")
        lines = [f"{'':10} {'  '.join(phases)}"]
        lines += [
            f"{name:10} " + "  ".join(f"{self.kills[name, phase]:>{len(phase)}}" for phase in phases) for name in names
        ]
        rows = f"{sum(self.recorded) / max(1, len(self.recorded)):.0f} rows recorded"
        between = f"{len(self.stored)} intervals, on average {rows}"
        return "\n".join(
            [
                *lines,
                f"{self.total} kills, {self.again} of them while the pipe recovered from another",
                f"{between} and {sum(self.stored) / max(1, len(self.stored)):.0f} stored,"
                f" at least {self.least():.0%} of that",
            ]
        )


def kill_at_random(
    pipe: Pipe, reader: Reader, kills: int, chance: random.Random, victims: Sequence[str], *, until_wrong: bool = False
) -> Record:
    """Kill so often, each time after progress from the frames to the tables; what was killed and when.

    until_wrong: no more as soon as the reader has seen something wrong.
    """
    record = Record()
    place = far(pipe, reader)
    while record.total < kills and not (until_wrong and reader.seen.wrong):
        place = _progressed(pipe, reader, record, place)
        if chance.random() < LIVE:
            _let_catch_up(pipe, reader)
        time.sleep(chance.choice((0.0, chance.uniform(0, 0.5), chance.uniform(0, 2.0))))
        _kill_one(pipe, reader, record, chance, victims)
        while record.total < kills and chance.random() < AGAIN:
            time.sleep(chance.uniform(0.05, 2.0))
            record.again += _kill_one(pipe, reader, record, chance, victims)
    _progressed(pipe, reader, record, place)
    wait_for(pipe.whole, "all processes coming back")
    return record


def far(pipe: Pipe, reader: Reader) -> tuple[int, int]:
    """How far the pipe is: journal rows recorded, offset settled in the tables."""
    return recorded(pipe.data)[0], reader.settled(SHARD)


def recorded(data: Path) -> tuple[int, int]:
    """The newest row of the market journal: its offset, and its receive time in ns."""
    path = partition_path(data, "market", SHARD)
    if not path.exists():
        return 0, 0
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as journal:
        found = journal.execute("select offset, received_ns from batches order by offset desc limit 1").fetchone()
    return found or (0, 0)


def _progressed(pipe: Pipe, reader: Reader, record: Record, since: tuple[int, int]) -> tuple[int, int]:
    """Wait until enough was recorded and stored since the kill before."""
    least = [
        max(1.0, PROGRESS * sum(past) / len(past)) if past else FIRST_ROWS for past in (record.recorded, record.stored)
    ]

    def enough() -> bool:
        now = far(pipe, reader)
        return now[0] - since[0] >= least[0] and now[1] - since[1] >= least[1]

    wait_for(enough, f"progress after {record.total} kills, from {since}", PROGRESS_TIMEOUT_S)
    now = far(pipe, reader)
    record.recorded.append(now[0] - since[0])
    record.stored.append(now[1] - since[1])
    return now


def _let_catch_up(pipe: Pipe, reader: Reader) -> None:
    deadline_s = time.monotonic() + CATCH_UP_S
    while _behind_ns(pipe.data, reader) > BEHIND_NS and time.monotonic() < deadline_s:
        time.sleep(0.2)


def _kill_one(pipe: Pipe, reader: Reader, record: Record, chance: random.Random, victims: Sequence[str]) -> bool:
    victim = chance.choices(victims, [WEIGHTS[name] for name in victims])[0]
    phase = _phase(pipe, reader, victim)
    if not pipe.kill(victim):
        return False  # it is dead already, and its supervisor waits a moment before it starts it again
    record.kills[victim, phase] += 1
    return True


def _phase(pipe: Pipe, reader: Reader, name: str) -> str:
    if pipe.starting(name):
        return "starting"
    return "catching up" if _behind_ns(pipe.data, reader) > BEHIND_NS else "live"


def _behind_ns(data: Path, reader: Reader) -> int:
    with closing(
        sqlite3.connect(f"file:{partition_path(data, 'market', SHARD)}?mode=ro", uri=True, timeout=10)
    ) as journal:
        query = "select (select max(received_ns) from batches) - received_ns from batches where offset = ?"
        found = journal.execute(query, (max(1, reader.settled(SHARD)),)).fetchone()
    return int(found[0]) if found else 0
