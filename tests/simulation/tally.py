"""`Tally`: what many worlds add up to. Kept in a file, a run goes on where another ended."""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.simulation.cells import surprises, table, zeros
from tests.simulation.oracles import Verdict

ENOUGH = 1000  # worlds, from which on an empty cell is no chance


@dataclass
class Tally:
    """Worlds from one seed on: how often which fault struck in which state, what happened, and who complained."""

    first: int = 0
    worlds: int = 0
    bad: list[int] = field(default_factory=list)  # seeds
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    facts: Counter[str] = field(default_factory=Counter)

    @property
    def next(self) -> int:
        """The seed after the last."""
        return self.first + self.worlds

    def add(self, seed: int, found: Verdict) -> None:
        """One more world."""
        self.worlds += 1
        self.counts.update(found.counts)
        self.facts.update(found.facts)
        if found.complaints:
            self.bad.append(seed)

    def wrong(self) -> list[str]:
        """Why a long run has failed; empty cells count once there were worlds enough."""
        return [
            *(f"world {seed} complains" for seed in self.bad),
            *(f"never tried: {fault} while {column}" for fault, column in self._empty()),
            *(f"called impossible, and it happens: {fault} while {column}" for fault, column in surprises(self.counts)),
        ]

    def told(self) -> str:
        """The table and the sum, for people."""
        return "\n".join(
            [
                table(self.counts),
                f"{self.worlds} worlds from seed {self.first}: {len(self.bad)} with complaints,"
                f" {len(zeros(self.counts))} empty cells; {dict(self.facts)}",
            ]
        )

    def keep(self, path: Path) -> None:
        """Replace the file in one step."""
        counts = [[*cell, count] for cell, count in sorted(self.counts.items())]
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(vars(self) | {"counts": counts, "facts": dict(self.facts)}))
        partial.replace(path)

    def _empty(self) -> list[tuple[str, str]]:
        return zeros(self.counts) if self.worlds >= ENOUGH else []


def kept(path: Path) -> Tally:
    """As it was kept."""
    said = json.loads(path.read_text())
    counts = Counter({(fault, column): count for fault, column, count in said.pop("counts")})
    return Tally(**said | {"counts": counts, "facts": Counter(said["facts"])})
