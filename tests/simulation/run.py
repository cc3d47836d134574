"""Worlds by the thousand, or one of them again.

python -m tests.simulation.run --seed 374         one world, with all that befell it
python -m tests.simulation.run --worlds 2000      that many, and the table of what was tried; exit code 1 for a
                                                  complaint, or a fault that never struck in a state it can
        ... --worlds 2000 --tally FILE            the same, going on after those that FILE counts already
"""

import argparse
import logging
import os
import subprocess
import sys
import traceback
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.simulation.oracles import Verdict, judged
from tests.simulation.plan import plan
from tests.simulation.tally import Tally, kept
from tests.simulation.world import inhabit

KEPT_EVERY = 10  # worlds


def verdict(seed: int) -> Verdict:
    """What becomes of the world of a seed; an error of ours is a complaint like others."""
    try:
        found: Verdict = inhabit(plan(seed), judged)
    except Exception:  # noqa: BLE001 - whatever it is, the other worlds go on
        return Verdict((traceback.format_exc(),), "", {}, {})
    return found


def quiet() -> None:
    """Thousands of warnings are meant."""
    logging.getLogger("barograph").setLevel(logging.CRITICAL + 1)


def report(seed: int, complaints: Iterable[str]) -> str:
    """Everything that it takes to see it again."""
    return "\n".join(
        [
            f"world {seed} at commit {_commit()}: again with",
            f"    python -m tests.simulation.run --seed {seed}",
            plan(seed).told(),
            *(f"  ! {what}" for what in complaints),
        ]
    )


def verdicts(seeds: Iterable[int], workers: int) -> Iterator[tuple[int, Verdict]]:
    """Of all of them, as they come."""
    seeds = list(seeds)
    if workers <= 1:
        yield from ((seed, verdict(seed)) for seed in seeds)
        return
    with ProcessPoolExecutor(workers, initializer=quiet) as pool:
        yield from zip(seeds, pool.map(verdict, seeds, chunksize=4), strict=True)


def _commit() -> str:
    command = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


def _one(seed: int) -> int:
    found = verdict(seed)
    print(report(seed, found.complaints))
    print(f"trace {found.trace}, {found.facts}")
    return 1 if found.complaints else 0


def _many(tally: Tally, until: int, workers: int, path: Path | None) -> int:
    for seed, found in verdicts(range(tally.next, until), workers):
        tally.add(seed, found)
        if found.complaints:
            print(report(seed, found.complaints), flush=True)
        if tally.worlds % KEPT_EVERY == 0 or tally.next == until:
            print(f"{tally.worlds} worlds, {len(tally.bad)} with complaints", file=sys.stderr, flush=True)
            if path is not None:
                tally.keep(path)
    wrong = tally.wrong()
    print("\n".join([tally.told(), *wrong]))
    return 1 if wrong else 0


def main() -> int:
    """The command line."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--seed", type=int, help="one world")
    asked.add_argument("--worlds", type=int, default=2000, help="how many")
    asked.add_argument("--first", type=int, default=0, help="seed of the first")
    asked.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes")
    asked.add_argument("--tally", type=Path, help="a file that keeps what was counted so far")
    given = asked.parse_args()
    quiet()
    if given.seed is not None:
        return _one(given.seed)
    tally = kept(given.tally) if given.tally and given.tally.exists() else Tally(given.first)
    if given.first not in (0, tally.first):
        asked.error(f"{given.tally} began with seed {tally.first}, not {given.first}")
    return _many(tally, tally.first + given.worlds, given.workers, given.tally)


if __name__ == "__main__":
    sys.exit(main())
