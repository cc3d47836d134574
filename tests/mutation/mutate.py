"""Mutation testing: how many small faults, put into a module one at a time, its own tests notice.

`python -m tests.mutation.mutate [NAME …] [--sample N] [--seed N]` prints a line for each part and names the survivors;
what each survivor means stands in docs/mutation.md. A mutant is loaded in place of its module in a forked process, in
which the part's tests run until the first failure; one that runs ten times as long as the tests themselves counts as
noticed. Kernels run interpreted: compiling each mutant would take a minute.
"""

import argparse
import importlib
import importlib.machinery
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from tests.mutation.mutants import Mutant, mutants
from tests.mutation.parts import PARTS, SLOW, Part

ROOT = Path(__file__).parents[2]
TIMES_AS_LONG = 10
SKIPPED = [f"--deselect={test}" for test in SLOW]
LEAST_S = 30.0
SAID = Path(tempfile.gettempdir()) / f"mutation-{os.getpid()}.log"  # what the last run of the tests said


class Survivor(NamedTuple):
    """A mutant that no test noticed."""

    path: str
    mutant: Mutant


def main() -> None:
    """Test the parts that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *PARTS])
    parser.add_argument("--sample", type=int, default=100, help="mutants of each part; 0: all")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    os.environ.setdefault("NUMBA_DISABLE_JIT", "1")  # here, not above: whoever collects tests imports this file
    sys.dont_write_bytecode = True
    _preload()
    for name in asked.names or PARTS:
        killed, total, survivors = examined(PARTS[name], asked.sample, asked.seed)
        print(f"{name}: {killed} of {total} noticed, {killed / total:.0%}", flush=True)
        for path, mutant in survivors:
            print(f"  {path}:{mutant.line}  {mutant.change}", flush=True)
    SAID.unlink(missing_ok=True)


def examined(part: Part, sample: int, seed: int) -> tuple[int, int, list[Survivor]]:
    """Mutants noticed, mutants tried, and those that lived."""
    every = [(path, mutant) for path in part.modules for mutant in mutants((ROOT / path).read_text())]
    chosen = random.Random(seed).sample(every, min(sample or len(every), len(every)))
    began = time.monotonic()
    if not passes(part.tests, None, None, 3600.0):
        sys.exit(f"{SAID.read_text()[-3000:]}\nthe tests {' '.join(part.tests)} fail without any mutant")
    limit_s = max(LEAST_S, TIMES_AS_LONG * (time.monotonic() - began))
    survivors = [
        Survivor(path, mutant) for path, mutant in sorted(chosen) if passes(part.tests, path, mutant.source, limit_s)
    ]
    return len(chosen) - len(survivors), len(chosen), survivors


def passes(tests: list[str], path: str | None, source: str | None, limit_s: float) -> bool:
    """Whether the tests pass, with a module's source replaced; in a process of their own."""
    pid = os.fork()
    if pid == 0:
        os.setsid()
        _silence()
        code = _run(tests, path, source)
        sys.stdout.flush()
        os._exit(code)
    return _waited(pid, limit_s) == 0


def _run(tests: list[str], path: str | None, source: str | None) -> int:
    import pytest

    if path is not None and source is not None:
        _replace(str(ROOT / path), source)
    os.chdir(ROOT)
    try:
        return int(pytest.main(["-x", "-p", "no:cacheprovider", "--no-header", "--timeout", "0", *SKIPPED, *tests]))
    except BaseException:  # noqa: BLE001 whatever it is, it was noticed
        return 1


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
    """Exit code of a process; it and all that it started are ended when the time is over."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
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


if __name__ == "__main__":
    main()
