import numpy as np
import pytest

from operators.regimes.bank import catalogue
from operators.regimes.bank.move import label_transition, predict, state_step, stay_of
from operators.regimes.bank.stack import stack
from tests.operators.regimes.bank.slow_template import transition

TEMPLATES = {
    "two states": catalogue.volatility((0.5,), (20, 9)),
    "routes": catalogue.volatility((0.5, 0.5), (20, 15, 9)),
    "routes to several": catalogue.drifting(0.2, 0.2, stay=30),
    "phases": catalogue.volatility((0.5,), (30, 12), phases=3),
    "phases and routes": catalogue.direction(0.1, (1.2, 0.9), stay=25, phases=2),
    "product": catalogue.crossed(0.3, 0.5),
    "product of four": catalogue.timescales(0.5, 0.1, 0.3, 0.8),
    "one state": catalogue.still(1),
}
each = pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
LARGER = catalogue.timescales(0.5, 0.1, 0.3, 0.8)  # stands beside the others, so that they do not fill their arrays


def case(template, seed=0):
    """Stack, parameters, probabilities and their sensitivities, at random."""
    random = np.random.default_rng(seed)
    made = stack([template], [max(row) + 1 for row in template.labels])
    d, states = len(template.parameters), template.states * template.phases
    theta = np.array([p.mean for p in template.parameters]) + 0.3 * random.standard_normal(d)
    p = random.dirichlet(np.ones(states))
    dp = random.standard_normal((states, d))
    return made, theta, p, dp - dp.mean(axis=0)


def moved(made, theta, p, dp=None, k=0):
    p, dp = p.copy(), np.zeros((len(p), len(theta))) if dp is None else dp.copy()
    predict(made, k, theta, p, dp, np.empty_like(p), np.empty_like(dp))
    return p, dp


@each
def test_prediction_is_that_of_the_dense_matrix(template):
    made, theta, p, _ = case(template)
    matrix = transition(template, theta)
    assert matrix.sum(axis=1) == pytest.approx(1)
    for row in (p, *np.eye(len(p))):
        assert moved(made, theta, row)[0] == pytest.approx(row @ matrix, abs=1e-15)


@each
def test_derivatives_are_those_of_differences(template):
    made, theta, p, dp = case(template)
    found = moved(made, theta, p, dp)[1]
    step = 1e-5
    for i in range(len(theta)):
        change = step * (np.arange(len(theta)) == i)
        higher, lower = ((p + s * step * dp[:, i]) @ transition(template, theta + s * change) for s in (1.0, -1.0))
        assert found[:, i] == pytest.approx((higher - lower) / (2 * step), abs=1e-9)
    assert found.sum(axis=0) == pytest.approx(0, abs=1e-12)


def test_a_small_template_moves_beside_a_larger_one_as_it_does_alone():
    small = TEMPLATES["phases"]
    made, theta, p, _ = case(small)
    beside = stack([LARGER, small], [2] * 4)
    wide_theta = np.zeros(beside.prior.shape[1])
    wide_theta[: len(theta)] = theta
    wide_p = np.zeros(16)
    wide_p[: len(p)] = p
    found, sensitivity = moved(beside, wide_theta, wide_p, k=1)
    assert found[: len(p)].tolist() == moved(made, theta, p)[0].tolist()
    assert found[len(p) :].tolist() == [0.0] * (16 - len(p))
    assert (sensitivity[:, len(theta) :] == 0).all()


def test_stay_is_that_of_the_first_state():
    made, theta, _, _ = case(catalogue.anchored(0.2, 0.2))
    assert stay_of(made, 0, theta) == pytest.approx(transition(catalogue.anchored(0.2, 0.2), theta)[0, 0])


@pytest.mark.parametrize("phases", [1, 2, 4])
def test_a_state_lasts_as_long_as_its_parameter_says(phases):
    template = catalogue.volatility((0.5,), (30, 12), phases=phases)
    matrix = transition(template, [p.mean for p in template.parameters])
    inside = matrix[:phases, :phases]
    assert np.linalg.solve(np.eye(phases) - inside, np.ones(phases))[0] == pytest.approx(30)


def labelled(template, theta, view):
    """Steps between labels, from the states' own steps, those of a label alike."""
    names = np.array(template.labels[view])
    steps = transition_without_phases(template, theta)
    count = names.max() + 1
    return np.array([
        [steps[np.ix_(names == one, names == other)].sum() / (names == one).sum() for other in range(count)]
        for one in range(count)
    ])  # fmt: skip


def transition_without_phases(template, theta):
    """A state is left after its mean duration: by its last phase, in one bar out of as many as there are phases."""
    phases = template.phases
    left = transition(template, theta)[phases - 1 :: phases, ::phases] / phases
    if phases == 1:
        return left
    return left + np.diag(1 - left.sum(axis=1))


@each
def test_label_transition_is_the_mean_of_the_steps_of_its_states(template):
    made, theta, _, _ = case(template)
    for view, row in enumerate(template.labels):
        count = max(row) + 1
        found = np.zeros((count, count))
        label_transition(made, 0, theta, view, 0.4, found)
        present = np.isin(np.arange(count), row)
        if present.all():
            assert found == pytest.approx(0.4 * labelled(template, theta, view), abs=1e-15)
        assert found.sum(axis=1) == pytest.approx(0.4)


def test_a_label_without_states_is_never_left():
    made, theta, _, _ = case(catalogue.still(1))
    found = np.zeros((2, 2))
    label_transition(made, 0, theta, 0, 1.0, found)
    assert found.tolist() == [[1, 0], [0, 1]]


@each
def test_a_step_from_state_to_state_averages_the_phases_out(template):
    made, theta, _, _ = case(template)
    states = range(template.states)
    found = [[state_step(made, 0, theta, e, to) for to in states] for e in states]
    assert np.array(found) == pytest.approx(transition_without_phases(template, theta), abs=1e-15)
