import math
import os
import pickle
import subprocess
import sys
from copy import deepcopy

import numpy as np
import pytest

from market.regimes import REGIME_TIMEFRAMES
from operators.regimes.river.ensemble import FILTERS_PRIOR, HALF_LIFE_BARS, UNKNOWN, empty, take, weights
from operators.regimes.river.members import MEMBERS, member
from tests.operators.regimes.river_market import beliefs, features_of, log_loss, market, matrix

HORIZON = 5
ALL = ("softmax", "naive_bayes", "tree")


def play(features, labels, forecasts, members=("softmax",), state=None, horizon=HORIZON):
    state = empty(members, regimes=3, horizon_bars=horizon) if state is None else state
    bars = zip(features, labels, forecasts, strict=True)
    return np.array([take(state, x, int(label), forecast) for x, label, forecast in bars]), state


def known(bars, seed=0, **wrong):
    """Features, held labels and the filter's forecasts of a market."""
    _, returns = market(bars, seed)
    held = beliefs(returns).argmax(axis=1)
    filtered = beliefs(returns, **wrong)
    ahead = np.linalg.matrix_power(wrong.get("transition", matrix()), HORIZON)
    return features_of(returns), held, (filtered @ ahead).tolist()


def test_alone_the_filter_is_the_ensemble():
    features, labels, forecasts = known(200)
    found, state = play(features, labels, forecasts, members=())
    assert found.tolist() == forecasts
    assert weights(state) == [1.0]


@pytest.mark.parametrize("members", [("softmax",), ALL])
def test_a_right_filter_is_not_made_worse(members):
    features, labels, forecasts = known(2500)
    found, _ = play(features, labels, forecasts, members)
    assert found.sum(axis=1) == pytest.approx(1.0)
    assert log_loss(found, labels, HORIZON, 500) < log_loss(forecasts, labels, HORIZON, 500) + 0.005


def test_a_wrong_filter_is_corrected():
    stays = np.array([20.0, 20.0, 20.0])
    features, labels, forecasts = known(2500, deviations=np.array([0.9, 1.0, 1.3]), transition=matrix(stays))
    found, state = play(features, labels, forecasts)
    assert log_loss(found, labels, HORIZON, 500) < log_loss(forecasts, labels, HORIZON, 500) - 0.1
    assert weights(state)[0] < 0.1


def test_a_feature_that_leads_the_regime_helps():
    features, labels, forecasts = known(3000)
    lead = np.r_[labels[HORIZON:], labels[-HORIZON:]] + 0.5 * np.random.default_rng(0).standard_normal(3000)
    led = [x | {"lead": float(value)} for x, value in zip(features, lead, strict=True)]
    with_it, _ = play(led, labels, forecasts)
    assert log_loss(with_it, labels, HORIZON, 1000) < log_loss(forecasts, labels, HORIZON, 1000) - 0.02


def test_weights_are_what_discounted_losses_say():
    features, labels, forecasts = known(300)
    _, state = play(features, labels, forecasts, members=("naive_bayes",))
    classifier, losses, pending = member("naive_bayes"), np.zeros(2), []
    for t in range(300):
        if t >= HORIZON:
            x, others = pending[t - HORIZON]
            losses *= 0.5 ** (1 / HALF_LIFE_BARS)
            losses -= [math.log(forecasts[t - HORIZON][labels[t]]), math.log(others[labels[t]])]
            classifier.learn_one(x, int(labels[t]))
        odds = {f"forecast_{k}": math.log(forecasts[t][k]) - math.log(forecasts[t][0]) for k in (1, 2)}
        x = features[t] | odds
        found = classifier.predict_proba_one(x)
        raw = np.array([found.get(k, 0.0) for k in range(3)])
        raw = raw / raw.sum() if raw.sum() else np.full(3, 1 / 3)
        pending.append((x, 0.98 * raw + 0.02 / 3 if found else raw))
    expected = np.array([FILTERS_PRIOR, 1 - FILTERS_PRIOR]) * np.exp(-(losses - losses.min()) / HORIZON)
    assert state.losses == pytest.approx(losses.tolist(), rel=1e-9)
    assert weights(state) == pytest.approx((expected / expected.sum()).tolist(), rel=1e-9)


def test_no_forecast_knows_a_label_before_its_bar():
    features, labels, forecasts = known(600)
    found, _ = play(features, labels, forecasts, ALL)
    scrambled = labels.copy()
    scrambled[400:] = 2 - scrambled[400:]
    again, _ = play(features[:400] + features[400:][::-1], scrambled, forecasts, ALL)
    assert (found[:400] == again[:400]).all()
    assert (found[400:] != again[400:]).any()


def test_bars_in_warm_up_teach_nothing_and_have_no_forecast():
    features, labels, forecasts = known(100)
    blank = [[math.nan] * 3] * 50 + forecasts[50:]
    held = np.r_[np.full(50, UNKNOWN), labels[50:]]
    found, state = play(features, held, blank)
    later, fresh = play(features[50:], labels[50:], forecasts[50:])
    assert np.isnan(found[:50]).all()
    assert (found[50:] == later).all()
    assert state.losses == fresh.losses


def test_features_that_are_missing_or_wild_do_no_harm():
    features, labels, forecasts = known(800)
    for t in range(0, 800, 7):
        features[t]["return"] = (math.nan, math.inf, 1e300, -1e300)[t % 4]
        if t % 3:
            del features[t]["size"]
    found, state = play(features, labels, forecasts, ALL)
    assert all(member.predict_proba_one(features[-1])[0] < 1.0 for member in state.members), "none has learned a NaN"
    assert np.isfinite(found).all()
    assert found.sum(axis=1) == pytest.approx(1.0)
    assert log_loss(found, labels, HORIZON, 300) < log_loss(forecasts, labels, HORIZON, 300) + 0.02


def test_the_order_of_features_does_not_matter():
    features, labels, forecasts = known(400)
    turned = [dict(reversed(x.items())) for x in features]
    assert (play(turned, labels, forecasts, ALL)[0] == play(features, labels, forecasts, ALL)[0]).all()


@pytest.mark.parametrize("members", [(name,) for name in ALL])
def test_it_goes_on_to_the_bit_after_being_resumed_at_any_bar(members):
    features, labels, forecasts = known(700)
    whole, _ = play(features, labels, forecasts, members)
    state, found = empty(members, regimes=3, horizon_bars=HORIZON), []
    for rows in np.array_split(np.arange(700), 9):
        state = pickle.loads(pickle.dumps(state))
        cut = slice(rows[0], rows[-1] + 1)
        found.append(play(features[cut], labels[cut], forecasts[cut], state=state)[0])
    assert np.concatenate(found).tobytes() == whole.tobytes()


DIGEST = """
from hashlib import sha256
from tests.operators.regimes.test_ensemble import ALL, known, play
print(sha256(play(*known(500), ALL)[0].tobytes()).hexdigest())
"""


def test_another_process_finds_the_same_to_the_bit():
    found = set()
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", DIGEST]
        found.add(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)
    assert len(found) == 1


@pytest.mark.parametrize("members", [(name,) for name in ALL])
def test_state_stays_bounded(members):
    features, labels, forecasts = known(600)
    _, state = play(features, labels, forecasts, members)
    early = len(pickle.dumps(state))
    for _ in range(4):
        play(features, labels, forecasts, state=state)
    assert len(pickle.dumps(state)) < max(3 * early, 200_000)
    assert len(state.pending) == HORIZON


def test_ensembles_are_apart():
    features, labels, forecasts = known(200)
    first, second = (empty(ALL, regimes=3, horizon_bars=HORIZON) for _ in range(2))
    play(features, labels, forecasts, state=first)
    before = pickle.dumps(second)
    play(features, labels, forecasts, state=deepcopy(first))
    assert pickle.dumps(second) == before


def test_every_regime_timeframe_says_its_members():
    assert MEMBERS.keys() == REGIME_TIMEFRAMES.keys()
    for names in MEMBERS.values():
        empty(names, regimes=3, horizon_bars=1)


def test_what_is_not_allowed_is_named():
    with pytest.raises(ValueError, match="member must be"):
        member("forest")
    with pytest.raises(ValueError, match="horizon_bars"):
        empty((), regimes=3, horizon_bars=0)


def test_judged_by_beliefs_a_classifier_that_is_too_sure_of_held_labels_earns_nothing():
    """The held label hardly ever changes, so whoever foretells it with certainty is right of it, not of the market."""
    _, returns = market(2500, 4)
    believed = beliefs(returns)
    held = np.repeat(believed[::500].argmax(axis=1), 500)
    forecasts = believed @ np.linalg.matrix_power(matrix(), HORIZON)
    shares = []
    for truths in ([()] * 2500, believed.tolist()):
        state = empty(("softmax",), regimes=3, horizon_bars=HORIZON)
        bars = zip(features_of(returns), held.tolist(), forecasts.tolist(), truths, strict=True)
        found = np.array([take(state, x, label, forecast, truth) for x, label, forecast, truth in bars])
        shares.append(weights(state)[0])
    assert shares[0] < 0.5 < shares[1]
    loss, best = (-(believed[HORIZON:] * np.log(p[:-HORIZON])).sum(axis=1)[500:].mean() for p in (found, forecasts))
    assert loss < best + 0.005
