"""Does the future matter? It must not: answers up to a bar are the same whatever comes after it, or if nothing does."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from simulator.labelled.market import Answer

Floats = NDArray[np.float64]
System = Callable[[Floats, NDArray[np.int64]], Mapping[str, Answer]]  # of returns and slots

LOUDER = 3.0


def largest_change(system: System, returns: Floats, slots: NDArray[np.int64], cuts: tuple[int, ...]) -> float:
    """The most that anything said before a cut moves when bars after it are left out, or shuffled and louder."""
    whole = system(returns, slots)
    generator = np.random.default_rng(0)
    worst = 0.0
    for cut in cuts:
        other = np.append(returns[:cut], LOUDER * generator.permutation(returns[cut:]))
        for answers in (system(returns[:cut], slots[:cut]), system(other, slots)):
            worst = max(worst, *(_change(whole[view], answers[view], cut) for view in whole))
    return worst


def _change(one: Answer, other: Answer, cut: int) -> float:
    probabilities = np.abs(one.probabilities[:cut] - other.probabilities[:cut]).max()
    labels = np.abs(one.labels[:cut] - other.labels[:cut]).max()
    ahead = [np.abs(one.forecasts[h][:cut] - other.forecasts[h][:cut]).max() for h in one.forecasts]
    return float(max(probabilities, labels, *ahead))
