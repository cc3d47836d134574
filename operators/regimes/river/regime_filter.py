"""`RegimeFilter`: the regime filter as a River classifier that needs no labels."""

from math import fsum, nan
from typing import Any

from river import base

from market.regimes import VIEWS
from operators.regimes.river.source import Source

MOST_LABELS = 100


class RegimeFilter(base.Classifier):
    """Filtered probabilities of a market's regimes, bar by bar, as a River classifier.

    `learn_one` lets the filter see a bar. `predict_proba_one` says what it would believe having seen it, and leaves it
    as it is; so River's order, predict and then learn, judges each bar by all that was known when it closed. The filter
    learns from returns alone. Labels are taken because River gives them, and change nothing, but that one which is no
    regime of the view is answered with probability 0 once it was seen, for River's metrics overlook labels that are
    not mentioned. Bars must be learned in the order and at the time they come, so `evaluate` without `delay`.

    Parameters
    ----------
    view
        "volatility" (calm, normal, stressed), "direction" (bear, neutral, bull) or "dynamics" (reverting, random,
        trending).
    feature
        Which feature is the one-bar log return. A bar without it, or with NaN, is one that was not observed.

    Examples
    --------
    >>> from operators.regimes.river import RegimeFilter
    >>> model = RegimeFilter()
    >>> for bar in range(300):
    ...     model.learn_one({"log_return": (0.001 if bar < 280 else 0.01) * (-1) ** bar})
    >>> model.predict_one({"log_return": 0.01})
    'stressed'

    """

    def __init__(self, view: str = "volatility", feature: str = "log_return") -> None:
        if view not in VIEWS:
            raise ValueError(f"view must be one of {', '.join(VIEWS)}, got {view!r}")
        self.view = view
        self.feature = feature
        self._source = Source(view)
        self._others: dict[Any, float] = {}

    @property
    def _multiclass(self) -> bool:
        return True

    def learn_one(self, x: dict[Any, Any], y: Any = None) -> None:
        """Let the filter see a bar; y is not needed."""
        self._source.step(self._return(x))
        if y is not None and y not in VIEWS[self.view] and len(self._others) < MOST_LABELS:
            self._others[y] = 0.0

    def predict_proba_one(self, x: dict[Any, Any], **_kwargs: Any) -> dict[Any, float]:
        """Probabilities of the regimes having seen a bar, which is not remembered."""
        found = self._source.peek(self._return(x)).tolist()
        total = fsum(found)
        return dict(zip(VIEWS[self.view], (value / total for value in found), strict=True)) | self._others

    def _return(self, x: dict[Any, Any]) -> float:
        found = x.get(self.feature)
        return nan if found is None else float(found)
