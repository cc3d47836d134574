"""`barograph solve`: the problems of the trading flow in, solutions back to it; beside the flow, never in it.

    problems journal ──▶ the newest problem of each account ──▶ a process that solves (flows/solver_child.py)
    trading journal  ◀── its Solution

Each request is answered once, whatever is killed when: the row of an answer names the request (its row of the trading
journal, so requests rise and no two accounts share one), and the journal keeps one row of each. A problem that waited
while a newer one of its account came is answered "hold", without weights: nothing is asked for on its behalf. A solve
has two limits: the solver's own, at which it stops by itself, and a longer one at which its process is killed; then,
and where it dies or does not start, the answer is the first rung of the ladder that needs no solver (risk parity, hold,
reduce), and says so.

`Inline` is the same for a backtest or a replay that has no journal to answer to: a pure function, without limits of
time, for an answer must not depend on how busy a machine is.
"""

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import inf, isfinite
from pathlib import Path

import msgspec

from flows.heart import Heart
from flows.measured import measured
from flows.portfolio import preferences_of
from flows.runfile import write_run_file
from flows.settings import Settings
from flows.shards import TRADING
from flows.solver_child import SolverChild
from flows.trading import PROBLEMS
from market.beat import Beat, unheard
from market.clock import Clock, SystemClock
from market.errors import DiskError, JournalError
from market.journal import LIVE_BLOCK_NS, JournalBatch, partition_path
from market.journal_facts import PRUNED_TO
from market.messages import Problem, Solution, decode, encode
from operators.portfolio.optimizer.optimizer import PortfolioOptimizer
from operators.portfolio.optimizer.preferences import Preferences
from sinks.journal import JournalWriter
from sinks.outbox import VENUE
from sources.journal_reader import JournalReader

SOLVER = "solver"  # source of the rows of answers; their source_offset is the request
SOLVE = "solve"  # the process, its run file and its beat
ROWS_PER_TURN = 64
IDLE_S = 0.02
TROUBLED_S = 1.0
SUPERSEDED = "a newer problem came"

log = logging.getLogger("barograph.solve")


@dataclass(frozen=True)
class Patience:
    """How long a solve may take, wall clock."""

    solver_s: float = 2.0  # at which the solver stops by itself
    killed_s: float = 6.0  # at which its process is killed

    def __post_init__(self) -> None:
        if not (isfinite(self.solver_s) and self.solver_s > 0):
            raise ValueError(f"solver_s must be above 0 and finite, got {self.solver_s}")
        if not (isfinite(self.killed_s) and self.killed_s > self.solver_s):
            raise ValueError(f"killed_s must be above solver_s and finite, got {self.killed_s}")


def patience_of(settings: Settings) -> Patience:
    """What a solve may take."""
    return Patience(solver_s=settings.solver.solver_s, killed_s=settings.solver.killed_s)


class Inline:
    """Problem → Solution, within the process that asks."""

    def __init__(self, preferences: Preferences | None = None) -> None:
        self._optimizer = PortfolioOptimizer(replace(preferences or Preferences(), time_limit_s=inf))

    def __call__(self, problem: Problem) -> Solution:
        """The answer; the same for the same problem."""
        return self._optimizer.optimize_regime_aware(problem)


def run_solve(settings: Settings, stop: threading.Event) -> None:
    """Answer problems until stopped."""
    heart = Heart(settings.data, SOLVE)
    write_run_file(settings.data, SOLVE)
    with measured(settings, SOLVE):
        solve(settings.data, preferences_of(settings), stop, patience=patience_of(settings), beat=heart)


def solve(
    data: Path, preferences: Preferences, stop: threading.Event, *, patience: Patience | None = None,
    beat: Beat = unheard, clock: Clock | None = None,
) -> None:  # fmt: skip
    """Answer the problems in DATA until stopped."""
    clock, patience = clock or SystemClock(), patience or Patience()
    limited = replace(preferences, time_limit_s=patience.solver_s)
    child = SolverChild(limited, clock, stop, beat)
    path = partition_path(data, "trading", TRADING)
    try:
        child.ready()
        with JournalWriter(path, venue=VENUE, shard=TRADING, block_ns=LIVE_BLOCK_NS) as answers:
            desk = Desk(data, answers, child, PortfolioOptimizer(limited), patience, clock)
            try:
                _follow(desk, stop, beat)
            finally:
                desk.close()
    finally:
        child.close()


class Desk:
    """Reads problems in turn and answers them."""

    def __init__(
        self, data: Path, answers: JournalWriter, child: SolverChild, ladder: PortfolioOptimizer, patience: Patience,
        clock: Clock,
    ) -> None:  # fmt: skip
        self._path = partition_path(data, "problems", PROBLEMS)
        self._answers, self._child, self._ladder = answers, child, ladder
        self._patience, self._clock = patience, clock
        self._journal: JournalReader | None = None
        self._row = 0  # of the problems journal, read so far
        self._answered = 0  # the largest request that has its answer

    def turn(self, stop: threading.Event) -> int:
        """Answer what is there now; how many were. Raises JournalError where a journal cannot be read or written."""
        if self._journal is None:
            if not self._path.exists():
                return 0
            self._journal = JournalReader(self._path)
            self._answered = self._answers.newest_of(SOLVER)
            self._row = first_after(self._journal, self._answered)
        waiting, last = self._waiting(self._journal)
        newest = {problem.account: problem.request for problem in waiting}
        for problem in waiting:
            if problem.request < newest[problem.account]:
                self._answer(superseded(problem))
            elif (solution := self._solved(problem, stop)) is not None:
                self._answer(solution)
            else:
                return 0  # it is asked again after the next start
        self._row = last
        return len(waiting)

    def close(self) -> None:
        """Let go of the journal."""
        if self._journal is not None:
            self._journal.close()

    def _waiting(self, journal: JournalReader) -> tuple[list[Problem], int]:
        """Problems without an answer, in order, and the row up to which they reach."""
        found, last = [], self._row
        while batches := journal.read(last, ROWS_PER_TURN):
            last = batches[-1].offset
            found += [one for batch in batches for one in problems_of(batch) if one.request > self._answered]
        return found, last

    def _solved(self, problem: Problem, stop: threading.Event) -> Solution | None:
        began_ns = self._clock.monotonic_ns()
        found = self._child.solve(problem, self._patience.killed_s)
        if isinstance(found, str):
            if stop.is_set():
                return None
            log.warning("request %d of account %s: %s", problem.request, problem.account, found)
            found = self._ladder.without_solver(problem, found)
        elapsed_ms = (self._clock.monotonic_ns() - began_ns) / 1e6
        return msgspec.structs.replace(found, elapsed_ms=elapsed_ms)

    def _answer(self, solution: Solution) -> None:
        now_ns = self._clock.now_ns()
        self._answers.append([now_ns], [encode(solution)], source=SOLVER, source_offset=solution.request)
        self._answered = max(self._answered, solution.request)


def first_after(journal: JournalReader, answered: int) -> int:
    """The row of the problems journal up to which requests are at most `answered`; requests rise with rows."""
    low, high = int(journal.meta().get(PRUNED_TO, 0)), journal.last_offset()
    while low < high:
        middle = (low + high) // 2
        rows = journal.read(middle, 1)
        asked = [problem.request for row in rows for problem in problems_of(row)]
        if asked and max(asked) <= answered:
            low = rows[-1].offset
        else:
            high = middle
    return low


def problems_of(row: JournalBatch) -> Iterator[Problem]:
    """The problems of a row; frames that are none are passed over, and told."""
    for frame in row.frames:
        try:
            message = decode(bytes(frame))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            message = None
        if isinstance(message, Problem):
            yield message
        else:
            log.warning("row %d of the problems journal holds a frame that is no problem", row.offset)


def superseded(problem: Problem) -> Solution:
    """The answer to a problem that was overtaken: nothing is asked for."""
    return Solution(
        venue="", instrument="", time_ns=problem.time_ns, account=problem.account, request=problem.request,
        rung="hold", reason=SUPERSEDED, names=(), weights=(), duals={}, slack={}, solver="", elapsed_ms=0.0,
        equity=problem.equity,
    )  # fmt: skip


def _follow(desk: Desk, stop: threading.Event, beat: Beat) -> None:
    said = ""
    while not stop.is_set():
        wait_s = IDLE_S
        try:
            wait_s, said = (0.0 if desk.turn(stop) else IDLE_S), ""
        except DiskError:
            raise
        except JournalError as error:
            if str(error) != said:
                log.error("solving waits: %s", error)
            said, wait_s = str(error), TROUBLED_S
        beat(said and "the journals of problems and of trading")
        stop.wait(wait_s)
