"""One Markov-switching model of bars. Given the state, a bar depends on bars before it only, so its filter is exact.

    z_t = drift_e + Σ_j memory_e[j] z_{t−j} + momentum_e m_{t−1} − pull_e (x_{t−1} − entry) + √h_{e,t} ε_t

e is the hidden state, a Markov chain; ε noise of unit variance; m the exponential mean of past z over `span_bars`,
divided by the deviation that it has when z is white; x = Σ z the log price and `entry` its value when the state was
entered. Variances are h_e = scale_e², or those of M. Haas, S. Mittnik and M. S. Paolella, "A new approach to
Markov-switching GARCH models", Journal of Financial Econometrics 2 (2004), doi 10.1093/jjfinec/nbh020: one recursion
per state, run whether the state is on or not,

    h_{e,t} = scale_e² (1 − response − persistence) + response min(|z_{t−1}|, 6 √h_{e,t−1})² + persistence h_{e,t−1}.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simulator.labelled.noise import Noise

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

CLIP = 6.0  # deviations of a bar that the variance recursion takes at most


@dataclass(frozen=True, kw_only=True)
class Model:
    """Arrays have one row per hidden state; what is left out is 0 for every state."""

    transitions: Floats  # (states, states), rows sum to 1
    labels: Integers  # (states, views): the regime that the state stands for
    drift: Floats
    scale: Floats
    memory: Floats = field(default_factory=lambda: np.zeros((0, 0)))  # (states, lags), newest lag first
    momentum: Floats = field(default_factory=lambda: np.zeros(0))
    span_bars: float = 20.0
    pull: Floats = field(default_factory=lambda: np.zeros(0))
    response: float = 0.0
    persistence: float = 0.0
    noise: Noise = field(default_factory=Noise)

    def __post_init__(self) -> None:
        """Fill what was left out, and refuse shapes that do not fit and variances that explode."""
        states = len(self.transitions)
        for name, shape in (("memory", (states, 0)), ("momentum", (states,)), ("pull", (states,))):
            if not getattr(self, name).size:
                object.__setattr__(self, name, np.zeros(shape))
        arrays = (self.labels, self.drift, self.scale, self.memory, self.momentum, self.pull)
        if self.transitions.shape != (states, states) or any(len(each) != states for each in arrays):
            raise ValueError(f"{states} states, but rows {[len(each) for each in arrays]}")
        if not np.allclose(self.transitions.sum(axis=1), 1) or self.transitions.min() < 0:
            raise ValueError(f"rows of transitions are probabilities, but sum to {self.transitions.sum(axis=1)}")
        if self.response < 0 or self.persistence < 0 or self.response + self.persistence >= 1:
            raise ValueError(f"response {self.response} and persistence {self.persistence} are ≥ 0 and sum below 1")

    @property
    def states(self) -> int:
        """Number of hidden states."""
        return len(self.transitions)

    @property
    def smoothing(self) -> float:
        """Weight of the newest bar in the exponential mean."""
        return 2 / (self.span_bars + 1)

    @property
    def mean_deviation(self) -> float:
        """Standard deviation of that mean over white bars of unit variance."""
        return float(np.sqrt(self.smoothing / (2 - self.smoothing)))
