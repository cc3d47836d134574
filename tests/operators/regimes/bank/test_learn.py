from dataclasses import replace

import numpy as np
import pytest

from operators.regimes.bank import bank, catalogue
from operators.regimes.bank.template import SCALE
from tests.operators.regimes.bank.simulated import simulated
from tests.operators.regimes.bank.single import Single, frozen, many_bars
from tests.operators.regimes.bank.slow_template import SlowTemplate, log_likelihood

TEMPLATES = {
    "linear": catalogue.direction(0.2, (1.2, 0.9), stay=30),
    "phases": catalogue.volatility((0.7,), (90, 60), phases=3),
    "garch": catalogue.volatility((0.6,), (90, 60), garch=(0.06, 0.87)),
    "tied on a curve": catalogue.momentum(0.2, 0.3, 9.0, stay=30),
    "fractional": catalogue.fractional(0.33, 0.71, stay=30),
    "signed trends": catalogue.drifting(0.2, 0.3, stay=30),
    "product": catalogue.crossed(0.3, 0.6),
    "no regimes": catalogue.still(0, garch=(0.06, 0.87)),
}
each = pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
RETURNS = np.random.default_rng(5).standard_normal(120)


def theta_of(template, seed=0):
    random = np.random.default_rng(seed)
    return np.array([p.mean + 0.2 * p.sd * random.standard_normal() for p in template.parameters])


@each
def test_frozen_it_is_hamiltons_filter(template):
    theta = theta_of(template)
    single, slow = Single(frozen(template, theta)).settled(), SlowTemplate(template, theta)
    for z in RETURNS:
        assert single.take([z]).log_density[0] == pytest.approx(slow.take(z), abs=1e-9)
        assert single.state.probability[0, 0] == pytest.approx(slow.p, abs=1e-9)


@each
def test_scores_sum_to_the_slope_of_the_log_likelihood_of_the_whole_sample(template):
    theta, step = theta_of(template), 1e-5
    single, returns, score = Single(frozen(template, theta)).settled(), RETURNS[:40], 0.0
    for z in returns:
        single.take([z])
        score = score + single.work.score
    for i in range(len(theta)):
        change = step * (np.arange(len(theta)) == i)
        higher, lower = (log_likelihood(template, theta + s * change, returns) for s in (1.0, -1.0))
        slope = (higher - lower) / (2 * step)
        assert score[i] == pytest.approx(slope, rel=1e-5, abs=1e-5), template.parameters[i].name


@pytest.mark.parametrize("keep", [1.0, 0.97])
def test_parameters_follow_the_score_as_the_formula_says(keep):
    template = TEMPLATES["garch"]
    single = Single(template, keep=keep).settled()
    prior = single.stack.prior[0]
    d = len(prior)
    for bar, z in enumerate(RETURNS[:60], start=bank.SETTLE):
        theta, covariance = single.state.theta[0, 0].copy(), single.state.covariance[0, 0].copy()
        single.take([z])
        score, back = single.work.score, bar % d
        leak = np.zeros((d, d))
        leak[back, back] = d * (1 - keep) / prior[back, 1] ** 2
        expected = np.linalg.inv(keep * np.linalg.inv(covariance) + leak + np.outer(score, score))
        towards = leak @ (prior[:, 0] - theta) if back else 0.0  # no scale is likelier than another
        moved = np.clip(theta + expected @ (score + towards), prior[:, 2], prior[:, 3])
        assert single.state.covariance[0, 0] == pytest.approx(expected, rel=1e-6, abs=1e-9)
        assert single.state.theta[0, 0] == pytest.approx(moved, rel=1e-7, abs=1e-9)


def test_parameters_stay_within_their_ranges():
    template = TEMPLATES["linear"]
    single = Single(template).settled()
    low, high = single.stack.prior[0, :, 2], single.stack.prior[0, :, 3]
    for z in np.resize([1e4, 1e4, 0.0, -1e4], 200):
        single.take([z])
        assert ((low <= single.state.theta[0, 0]) & (single.state.theta[0, 0] <= high)).all()


@many_bars
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("phases", [1, 3])
def test_parameters_find_the_truth_within_the_error_they_state(phases, seed):
    template = catalogue.volatility((0.5,), (200, 100), phases=phases)
    truth = np.array([p.mean for p in template.parameters])
    for name, value in {SCALE: -0.2, "gap1": 0.8, "drift0": 0.05, "stay0": 4.0, "stay1": 4.2}.items():
        truth[template.index(name)] = value
    single = Single(template).settled()
    single.take(simulated(template, truth, 40_000, seed))
    error = np.sqrt(np.diag(single.state.covariance[0, 0]))
    assert (abs(single.state.theta[0, 0] - truth) < 4 * error).all()
    assert error[:4].max() < 0.1
    assert error.max() < 0.3


def wild(bars):
    returns = np.random.default_rng(7).standard_normal(bars)
    returns[bars // 10 :: 97] = 1e6
    returns[bars // 10 + 1 :: 97] = -1e6
    returns[bars // 5 : 2 * bars // 5] = 0.0
    returns[2 * bars // 5 : 3 * bars // 5] = 0.7
    returns[3 * bars // 5 : 4 * bars // 5 : 3] = np.nan
    returns[3 * bars // 5 : 3 * bars // 5 + 200] = np.nan
    return returns


@many_bars
@pytest.mark.parametrize("keep", [0.9998, 0.99, 0.95])
def test_covariance_stays_symmetric_and_positive_whatever_comes(keep):
    templates = [*TEMPLATES.values(), catalogue.anchored(0.2, 0.3)]
    templates = [replace(template, labels=template.labels[:1]) for template in templates]
    single = Single(*templates, labels=[4], keep=keep).settled()
    for some in np.split(wild(50_000), 10):
        single.take(some)
        for m, template in enumerate(templates):
            d = len(template.parameters)
            covariance = single.state.covariance[0, m, :d, :d]
            spread = np.sqrt(np.diag(covariance))
            assert np.isfinite(spread).all()
            assert covariance.tolist() == covariance.T.tolist()
            assert np.linalg.eigvalsh(covariance / np.outer(spread, spread)).min() > 0
            assert (spread < 30 * single.stack.prior[m, :d, 1]).all()
    for values in single.state:
        assert np.isfinite(values).all()
