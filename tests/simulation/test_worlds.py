"""Worlds by seed: whatever goes wrong, tables are those of a clean run, no loss is untold, and all is well soon.

A few have all troubles between them; `make simulate` runs thousands, and asks that every fault struck in every state.
"""

import logging
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from simulator.venues.script import DRAWN
from tests.simulation import trouble
from tests.simulation.cells import COLUMNS, FAULTS, impossible, table, zeros
from tests.simulation.oracles import Verdict, judged
from tests.simulation.plan import VENUES, Plan, plan
from tests.simulation.run import report, verdict
from tests.simulation.scenes import SCENES
from tests.simulation.tally import ENOUGH, Tally, kept
from tests.simulation.trouble import Trouble
from tests.simulation.world import inhabit

SEEDS = (15, 21, 237, 552, 610, 841, 941, 1756)
RARE = {"rows lost", "waits for the store", "shed"}  # facts that the few worlds of a short run need not see
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL + 1, "barograph")


def test_every_world_ends_as_if_nothing_had_happened() -> None:
    tally = Tally()
    for seed in SEEDS:
        found = verdict(seed)
        assert not found.complaints, report(seed, found.complaints)
        tally.add(seed, found)
    struck = {fault for fault, _ in tally.counts}
    assert set(trouble.KINDS) <= struck
    assert len(struck) > len(FAULTS) * 3 // 4, "most faults struck, even in so few worlds"
    assert len({column for _, column in tally.counts}) > len(COLUMNS) * 3 // 4, "and in most states"
    assert [fact for fact, count in tally.facts.items() if not count and fact not in RARE] == [], "what never happened"


def test_the_same_seed_is_the_same_world_in_any_process() -> None:
    trace = verdict(237).trace
    assert trace == _trace_of(237, hash_seed="7")
    assert trace != verdict(1756).trace


def test_a_capture_that_begins_with_a_wrong_clock_leaves_no_book_in_doubt() -> None:
    """Its receive times are late: what the venue says is in no bar, and `gaps` says so, but the books are true."""
    deaths = (Trouble("kill capture", at_s, 0.0, 1.0) for at_s in (3.0, 5.0, 7.0))
    world = Plan(1, "bybit-spot", (), (Trouble("clock", 2.5, 8.0, -86_400.0), *deaths))
    assert inhabit(world, judged).complaints == ()


def test_every_fault_and_trouble_meets_every_scene_and_every_scene_every_venue() -> None:
    plans = [plan(seed) for seed in range(2000)]
    pairs = {(one.scene, DRAWN[one.seed % len(DRAWN)]) for one in plans}
    assert len(pairs) == len(set(SCENES)) * len(DRAWN)
    assert all(DRAWN[one.seed % len(DRAWN)] in {fault.kind for fault in one.faults} for one in plans)
    kinds = tuple(trouble.KINDS)
    assert len({(one.scene, kinds[one.seed % len(kinds)]) for one in plans}) == len(set(SCENES)) * len(kinds)
    assert all(kinds[one.seed % len(kinds)] in {mine.kind for mine in one.troubles} for one in plans)
    assert len({(one.scene, one.venue) for one in plans}) == len(set(SCENES)) * len(VENUES)


def test_an_empty_cell_is_named_unless_it_is_impossible() -> None:
    full = _full()
    assert zeros(full) == []
    del full["power", "store ailing"]
    assert zeros(full) == [("power", "store ailing")]
    assert "ZERO" in table(full)
    reasons = [impossible(fault, column) for fault in FAULTS for column in COLUMNS]
    assert 0 < sum(map(bool, reasons)) < len(reasons) // 8


@pytest.mark.parametrize(
    ("cell", "count", "said"),
    [
        (("power", "store ailing"), 0, "never tried: power while store ailing"),
        (("venue: drop", "capture dead"), 1, "called impossible, and it happens: venue: drop while capture dead"),
    ],
)
def test_a_long_run_fails_for_a_cell_that_is_empty_or_should_be(cell: tuple[str, str], count: int, said: str) -> None:
    tally = Tally(worlds=ENOUGH, counts=_full())
    assert tally.wrong() == []
    tally.counts[cell] = count
    assert tally.wrong() == [said]


def test_a_tally_goes_on_where_it_ended(tmp_path: Path) -> None:
    tally = Tally(first=7)
    tally.add(7, Verdict((), "", {("power", "disk full"): 2}, {"frames": 3}))
    tally.add(8, Verdict(("a row is missing",), "", {("power", "disk full"): 1}, {"frames": 4}))
    tally.keep(tmp_path / "tally.json")
    again = kept(tmp_path / "tally.json")
    assert again == tally
    assert (again.next, again.wrong()) == (9, ["world 8 complains"])
    assert again.counts["power", "disk full"] == 3


def _full() -> Counter[tuple[str, str]]:
    return Counter({(fault, column): 1 for fault in FAULTS for column in COLUMNS if not impossible(fault, column)})


def _trace_of(seed: int, hash_seed: str) -> str:
    command = [sys.executable, "-m", "tests.simulation.run", "--seed", str(seed)]
    environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    said = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=ROOT).stdout
    return said.split("trace ", 1)[1][:64]
