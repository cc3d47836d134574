"""The process in which problems are solved, so that one that hangs can be killed and its memory is its own.

It is asked one problem at a time over a pipe, and ends when the pipe does, that is with whoever started it. It loads
the solver and solves a small problem before it says that it is ready: the first one asked is as quick as the rest.
"""

import logging
import multiprocessing
import signal
import threading
from multiprocessing.connection import Connection

import msgspec

from market.beat import Beat
from market.clock import SECOND_NS, Clock
from market.messages import Problem, Solution, decode, encode
from operators.portfolio.optimizer.optimizer import PortfolioOptimizer
from operators.portfolio.optimizer.preferences import Preferences

POLL_S = 0.05
END_S = 2.0  # for the process to end by itself
START_S = 120.0  # to load the solver, on a busy machine
READY = b"ready"

SMALL = Problem(
    venue="", instrument="", time_ns=0, account="", request=0, names=("a", "b"), expected=(0.01, 0.0),
    confidence=(1.0, 1.0), covariance=(1e-4, 0.0, 1e-4), current=(0.0, 0.0), half_spread=(1e-4, 1e-4),
    impact=(1e-3, 1e-3), lot=(0.0, 0.0), min_notional=(0.0, 0.0), regime="", limits={"gross": 1.0}, caps=(1.0, 1.0),
)  # fmt: skip

log = logging.getLogger("barograph.solve")


class SolverChild:
    """A process that solves, started anew where it died or was killed. One caller at a time."""

    def __init__(self, preferences: Preferences, clock: Clock, stop: threading.Event, beat: Beat) -> None:
        self._preferences, self._clock, self._stop, self._beat = preferences, clock, stop, beat
        self._process: multiprocessing.process.BaseProcess | None = None
        self._pipe: Connection | None = None
        self.pid = 0  # of the newest process

    def ready(self) -> bool:
        """Start it where it does not run, and wait until it can solve; False where it cannot, or all is to stop."""
        if self._process is not None and self._process.is_alive():
            return True
        self.close()
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs, self._preferences), name="solver", daemon=True)
        self._process.start()
        self.pid = self._process.pid or 0
        theirs.close()
        if self._heard(START_S, "the solver to start") == READY:
            return True
        self.close()
        return False

    def solve(self, problem: Problem, limit_s: float) -> Solution | str:
        """The answer, or why there is none: it took longer, in which case the process is killed, or it died."""
        if not self.ready():
            return "the solver did not start"
        assert self._pipe is not None
        try:
            self._pipe.send_bytes(encode(problem))
        except OSError as error:
            self.close()
            return f"the solver died: {error}"
        frame = self._heard(limit_s, "")
        if frame is None:
            died = self._process is not None and not self._process.is_alive()
            self.close()
            return "the solver died" if died else f"the solver took longer than {limit_s:g} s and was killed"
        try:
            answer = decode(frame)
        except msgspec.MsgspecError as error:
            return f"the solver's answer cannot be read: {error}"
        return answer if isinstance(answer, Solution) else "the solver gave no answer"

    def close(self) -> None:
        """End the process, by force where it does not end."""
        if self._pipe is not None:
            self._pipe.close()
        if self._process is not None:
            self._process.kill()
            self._process.join(END_S)
        self._pipe = self._process = None

    def _heard(self, limit_s: float, waits_for: str) -> bytes | None:
        """The next frame; None where none comes in time, the process dies, or all is to stop."""
        assert self._pipe is not None
        until_ns = self._clock.monotonic_ns() + round(limit_s * SECOND_NS)
        try:
            while not self._pipe.poll(POLL_S):
                self._beat(waits_for)
                if self._clock.monotonic_ns() >= until_ns or self._stop.is_set():
                    return None
            return self._pipe.recv_bytes()
        except (EOFError, OSError):
            if self._process is not None:
                self._process.join(END_S)
            return None


def _work(pipe: Connection, preferences: Preferences) -> None:
    """Solve until the pipe ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal tells all; the parent says when to end
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    optimizer = PortfolioOptimizer(preferences)
    optimizer.optimize_regime_aware(SMALL)
    try:
        pipe.send_bytes(READY)
        while True:
            problem = decode(pipe.recv_bytes())
            assert isinstance(problem, Problem)
            pipe.send_bytes(encode(optimizer.optimize_regime_aware(problem)))
    except (EOFError, OSError):
        return
