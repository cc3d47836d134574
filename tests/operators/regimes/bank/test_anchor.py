import numpy as np
import pytest

from operators.regimes.bank import anchor, catalogue, student
from operators.regimes.bank.learners import ANCHORS
from tests.operators.regimes.bank.single import FIRST, Single, frozen
from tests.operators.regimes.bank.slow_template import SlowTemplate, log_student

FREEDOM = 7.0
PLACES = np.array([[0.5, 0.2], [-1.0, 0.5], [0.0, 0.0], [2.0, 0.3]])


def explained(strength, log_scale, freedom, z=0.7, price=0.3, places=PLACES):
    offsets = student.constant(freedom), student.constant_slope(freedom)
    places = places.copy()
    return anchor.explain(places, strength, price, z, np.exp(log_scale), freedom, *offsets), places


def slowly(strength, log_scale, freedom, z=0.7, price=0.3):
    """Share of the density that each entry price has."""
    u = (z + strength * (price - PLACES[:, 0])) / np.exp(log_scale)
    return PLACES[:, 1] * np.exp(log_student(u, freedom))


def test_density_is_that_of_the_mixture_and_places_are_judged_by_bayes():
    (density, middle, *_), places = explained(0.2, 0.4, FREEDOM)
    joint = slowly(0.2, 0.4, FREEDOM)
    assert density == pytest.approx(np.log(joint.sum()), abs=1e-11)
    assert places[:, 1] == pytest.approx(joint / joint.sum())
    assert places[:, 0].tolist() == PLACES[:, 0].tolist()
    assert middle == pytest.approx(PLACES[:, 1] @ (0.7 + 0.2 * (0.3 - PLACES[:, 0])) / np.exp(0.4))


def test_derivatives_are_those_of_differences():
    at, step = np.array([0.2, 0.4, FREEDOM]), 1e-5
    found = explained(*at)[0][2:]
    for i in range(3):
        change = step * (np.arange(3) == i)
        higher, lower = (np.log(slowly(*(at + s * change)).sum()) for s in (1.0, -1.0))
        # The log density of z itself has one log scale less.
        assert found[i] == pytest.approx((higher - lower) / (2 * step) - (i == 1), abs=1e-8)


def test_entering_adds_the_price_with_its_share():
    places = np.zeros((3, 2))
    places[0] = 1.0, 1.0
    anchor.enter(places, 0.6, 0.2, 5.0)
    assert sorted(map(tuple, places)) == [(0.0, 0.0), (1.0, pytest.approx(0.75)), (5.0, pytest.approx(0.25))]


def test_beyond_its_room_the_least_likely_place_joins_its_neighbour():
    places = np.array([[0.0, 0.5], [1.0, 0.1], [3.0, 0.4]])
    anchor.enter(places, 0.8, 0.2, 9.0)
    joined = (0.0 * 0.5 + 1.0 * 0.1) / 0.6
    assert sorted(map(tuple, places.round(12))) == [(round(joined, 12), 0.48), (3.0, 0.32), (9.0, 0.2)]


def test_places_keep_their_mean_and_sum_to_one_however_many_are_entered():
    random, places = np.random.default_rng(0), np.zeros((ANCHORS, 2))
    places[0] = 0.0, 1.0
    mean = 0.0
    for price in np.cumsum(random.standard_normal(300)):
        stayed, entered = random.uniform(0.5, 1), random.uniform(0, 0.2)
        mean += entered / (stayed + entered) * (price - mean)
        anchor.enter(places, stayed, entered, price)
        assert places[:, 1].sum() == pytest.approx(1)
        assert places[:, 0] @ places[:, 1] == pytest.approx(mean)


def test_nothing_enters_a_state_that_cannot_be():
    places = PLACES.copy()
    anchor.enter(places, 0.0, 0.0, 5.0)
    assert places.tolist() == PLACES.tolist()


def test_the_filter_is_exact_while_every_entry_price_has_its_place():
    template = catalogue.anchored(0.2, 0.3, stay=12)
    theta = np.array([p.mean for p in template.parameters])
    bank, slow = Single(frozen(template, theta)), SlowTemplate(template, theta)
    bank.take(FIRST)
    for z in np.random.default_rng(1).standard_normal(ANCHORS - 1):
        assert bank.take([z]).log_density[0] == pytest.approx(slow.take(z), abs=1e-9)
        assert bank.state.probability[0, 0] == pytest.approx(slow.p, abs=1e-9)


def test_with_merged_places_the_filter_stays_close_to_the_exact_one():
    template = catalogue.anchored(0.2, 0.3, stay=30)
    theta = np.array([p.mean for p in template.parameters])
    bank, slow = Single(frozen(template, theta)).settled(), SlowTemplate(template, theta)
    returns = np.random.default_rng(2).standard_normal(400)
    exact = np.array([(slow.take(z), slow.p[0]) for z in returns])
    found = bank.take(returns)
    assert found.log_density.sum() == pytest.approx(exact[:, 0].sum(), abs=0.5)
    assert abs(found.probability[:, 0, 0] - exact[:, 1]).max() < 0.05
