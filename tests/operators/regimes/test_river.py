import pickle
import sys
from types import ModuleType

import numpy as np
import pytest
from river import checks, compose, naive_bayes
from river.checks import common

from market.regimes import DIRECTIONS, DYNAMICS, VIEWS, VOLATILITIES
from operators.regimes import change_point, views
from operators.regimes.river import ChangeDetector, RegimeFilter
from operators.regimes.river.scores import Brier, LogLoss, progressive_validation
from tests.operators.regimes.river_market import STAYS, beliefs, market, matrix


@pytest.fixture
def no_sklearn(monkeypatch):
    """River's checks import scikit-learn, which we do not need, for a data set that no classifier is shown."""
    stub = ModuleType("sklearn")
    stub.datasets = None
    monkeypatch.setitem(sys.modules, "sklearn", stub)


@pytest.mark.usefixtures("no_sklearn")
@pytest.mark.parametrize(
    "model",
    [RegimeFilter(), RegimeFilter(feature="https"), RegimeFilter("direction", "region-centroid-col")],
    ids=["feature absent", "of two classes", "of many classes"],
)
def test_river_finds_nothing_to_complain_about(model):
    checks.check_estimator(model)


def bars(count, seed=0):
    states, returns = market(count, seed)
    return [({"log_return": 0.01 * value}, VOLATILITIES[k]) for k, value in zip(states, returns.tolist(), strict=True)]


def learned(stream, model=None):
    model = RegimeFilter() if model is None else model
    found = []
    for x, _ in stream:
        found.append(model.predict_proba_one(x))
        model.learn_one(x)
    return found


@pytest.mark.parametrize("view", VIEWS)
def test_a_prediction_is_what_the_flow_believes_having_seen_the_bar(view):
    returns = np.array([x["log_return"] for x, _ in bars(150)])
    model, series = views.models()[view], np.zeros(150, np.int64)
    believed = views.follow(model, views.begin(model, 1), series, returns).views[0].probability
    found = learned(bars(150), RegimeFilter(view))
    for row, said in zip(np.nan_to_num(believed, nan=1 / 3), found, strict=True):
        assert list(said) == list(VIEWS[view])
        assert list(said.values()) == pytest.approx(row.tolist(), rel=1e-12)


def test_predicting_changes_nothing():
    model = RegimeFilter()
    learned(bars(100), model)
    before = pickle.dumps(model)
    model.predict_proba_one({"log_return": 0.5})
    model.predict_one({})
    assert pickle.dumps(model) == before


def test_labels_do_not_matter():
    taught, untaught = RegimeFilter(), RegimeFilter()
    for x, y in bars(200):
        taught.learn_one(x, y)
        untaught.learn_one(x)
    assert pickle.dumps(taught) == pickle.dumps(untaught)


def test_a_bar_without_a_return_only_lets_time_pass():
    model = RegimeFilter()
    learned(bars(200), model)
    known = model._source._state.bank.theta.copy()
    for _ in range(3000):
        model.learn_one({})
    before = list(model.predict_proba_one({}).values())
    model.learn_one({"log_return": float("nan")})
    assert list(model.predict_proba_one({}).values()) == pytest.approx(before, abs=1e-3)
    assert max(before) < 0.8
    assert (model._source._state.bank.theta == known).all()


def test_directions_are_a_view_too():
    model = RegimeFilter("direction")
    for value in np.random.default_rng(0).standard_normal(400) * 0.01 + np.repeat([0.0, 0.008], 200):
        model.learn_one({"log_return": value})
    assert list(model.predict_proba_one({})) == list(DIRECTIONS)
    assert model.predict_one({}) == "bull"


def test_dynamics_are_a_view_too():
    model, value = RegimeFilter("dynamics"), 0.0
    for noise in np.random.default_rng(0).standard_normal(600) * 0.01:
        value = noise - 0.6 * value
        model.learn_one({"log_return": value})
    assert list(model.predict_proba_one({})) == list(DYNAMICS)
    assert model.predict_one({}) == "reverting"


def test_it_goes_on_to_the_bit_after_being_resumed():
    stream = bars(400)
    whole, model, found = learned(stream), RegimeFilter(), []
    for first in range(0, 400, 37):
        model = pickle.loads(pickle.dumps(model))
        found += learned(stream[first : first + 37], model)
    assert found == whole


def test_a_view_that_is_none_is_named():
    with pytest.raises(ValueError, match="view must be one of"):
        RegimeFilter("weather")


def test_validation_scores_the_filter_above_a_classifier_that_is_told_the_labels():
    stream = bars(3000)
    ours = progressive_validation(RegimeFilter(), stream)
    theirs = progressive_validation(naive_bayes.GaussianNB(), stream)
    assert ours["balanced_accuracy"] > theirs["balanced_accuracy"] + 0.1
    assert ours["log_loss"] < theirs["log_loss"]
    assert ours["brier"] < theirs["brier"]


def test_validation_equals_the_definitions():
    stream = bars(400)
    came, given = [VOLATILITIES.index(y) for _, y in stream], [list(p.values()) for p in learned(stream)]
    p, hit = np.array(given), np.eye(3)[came]
    found = progressive_validation(RegimeFilter(), stream)
    recalls = [(p.argmax(axis=1) == k)[np.array(came) == k].mean() for k in set(came)]
    assert found["log_loss"] == pytest.approx(-np.log((p * hit).sum(axis=1)).mean())
    assert found["brier"] == pytest.approx(((p - hit) ** 2).sum(axis=1).mean())
    assert found["balanced_accuracy"] == pytest.approx(np.mean(recalls))


@pytest.mark.parametrize(("score", "loss"), [(LogLoss(), 34.5), (Brier(), 2.0)])
def test_a_label_that_a_forecast_does_not_mention_had_no_probability(score, loss):
    score.update("stressed", {"calm": 1.0})
    assert score.get() == pytest.approx(loss, abs=0.1)


def test_it_takes_its_place_in_a_pipeline():
    model = compose.Select("log_return") | RegimeFilter()
    for x, y in bars(100):
        model.learn_one(x | {"noise": 1.0}, y)
    assert model.predict_one({"log_return": 0.0, "noise": 2.0}) in VOLATILITIES


def test_the_market_of_these_tests_is_filtered_exactly():
    states, returns = market(4000, 3)
    p = beliefs(returns)
    assert p.mean(axis=0) == pytest.approx(np.bincount(states) / 4000, abs=0.05)
    assert STAYS / STAYS.sum() @ matrix() == pytest.approx(STAYS / STAYS.sum())


def test_the_change_detector_says_what_the_kernel_says():
    values = np.random.default_rng(1).standard_normal(700) * np.repeat([1.0, 3.0], [400, 300])
    length, probability = np.empty(700), np.empty(700)
    change_point.advance(
        change_point.empty(1), change_point.rules(), np.zeros(700, np.int64), values, length, probability
    )
    detector, drifts = ChangeDetector(), []
    for place, value in enumerate(values):
        detector = pickle.loads(pickle.dumps(detector)) if place % 50 == 7 else detector
        detector.update(value)
        assert detector.run_length == length[place] or np.isnan(length[place])
        drifts += [place] if detector.drift_detected else []
    above = np.nan_to_num(probability) > 0.5
    assert drifts == (1 + np.flatnonzero(above[1:] & ~above[:-1])).tolist()
    assert 400 <= drifts[0] < 412


@pytest.mark.parametrize(
    "check",
    [common.check_repr, common.check_clone_same_class, common.check_clone_is_idempotent, common.check_doc,
     common.check_clone_changes_memory_addresses, common.check_pickling_supports_roundtrip,
     common.check_repr_roundtrips_clone, common.check_clone_with_new_params_applies,
     common.check_get_params_matches_signature, common.check_init_default_params_are_not_mutable],
)  # fmt: skip
def test_the_change_detector_passes_those_of_the_checks_that_are_for_detectors(check):
    check(ChangeDetector())
