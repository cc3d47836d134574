"""Worlds by seed: whatever goes wrong, tables are those of a clean run, no loss is untold, and all is well soon.

BAROGRAPH_WORLDS says how many; `make simulate` runs thousands and asks that every fault struck in every state.
"""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.simulation import trouble
from tests.simulation.cells import COLUMNS, FAULTS, impossible, table, zeros
from tests.simulation.run import report, verdict

WORLDS = int(os.environ.get("BAROGRAPH_WORLDS", "24"))
SEED = 21
RARE = {"rows lost", "waits for the store", "shed"}  # facts that the few worlds of a short run need not see
ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(0 if WORLDS > 100 else 300)
def test_every_world_ends_as_if_nothing_had_happened() -> None:
    counts: Counter[tuple[str, str]] = Counter()
    facts: Counter[str] = Counter()
    for seed in range(WORLDS):
        found = verdict(seed)
        assert not found.complaints, report(seed, found.complaints)
        counts.update(found.counts)
        facts.update(found.facts)
    assert set(trouble.KINDS) <= {fault for fault, _ in counts}
    assert len({fault for fault, _ in counts}) > len(FAULTS) * 3 // 4, "most faults struck, even in so few worlds"
    assert len({column for _, column in counts}) > len(COLUMNS) * 3 // 4, "and in most states"
    assert [fact for fact, count in facts.items() if not count and fact not in RARE] == [], "what never happened"


def test_the_same_seed_is_the_same_world_in_any_process() -> None:
    traces = {_trace_of(SEED, hash_seed) for hash_seed in ("0", "7")}
    assert len(traces) == 1
    assert verdict(SEED + 1).trace not in traces


def test_an_empty_cell_is_named_unless_it_is_impossible() -> None:
    full = Counter({(fault, column): 1 for fault in FAULTS for column in COLUMNS})
    assert zeros(full) == []
    del full["power", "store ailing"]
    assert zeros(full) == [("power", "store ailing")]
    assert "ZERO" in table(full)
    reasons = [impossible(fault, column) for fault in FAULTS for column in COLUMNS]
    assert 0 < sum(map(bool, reasons)) < len(reasons) // 8


def _trace_of(seed: int, hash_seed: str) -> str:
    command = [sys.executable, "-m", "tests.simulation.run", "--seed", str(seed)]
    environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    said = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=ROOT).stdout
    return said.split("trace ", 1)[1][:64]
