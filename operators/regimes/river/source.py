"""One series of returns in, the filtered probabilities of one view out: all that River's API is wrapped around."""

from copy import deepcopy

import numpy as np
from numpy.typing import NDArray

from market.regimes import VIEWS
from operators.regimes import views

ONE = np.zeros(1, np.int64)


class Source:
    """The flow's model of one view, for one series of one-bar log returns without season."""

    def __init__(self, view: str) -> None:
        self._labels = len(VIEWS[view])
        self._model = views.models()[view]
        self._state = views.begin(self._model, 1)

    def step(self, value: float) -> NDArray[np.float64]:
        """Probabilities after this return, in the order of VIEWS; NaN: nothing was observed, time only passes.

        All alike while the model settles.
        """
        found = views.follow(self._model, self._state, ONE, np.array([value])).views[0].probability[0]
        return found if np.isfinite(found).all() else np.full(self._labels, 1.0 / self._labels)

    def peek(self, value: float) -> NDArray[np.float64]:
        """What `step` would say, and nothing is remembered of it."""
        kept = self._state
        self._state = deepcopy(kept)
        found = self.step(value)
        self._state = kept
        return found
