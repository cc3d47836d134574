"""How learners are weighed and renewed."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logsumexp, softmax

from operators.regimes.bank import bank, catalogue
from operators.regimes.bank.learners import ANCHORS, LESS_SURE, begin, empty, inherit
from operators.regimes.bank.stack import stack
from tests.operators.regimes.bank.single import FIRST, Single, frozen
from tests.operators.regimes.bank.slow_template import SlowTemplate

TEMPLATES = (
    catalogue.volatility((0.5,), (90, 60)),
    catalogue.volatility((0.8,), (60, 45), garch=(0.06, 0.87)),
    catalogue.volatility((0.8,), (60, 45), phases=3),
    catalogue.still(0, log_odds=1.5),
)
ODDS = np.array([0.0, 0.0, 0.0, 1.5])
RENEW = bank.SETTLE + 300
RETURNS = np.random.default_rng(0).standard_normal(300) * np.repeat([1.0, 2.5, 0.7], 100)


def test_a_bank_is_the_mixture_of_its_learners_by_discounted_evidence():
    """Each learner alone, in a bank of its own, foretells what it foretells beside the others."""
    remember = 0.98
    single = Single(*TEMPLATES, keep=0.999, remember=remember).settled()
    rows = single.take(RETURNS)
    alone = [Single(template, labels=[2], keep=0.999).settled().take(RETURNS) for template in TEMPLATES]
    evidence, weight = np.zeros(4), np.full(4, 0.25)
    for bar in range(300):
        found = np.array([own.log_density[bar] for own in alone])
        assert rows.log_density[bar] == pytest.approx(logsumexp(found, b=weight), abs=1e-9)
        assert rows.below[bar] == pytest.approx(weight @ [own.below[bar] for own in alone])
        evidence = remember * evidence + found
        weight = softmax(evidence + ODDS)
        for name in ("probability", "transition", "mean"):
            expected = sum(w * getattr(own, name)[bar] for w, own in zip(weight, alone, strict=True))
            assert getattr(rows, name)[bar] == pytest.approx(expected, abs=1e-7)
    assert single.state.evidence[0] == pytest.approx(evidence)
    assert single.state.weight[0] == pytest.approx(weight, abs=1e-12)


def test_the_mean_is_that_of_the_drifts_of_the_states_in_returns():
    template = catalogue.direction(0.2, (1.2, 0.9))
    single = Single(template)
    rows = single.take(0.01 * np.append(FIRST, RETURNS))
    theta = single.state.theta[0, 0]
    drifts = np.array(
        [-theta[template.index("bear_drift")], *theta[[template.index(f"{n}_drift") for n in ("neutral", "bull")]]]
    )
    assert rows.mean[-1] == pytest.approx(0.01 * rows.probability[-1, 0] @ drifts)
    assert np.isnan(rows.mean[: bank.SETTLE - 1]).all()


def test_occupancy_is_the_mean_of_what_a_learner_said_first_counted_young_then_forgotten():
    single = Single(TEMPLATES[0]).settled()
    rows = single.take(RETURNS)
    mean = np.full(2, 0.5)
    for bar, p in enumerate(rows.probability[:, 0]):
        mean += (p - mean) * max(1 / (bar + bank.YOUNG_BARS), 1 - 0.5 ** (1 / bank.OCCUPANCY_BARS))
        assert rows.balance[bar, 0] == pytest.approx(mean + bank.RAREST)
    assert single.state.occupancy[0, 0, 0] == pytest.approx(mean)


def test_balance_of_a_mixture_divides_each_learner_by_its_own_mean():
    single = Single(*TEMPLATES).settled()
    rows = single.take(RETURNS)
    weight, occupancy = single.state.weight[0], single.state.occupancy[0, :, 0]
    shares = np.array([
        [bank.label_share(single.state, single.stack, 0, m, 0, label) for label in range(2)] for m in range(4)
    ])  # fmt: skip
    expected = weight @ shares / (weight @ (shares / (occupancy + bank.RAREST)))
    assert rows.balance[-1, 0] == pytest.approx(expected, rel=1e-6)
    assert rows.probability[-1, 0] == pytest.approx(weight @ shares, rel=1e-6)


def test_the_unit_is_the_mean_size_of_the_first_returns_with_the_wildest_cut():
    first = np.random.default_rng(4).standard_normal(bank.SETTLE) * 0.003
    first[7] = 1e5
    single = Single(*TEMPLATES)
    single.take(first)
    sizes = np.sort(abs(first))
    sizes = np.minimum(sizes, sizes[-bank.OUTLIERS - 1])
    assert single.state.unit[0] == pytest.approx(np.sqrt(np.pi / 2) * sizes.mean())
    assert single.state.unit[0] < 0.005
    assert single.state.born[0].tolist() == [bank.SETTLE]


def test_the_unit_of_returns_only_moves_density_and_mean():
    ours, scaled = (Single(*TEMPLATES).take(unit * np.append(FIRST, RETURNS)) for unit in (1.0, 1e-4))
    for name in ("probability", "balance", "transition", "below"):
        assert getattr(scaled, name) == pytest.approx(getattr(ours, name), abs=1e-6, nan_ok=True)
    assert scaled.log_density == pytest.approx(ours.log_density + np.log(1e4), abs=1e-6, nan_ok=True)
    assert scaled.mean == pytest.approx(1e-4 * ours.mean, nan_ok=True)


def standing(single, generations):
    """Log weight of the best of each generation; −∞ before it is born."""
    each = single.state.evidence[0].reshape(generations, -1) + single.stack.odds
    return np.where(single.state.born[0] > 0, each.max(axis=1), -np.inf)


def test_the_weakest_generation_is_born_anew_and_the_best_is_kept():
    single = Single(*TEMPLATES, keep=0.999, remember=0.999, renew_bars=100, generations=3).settled()
    returns = np.random.default_rng(1).standard_normal(1_500) * np.repeat([1.0, 4.0, 0.3], 500)
    reborn = []
    for bar, z in enumerate(returns, start=bank.SETTLE):
        before, born = standing(single, 3), single.state.born[0].copy()
        single.take([z])
        if bar % 100:
            assert single.state.born[0].tolist() == born.tolist()
        else:
            born[before.argmin()] = bar
            assert single.state.born[0].tolist() == born.tolist()
            reborn.append(int(before.argmin()))
    assert reborn[:2] == [1, 2]
    assert set(reborn) == {0, 1, 2}


def test_a_new_generation_begins_at_its_prior_and_at_the_scale_of_late_behind_the_best():
    templates = [frozen(template) for template in TEMPLATES]
    single = Single(*templates, renew_bars=RENEW, generations=2, penalty=5.0).settled()
    single.take(RETURNS)
    best, recent = standing(single, 2)[0], single.state.recent[0]
    single.take([0.8])
    assert single.state.born[0].tolist() == [bank.SETTLE, RENEW]
    young, old = single.state.theta[0, 4:], single.state.theta[0, :4]
    assert young[:, 0] - old[:, 0] == pytest.approx(np.log(recent))
    assert young[:, 1:] == pytest.approx(old[:, 1:])
    densities = SlowTemplate(TEMPLATES[0], young[0, : single.stack.size[0, 1]]).densities(0.8)
    assert single.state.evidence[0, 4] == pytest.approx(best - 5.0 + logsumexp(densities, b=0.5), abs=1e-6)
    assert single.state.occupancy[0, 4].sum(axis=1) == pytest.approx(1)


def test_an_heir_takes_over_all_that_its_forerunner_learned_but_the_scale():
    made = stack([replace(TEMPLATES[0], heir=True)], [2])
    state, random = empty(made, 2, 1), np.random.default_rng(0)
    begin(state, made, 0, 0, 0.0, 0.0)
    d = made.prior.shape[1]
    state.theta[0, 0] = random.standard_normal(d)
    state.covariance[0, 0] = np.diag(np.linspace(0.0, 1.0, d)) ** 2
    begin(state, made, 0, 1, 0.25, -3.0)
    inherit(state, made, 0, 1, 0)
    assert state.theta[0, 1].tolist() == [made.prior[0, 0, 0] + 0.25, *state.theta[0, 0, 1:]]
    known = np.minimum(LESS_SURE * np.diag(state.covariance[0, 0]), made.prior[0, :, 1] ** 2)
    assert np.diag(state.covariance[0, 1]).tolist() == [made.prior[0, 0, 1] ** 2, *known[1:]]
    assert np.count_nonzero(state.covariance[0, 1]) == d


def test_an_heir_of_one_state_takes_over_its_scale_too():
    made = stack([replace(TEMPLATES[3], heir=True)], [2])
    state = empty(made, 2, 1)
    begin(state, made, 0, 0, 0.0, 0.0)
    state.theta[0, 0] = 0.5
    begin(state, made, 0, 1, 0.25, -3.0)
    inherit(state, made, 0, 1, 0)
    assert state.theta[0, 1].tolist() == [0.5, 0.5, 0.5]


def test_heirs_of_a_renewed_generation_come_from_the_strongest():
    templates = [replace(TEMPLATES[0], heir=True), TEMPLATES[0]]
    single = Single(*(frozen(template) for template in templates), renew_bars=RENEW, generations=2).settled()
    single.take(RETURNS)
    single.state.theta[0, :2, 2:] += 0.1
    single.take([0.5])
    heir, other = single.state.theta[0, 2], single.state.theta[0, 3]
    assert heir[2:] == pytest.approx(single.state.theta[0, 0, 2:])
    assert other[2:] == pytest.approx(single.state.theta[0, 1, 2:] - 0.1)


def test_a_learner_begins_with_every_state_alike_and_one_entry_price():
    made = stack([catalogue.anchored(0.2, 0.3)], [3])
    state = empty(made, 1, 1)
    state.price[0] = 7.0
    begin(state, made, 0, 0, 0.0, 0.0)
    assert state.probability[0, 0].tolist() == [0.25] * 4
    assert state.occupancy[0, 0, 0].tolist() == [0.25, 0.25, 0.5]
    assert state.anchors[0, 0].tolist() == [[7.0, 1.0]] + [[0.0, 0.0]] * (ANCHORS - 1)


@pytest.mark.parametrize(
    "wrong",
    [{"keep": 1.0}, {"keep": 0.5}, {"remember": np.nan}, {"renew_bars": 10}, {"generations": 0}, {"penalty": -1.0}],
)
def test_parameters_out_of_range_are_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        bank.Parameters(**wrong)


def test_settings_are_the_parameters_in_the_order_the_kernel_reads():
    parameters = bank.Parameters(keep=0.99, remember=0.98, renew_bars=70, penalty=2.0)
    assert bank.settings(parameters).tolist() == [0.99, 0.98, 70.0, 2.0]
