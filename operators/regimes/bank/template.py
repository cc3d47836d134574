"""A template: one way in which hidden states may speak through returns, with priors for everything it does not know.

In hidden state e the standardised return of a bar is

    z_t = μ_e + b_e x_t(c_e) + s_e ε,   ε ~ Student-t with ν degrees of freedom and unit variance

where x_t is a feature of past returns (operators/regimes/bank/features.py) read at place c_e of its curve, and s_e is

    s_e = exp(a_e) √(1 − b_e²)                                   with `tied`: every state has the same variance
    s²_{e,t} = exp(2 a_e) (1 − α − β) + α min(z², 36 s²)_{t−1} + β s²_{e,t−1}         with `garch` (Haas et al. 2004)
    s_e = exp(a_e)                                               otherwise

a_e, μ_e, b_e and c_e are linear in the d parameters θ: rows of the tables below. Because a row's place is its meaning
(calm below stressed, bear below bull), labels can never switch, however θ is learned.

States follow one another by independent chains. A chain leaves its state k after `exp(θ) + phases` bars on average;
with phases > 1 the duration is negative binomial. Where it goes is one of two routes, with odds exp(θ).

Hamilton (1989), Econometrica 57(2), doi:10.2307/1912559; Haas, Mittnik, Paolella (2004), "A new approach to
Markov-switching GARCH models", J. Financial Econometrics 2(4), doi:10.1093/jjfinec/nbh020.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from operators.regimes.bank.features import Curve

Float64Array = NDArray[np.float64]
Int64Array = NDArray[np.int64]
Table = Mapping[int, Mapping[str, float]]  # state: parameter: coefficient

SCALE, TAIL = "scale", "tail"  # every template's first two parameters


@dataclass(frozen=True)
class Parameter:
    """What is believed of a parameter before the first bar, and the range it is kept in."""

    name: str
    mean: float
    sd: float
    low: float
    high: float


@dataclass(frozen=True)
class Chain:
    """One independent chain: of state e it sees (e // stride) mod len(stays)."""

    stays: tuple[str, ...]  # by its state: the parameter log(mean duration − phases)
    stride: int = 1
    odds: tuple[str, ...] = ()  # by its state: log odds of the first route over the second; none: only one route
    routes: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...] = ()  # by state: where each route leads, shares


@dataclass(frozen=True)
class Template:
    """E states and d parameters; tables name only what is not 0."""

    name: str
    parameters: tuple[Parameter, ...]
    labels: tuple[tuple[int, ...], ...]  # by view: the label of each state
    chains: tuple[Chain, ...] = ()
    log_scale: Table | None = None
    mean: Table | None = None
    slope: Table | None = None
    slope_base: tuple[float, ...] = ()
    place: Table | None = None
    place_base: tuple[float, ...] = ()
    curve: Curve | None = None
    tied: bool = False
    garch: bool = False  # parameters "shock" (α) and "lasting" (α + β)
    anchored: bool = False  # state 0 is pulled to the price at which it began, with parameter "pull"
    phases: int = 1
    log_odds: float = 0.0  # prior log odds of the template as such
    heir: bool = False  # begins anew with what its forerunner learned, all but the scale

    @property
    def states(self) -> int:
        """E."""
        return len(self.labels[0])

    def index(self, name: str) -> int:
        """Place of a parameter in θ."""
        return [parameter.name for parameter in self.parameters].index(name)

    def table(self, entries: Table | None) -> Float64Array:
        """E by d."""
        made = np.zeros((self.states, len(self.parameters)))
        for state, row in (entries or {}).items():
            for name, coefficient in row.items():
                made[state, self.index(name)] = coefficient
        return made
