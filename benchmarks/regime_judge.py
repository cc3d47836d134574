"""Judge systems on labelled markets: one row per case, view and system, each beside the oracle of the same market."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from simulator.labelled.draw import draw
from simulator.labelled.market import Answer, Case, Market
from simulator.labelled.oracle import oracle
from simulator.labelled.score import Score, score, skill

Observed = dict[str, Any]
System = Callable[[Observed], dict[str, dict[str, Any]]]
KINDS = {"volatility": "vol", "direction": "dir", "dynamics": "dyn", "combination": "combo"}
FORECAST_BARS = 10


class Row(NamedTuple):
    """One system on one view of one market."""

    family: str
    case: str
    view: str
    system: str
    raw: Score
    held: Score
    oracle: Score
    us_per_bar: float  # processor time per bar and view

    @property
    def skill(self) -> float:
        return self.skill_of(self.raw)

    def skill_of(self, answer: Score) -> float:
        return skill(answer.balanced_accuracy, answer.chance, self.oracle.balanced_accuracy)


def observed(market: Market) -> Observed:
    """All that a system may see."""
    case = market.case
    views = [{"name": view.name, "kind": KINDS[view.kind], "K": view.regimes} for view in case.views]
    return {
        "r": market.returns.copy(),
        "slot": market.slots.copy(),
        "slots": len(case.season),
        "warm": case.warm_up_bars,
        "views": views,
    }


def judge(case: Case, seed: int, salt: str, systems: dict[str, System]) -> list[Row]:
    """A row per view and system."""
    market = draw(case, seed, salt)
    best, rows = score(market, oracle(market)), []
    for name, system in systems.items():
        began = time.process_time()
        said = system(observed(market))
        us_per_bar = (time.process_time() - began) * 1e6 / case.bars / len(case.views)
        raw, held = score(market, answers(said, "label")), score(market, answers(said, "held"))
        rows += [Row(case.family, case.name, view, name, raw[view], held[view], best[view], us_per_bar) for view in raw]
    return rows


def answers(said: dict[str, dict[str, Any]], label: str) -> dict[str, Answer]:
    """What a system said, with its raw ("label") or its held ("held") labels."""
    return {
        view: Answer(
            np.asarray(one["probs"], float), np.asarray(one.get(label, one["label"]), np.int64), one.get("fprobs", {})
        )
        for view, one in said.items()
    }
