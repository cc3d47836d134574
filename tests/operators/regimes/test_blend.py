import numpy as np
import pytest

from operators.regimes import blend, level, level_grid
from operators.regimes.bank.bank import RAREST
from operators.regimes.blend import Belief


def belief(labels, rows, seed):
    """Anything that a witness may say."""
    random = np.random.default_rng(seed)
    return Belief(
        random.dirichlet(np.ones(labels), rows),
        random.uniform(0.1, 0.9, (rows, labels)),
        random.dirichlet(np.ones(labels), (rows, labels)),
        random.standard_normal(rows),
        random.standard_normal(rows),
    )


def blended(one, other, state=None, series=None, margin=0.0):
    """What both say, and the state after it."""
    state = blend.empty(1) if state is None else state
    series = np.zeros(len(one.mean), np.int64) if series is None else series
    said = Belief(*(np.ascontiguousarray(values).copy() for values in one))
    blend.blend_rows(state, series, said, other, margin)
    return said, state


def slowly(one, other, margin):
    gap, age = one.log_density - other.log_density - margin, np.arange(len(one.mean))
    found = []
    for row in range(len(gap)):
        w = 1 / (1 + np.exp(-(gap[: row + 1] @ blend.REMEMBER ** age[: row + 1][::-1])))
        own, its = w * one.probability[row], (1 - w) * other.probability[row]
        balance = (own + its) / (own / one.balance[row] + its / other.balance[row])
        transition = w * one.transition[row] + (1 - w) * other.transition[row]
        found.append((own + its, balance, transition, w * one.mean[row] + (1 - w) * other.mean[row]))
    return [np.array(values) for values in zip(*found, strict=True)]


@pytest.mark.parametrize("margin", [0.0, 0.02])
@pytest.mark.parametrize("labels", [2, 3])
def test_both_are_believed_by_their_discounted_evidence(labels, margin):
    one, other = belief(labels, 200, 0), belief(labels, 200, 1)
    said, _ = blended(one, other, margin=margin)
    for found, expected in zip(said[:4], slowly(one, other, margin), strict=True):
        assert found == pytest.approx(expected, abs=1e-10)
    assert said.probability.sum(axis=1) == pytest.approx(1)
    assert said.transition.sum(axis=2) == pytest.approx(1)
    assert said.log_density.tolist() == one.log_density.tolist()


@pytest.mark.parametrize(("better", "believed"), [(0.5, 0), (-0.5, 1)])
def test_the_better_of_the_two_is_believed_in_the_end(better, believed):
    one, other = belief(3, 300, 2), belief(3, 300, 3)
    said, _ = blended(one._replace(log_density=other.log_density + better), other)
    for found, expected in zip(said[:4], (one, other)[believed][:4], strict=True):
        assert found[-1] == pytest.approx(expected[-1], abs=1e-9)


@pytest.mark.parametrize("silent", [0, 1])
def test_while_one_of_them_says_nothing_the_first_is_left_as_it_is(silent):
    both = [belief(3, 20, 4), belief(3, 20, 5)]
    both[silent] = both[silent]._replace(probability=np.full((20, 3), np.nan))
    said, state = blended(*both)
    for found, given in zip(said, both[0], strict=True):
        assert np.array_equal(found, given, equal_nan=True)
    assert state.tolist() == [0.0]


@pytest.mark.parametrize("silent", [0, 1])
def test_a_bar_without_a_density_changes_no_weight(silent):
    both = [belief(3, 30, 6), belief(3, 30, 7)]
    _, state = blended(*both)
    before = state.tolist()
    w = 1 / (1 + np.exp(-before[0]))
    both[silent] = both[silent]._replace(log_density=np.full(30, np.nan))
    said, state = blended(*both, state)
    assert state.tolist() == before
    assert said.probability == pytest.approx(w * both[0].probability + (1 - w) * both[1].probability)


def test_evidence_stays_within_its_bound_however_wild_the_densities():
    one, other = belief(3, 30, 8), belief(3, 30, 9)
    for density in (1e300, -1e300):
        said, state = blended(one._replace(log_density=np.full(30, density)), other)
        assert abs(state[0]) == blend.LARGEST_ODDS
        assert all(np.isfinite(values).all() for values in said)


def test_series_and_cuts_are_apart():
    pairs = [[belief(3, 50, seed) for seed in seeds] for seeds in ((10, 11), (12, 13))]
    one, other = (
        Belief(*(np.stack(both, axis=1).reshape(100, *both[0].shape[1:]) for both in zip(*beliefs, strict=True)))
        for beliefs in zip(*pairs, strict=True)
    )
    state, series, parts = blend.empty(2), np.tile([0, 1], 50), []
    for cut in (slice(0, 31), slice(31, 100)):
        pieces = [Belief(*(np.ascontiguousarray(values[cut]) for values in said)) for said in (one, other)]
        parts.append(blended(*pieces, state, series[cut])[0].probability)
    found = np.concatenate(parts)
    for n, pair in enumerate(pairs):
        assert found[n::2].tolist() == blended(*pair)[0].probability.tolist()


@pytest.mark.parametrize("labels", [2, 3])
def test_the_level_head_speaks_as_a_witness_of_volatility(labels):
    random, levels = np.random.default_rng(0), np.zeros(40, level.LEVEL)
    shares = random.dirichlet(np.ones(3), 40)
    for name, share in zip(("calm", "normal", "stressed"), shares.T, strict=True):
        levels[name] = share
    levels["log_density"] = random.standard_normal(40)
    said, returns = Belief(*map(np.empty_like, belief(labels, 40, 0))), random.standard_normal(40)
    returns[[7, 8]] = 0.0, np.nan
    usual = blend.usual_shares(labels)
    blend.level_rows(levels, returns, usual, said)
    expected = shares if labels == 3 else np.column_stack([shares[:, :2].sum(axis=1), shares[:, 2]])
    assert said.probability == pytest.approx(expected)
    assert said.balance == pytest.approx(np.tile(usual + RAREST, (40, 1)))
    near = (np.eye(labels, k=1) + np.eye(labels, k=-1)) / blend.LEVEL_STAY_BARS
    assert said.transition == pytest.approx(np.tile(np.eye(labels) + near - np.diag(near.sum(axis=1)), (40, 1, 1)))
    assert (said.mean == 0).all()
    expected = np.where(returns == 0.0, np.nan, levels["log_density"])  # prices that stand still judge nobody
    assert np.array_equal(said.log_density, expected, equal_nan=True)


def test_usual_shares_are_those_that_the_head_aims_at():
    assert blend.usual_shares(3) == pytest.approx(np.diff([0, *level_grid.SHARES, 1]))
    assert blend.usual_shares(2) == pytest.approx([level_grid.SHARES[1], 1 - level_grid.SHARES[1]])


def test_known_before_is_the_newest_of_the_series_above_zero():
    series = np.array([0, 1, 0, 0, 1, 0, 0])
    values, out, newest = np.array([1.0, 5.0, np.nan, 2.0, 0.0, 3.0, np.inf]), np.empty(7), np.full(2, np.nan)
    blend.known_before(newest, series, values, out)
    assert np.array_equal(out, [np.nan, np.nan, 1.0, 1.0, 5.0, 2.0, 3.0], equal_nan=True)
    assert newest.tolist() == [3.0, 5.0]
