"""Proper scores of probabilities of many labels, as River metrics, and how a model does bar by bar.

River has the logarithmic score of many labels (CrossEntropy), but a label that a forecast does not mention costs it
nothing. Here it had probability 0.
"""

from collections.abc import Iterable
from math import log
from typing import Any

from river import evaluate, metrics
from river.metrics.base import MeanMetric, Metrics, MultiClassMetric

LEAST_PROBABILITY = 1e-15


class _Score(MeanMetric, MultiClassMetric):
    """The mean of a loss of probabilities; less is better."""

    _fmt = ".6f"

    @property
    def bigger_is_better(self) -> bool:
        return False

    @property
    def requires_labels(self) -> bool:
        return False


class LogLoss(_Score):
    """Mean of −log p(what came), nats.

    >>> score = LogLoss()
    >>> score.update("calm", {"calm": 0.5, "stressed": 0.5})
    >>> score
    LogLoss: 0.693147
    """

    def _eval(self, y_true: Any, y_pred: dict[Any, float]) -> float:
        return -log(max(y_pred.get(y_true, 0.0), LEAST_PROBABILITY))


class Brier(_Score):
    """Mean of Σ_k (p_k − [k came])², 0 … 2. Brier (1950), doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2.

    >>> score = Brier()
    >>> score.update("calm", {"calm": 0.5, "stressed": 0.5})
    >>> score
    Brier: 0.5
    """

    def _eval(self, y_true: Any, y_pred: dict[Any, float]) -> float:
        missed = 0.0 if y_true in y_pred else 1.0
        return missed + sum((p - (1.0 if label == y_true else 0.0)) ** 2 for label, p in y_pred.items())


MEASURES: dict[str, Any] = {"log_loss": LogLoss, "brier": Brier, "balanced_accuracy": metrics.BalancedAccuracy}


def progressive_validation(model: Any, bars: Iterable[tuple[dict[Any, Any], Any]]) -> dict[str, float]:
    """Let a River classifier predict each bar (features, label) and then learn it; how well it did on all of them.

    Keys: those of MEASURES; balanced_accuracy is that of the most probable label.
    """
    scores = {name: measure() for name, measure in MEASURES.items()}
    evaluate.progressive_val_score(bars, model, Metrics([*scores.values()]))  # type: ignore[no-untyped-call]
    return {name: score.get() for name, score in scores.items()}
