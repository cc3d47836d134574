"""Raw USD-M frames to one row per book update, one core, one run: Barograph, the bar it is held to, and its peers.

What the numbers stand for: CPU time from raw bytes in memory (Barograph: in a journal) to the row of
`benchmarks.capture.NAMES`, over one real capture, each part in a process of its own on one core; see `part.py`.
- `fused`: the same work in one Numba loop without framework; the physical bar. Aim: the steps of the market flow that
  make this row (`benchmarks/market_flow.py`), from journal through Bytewax to the feature frame, within 2 × of it in
  batches of 256 and more. What all steps cost is in `scale.py`.
- peers: the same row from the same frames, written as a good team would in that system (`benchmarks/peers/`). Aim: 10 ×
  as fast as the fastest of those that run live from Python, which hftbacktest does not.
All rows are compared with those of `fused`, to TOLERANCE; a difference fails the run. Barograph makes a row and 40
columns for every message of every kind, and its gaps, dead letters and recovery besides; the others make 14 columns.

    BAROGRAPH_CAPTURES=folder python benchmarks/hot_path.py        (the peers need `make bench-peers` once)
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.capture import NAMES, PAIR, read

ROOT = Path(__file__).parents[1]
PEERS_PYTHON = ROOT / ".venv-peers" / "bin" / "python"
TOLERANCE = 1e-9  # relative, and of a column's typical size
ABSENT = "not measured: `make bench-peers` sets up its environment"


class Part(NamedTuple):
    """One line of the table."""

    label: str
    module: str
    arguments: tuple[int, ...] = ()
    live: bool = False  # a peer that runs live from Python


FUSED = Part("fused loop, batches of 256", "benchmarks.fused", (256,))
PARTS = (
    FUSED,
    *(Part(f"fused loop, batches of {n}", "benchmarks.fused", (n,)) for n in (4096, 1024, 16, 1)),
    *(Part(f"Barograph, batches of {n}", "benchmarks.market_flow", (n,)) for n in (256, 1024, 4096, 16)),
    Part("hand-written Python", "benchmarks.peers.hand_written", live=True),
    Part("csp", "benchmarks.peers.csp_graph", live=True),
    Part("nautilus_trader", "benchmarks.peers.nautilus", live=True),
    Part("hftbacktest", "benchmarks.peers.hftbacktest_loop"),
)


class Result(NamedTuple):
    """What a part found."""

    rows: np.ndarray
    us: float  # per frame of the capture
    ratio: float  # of its time to that of the fused loop in batches of 256, measured in turns
    peak_mib: float
    notes: str


def measure(part: Part, frames: int, folder: Path) -> Result | None:
    """Run a part, with a folder for what it leaves and for compiled kernels; None where its environment is missing."""
    python = str(PEERS_PYTHON) if ".peers." in part.module else sys.executable
    if not Path(python).exists():
        return None
    output = folder / "found.npz"
    command = [python, "-m", "benchmarks.part", part.module, str(output), *map(str, part.arguments)]
    kernels = {**os.environ, "NUMBA_CACHE_DIR": str(folder)}
    done = subprocess.run(command, cwd=ROOT, env=kernels, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{part.label} failed:\n{done.stderr[-2000:]}")
    found = np.load(output)
    us = float(found["seconds"]) / frames * 1e6
    return Result(found["rows"], us, float(found["ratio"]), float(found["peak_mib"]), str(found["notes"]))


def difference(rows: np.ndarray, bar: np.ndarray) -> str:
    """The first column in which two sets of rows differ; "" where none does."""
    if rows.shape != bar.shape:
        return f"{rows.shape} rows and columns, not {bar.shape}"
    for name, mine, theirs in zip(NAMES, rows.T, bar.T, strict=True):
        typical = float(np.nanmedian(np.abs(theirs)))
        if not np.allclose(mine, theirs, rtol=TOLERANCE, atol=TOLERANCE * typical, equal_nan=True):
            return f"{name}: off by up to {np.nanmax(np.abs(mine - theirs)):.3g}, or NaN in other rows"
    return ""


def main(folder: Path) -> None:
    frames, _ = read()
    updates = level_updates(frames)
    cpu = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cpu})
    print(f"{len(frames)} frames of {', '.join(PAIR)}, {updates / len(frames):.1f} levels or trades in one; CPU {cpu}")
    print(f"{'':<30} µs/frame  frames/s  updates/s  × bar  MiB")
    found: dict[str, Result] = {}
    failed = []
    for part in PARTS:
        result = measure(part, len(frames), folder)
        if result is None:
            print(f"{part.label:<30} {ABSENT}")
            continue
        found[part.label] = result
        wrong = difference(result.rows, found[FUSED.label].rows)
        failed += [f"{part.label}: {wrong}"] if wrong else []
        rate = 1e6 / result.us
        print(
            f"{part.label:<30} {result.us:8.2f} {rate:9,.0f} {rate * updates / len(frames):10,.0f}"
            f" {result.ratio:6.2f} {result.peak_mib:4.0f}  {result.notes}",
            flush=True,
        )
    verdict(found)
    if failed:
        sys.exit("rows differ from those of the fused loop: " + "; ".join(failed))
    print(f"all agree on {found[FUSED.label].rows.size} values to {TOLERANCE:g}")


def verdict(found: dict[str, Result]) -> None:
    """The two ratios that are aimed at."""
    flow = found["Barograph, batches of 256"].ratio
    print(f"Barograph in batches of 256: {flow:.2f} × the fused loop (aim: at most 2)", end="")
    live = {part.label: found[part.label].ratio for part in PARTS if part.live and part.label in found}
    if live:
        fastest = min(live, key=lambda label: live[label])
        print(f", {live[fastest] / flow:.1f} × as fast as {fastest} (aim: at least 10)", end="")
    print()


def level_updates(frames: list[bytes]) -> int:
    """Levels of books and quotes, and trades, in the frames."""
    trades = sum(b'"e":"trade"' in frame[:60] for frame in frames)
    quotes = sum(b'"e":"bookTicker"' in frame[:60] for frame in frames)
    levels = sum(frame.count(b'["') for frame in frames if b'"e":"depth' in frame[:60])
    return levels + 2 * quotes + trades


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as kept:
        main(Path(kept))
