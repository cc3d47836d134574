"""Run one part of `hot_path.py` in a process of its own: `python -m benchmarks.part MODULE OUTPUT.npz [ARGUMENT …]`.

MODULE has `run(frames, receive_times, *arguments) -> (rows of NAMES, CPU seconds, notes)`. It is run ROUNDS times, and
on for ENOUGH_S in all, up to MAX_ROUNDS. The fused loop runs after every round, so that both have the same chance of a
quiet moment: kept are the best seconds of each, and their ratio.
"""

import importlib
import resource
import sys
import time

import numpy as np

from benchmarks.capture import read

ROUNDS, MAX_ROUNDS = 3, 20
ENOUGH_S = 10
BAR_FRAMES = 256  # per batch of the fused loop


def main(module: str, output: str, *arguments: str) -> None:
    frames, receive_times = read()
    run = importlib.import_module(module).run
    found, bars = [], []
    peak_mib = 0.0
    began = time.perf_counter()
    while len(found) < ROUNDS or (time.perf_counter() - began < ENOUGH_S and len(found) < MAX_ROUNDS):
        found.append(run(frames, receive_times, *map(int, arguments)))
        peak_mib = peak_mib or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        bars.append(bar(frames, receive_times))
    rows, seconds, notes = min(found, key=lambda each: each[1])
    np.savez(output, rows=rows, seconds=seconds, ratio=seconds / min(bars), notes=notes, peak_mib=peak_mib)


def bar(frames: list[bytes], receive_times: list[int]) -> float:
    """Seconds of the fused loop; imported after the first round, so that its memory is not taken for a peer's."""
    fused = importlib.import_module("benchmarks.fused")
    return min(fused.run(frames, receive_times, BAR_FRAMES)[1] for _ in range(3))


if __name__ == "__main__":
    main(*sys.argv[1:])
