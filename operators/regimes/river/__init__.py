"""Regimes for users of River: our filters as its estimators, its classifiers as members of our forecast."""

from operators.regimes.river.change_detector import ChangeDetector
from operators.regimes.river.regime_filter import RegimeFilter

__all__ = ["ChangeDetector", "RegimeFilter"]
