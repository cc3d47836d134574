"""A process that has loaded everything and forks for each run: seconds of imports are paid once, not per crash.

Run as `python -m tests.kill.warm module` with what is to be counted in its environment. The module has `load()`, which
must start no thread, as a child would miss it, and `run(folder)`. Reads one folder a line, forks, and answers with the
exit status of the child that ran in it: 0, or minus the signal that ended it.
"""

import importlib
import os
import subprocess
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Self

ROOT = Path(__file__).parents[2]


class Warm:
    """Such a process, from outside."""

    def __init__(self, module: str, environment: Mapping[str, str]) -> None:
        command = [sys.executable, "-m", "tests.kill.warm", module]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, folder: Path) -> int:
        """Run in a folder; how it ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{folder}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()


def main(name: str) -> None:
    """Load, then fork and run for every line."""
    module = importlib.import_module(name)
    module.load()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _run(module, Path(line.strip()))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _run(module: ModuleType, folder: Path) -> None:
    """In the child; never returns. What it says goes to a file beside the folder."""
    with folder.with_suffix(".log").open("a") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    try:
        module.run(folder)
    except BaseException:  # noqa: BLE001 whatever it is, it ends here
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
