"""Which modules are compiled ahead: every one of the operators, named without importing any."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SAID = """
import sys
from flows.warm import kernel_modules
names = kernel_modules(simulated=True)
print(len(names), len(set(names)), *(name in names for name in ("operators.book", "operators.book.walk")), end=" ")
print(names.count("simulator.warm"))
print(*[name for name in sys.modules if name.startswith("operators.")])
"""


def test_all_modules_are_named_and_none_is_imported_which_would_compile_it_alone_and_in_silence() -> None:
    run = [sys.executable, "-c", SAID]
    counted, imported = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")[:2]
    files = len(list((ROOT / "operators").rglob("*.py")))
    assert counted == f"{files + 1} {files + 1} True True 1"
    assert imported == ""
