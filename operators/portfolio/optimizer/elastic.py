"""Limits that cannot all be kept: which give way, by how much, and against what.

`invested` gives way first, then `turnover` (inputs.RELAXED_IN_ORDER); what protects capital never does. That is always
enough: all positions at 0 keep the protective limits.
"""

from typing import NamedTuple

from operators.portfolio.optimizer.inputs import Inputs
from operators.portfolio.optimizer.kkt import explained
from operators.portfolio.optimizer.program import Answer

FLAT = 1e-7  # aversion to risk of a program that only looks for room: of no weight beside the prices
LEAST = 1e-8  # share of equity; less room than this is rounding
MARGIN = 1e-6  # share of equity: what is given on top, so that the relaxed limits leave something to choose


class Relaxed(NamedTuple):
    """Inputs with limits that can be kept."""

    inputs: Inputs
    room: dict[str, float]  # by which limits gave way
    against: list[str]  # names of the limits that made them
    answer: Answer  # weights that need exactly that room

    @property
    def told(self) -> str:
        """In words."""
        gave = ", ".join(f"{name} by {room:.6g}" for name, room in self.room.items())
        return f"{gave} against {', '.join(self.against[:6]) or 'rounding'}"


def relaxed(inputs: Inputs, answer: Answer) -> Relaxed:
    """The inputs with the least room that their limits need, as the elastic program answered."""
    room = {name: taken for name, taken in answer.room.items() if taken > LEAST}
    against = [name for name in explained(inputs, answer, least=1e-4) if name not in room]
    given = {name: taken + MARGIN for name, taken in room.items()}
    freed = inputs._replace(
        turnover=inputs.turnover + given.get("turnover", 0.0), invested=inputs.invested - given.get("invested", 0.0)
    )
    return Relaxed(freed, room, against, answer)
