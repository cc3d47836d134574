import pickle
from copy import deepcopy

import numpy as np
import pytest
from river import drift as river_drift

from market.regimes import REGIME_TIMEFRAMES
from operators.regimes.drift import (
    ALLOWANCE,
    DETECTORS,
    KSWIN_EVERY,
    NEVER,
    THRESHOLD,
    WARM_UP_BARS,
    WATCHED,
    Watch,
    advance,
    empty,
    watched,
)

ADWIN, PAGE_HINKLEY, KSWIN = range(3)
SELDOM = 1_000_000


def run(values, *, state=None, series=None, kswin_every=SELDOM):
    values = np.asarray(values, float)
    values = values[:, None] if values.ndim == 1 else values
    state = empty(1, values.shape[1]) if state is None else state
    series = np.zeros(len(values), np.int64) if series is None else series
    since = np.empty((*values.shape, len(DETECTORS)), np.int64)
    advance(state, series, values, since, kswin_every=kswin_every)
    return since


def noise(bars, seed=0):
    return np.random.default_rng(seed).standard_normal(bars)


def test_alarms_are_few_where_nothing_changes():
    alarms = (run(noise(30_000))[:, 0] == 0).sum(axis=0)
    assert alarms[ADWIN] <= 1
    assert alarms[PAGE_HINKLEY] <= 12
    assert (run(noise(3000), kswin_every=1)[:, 0, KSWIN] == 0).sum() <= 3


def test_a_moved_mean_is_seen_by_each_detector():
    values = noise(900)
    values[600:] += 2.0
    since = run(values, kswin_every=1)[:, 0]
    first = [np.flatnonzero(since[600:, detector] == 0)[0] for detector in range(3)]
    assert first[ADWIN] < 100
    assert first[PAGE_HINKLEY] < 25
    assert first[KSWIN] < 40


def test_a_changed_spread_with_the_same_mean_is_seen_by_kswin():
    values = noise(900, 1)
    values[600:] *= 6.0
    since = run(values, kswin_every=1)[:, 0]
    assert (since[600:700, KSWIN] == 0).any()


def test_bars_since_an_alarm_are_counted_from_it():
    values = noise(900)
    values[600:] += 3.0
    since = run(values)[:, 0, PAGE_HINKLEY]
    alarms = np.flatnonzero(since == 0)
    assert (since[: alarms[0]] == NEVER).all()
    for row in range(alarms[0], 900):
        assert since[row] == row - alarms[alarms <= row].max()


def test_page_hinkley_hears_standardised_values():
    values = 5.0 + 0.001 * noise(400, 3)
    values[300:] += 0.002
    detector, moments = river_drift.PageHinkley(delta=ALLOWANCE, threshold=THRESHOLD), []
    alarms = []
    for row, value in enumerate(values):
        if row >= WARM_UP_BARS:
            z = (value - np.mean(moments)) / np.std(moments)
            detector.update(float(np.clip(z, -4, 4)))
            alarms += [row] if detector.drift_detected else []
        moments.append(value)
        if len(alarms):
            break
    assert np.flatnonzero(run(values)[:, 0, PAGE_HINKLEY] == 0)[0] == alarms[0]


def test_the_unit_does_not_matter():
    values = noise(1200)
    values[800:] += 1.5
    assert (run(values * 2.0**-30 + 0.0) == run(values)).all()


def test_what_is_not_known_is_shown_to_nobody():
    values = noise(500)
    holed = np.insert(values, 250, [np.nan] * 40)
    state, whole = empty(1, 1), empty(1, 1)
    run(holed, state=state)
    run(values, state=whole)
    assert state[0][0].mean == whole[0][0].mean
    assert state[0][0].adwin.width == whole[0][0].adwin.width


def test_values_that_never_move_give_no_alarm():
    assert (run(np.full(500, 7.0), kswin_every=1) == NEVER).all()


def test_one_wild_value_moves_the_moments_no_more_than_a_large_one():
    tame, wild = noise(300), noise(300)
    tame[200], wild[200] = 50.0, 1e12
    states = empty(2, 1)
    run(tame, state=states[:1])
    run(wild, state=states[1:])
    assert states[0][0].variance == states[1][0].variance


def test_series_and_values_are_apart():
    values, series = np.stack([noise(600), noise(600, 1)], axis=1), np.arange(600) % 2
    together = run(values, state=empty(2, 2), series=series)
    for n in range(2):
        for place in range(2):
            assert (together[series == n, place] == run(values[series == n, place])[:, 0]).all()


def test_it_does_not_matter_how_the_stream_is_cut_or_where_it_was_resumed():
    values = np.stack([noise(800), noise(800, 1)], axis=1)
    values[500:] += 1.0
    whole = run(values, kswin_every=3)
    state, found = empty(1, 2), []
    for rows in np.array_split(np.arange(800), 11):
        state = pickle.loads(pickle.dumps(state))
        found.append(run(values[rows], state=state, kswin_every=3))
    assert np.concatenate(found).tobytes() == whole.tobytes()
    assert (whole[:, :, KSWIN] == 0).any(), "the draws of kswin must have mattered"


def test_state_does_not_grow():
    state = empty(1, 1)
    run(noise(1500), state=state, kswin_every=5)
    early = len(pickle.dumps(state))
    run(noise(20_000), state=state)
    assert len(pickle.dumps(state)) < early + 2000


def test_a_copied_watch_goes_its_own_way():
    state = empty(1, 1)
    run(noise(300), state=state)
    copied = deepcopy(state)
    run(noise(300), state=state)
    assert isinstance(copied[0][0], Watch)
    assert copied[0][0].seen == 300


@pytest.mark.parametrize(
    ("changed", "seen_in"),
    [
        (lambda z: 2.5 * z, "size"),
        (lambda z: z + 1.5, "return"),
        (lambda z: np.abs(z) * (-1) ** np.arange(400), "product"),
    ],
)
def test_what_changes_is_seen_where_it_should_be(changed, seen_in):
    returns = noise(1200, 7)
    returns[800:] = changed(returns[800:])
    values = watched(returns, np.r_[np.nan, returns[:-1]], np.zeros(1200))
    assert values.shape == (1200, len(WATCHED))
    since = run(values)
    place = WATCHED.index(seen_in)
    assert (since[800:850, place, PAGE_HINKLEY] == 0).any()
    assert (since[:800, place] == 0).sum() <= 1


def test_every_regime_timeframe_says_how_often_kswin_looks():
    assert KSWIN_EVERY.keys() == REGIME_TIMEFRAMES.keys()


def test_kswin_must_look_some_time():
    with pytest.raises(ValueError, match="kswin_every"):
        run(noise(3), kswin_every=0)
