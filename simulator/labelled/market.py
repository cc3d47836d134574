"""A case of a labelled market, one market drawn from it, and what a system or the oracle answers about a view."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simulator.labelled.model import Model

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Kind = Literal["volatility", "direction", "dynamics", "combination"]


@dataclass(frozen=True)
class View:
    """One question about the market. Regimes are numbered by meaning.

    Volatility from low to high; direction bear, (neutral,) bull; dynamics reverting, random, trending; combination is
    2 × volatile + trending.
    """

    name: str
    kind: Kind
    regimes: int


@dataclass(frozen=True, kw_only=True)
class Case:
    """A market that can be drawn. Each era has its own parameters; a chain goes on where the era before left it."""

    name: str
    family: str
    views: tuple[View, ...]
    eras: tuple[tuple[float, Model], ...]  # (share of the bars at which it begins, model)
    bars: int = 12_000
    warm_up_bars: int = 2_000  # before them nothing is scored
    season: Floats = field(default_factory=lambda: np.ones(1))  # factor of each slot of the day, mean square 1
    scale: float = 1e-3  # of returns: log price per unit of z

    def __post_init__(self) -> None:
        """Refuse eras that the oracle could not follow."""
        if len(self.eras) > 1 and any(model.pull.any() for _, model in self.eras):
            raise ValueError(f"{self.name}: a pull to the price at entry is followed through one era only")
        if any(model.states != self.eras[0][1].states for _, model in self.eras):
            raise ValueError(f"{self.name}: eras differ in their number of hidden states")

    def spans(self) -> Iterator[tuple[int, int, Model]]:
        """(first bar, bar past the last, model) of each era."""
        starts = [int(share * self.bars) for share, _ in self.eras] + [self.bars]
        for number, (_, model) in enumerate(self.eras):
            yield starts[number], starts[number + 1], model


@dataclass(frozen=True)
class Market:
    """Bars drawn from a case. A system may see `returns` and `slots`; the rest is for the scorer."""

    case: Case
    returns: Floats  # log returns (bars,)
    slots: Integers  # slot of the day of each bar, from 0
    states: Integers  # hidden state of each bar
    labels: dict[str, Integers]  # regime of each bar, by view

    @property
    def unseasoned(self) -> Floats:
        """The z of the model: returns without scale and season."""
        return self.returns / (self.case.scale * self.case.season[self.slots])


@dataclass(frozen=True)
class Answer:
    """What is said of one view at each bar, from that bar and those before it."""

    probabilities: Floats  # (bars, regimes)
    labels: Integers  # (bars,)
    forecasts: dict[int, Floats] = field(
        default_factory=dict
    )  # by horizon in bars: (bars, regimes), of the regime then
