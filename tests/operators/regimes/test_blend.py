import numpy as np
import pytest

from operators.regimes import blend, level
from operators.regimes.bank.bank import RAREST

STATES = ("calm", "normal", "stressed")


def case(labels, rows, seed=0):
    """What the bank and the level head may say, at random: probability, balance, transition, log density, levels."""
    random = np.random.default_rng(seed)
    levels = np.zeros(rows, level.LEVEL)
    for name, share in zip(STATES, random.dirichlet(np.ones(3), rows).T, strict=True):
        levels[name] = share
    levels["log_density"] = random.standard_normal(rows)
    bank = (random.dirichlet(np.ones(labels), rows), random.uniform(0.1, 0.9, (rows, labels)))
    return *bank, random.dirichlet(np.ones(labels), (rows, labels)), random.standard_normal(rows), levels


def blended(probability, balance, transition, log_density, levels, state=None, series=None):
    state = blend.empty(1) if state is None else state
    series = np.zeros(len(levels), np.int64) if series is None else series
    out = [np.ascontiguousarray(values).copy() for values in (probability, balance, transition)]
    blend.blend_rows(state, series, log_density, levels, *out)
    return *out, state


def shares(levels, labels):
    """The head's probabilities, and how often each label has them in the long run."""
    low, high = level.SHARES
    if labels == 2:
        return np.array([1 - levels["stressed"], levels["stressed"]]).T, np.array([high, 1 - high])
    return np.array([levels[name] for name in STATES]).T, np.array([low, high - low, 1 - high])


def slowly(probability, balance, transition, log_density, levels):
    labels = probability.shape[1]
    other, usual = shares(levels, labels)
    near = np.eye(labels, k=1) + np.eye(labels, k=-1)
    head = np.eye(labels) + (near - np.diag(near.sum(axis=1))) / blend.LEVEL_STAY_BARS
    gap, age = log_density - levels["log_density"], np.arange(len(levels))
    found = []
    for row in range(len(levels)):
        odds = gap[: row + 1] @ blend.REMEMBER ** age[: row + 1][::-1]
        w = 1 / (1 + np.exp(-odds))
        p = w * probability[row] + (1 - w) * other[row]
        support = w * probability[row] / balance[row] + (1 - w) * other[row] / (usual + RAREST)
        found.append((p, p / support, w * transition[row] + (1 - w) * head))
    return [np.array(values) for values in zip(*found, strict=True)]


@pytest.mark.parametrize("labels", [2, 3])
def test_both_are_believed_by_their_discounted_evidence(labels):
    rows = case(labels, 200)
    for found, expected in zip(blended(*rows)[:3], slowly(*rows), strict=True):
        assert found == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("labels", [2, 3])
def test_probabilities_and_steps_sum_to_one(labels):
    probability, balance, transition, _ = blended(*case(labels, 300, seed=1))
    assert probability.sum(axis=1) == pytest.approx(1)
    assert transition.sum(axis=2) == pytest.approx(1)
    assert (transition >= 0).all()
    assert (balance > 0).all()


@pytest.mark.parametrize(("better", "believed"), [(0.5, "bank"), (-0.5, "level")])
def test_the_better_of_the_two_is_believed_in_the_end(better, believed):
    probability, balance, transition, _, levels = case(3, 300, seed=2)
    found = blended(probability, balance, transition, levels["log_density"] + better, levels)[0]
    expected = probability if believed == "bank" else shares(levels, 3)[0]
    assert found[-1] == pytest.approx(expected[-1], abs=1e-9)


def test_while_the_level_head_is_silent_the_bank_speaks_alone():
    probability, balance, transition, log_density, levels = case(3, 20)
    for name in levels.dtype.names:
        levels[name] = np.nan
    *out, state = blended(probability, balance, transition, log_density, levels)
    for found, given in zip(out, (probability, balance, transition), strict=True):
        assert found.tolist() == given.tolist()
    assert state.tolist() == [0.0]


@pytest.mark.parametrize("silent", ["bank", "level"])
def test_a_bar_without_a_density_judges_neither(silent):
    probability, balance, transition, log_density, levels = case(3, 30)
    *_, state = blended(probability, balance, transition, log_density, levels)
    before = state.tolist()
    if silent == "bank":
        log_density = np.full(30, np.nan)
    else:
        levels["log_density"] = np.nan
    found, *_, state = blended(probability, balance, transition, log_density, levels, state)
    w = 1 / (1 + np.exp(-before[0]))
    assert state.tolist() == before
    assert found == pytest.approx(w * probability + (1 - w) * shares(levels, 3)[0])


def test_evidence_stays_within_its_bound_however_wild_the_densities():
    probability, balance, transition, _, levels = case(3, 30)
    for density in (1e300, -1e300):
        *out, state = blended(probability, balance, transition, np.full(30, density), levels)
        assert abs(state[0]) == blend.LARGEST_ODDS
        assert all(np.isfinite(values).all() for values in out)


def test_series_and_cuts_are_apart():
    first, second = case(3, 50, seed=3), case(3, 50, seed=4)
    both = [np.stack(pair, axis=1).reshape(100, *pair[0].shape[1:]) for pair in zip(first, second, strict=True)]
    state, series = blend.empty(2), np.tile([0, 1], 50)
    cuts = [slice(0, 31), slice(31, 100)]
    parts = [blended(*(values[cut] for values in both), state, series[cut])[0] for cut in cuts]
    found = np.concatenate(parts)
    assert found[0::2].tolist() == blended(*first)[0].tolist()
    assert found[1::2].tolist() == blended(*second)[0].tolist()
