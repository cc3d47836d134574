"""Worlds by the thousand, or one of them again.

python -m tests.simulation.run --seed 374         one world, with all that befell it
python -m tests.simulation.run --worlds 2000      that many, and the table of what was tried; exit code 1 for a
                                                  complaint, or a fault that never struck in a state it can
"""

import argparse
import logging
import os
import subprocess
import sys
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor

from tests.simulation.cells import surprises, table, zeros
from tests.simulation.oracles import Verdict, judged
from tests.simulation.plan import plan
from tests.simulation.world import inhabit

ENOUGH = 1000  # worlds, from which on an empty cell is no chance


def verdict(seed: int) -> Verdict:
    """What becomes of the world of a seed; an error of ours is a complaint like others."""
    logging.getLogger("barograph").setLevel(logging.CRITICAL + 1)  # thousands of warnings are meant
    try:
        found: Verdict = inhabit(plan(seed), judged)
    except Exception:  # noqa: BLE001 - whatever it is, the other worlds go on
        return Verdict((traceback.format_exc(),), "", {}, {})
    return found


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
    with ProcessPoolExecutor(workers) as pool:
        yield from zip(seeds, pool.map(verdict, seeds, chunksize=4), strict=True)


def _commit() -> str:
    command = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


def _one(seed: int) -> int:
    found = verdict(seed)
    print(report(seed, found.complaints))
    print(f"trace {found.trace}, {found.facts}")
    return 1 if found.complaints else 0


def _many(first: int, worlds: int, workers: int) -> int:
    counts: Counter[tuple[str, str]] = Counter()
    facts: Counter[str] = Counter()
    bad = 0
    for number, (seed, found) in enumerate(verdicts(range(first, first + worlds), workers), 1):
        counts.update(found.counts)
        facts.update(found.facts)
        if found.complaints:
            bad += 1
            print(report(seed, found.complaints), flush=True)
        if number % 20 == 0:
            print(f"{number} worlds, {bad} with complaints", file=sys.stderr, flush=True)
    print(table(counts))
    empty = zeros(counts)
    print(f"{worlds} worlds from seed {first}: {bad} with complaints, {len(empty)} empty cells; {dict(facts)}")
    for fault, column in empty:
        print(f"never tried: {fault} while {column}")
    return 1 if bad or (empty and worlds >= ENOUGH) else 0


def main() -> int:
    """The command line."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--seed", type=int, help="one world")
    asked.add_argument("--worlds", type=int, default=2000, help="how many")
    asked.add_argument("--first", type=int, default=0, help="seed of the first")
    asked.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes")
    given = asked.parse_args()
    return _one(given.seed) if given.seed is not None else _many(given.first, given.worlds, given.workers)


if __name__ == "__main__":
    sys.exit(main())
