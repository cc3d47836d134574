"""Problems in, solutions out: each answered once, in bounded time, whatever dies."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from flows.settings import load
from flows.shards import TRADING
from flows.solver_child import SolverChild
from flows.solving import SUPERSEDED, Desk, Inline, Patience, first_after
from flows.trading import PROBLEMS
from flows.up import rank_of, start_processes
from market.clock import SystemClock
from market.journal import LIVE_BLOCK_NS, partition_path
from market.messages import Solution, decode, encode
from operators.portfolio.optimizer.optimizer import PortfolioOptimizer
from operators.portfolio.optimizer.preferences import Preferences
from sinks.journal import JournalWriter
from sinks.outbox import VENUE
from sources.journal_reader import JournalReader
from tests.operators.portfolio.optimizer.problems import a_problem

ROOT = Path(__file__).parents[2]
PATIENCE = Patience(solver_s=0.5, killed_s=1.0)


def writer(data, topic, shard):
    path = partition_path(data, topic, shard)
    path.parent.mkdir(parents=True, exist_ok=True)
    return JournalWriter(path, venue=VENUE, shard=shard, block_ns=LIVE_BLOCK_NS)


def asked(data, *requests, **changes):
    """Problems of these requests, one row each."""
    with writer(data, "problems", PROBLEMS) as journal:
        for request in requests:
            problem = a_problem(4, current=0.05, request=request, **changes)
            journal.append([request], [encode(problem)], source=TRADING, source_offset=request)


def answers(data):
    path = partition_path(data, "trading", TRADING)
    if not path.exists():
        return []
    with JournalReader(path) as journal:
        rows = journal.read(0, 10_000)
    return [decode(bytes(frame)) for row in rows for frame in row.frames]


class Child:
    """In place of the process: says what it is told to say."""

    def __init__(self, *said):
        self.said, self.solved = list(said), []

    def solve(self, problem, limit_s):
        self.solved.append(problem.request)
        return self.said.pop(0) if self.said else Inline()(problem)


def desk(data, answers_journal, child):
    return Desk(data, answers_journal, child, PortfolioOptimizer(), PATIENCE, SystemClock())


def turned(data, child, turns=1, stop=None):
    with writer(data, "trading", TRADING) as journal:
        one = desk(data, journal, child)
        counts = [one.turn(stop or threading.Event()) for _ in range(turns)]
        one.close()
    return counts


def test_the_newest_problem_is_solved_and_those_it_overtook_are_held(tmp_path):
    asked(tmp_path, 3, 5, 9)
    child = Child()
    assert turned(tmp_path, child, turns=2) == [3, 0]
    found = answers(tmp_path)
    assert [(one.request, one.rung) for one in found] == [(3, "hold"), (5, "hold"), (9, "optimal")]
    assert [one.reason for one in found[:2]] == [SUPERSEDED] * 2
    assert found[0].weights == ()
    assert found[2].elapsed_ms > 0
    assert child.solved == [9]


def test_each_account_has_its_own_newest_problem(tmp_path):
    asked(tmp_path, 1, 4, account="one")
    asked(tmp_path, 6, account="two")
    turned(tmp_path, Child())
    assert [(one.account, one.rung) for one in answers(tmp_path)] == [
        ("one", "hold"), ("one", "optimal"), ("two", "optimal"),
    ]  # fmt: skip


def test_what_was_answered_is_not_answered_again_after_a_restart(tmp_path):
    asked(tmp_path, 2, 7)
    turned(tmp_path, Child())
    before = answers(tmp_path)
    child = Child()
    assert turned(tmp_path, child) == [0]
    asked(tmp_path, 8)
    assert turned(tmp_path, child) == [1]
    assert answers(tmp_path)[: len(before)] == before
    assert child.solved == [8]


def test_two_solvers_at_once_answer_once(tmp_path):
    asked(tmp_path, 2)
    with writer(tmp_path, "trading", TRADING) as one, writer(tmp_path, "trading", TRADING) as other:
        slow, quick = Child(), desk(tmp_path, other, Child())
        slow.solve = lambda problem, _limit_s: quick.turn(threading.Event()) and Inline()(problem)
        first = desk(tmp_path, one, slow)
        assert first.turn(threading.Event()) == 1
        first.close()
        quick.close()
    assert [answer.request for answer in answers(tmp_path)] == [2]


def test_a_solver_that_fails_is_answered_from_the_ladder_with_its_reason(tmp_path):
    asked(tmp_path, 1)
    turned(tmp_path, Child("the solver took longer than 1 s and was killed"))
    (solution,) = answers(tmp_path)
    assert solution.rung == "risk_parity"
    assert "was killed" in solution.reason


def test_a_solve_that_was_stopped_is_answered_after_the_next_start(tmp_path):
    asked(tmp_path, 1)
    stop = threading.Event()
    stop.set()
    turned(tmp_path, Child("stopped"), stop=stop)
    assert answers(tmp_path) == []
    turned(tmp_path, Child())
    assert [one.request for one in answers(tmp_path)] == [1]


def test_frames_that_are_no_problem_are_passed_over(tmp_path):
    with writer(tmp_path, "problems", PROBLEMS) as journal:
        journal.append([1, 1], [b"no message", encode(Inline()(a_problem(2)))])
    asked(tmp_path, 4)
    turned(tmp_path, Child())
    assert [one.request for one in answers(tmp_path)] == [4]


def test_without_a_journal_of_problems_there_is_nothing_to_do(tmp_path):
    (tmp_path / "journal").mkdir()
    assert turned(tmp_path, Child()) == [0]


def test_the_first_row_without_an_answer_is_found(tmp_path):
    requests = [2, 3, 5, 8, 13, 21, 34]
    asked(tmp_path, *requests)
    with JournalReader(partition_path(tmp_path, "problems", PROBLEMS)) as journal:
        for answered in range(40):
            assert first_after(journal, answered) == sum(request <= answered for request in requests)


def test_inline_gives_the_same_answer_to_the_same_problem():
    problem = a_problem(5, limits={"gross": 0.5})
    inline = Inline(Preferences(time_limit_s=1.0))
    inline(a_problem(5, seed=3, limits={"gross": 0.5}))
    assert inline(problem) == Inline()(problem)
    assert inline(problem).elapsed_ms == 0.0


@pytest.mark.parametrize("wrong", [{"solver_s": 0.0}, {"solver_s": 3.0, "killed_s": 2.0}, {"killed_s": float("inf")}])
def test_patience_is_finite_and_in_order(wrong):
    with pytest.raises(ValueError, match="must be above"):
        Patience(**wrong)


def test_a_solver_that_hangs_is_killed_and_another_takes_its_place():
    beats = []
    child = SolverChild(Preferences(time_limit_s=0.5), SystemClock(), threading.Event(), beats.append)
    problem = a_problem(4, limits={"gross": 0.5})
    try:
        assert child.ready()
        first = child.pid
        assert isinstance(child.solve(problem, 5.0), Solution)
        os.kill(first, signal.SIGSTOP)
        began = time.monotonic()
        assert child.solve(problem, 0.3) == "the solver took longer than 0.3 s and was killed"
        assert time.monotonic() - began < 5.0
        with pytest.raises(ProcessLookupError):
            os.kill(first, 0)
        found = child.solve(problem, 5.0)
        assert isinstance(found, Solution)
        assert found.rung == "optimal"
        os.kill(child.pid, signal.SIGKILL)
        found = child.solve(problem, 5.0)
        assert isinstance(found, Solution) or "the solver died" in found
    finally:
        child.close()
    assert "the solver to start" in beats


def started(data):
    return subprocess.Popen([sys.executable, "-m", "flows", "solve", "--data", str(data)], cwd=ROOT)


def test_up_starts_the_solver_where_the_optimiser_is_asked_and_not_else(tmp_path):
    class Names(list):
        def start(self, name, *_words, **_how):
            self.append(name)

    for method, wanted in (("optimizer", True), ("policy", False)):
        names = Names()
        settings = load(None, data=tmp_path, venue="binance-usdm", portfolio={"method": method})
        start_processes(names, settings, tmp_path / "settings.toml", threading.Event())
        assert ("solve" in names) == wanted
        assert {"trading", "gateway"} <= set(names)
    assert rank_of("trading") < rank_of("solve") < rank_of("store")


def until(done, limit_s=150.0):
    began = time.monotonic()
    while not done():
        assert time.monotonic() - began < limit_s, "nothing came of it"
        time.sleep(0.05)


@pytest.mark.timeout(400)
def test_a_process_that_is_killed_at_any_time_answers_every_request_once(tmp_path):
    asked(tmp_path, 1, 2)
    process = started(tmp_path)
    try:
        until(lambda: len(answers(tmp_path)) == 2)
        asked(tmp_path, 3)
        time.sleep(0.02)
        process.kill()
        process.wait()
        asked(tmp_path, 4, 5)
        process = started(tmp_path)
        until(lambda: 5 in {one.request for one in answers(tmp_path)})
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
    assert sorted(one.request for one in answers(tmp_path)) == [1, 2, 3, 4, 5]
    assert answers(tmp_path)[-1].rung == "optimal"
