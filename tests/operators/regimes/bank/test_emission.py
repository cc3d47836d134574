from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from operators.regimes.bank import catalogue, features
from operators.regimes.bank.emission import explain
from operators.regimes.bank.learners import work
from operators.regimes.bank.stack import stack
from tests.operators.regimes.bank.slow_template import SlowTemplate

TEMPLATES = {
    "linear": catalogue.direction(0.2, (1.2, 0.9)),
    "linear on a curve": replace(catalogue.momentum(0.2, 0.3, 9.0), tied=False),
    "tied": catalogue.autoregression(0.3, 0.4),
    "tied on a curve": catalogue.momentum(0.2, 0.3, 9.0),
    "fractional": catalogue.fractional(0.33, 0.71),
    "product": catalogue.crossed(0.3, 0.6),
    "garch": catalogue.volatility((0.5, 0.4), (20, 15, 9), garch=(0.06, 0.87)),
    "garch of one state": catalogue.still(0, garch=(0.1, 0.8)),
}
each = pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
RETURNS = 0.9 * np.random.default_rng(3).standard_normal(40)


def theta_of(template, seed=0):
    random = np.random.default_rng(seed)
    return np.array([p.mean + 0.2 * p.sd * random.standard_normal() for p in template.parameters])


def judged(template, theta, returns):
    """What the states say of the last return, after those before it."""
    made = stack([template], [max(row) + 1 for row in template.labels])
    room, variance = work(made, 1), np.zeros((template.states, 4))
    past, means, before = np.zeros(features.MEMORY), np.zeros(len(features.SPANS)), 0.0
    for bar, z in enumerate(returns):
        features.write(past, means, bar, room.features)
        largest = explain(made, 0, theta, z, before, 0.0, variance, np.zeros((2, 2)), room)
        features.remember(past, means, bar, z)
        before = z
    assert largest == room.log_density.max()
    return room


def slowly(template, theta, returns):
    slow = SlowTemplate(template, theta)
    for z in returns:
        found = slow.densities(z)
        slow.past.append(z)
    return found


@each
@pytest.mark.parametrize("bars", [1, 2, 40])
def test_log_density_of_every_state_is_that_of_its_formula(template, bars):
    theta = theta_of(template)
    found = judged(template, theta, RETURNS[:bars]).log_density
    assert found == pytest.approx(slowly(template, theta, RETURNS[:bars]), abs=1e-10)


@each
@pytest.mark.parametrize("bars", [1, 2, 40])
def test_gradient_is_that_of_differences(template, bars):
    theta, step = theta_of(template), 1e-5
    found = judged(template, theta, RETURNS[:bars]).gradient
    for i in range(len(theta)):
        change = step * (np.arange(len(theta)) == i)
        higher, lower = (slowly(template, theta + s * change, RETURNS[:bars]) for s in (1.0, -1.0))
        assert found[:, i] == pytest.approx((higher - lower) / (2 * step), abs=1e-6), template.parameters[i].name


def test_garch_counts_a_wild_return_as_its_cap():
    """Six standard deviations of each state."""
    template = TEMPLATES["garch"]
    theta = theta_of(template)
    wild, wilder = RETURNS.copy(), RETURNS.copy()
    wild[20], wilder[20] = 40.0, 1e4
    assert judged(template, theta, wild).log_density == pytest.approx(slowly(template, theta, wild), abs=1e-10)
    assert judged(template, theta, wild).log_density.tolist() == judged(template, theta, wilder).log_density.tolist()


@pytest.mark.parametrize("z", [3.0, 5.0, 6.5, 8.0, 12.0])
def test_garch_is_as_its_formula_on_both_sides_of_the_cap(z):
    template = TEMPLATES["garch"]
    theta, returns = theta_of(template), [*RETURNS[:20], z, 0.3]
    assert judged(template, theta, returns).log_density == pytest.approx(slowly(template, theta, returns), abs=1e-10)


def test_garch_derivatives_stay_bounded_through_wild_returns():
    template = TEMPLATES["garch"]
    wild = np.resize([1e4, -1e4, 1e4, 0.0], 300)
    gradient = judged(template, theta_of(template), wild).gradient
    assert np.isfinite(gradient).all()


def test_share_below_is_that_of_each_state():
    template = TEMPLATES["linear"]
    theta = theta_of(template)
    slow = SlowTemplate(template, theta)
    scale = np.exp(slow.rows(template.log_scale)) * np.sqrt((slow.freedom - 2) / slow.freedom)
    expected = stats.t.cdf(0.4, slow.freedom, slow.rows(template.mean), scale)
    assert judged(template, theta, [0.4]).below == pytest.approx(expected, abs=0.002)
