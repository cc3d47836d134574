"""Draw one market from a case, bar by bar as the model's formula says."""

from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from simulator.labelled.chain import stationary
from simulator.labelled.market import Case, Integers, Market
from simulator.labelled.model import CLIP, Model

Floats = NDArray[np.float64]


def generator(*words: object) -> np.random.Generator:
    """Random numbers that depend on the words and on nothing else."""
    digest = sha256("|".join(map(str, words)).encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))


def draw(case: Case, seed: int, salt: str = "rehearsal") -> Market:
    """The market of this case, seed and salt; about 15 µs per bar."""
    values, states = _path(case, generator("labelled market", salt, case.name, seed))
    slots = np.arange(case.bars) % len(case.season)
    labels = {view.name: np.zeros(case.bars, np.int64) for view in case.views}
    for first, last, model in case.spans():
        for column, view in enumerate(case.views):
            labels[view.name][first:last] = model.labels[states[first:last], column]
    return Market(case, case.scale * case.season[slots] * values, slots, states, labels)


class _Past:
    """What the bars so far leave behind for one model."""

    def __init__(self, model: Model, bars: int) -> None:
        self.model, self.lags, self.bar = model, model.memory.shape[1], 0
        self.values = np.zeros(self.lags + bars)  # after as many zeros as there are lags
        self.mean, self.variances = 0.0, model.scale**2

    def expected(self, state: int) -> float:
        """Mean of the next bar in this state, but for the pull."""
        model, recent = self.model, self.values[self.bar : self.bar + self.lags][::-1]
        trend = model.momentum[state] * self.mean / model.mean_deviation
        return float(model.drift[state] + model.memory[state] @ recent + trend)

    def take(self, value: float) -> None:
        """Remember a bar."""
        model = self.model
        self.values[self.lags + self.bar] = value
        self.bar += 1
        self.mean += model.smoothing * (value - self.mean)
        if model.response > 0:
            size = np.minimum(abs(value), CLIP * np.sqrt(self.variances))
            base = model.scale**2 * (1 - model.response - model.persistence)
            self.variances = base + model.response * size**2 + model.persistence * self.variances


def _path(case: Case, numbers: np.random.Generator) -> tuple[Floats, Integers]:
    """z and hidden state of every bar. Every era's recursions run over the whole past, whichever era it was."""
    values, states = np.zeros(case.bars), np.zeros(case.bars, np.int64)
    pasts = [_Past(model, case.bars) for _, model in case.eras]
    state, price, entry = -1, 0.0, 0.0
    for (first, last, model), past in zip(case.spans(), pasts, strict=True):
        noise = model.noise.draw(numbers, last - first)
        ladders = model.transitions.cumsum(axis=1)
        for bar, step in zip(range(first, last), numbers.random(last - first), strict=True):
            ladder = stationary(model.transitions).cumsum() if state < 0 else ladders[state]
            before, state = state, min(int(np.searchsorted(ladder, step, "right")), model.states - 1)
            entry = entry if state == before else price
            mean = past.expected(state) - model.pull[state] * (price - entry)
            values[bar] = mean + np.sqrt(past.variances[state]) * noise[bar - first]
            states[bar] = state
            price += values[bar]
            for each in pasts:
                each.take(values[bar])
    return values, states
