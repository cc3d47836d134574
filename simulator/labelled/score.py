"""How good an answer is, against the labels and against the oracle.

Bars before `warm_up_bars` are not scored, and regimes are never matched after the fact: number k must mean regime k.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from simulator.labelled.market import Answer, Integers, Market, View

Floats = NDArray[np.float64]
LEAST = 1e-6  # probability that is as good as none
SHORT_BARS = 10  # a stay shorter than this cannot be late
BINS = 10


@dataclass(frozen=True)
class Score:
    """Of one answer about one view. NaN is "not defined": no switch, no probabilities."""

    balanced_accuracy: float  # mean over regimes of the share of its bars that were labelled so
    accuracy: float
    chance: float  # balanced accuracy of a coin
    delay_bars: float  # mean from a true switch to the first right label; a stay that was missed counts in full
    missed: float  # share of stays that never got their label
    false_switches: float  # per 1000 bars: changes of label that are not the first arrival at a new true regime
    log_loss: float  # mean of −ln p(true regime), nats
    brier: float  # mean of Σ (p − [true])²
    calibration_error: float  # mean |confidence − accuracy| over ten bins of confidence
    forecast_skill: dict[int, float]  # by horizon: 1 − log loss / entropy of the regimes' shares
    dominance: float  # share of bars that have the commonest label


def skill(balanced_accuracy: float, chance: float, oracle: float) -> float:
    """Share of what can be achieved: 0 for a coin, 1 for the oracle; NaN where nothing can be."""
    return (balanced_accuracy - chance) / (oracle - chance) if oracle - chance > 1e-9 else float("nan")


def score(market: Market, answers: Mapping[str, Answer]) -> dict[str, Score]:
    """The score of each view of the market that was answered."""
    views = [view for view in market.case.views if view.name in answers]
    warm_up = market.case.warm_up_bars
    return {view.name: score_view(market.labels[view.name], answers[view.name], view, warm_up) for view in views}


def score_view(truth: Integers, answer: Answer, view: View, warm_up_bars: int) -> Score:
    """The score of one view."""
    true, said = truth[warm_up_bars:], answer.labels[warm_up_bars:]
    probabilities = _proper(answer.probabilities[warm_up_bars:])
    delays, hits = arrivals(true, said)
    return Score(
        balanced_accuracy=float(np.mean([np.mean(said[true == regime] == regime) for regime in np.unique(true)])),
        accuracy=float(np.mean(said == true)),
        chance=1 / len(np.unique(true)),
        delay_bars=float(delays.mean()) if len(delays) else np.nan,
        missed=float(1 - hits.mean()) if len(hits) else np.nan,
        false_switches=1000 * false_switches(true, said) / len(true),
        log_loss=log_loss(probabilities, true),
        brier=float(np.mean(((probabilities - np.eye(view.regimes)[true]) ** 2).sum(axis=1))),
        calibration_error=calibration_error(probabilities, true),
        forecast_skill=_forecast_skill(truth, answer, warm_up_bars),
        dominance=float(np.bincount(said).max() / len(said)),
    )


def stays(true: Integers) -> list[tuple[int, int]]:
    """(first bar, bar past the last) of each stay in one regime."""
    switches = np.flatnonzero(np.diff(true)) + 1
    ends = [0, *switches.tolist(), len(true)]
    return list(pairwise(ends))


def arrivals(true: Integers, said: Integers) -> tuple[Floats, Floats]:
    """Bars from each true switch to the first right label, and whether it came before the stay was over."""
    long = [(first, last) for first, last in stays(true)[1:] if last - first >= SHORT_BARS]
    right = [said[first:last] == true[first] for first, last in long]
    delays = [int(found.argmax()) if found.any() else len(found) for found in right]
    return np.array(delays, float), np.array([found.any() for found in right], float)


def false_switches(true: Integers, said: Integers) -> int:
    """Changes of label but for one, in each stay, if any of them led to the right label."""
    changed = np.append(False, np.diff(said) != 0)
    needed = [np.any(changed[first:last] & (said[first:last] == true[first])) for first, last in stays(true)]
    return int(changed.sum() - np.sum(needed))


def log_loss(probabilities: Floats, true: Integers) -> float:
    """Mean of −ln p(true regime)."""
    return float(-np.mean(np.log(probabilities[np.arange(len(true)), true])))


def calibration_error(probabilities: Floats, true: Integers) -> float:
    """Expected calibration error: |mean confidence − share right| in bins of confidence, weighted by their bars."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == true
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    off = np.bincount(bins, confidence, BINS) - np.bincount(bins, right, BINS)
    return float(np.abs(off).sum() / len(true))


def _forecast_skill(truth: Integers, answer: Answer, warm_up_bars: int) -> dict[int, float]:
    shares = np.bincount(truth[warm_up_bars:]) / len(truth[warm_up_bars:])
    entropy = -np.sum(shares[shares > 0] * np.log(shares[shares > 0]))
    losses = {
        horizon: log_loss(_proper(said[warm_up_bars:-horizon]), truth[warm_up_bars + horizon :])
        for horizon, said in answer.forecasts.items()
    }
    return {horizon: float(1 - loss / entropy) if entropy > 0 else np.nan for horizon, loss in losses.items()}


def _proper(probabilities: Floats) -> Floats:
    clipped = np.maximum(probabilities, LEAST)
    return np.asarray(clipped / clipped.sum(axis=1, keepdims=True))
