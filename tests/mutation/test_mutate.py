"""The harness of mutation testing can itself see a fault, and does not see one where there is none."""

import subprocess
import sys
from pathlib import Path

from tests.mutation.mutants import mutants

ROOT = Path(__file__).parents[2]
MODULE, TESTS = "market/seal.py", ["tests/market/test_seal.py"]
KNOWN = "_digest(place, pickled) != digest → _digest(place, pickled) == digest"
ASK = """
from tests.mutation.mutate import SAID, SECONDS, Limits, passes
import sys
path, source, *tests = sys.argv[1:]
print(passes(tests, path, source, Limits(100.0, 100.0)))
for left in (SAID, SECONDS):
    left.unlink(missing_ok=True)
"""


def passes(source: str) -> str:
    """What the harness says of a module's own tests, with this as its source; in a process without threads."""
    command = [sys.executable, "-c", ASK, MODULE, source, *TESTS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=170, check=True)
    return done.stdout.strip()


def test_a_known_fault_is_noticed_and_the_module_itself_is_not() -> None:
    source = (ROOT / MODULE).read_text()
    known = [mutant for mutant in mutants(source) if mutant.change == KNOWN]
    assert [passes(source), *(passes(mutant.source) for mutant in known)] == ["True", "False"]


def test_every_kind_of_change_is_made() -> None:
    source = """
def f(a, b):
    "text"
    log.info("said %d", 1 + 1)
    if a < b and not a:
        b += 1
        g(a[1:])
    return a - b
"""
    assert [mutant.change for mutant in mutants(source)] == [
        "if a < b and (not a): … → if not (a < b and (not a)): …",
        "a < b and (not a) → a < b or not a",
        "a < b → a <= b",
        "not a → +bool(a)",
        "b += 1 → b -= 1",
        "1 → 2",
        "g(a[1:]) → None",
        "a[1:] → a[:]",
        "1 → 2",
        "return a - b → return None",
        "a - b → a + b",
    ]
