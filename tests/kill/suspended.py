"""A suspended process keeps its place: a second one that is started meanwhile is refused."""

import signal
import subprocess
import sys
from pathlib import Path

from tests.kill.processes import ROOT, Pipe, wait_for
from tests.kill.reader import Reader
from tests.kill.run import PROGRESS_TIMEOUT_S, far

REFUSED = {
    "capture": "another process",
    "market": "runs on",
    "trading": "runs on",
    "store": "another process serves the store",
    "up": "already runs",
}
ROWS = 20  # in the tables after each, journal rows


def suspend_each(pipe: Pipe, reader: Reader) -> None:
    """Suspend process by process, start it a second time, and have it go on."""
    for name, words in REFUSED.items():
        wait_for(lambda n=name: pipe.whole() and not pipe.starting(n), f"{name} at work", PROGRESS_TIMEOUT_S)
        before = far(pipe, reader)
        assert pipe.send(name, signal.SIGSTOP)
        try:
            answer = second(pipe.data / "run" / "settings.toml", name)
        finally:
            pipe.send(name, signal.SIGCONT)
        assert (answer.returncode, words in answer.stderr) == (1, True), (name, answer.stderr)
        wait_for(lambda b=before: far(pipe, reader)[1] > b[1] + ROWS, f"progress after {name}", PROGRESS_TIMEOUT_S)


def second(config: Path, name: str) -> "subprocess.CompletedProcess[str]":
    """The same command on the same folder, as a person or a second supervisor would start it."""
    command = [sys.executable, "-m", "flows", name, "--config", str(config)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
