"""Mutation testing: how many small faults, put into a module one at a time, its own tests notice.

`python -m tests.mutation.mutate [NAME …] [--sample N] [--seed N]` prints a line for each part and names the survivors;
what each survivor means stands in docs/mutation.md. A mutant is loaded in place of its module in a forked process, in
which the part's tests run until the first failure; a test that takes five times as much of a processor as without a
mutant counts as failed, and so do all together at three times as much, or ten times as long. Of each file the quickest
tests come first. Kernels run interpreted: compiling each mutant would take a minute.
"""

import argparse
import gc
import importlib
import importlib.machinery
import json
import os
import random
import resource
import signal
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from tests.mutation.mutants import mutants
from tests.mutation.parts import PARTS, SLOW, Part

ROOT = Path(__file__).parents[2]
TIMES_AS_LONG, TIMES_AS_MUCH, TIMES_AS_MUCH_OF_ONE = 10, 3, 5
SKIPPED = [f"--deselect={test}" for test in SLOW]
OPTIONS = ["-x", "-p", "no:cacheprovider", "-p", "pytest_timeout", "--no-header", "--timeout", "0"]
LEAST_S, LEAST_CPU_S, LEAST_CPU_S_OF_ONE = 60.0, 10.0, 2.0
SAID = Path(tempfile.gettempdir()) / f"mutation-{os.getpid()}.log"  # what the last run of the tests said
SECONDS = SAID.with_suffix(".json")  # how long each test took without a mutant


class Limits(NamedTuple):
    """How long a run of the tests may be."""

    wall_s: float
    cpu_s: float


class QuickestFirst:
    """Sorts the tests of each file by the processor time they took without a mutant, and limits them by it."""

    def __init__(self) -> None:
        self.known: dict[str, float] = json.loads(SECONDS.read_text()) if SECONDS.exists() else {}
        self.began = 0.0

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Files stay in order, so that what they share is made once."""
        files = {item.path: number for number, item in reversed([*enumerate(items)])}
        items.sort(key=lambda item: (files[item.path], self.known.get(item.nodeid, 0.0)))

    def pytest_runtest_call(self, item: Any) -> None:
        """A test begins. The signal that says it has had its time ends the process."""
        known = self.known.get(item.nodeid)
        limit_s = max(LEAST_CPU_S_OF_ONE, TIMES_AS_MUCH_OF_ONE * known) if known is not None else 0.0
        signal.setitimer(signal.ITIMER_PROF, limit_s)
        self.began = time.process_time()

    def pytest_runtest_logreport(self, report: Any) -> None:
        """It has ended."""
        if report.when == "call":
            signal.setitimer(signal.ITIMER_PROF, 0.0)
            self.known[report.nodeid] = time.process_time() - self.began


def main() -> None:
    """Test the parts that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *PARTS])
    parser.add_argument("--sample", type=int, default=100, help="mutants of each part; 0: all")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    os.environ.setdefault("NUMBA_DISABLE_JIT", "1")  # here, not above: whoever collects tests imports this file
    _preload()
    for name in asked.names or PARTS:
        killed, total = examined(PARTS[name], asked.sample, asked.seed)
        print(f"{name}: {killed} of {total} noticed, {killed / total:.0%}", flush=True)
    for path in (SAID, SECONDS):
        path.unlink(missing_ok=True)


def examined(parts: list[Part], sample: int, seed: int) -> tuple[int, int]:
    """Mutants noticed, and mutants tried; those that live are named at once."""
    paths = sorted(path for part in parts for path in part.modules)
    every = [(path, mutant) for path in paths for mutant in mutants((ROOT / path).read_text())]
    chosen = random.Random(seed).sample(every, min(sample or len(every), len(every)))
    killed = 0
    for part in parts:
        limits = _limits(part.tests)
        for path, mutant in sorted(one for one in chosen if one[0] in part.modules):
            if passes(part.tests, path, mutant.source, limits):
                print(f"  {path}:{mutant.line}  {mutant.change}", flush=True)
            else:
                killed += 1
    return killed, len(chosen)


def _limits(tests: list[str]) -> Limits:
    """By how long the tests take without a mutant."""
    began, used = time.monotonic(), _cpu_s()
    if not passes(tests, None, None, Limits(3600.0, 3600.0)):
        sys.exit(f"{SAID.read_text()[-3000:]}\nthe tests {' '.join(tests)} fail without any mutant")
    return Limits(
        max(LEAST_S, TIMES_AS_LONG * (time.monotonic() - began)),
        max(LEAST_CPU_S, TIMES_AS_MUCH * (_cpu_s() - used)),
    )


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def passes(tests: list[str], path: str | None, source: str | None, limits: Limits) -> bool:
    """Whether the tests pass, with a module's source replaced; in a process of their own."""
    pid = os.fork()
    if pid == 0:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (int(limits.cpu_s) + 1, int(limits.cpu_s) + 2))
        _silence()
        code = _run(tests, path, source)
        sys.stdout.flush()
        os._exit(code)
    return _waited(pid, limits.wall_s) == 0


def _run(tests: list[str], path: str | None, source: str | None) -> int:
    import pytest

    if path is not None and source is not None:
        _replace(str(ROOT / path), source)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # half a second for each mutant
    os.chdir(ROOT)
    first = QuickestFirst()
    try:
        code = int(pytest.main([*OPTIONS, *SKIPPED, *tests], [first]))
    except BaseException:  # noqa: BLE001 whatever it is, it was noticed
        return 1
    if source is None:
        SECONDS.write_text(json.dumps(first.known))
    return code


def _replace(path: str, source: str) -> None:
    """Have a module compiled from other text than its file's."""
    loader = importlib.machinery.SourceFileLoader
    usual = loader.get_code

    def get_code(self: importlib.machinery.SourceFileLoader, fullname: str):  # type: ignore[no-untyped-def]
        if os.path.realpath(self.path) == os.path.realpath(path):
            return compile(source, self.path, "exec")
        return usual(self, fullname)

    loader.get_code = get_code  # type: ignore[method-assign,assignment]


def _waited(pid: int, limit_s: float) -> int:
    """Exit code of a process; what it started is ended with it, and both when the time is over."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return -1


def _silence() -> None:
    said = os.open(SAID, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(said, stream)


def _preload() -> None:
    """Load what is not ours once, for all forks; not what pytest wants to load itself."""
    for name in ("bytewax.operators", "numba", "polars", "pyarrow", "pytest"):
        importlib.import_module(name)
    gc.freeze()


if __name__ == "__main__":
    main()
