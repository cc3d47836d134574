"""One learner alone in a bank, its parameters frozen where one wants them, its unit of returns 1."""

from dataclasses import replace
from typing import NamedTuple

import numba
import numpy as np
import pytest

from operators.regimes.bank import bank
from operators.regimes.bank.learners import empty, work
from operators.regimes.bank.stack import stack

FROZEN = 1e-9  # prior standard deviation of what is not to be learned
FIRST = np.resize([1 / bank.GAUSS, -1 / bank.GAUSS], bank.SETTLE)  # returns that make the unit 1
many_bars = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="too many bars without compiled kernels")


def frozen(template, theta=None):
    """The template with parameters that stay where the prior has them, or at θ."""
    wanted = [parameter.mean for parameter in template.parameters] if theta is None else theta
    kept = (
        replace(parameter, mean=float(value), sd=FROZEN)
        for parameter, value in zip(template.parameters, wanted, strict=True)
    )
    return replace(template, parameters=tuple(kept))


class Rows(NamedTuple):
    """Columns of the kernel, in its order."""

    probability: np.ndarray
    balance: np.ndarray
    transition: np.ndarray
    mean: np.ndarray
    log_density: np.ndarray
    below: np.ndarray


class Single:
    """A bank of one series; by default nothing is forgotten and nothing renewed."""

    def __init__(self, *templates, labels=None, keep=1.0, remember=1.0, renew_bars=10**9, generations=1, penalty=6.0):
        counts = labels or [max(max(t.labels[v]) for t in templates) + 1 for v in range(len(templates[0].labels))]
        self.stack = stack(templates, counts)
        self.settings = np.array([keep, remember, renew_bars, penalty])
        self.state, self.work = empty(self.stack, generations, 1), work(self.stack, generations)

    def take(self, returns, series=None, advance=bank.advance):
        """What the bank says after each row."""
        rows, views, most = len(returns), len(self.stack.label_counts), max(self.stack.label_counts)
        series = np.zeros(rows, np.int64) if series is None else series
        shapes = ((rows, views, most),) * 2 + ((rows, views, most, most),) + ((rows,),) * 3
        out = Rows(*map(np.empty, shapes))
        advance(self.state, self.stack, self.settings, self.work, series, np.asarray(returns, float), *out)
        return out

    def settled(self):
        """The same after the bars that set the unit."""
        self.take(FIRST)
        return self
