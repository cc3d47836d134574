"""The run folder does not grow: what earlier runs left is removed when everything starts."""

import os
import subprocess
import sys
from pathlib import Path

from flows.heart import Heart
from flows.supervision.leftovers import remove_leftovers


def gone() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_what_the_dead_left_goes_and_what_the_living_say_stays(tmp_path: Path) -> None:
    run, dead = tmp_path / "run", gone()
    Heart(tmp_path, "market-1")("")
    Heart(tmp_path, "capture-0")("")
    for name, pid in (("market-1", os.getpid()), ("market-2", dead), ("capture", dead)):
        (run / f"{name}.json").write_text(f'{{"pid": {pid}}}')
    for name in (f"market.{dead}.partial", f"market.{os.getpid()}.partial", "market-sink-simulated-0.json", "up.lock"):
        (run / name).touch()
    removed = remove_leftovers(tmp_path)
    assert removed == ["market-2.json", "market-sink-simulated-0.json", f"market.{dead}.partial"]
    left = {"capture-0.beat", "capture.json", "market-1.beat", "market-1.json", f"market.{os.getpid()}.partial"}
    assert {path.name for path in run.iterdir()} == left | {"up.lock"}


def test_where_nothing_ever_ran_nothing_is_removed(tmp_path: Path) -> None:
    assert remove_leftovers(tmp_path) == []
