"""CSCV beside a twin that builds every half by hand, and on matrices whose answer is known."""

import math
from itertools import combinations

import numpy as np
import pytest

from operators.analysis.overfitting import cscv


def slow(returns, blocks):
    """Every choice of blocks, every row copied."""
    rows = len(returns) // blocks
    kept = returns[len(returns) - rows * blocks :]
    logits, losses = [], []
    for chosen in combinations(range(blocks), blocks // 2):
        inside = [row for row in range(len(kept)) if row // rows in chosen]
        outside = [row for row in range(len(kept)) if row // rows not in chosen]
        first, second = [], []
        for variant in range(returns.shape[1]):
            for places, found in ((inside, first), (outside, second)):
                values = [float(kept[row, variant]) for row in places]
                mean = math.fsum(values) / len(values)
                spread = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))
                found.append(mean / spread if spread > 1e-14 else 0.0)
        best = first.index(max(first))
        below = sum(value < second[best] for value in second)
        equal = sum(value == second[best] for value in second)
        share = (below + (equal + 1) / 2) / (len(second) + 1)
        logits.append(math.log(share / (1 - share)))
        losses.append(second[best] < 0)
    return logits, sum(logit <= 0 for logit in logits) / len(logits), sum(losses) / len(losses)


@pytest.mark.parametrize(("seed", "periods", "variants", "blocks"), [(1, 24, 3, 4), (2, 50, 5, 6), (3, 41, 4, 8)])
def test_every_half_by_hand_says_the_same(seed, periods, variants, blocks):
    returns = np.random.default_rng(seed).standard_t(4, (periods, variants))
    logits, probability, loss = slow(returns, blocks)
    found = cscv(returns, blocks)
    assert found.logits == pytest.approx(logits, abs=1e-9)
    assert (found.probability, found.loss) == (probability, loss)
    assert found.combinations == math.comb(blocks, blocks // 2)


def test_a_variant_that_is_always_better_is_not_overfitted():
    returns = np.random.default_rng(4).normal(0.0, 1.0, (400, 6))
    returns[:, 2] += 1.0
    found = cscv(returns, 8)
    assert found.probability == 0.0
    assert found.loss == 0.0


def test_variants_of_luck_alone_are_overfitted_half_the_time_or_more():
    odds = [cscv(np.random.default_rng(seed).normal(0.0, 1.0, (160, 12)), 8).probability for seed in range(60)]
    assert np.mean(odds) == pytest.approx(0.5, abs=0.1)


def test_what_won_in_one_half_by_a_fit_to_it_loses_in_the_other():
    # Every variant earns in some blocks what it loses in the others: chosen in-sample, poor out of sample.
    chance, blocks = np.random.default_rng(5), 8
    signs = np.array(
        [[1 if block in good else -1 for good in combinations(range(blocks), 4)] for block in range(blocks)]
    )
    returns = np.repeat(signs, 20, axis=0) * 0.1 + chance.normal(0.0, 0.05, (blocks * 20, signs.shape[1]))
    found = cscv(returns, blocks)
    assert found.probability == 1.0
    assert found.loss == 1.0


def test_a_variant_that_never_trades_has_ratio_0():
    returns = np.column_stack([np.zeros(80), np.full(80, -0.01) + np.random.default_rng(1).normal(0, 0.001, 80)])
    found = cscv(returns, 4)
    assert found.probability == 0.0  # the one that does nothing is chosen, and is the better one
    assert found.loss == 0.0


def test_scale_does_not_matter():
    returns = np.random.default_rng(6).normal(0.0, 1.0, (64, 4))
    assert cscv(returns * 1e-9, 8).logits == pytest.approx(cscv(returns, 8).logits)


@pytest.mark.parametrize(
    ("returns", "blocks", "said"),
    [
        (np.zeros((40, 1)), 4, "two variants at least"),
        (np.zeros(40), 4, "two variants at least"),
        (np.zeros((40, 2)), 5, "blocks must be even"),
        (np.zeros((40, 2)), 18, "blocks must be even"),
        (np.zeros((7, 2)), 4, "4 blocks need 8 periods, got 7"),
        (np.full((40, 2), np.nan), 4, "finite"),
    ],
)
def test_what_cannot_be_compared_is_refused(returns, blocks, said):
    with pytest.raises(ValueError, match=said):
        cscv(returns, blocks)
