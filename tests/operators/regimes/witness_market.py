"""A market whose states are known, with the exact filter of its returns in the place of the bank."""

import pickle
from itertools import pairwise

import numba
import numpy as np
import pytest

from operators.regimes.witnesses import fusion, standard
from tests.operators.regimes.chains import balanced_accuracy, chain

STAYS = [120.0, 80.0]
SCALES = [1.0, 1.6]
BARS = 12_000
FEW_BARS = 3_000
FROM = 3_000  # judged from here on


class Market:
    """Two volatilities; the filter knows everything but the features."""

    def __init__(self, seed, bars=BARS):
        self.bars, self.random, self.transition = bars, np.random.default_rng(seed), chain(STAYS)
        self.truth = np.zeros(bars, int)
        leave = self.random.random(bars) > np.diag(self.transition)[:, None]
        for bar in range(1, bars):
            before = self.truth[bar - 1]
            self.truth[bar] = 1 - before if leave[before, bar] else before
        self.returns = np.array(SCALES)[self.truth] * self.random.standard_normal(bars)
        self.bank = filtered(self.transition, self.likelihood())

    def likelihood(self):
        """Of every return in every state."""
        return np.exp(-0.5 * (self.returns[:, None] / SCALES) ** 2) / SCALES

    def feature(self, means):
        """Normal around the mean of the state, with variance 1."""
        return np.array(means)[self.truth] + self.noise()

    def noise(self):
        return self.random.standard_normal(self.bars)

    def fused(self, *features):
        """p' and the state at the end."""
        return fused(self.bank, self.transition, self.returns, np.column_stack(features))

    def log_loss(self, p):
        return float(-np.log(p[np.arange(FROM, self.bars), self.truth[FROM:]]).mean())

    def accuracy(self, p):
        return balanced_accuracy(self.truth[FROM:], p[FROM:].argmax(axis=1))


def filtered(transition, likelihood):
    """Hamilton's filter, from likelihoods (bars by states)."""
    p, found = np.full(len(transition), 1.0 / len(transition)), np.empty_like(likelihood)
    for bar, row in enumerate(likelihood):
        p = p @ transition * row
        found[bar] = p = p / p.sum()
    return found


def rows_of(returns, features, signed=None, cuts=()):
    """Rows of standard.py for one series, in pieces cut before the given bars."""
    count = features.shape[1]
    flags = np.zeros(count, bool) if signed is None else np.asarray(signed)
    state, out = standard.empty(count, 1), np.empty((len(returns), standard.width(count)))
    features = np.ascontiguousarray(features, dtype=float)
    for start, end in pairwise([0, *cuts, len(returns)]):
        series = np.zeros(end - start, np.int64)
        standard.standardise_rows(state, flags, series, returns[start:end], features[start:end], out[start:end])
    return out


def fused(bank, transition, returns, features, cuts=()):
    """p' of one series, and the state at the end."""
    if numba.config.DISABLE_JIT and len(bank) > FEW_BARS:
        pytest.skip("too many bars without compiled kernels")
    labels, count = bank.shape[1], features.shape[1]
    state, p, rows = fusion.empty(labels, count, 1), bank.copy(), rows_of(returns, features, cuts=cuts)
    balance, a = np.full_like(p, 1.0 / labels), np.tile(transition, (len(bank), 1, 1))
    for start, end in pairwise([0, *cuts, len(bank)]):
        series, room = np.zeros(end - start, np.int64), fusion.work(labels, count)
        fusion.fuse_rows(state, room, series, rows[start:end], p[start:end], balance[start:end], a[start:end])
        state = pickle.loads(pickle.dumps(state))
    return p, state
