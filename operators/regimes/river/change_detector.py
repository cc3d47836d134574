"""`ChangeDetector`: Bayesian online change-point detection as a River drift detector."""

import numpy as np
from river import base

from operators.regimes.change_point import Parameters, advance, empty, rules

_FIRST = np.zeros(1, np.int64)


class ChangeDetector(base.DriftDetector):
    """Bayesian online change-point detection, as one of River's drift detectors.

    Sees changes of mean and of variance, and needs no threshold but a probability. It detects a drift when the
    probability of a change within the last bars rises above `level`, and not again before it fell below. Unlike River's
    own detectors it forgets nothing when it does: run lengths older than the change lose their weight by themselves.

    Parameters
    ----------
    hazard_bars
        Values from one change to the next, on average.
    recent_bars
        How many of the last values a change is looked for in.
    level
        Probability above which a drift is detected.

    Examples
    --------
    >>> import numpy as np
    >>> from operators.regimes.river import ChangeDetector
    >>> detector = ChangeDetector()
    >>> values = np.random.default_rng(0).standard_normal(600) * np.repeat([1.0, 3.0], 300)
    >>> for place, value in enumerate(values):
    ...     detector.update(value)
    ...     if detector.drift_detected:
    ...         print(place, round(detector.change_probability, 1))
    313 0.6

    References
    ----------
    Adams, MacKay (2007), Bayesian online changepoint detection, arXiv:0710.3742.

    """

    def __init__(self, hazard_bars: float = 500.0, recent_bars: int = 30, level: float = 0.5) -> None:
        self.hazard_bars = hazard_bars
        self.recent_bars = recent_bars
        self.level = level
        self._rules = rules(Parameters(hazard_bars=hazard_bars, recent_bars=recent_bars))
        self._reset()

    def _reset(self) -> None:
        super()._reset()
        self._runs = empty(1)
        self.run_length = np.nan
        self.change_probability = np.nan

    def update(self, x: float) -> None:
        """Take the next value; NaN: it was not observed."""
        length, probability = np.empty(1), np.empty(1)
        advance(self._runs, self._rules, _FIRST, np.array([float(x)]), length, probability)
        above = self.change_probability > self.level
        self.run_length, self.change_probability = float(length[0]), float(probability[0])
        self._drift_detected = not above and self.change_probability > self.level
