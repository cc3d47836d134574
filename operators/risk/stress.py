"""Hypothetical shocks: what a book loses if prices move so much, by instrument, by group, or all alike.

A scenario names simple returns; the most particular name counts: instrument, else its group, else all, else nothing
happens to it. −1 is a price of zero, nothing falls further. Losses are positive, quote currency, linear in holdings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite

import numpy as np

from operators.risk.checked import Floats, checked_vector


@dataclass(frozen=True)
class Scenario:
    """One thing that might happen."""

    name: str
    everything: float = 0.0  # simple return of what is not named below
    groups: Mapping[str, float] = field(default_factory=dict)
    instruments: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for of, shock in [("everything", self.everything), *self.groups.items(), *self.instruments.items()]:
            if not (isfinite(shock) and shock >= -1.0):
                raise ValueError(f"scenario {self.name!r}: {of} must be a return of at least -1, got {shock}")


LIBRARY = (
    Scenario("all fall 10 %", everything=-0.10),
    Scenario("all rise 10 %", everything=0.10),
    Scenario("crash of 30 %", everything=-0.30),
    Scenario("melt-up of 30 %", everything=0.30),
)


def shocks(scenario: Scenario, instruments: Sequence[str], groups: Mapping[str, str] | None = None) -> Floats:
    """Return of each instrument; groups: name of an instrument → its group.

    >>> fall = Scenario("coins", everything=-0.1, groups={"coins": -0.3}, instruments={"USDC": 0.0})
    >>> shocks(fall, ["BTC", "USDC", "SPY"], {"BTC": "coins", "USDC": "coins"})
    array([-0.3,  0. , -0.1])
    """
    of = groups or {}
    return np.array(
        [
            scenario.instruments.get(name, scenario.groups.get(of.get(name, ""), scenario.everything))
            for name in instruments
        ],
        np.float64,
    )


def loss(holdings: Floats, moved: Floats) -> float:
    """What signed notionals lose by these returns, quote currency."""
    holdings, moved = checked_vector("holdings", holdings), checked_vector("returns", moved)
    if holdings.shape != moved.shape:
        raise ValueError(f"{len(holdings)} holdings and {len(moved)} returns")
    return float(-(holdings @ moved))


def adverse(holdings: Floats, moved: Floats) -> float:
    """What is lost if every instrument moves against its position by the size of these returns: no hedge helps."""
    return float(np.abs(checked_vector("holdings", holdings)) @ np.abs(checked_vector("returns", moved)))
