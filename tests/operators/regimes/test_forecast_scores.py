import math
import pickle

import numpy as np
import pytest

from operators.regimes.forecast import HORIZONS
from operators.regimes.forecast_scores import FORECASTERS, Scores, brier, empty, judge_rows, log_loss
from tests.operators.regimes.chains import chain, switching

HALF_LIFE = 80.0
FORGETTING = 1 - 0.5 ** (1 / HALF_LIFE)


def judged(raw, targets, forecasts, *, series=None, state=None, forgetting=FORGETTING):
    series = np.zeros(len(raw), np.int64) if series is None else series
    state = empty(targets.shape[1], int(series.max()) + 1) if state is None else state
    out = (np.empty((len(raw), len(HORIZONS)), np.int64), *(np.empty((len(raw), len(HORIZONS), 2)) for _ in range(2)))
    judge_rows(state, series, raw, targets, forecasts, forgetting, *out)
    assert np.array_equal(out[0][-1], state.scored[series[-1]])
    known = out[0][-1] > 0
    for told, kept in zip(out[1:], (state.brier, state.log_loss), strict=True):
        assert np.array_equal(told[-1][known], kept[series[-1], known, :2])
        assert np.isnan(told[-1][~known]).all()
    return state


def example(bars, states=3, seed=0):
    """Random raw labels, probabilities and forecasts; a stretch of bars is unknown."""
    random = np.random.default_rng(seed)
    raw = random.integers(0, states, bars)
    raw[100:130] = -1
    targets, forecasts = random.dirichlet(np.ones(states), bars), random.dirichlet(np.ones(states), (bars, 4))
    targets[100:130] = np.nan
    return raw, targets, forecasts.astype(np.float32).astype(np.float64)


def slow_scores(raw, targets, forecasts):
    """Scores of every forecast by horizon and forecaster, from lists of all that was ever said."""
    states = targets.shape[1]
    counts, before, said, scores = np.ones((states, states)), -1, [], {}
    for bar, label in enumerate(raw.tolist()):
        for h, horizon in enumerate(HORIZONS):
            if label >= 0 and bar >= horizon and said[bar - horizon] is not None:
                for f, forecast in enumerate(said[bar - horizon][h]):
                    truth = targets[bar]
                    loss = sum(truth[k] * sum((forecast - np.eye(states)[k]) ** 2) for k in range(states))
                    surprise = -sum(truth[k] * math.log(max(forecast[k], 1e-6)) for k in range(states))
                    scores.setdefault((h, f), []).append((loss, surprise))
        if label >= 0 and before >= 0:
            counts[before, label] += 1
        before = label
        markov, climate = counts / counts.sum(axis=1, keepdims=True), counts.sum(axis=0) / counts.sum()
        powers = [np.linalg.matrix_power(markov, horizon) for horizon in HORIZONS]
        said.append(None if label < 0 else [(forecasts[bar, h], powers[h][label], climate) for h in range(4)])
    return scores


def discounted(values):
    mean = 0.0
    for number, value in enumerate(values, 1):
        mean += max(FORGETTING, 1 / number) * (value - mean)
    return mean


@pytest.mark.parametrize("states", [2, 3, 4])
def test_scores_are_those_of_everything_ever_said(states):
    raw, targets, forecasts = example(400, states)
    state = judged(raw, targets, forecasts)
    slow = slow_scores(raw, targets, forecasts)
    for (h, f), scores in slow.items():
        losses, surprises = zip(*scores, strict=True)
        assert state.scored[0, h] == len(scores)
        assert state.brier[0, h, f] == pytest.approx(discounted(losses), rel=1e-6)
        assert state.log_loss[0, h, f] == pytest.approx(discounted(surprises), rel=1e-5)
    assert len(slow) == len(HORIZONS) * len(FORECASTERS)


def test_nothing_is_judged_before_its_bar_has_come():
    raw, targets, forecasts = example(50)
    assert judged(raw, targets, forecasts).scored[0].tolist() == [49, 45, 30, 0]
    assert judged(raw[:1], targets[:1], forecasts[:1]).scored[0].tolist() == [0, 0, 0, 0]


def test_cuts_pickles_and_neighbours_change_nothing():
    one, two = example(300, seed=1), example(300, seed=2)
    raw, targets, forecasts = (
        np.stack([a, b], axis=1).reshape(600, *a.shape[1:]) for a, b in zip(one, two, strict=True)
    )
    series = np.tile(np.array([0, 1]), 300)
    whole, state = judged(raw, targets, forecasts, series=series), empty(3, 2)
    for start, stop in [(0, 1), (1, 250), (250, 251), (251, 600)]:
        rows = slice(start, stop)
        state = judged(raw[rows], targets[rows], forecasts[rows], series=series[rows], state=state)
        state = Scores(*pickle.loads(pickle.dumps(tuple(state))))
    alone = judged(*one)
    for cut, together, single in zip(state, whole, alone, strict=True):
        assert cut.tobytes() == together.tobytes()
        assert together[:1].tobytes() == single.tobytes()


def test_the_future_changes_no_judgement():
    raw, targets, forecasts = example(300)
    state = judged(raw[:200], targets[:200], forecasts[:200])
    before = state.brier.copy(), state.log_loss.copy()
    other = forecasts.copy()
    other[200:] = 1 / 3
    rings = [judged(raw[:201], targets[:201], rows[:201]) for rows in (forecasts, other)]
    assert rings[0].brier.tobytes() == rings[1].brier.tobytes()
    assert judged(raw[:200], targets[:200], other[:200]).brier.tobytes() == before[0].tobytes()


def test_scores_of_known_forecasts():
    certain, even = np.array([0.0, 1.0]), np.array([0.5, 0.5])
    assert (brier(even, certain), brier(certain, certain), brier(certain, 1 - certain)) == (0.5, 0.0, 2.0)
    assert log_loss(even, certain) == pytest.approx(math.log(2))
    assert log_loss(certain, 1 - certain) == pytest.approx(math.log(1e6))
    assert brier(np.array([0.7, 0.3]), np.array([0.6, 0.4])) == pytest.approx(0.6 * 2 * 0.09 + 0.4 * 2 * 0.49)


def test_judged_by_probabilities_the_score_is_that_against_the_true_state():
    """And the chain that knows the model is better than both baselines at every horizon, as it should be."""
    transition = chain([120.0, 60.0])
    states, probability = switching(transition, [0.0, 0.0], [1.0, 2.0], 40_000, 3)
    powers = [np.linalg.matrix_power(transition, horizon) for horizon in HORIZONS]
    forecasts = np.stack([probability @ power for power in powers], axis=1)
    raw = probability.argmax(axis=1)
    expected = judged(raw, probability, forecasts, forgetting=1e-9)
    true = judged(raw, np.eye(2)[states], forecasts, forgetting=1e-9)
    assert expected.brier[0] == pytest.approx(true.brier[0], rel=0.06)
    assert expected.log_loss[0] == pytest.approx(true.log_loss[0], rel=0.06)
    assert (true.log_loss[0, :, 0] < true.log_loss[0, :, 1:].min(axis=1)).all()
    assert (true.brier[0, :, 0] < true.brier[0, :, 1:].min(axis=1)).all()
