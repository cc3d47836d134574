"""Executors as processes of their own, forked from one that has loaded everything: some 20 ms each, not seconds.

`python -m tests.sinks.orders.nursery` reads one JSON line for each and answers with its pid. `crash_at`: the executor
dies by SIGKILL at its so-many-eth point (tests/sinks/orders/points.py); how many it passed stands in DATA/points.
`stop_at`: it is stopped there by SIGSTOP. `run`: a function of (data, facts) to be run instead, as "module:name".
"""

import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parents[3]
IDLE_S = 0.02  # between two looks into the orders journal: many executors share a machine here


class Nursery:
    """From outside."""

    def __init__(self, *modules: str) -> None:
        """`modules` are loaded too."""
        self._modules = modules

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.sinks.orders.nursery", *self._modules]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._lock = threading.Lock()
        self._born: list[int] = []
        return self

    def start(self, data: Path, **facts: Any) -> int:
        """An executor; its pid. facts: port, stream_port, capability, terms, crash_at, stop_at, run."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(json.dumps({"data": str(data), **facts}) + "\n")
            self._process.stdin.flush()
            pid = int(self._process.stdout.readline())
            self._born.append(pid)
        return pid

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for pid in self._born:
            if lives(pid):
                os.kill(pid, signal.SIGKILL)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()


def lives(pid: int) -> bool:
    """Whether an executor of the nursery, which reaps its children at once, still lives."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return not words or b"tests.sinks.orders.nursery" in words  # one that is about to be gone has none, and its locks


def main() -> None:
    """Load, then fork for every line."""
    import flows.execute  # noqa: F401
    import tests.sinks.orders.points
    import tests.sinks.orders.stub_venue  # noqa: F401

    for module in sys.argv[1:]:
        importlib.import_module(module)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children are reaped by the system
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _run(json.loads(line))
        print(child, flush=True)


def _run(facts: dict[str, Any]) -> None:
    """In the child; never returns."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    data = Path(facts["data"])
    data.mkdir(parents=True, exist_ok=True)
    with (data / "executor.log").open("a") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    try:
        if "run" in facts:
            module, _, name = facts["run"].partition(":")
            getattr(importlib.import_module(module), name)(data, facts)
        else:
            _execute(data, facts)
    except BaseException:  # noqa: BLE001 whatever it is, it ends here
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def _execute(data: Path, facts: dict[str, Any]) -> None:
    from dataclasses import replace

    from flows.execute import run_execute
    from flows.settings import MetricsSettings, Settings
    from sinks.orders import desk
    from sinks.orders.terms import Terms
    from tests.sinks.orders.points import armed
    from tests.sinks.orders.stub_venue import ABLE, StubVenue

    desk.IDLE_S = IDLE_S
    if "crash_at" in facts:
        armed(data / "points", facts["crash_at"])
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    venue = StubVenue(facts["port"], facts["stream_port"], replace(ABLE, **facts.get("capability", {})))
    settings = Settings(data=data, metrics=MetricsSettings(enabled=False))
    run_execute(settings, venue, Terms(**facts.get("terms", {})), stop)


if __name__ == "__main__":
    main()
