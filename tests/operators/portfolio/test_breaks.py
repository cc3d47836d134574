"""The false-alarm rate is measured on simulated markets: 300 blocks each here, 10 000 with BAROGRAPH_LONG_NULLS=1.

Measured with 10 000 blocks each, below 0.001, 0.01 and 0.1 were: 0.0011, 0.0118, 0.101 of 2 Gaussian instruments;
0.0011, 0.0100, 0.097 of 10; 0.0011, 0.0104, 0.093 of 40; and of Student's t with 4 degrees of freedom 0.0011, 0.0105,
0.101 of 2; 0.0007, 0.0105, 0.098 of 10; 0.0017, 0.0147, 0.105 of 40.
"""

import os
import pickle

import numpy as np
import pytest
from scipy.stats import binom, t

from operators.portfolio import breaks

BLOCK = 60
LONG = os.environ.get("BAROGRAPH_LONG_NULLS") == "1"


def market(rng, blocks, n, *, common=0.7, tails=None, scale=1.0):
    """Returns of one factor and noise, by default Gaussian."""
    rows = common * rng.standard_normal((blocks * BLOCK, 1)) + rng.standard_normal((blocks * BLOCK, n))
    if tails:
        rows /= np.sqrt(rng.chisquare(tails, (blocks * BLOCK, 1)) / tails)
    return 1e-3 * scale * rows


def two_sides(rng, blocks, n, signs):
    """Returns of two opposite halves."""
    rows = rng.standard_normal((blocks * BLOCK, 1)) * np.array(signs) + rng.standard_normal((blocks * BLOCK, n))
    return 1e-3 * rows


def judged(*parts, **parameters):
    state = breaks.empty(parts[0].shape[1], **parameters)
    found = [breaks.update(state, row) for part in parts for row in part]
    return [verdict for verdict in found if verdict is not None]


@pytest.mark.parametrize(("n", "tails"), [(2, None), (10, None), (10, 4), (40, 4)])
def test_false_alarms_are_as_rare_as_asked(n, tails):
    blocks = 10_000 if LONG else 300
    found = judged(market(np.random.default_rng(n), blocks, n, tails=tails))
    p_values = np.array([verdict.p_value for verdict in found])
    p_values = p_values[np.isfinite(p_values)]
    for rate, slack in ((0.001, 2.0), (0.01, 1.6), (0.1, 1.25)):  # of a rate, beside luck
        assert (p_values < rate).sum() <= binom.ppf(0.999, len(p_values), slack * rate)
    assert (p_values < 0.2).mean() > 0.05  # it is not just silent


def test_correlations_that_go_to_one_are_an_alarm_at_once():
    rng = np.random.default_rng(1)
    found = judged(market(rng, 40, 10), market(rng, 5, 10, common=3.0))
    assert not any(verdict.alarm for verdict in found[:39])
    assert found[39].changed or found[40].changed
    assert found[41].alarm


def test_correlations_that_change_sides_are_an_alarm_though_their_mean_stays():
    rng = np.random.default_rng(2)
    first = two_sides(rng, 40, 8, [1, 1, 1, 1, -1, -1, -1, -1])
    other = two_sides(rng, 5, 8, [1, -1, 1, -1, 1, -1, 1, -1])
    found = judged(first, other)
    assert not any(verdict.alarm for verdict in found[:39])
    assert found[41].alarm


def test_volatility_alone_is_no_break():
    rng = np.random.default_rng(3)
    parts = [market(rng, 8, 10, scale=scale) for scale in (1, 1, 1, 1, 8, 1, 20, 0.05, 1)]
    assert not any(verdict.alarm for verdict in judged(*parts))


def test_one_bad_tick_is_no_break():
    rows = market(np.random.default_rng(4), 50, 6)
    rows[45 * BLOCK, :] = 0.5
    rows[46 * BLOCK, 0] = -0.9
    assert not any(verdict.alarm for verdict in judged(rows))


def test_the_alarm_begins_once_ends_once_and_what_lasts_is_learnt():
    rng = np.random.default_rng(5)
    found = judged(market(rng, 60, 10), market(rng, 400, 10, common=1.5), half_life_blocks=20.0)
    changes = [number for number, verdict in enumerate(found) if verdict.changed]
    assert changes[0] in (59, 60, 61)
    assert len(changes) <= 4
    assert not any(verdict.alarm for verdict in found[-200:])
    ended = changes[1]
    assert all(verdict.p_value > breaks.CALM for verdict in found[ended - 2 : ended + 1])


def test_nothing_is_judged_while_warming_up():
    found = judged(market(np.random.default_rng(6), 25, 4), warm_up_blocks=12)
    assert [bool(np.isfinite(verdict.p_value)) for verdict in found] == [False] * 12 + [True] * (len(found) - 12)


def test_one_instrument_and_missing_ones_are_not_judged():
    assert all(np.isnan(v.p_value) and not v.alarm for v in judged(market(np.random.default_rng(7), 30, 1)))
    rows = market(np.random.default_rng(8), 40, 5)
    rows[::2, 1] = np.nan
    rows[: 38 * BLOCK, 4] = np.nan
    rows[::3, 3] = 0.0
    found = judged(rows)
    assert found[20].instruments in (3, 4)
    assert not any(verdict.alarm for verdict in found[:30])


def test_a_block_is_judged_as_a_new_draw_by_student():
    found = judged(market(np.random.default_rng(11), 60, 2), half_life_blocks=1e12, warm_up_blocks=5)
    past = []
    for verdict in found:
        if np.isfinite(verdict.p_value):
            m, mean, deviation = len(past), np.mean(past), np.std(past, ddof=1)
            far = abs(verdict.concentration - mean) / (deviation * np.sqrt(1 + 1 / m))
            assert verdict.p_value == pytest.approx(2 * t.sf(far, m - 1), rel=1e-6)
        if np.isfinite(verdict.concentration):
            m = len(past)
            reach = 3 * np.std(past, ddof=1) if m >= 5 else np.inf
            centre = np.mean(past) if m else 0.0
            past.append(float(np.clip(verdict.concentration, centre - reach, centre + reach)))


def test_block_correlations_are_those_of_pairs():
    rng = np.random.default_rng(9)
    block = rng.standard_normal((60, 4))
    block[rng.random((60, 4)) < 0.2] = np.nan
    block[:40, 3] = np.nan
    found = breaks.block_correlation(block)
    for i in range(3):
        for j in range(3):
            both = np.isfinite(block[:, i]) & np.isfinite(block[:, j])
            x, y = block[both, i], block[both, j]
            assert found[i, j] == pytest.approx(x @ y / np.sqrt((x @ x) * (y @ y)))
    assert np.isnan(found[3]).all()
    assert np.isnan(found[:, 3]).all()


def test_it_goes_on_from_a_pickle_to_the_bit():
    rows = market(np.random.default_rng(10), 30, 4)
    whole, cut = breaks.empty(4), breaks.empty(4)
    for number, row in enumerate(rows):
        one = breaks.update(whole, row)
        other = breaks.update(cut, row)
        assert (one is None) == (other is None)
        assert one is None or repr(one) == repr(other)
        if number % 101 == 0:
            cut = pickle.loads(pickle.dumps(cut))


def test_parameters_out_of_range_are_named():
    with pytest.raises(ValueError, match="false_alarms"):
        breaks.empty(2, false_alarms=0.5)
    with pytest.raises(ValueError, match="block_rows"):
        breaks.empty(2, block_rows=3)
