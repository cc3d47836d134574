"""A Problem made of regime signals, for research and backtests; the trading flow makes its own from its streams.

problem = problem_of(regime_signals, names=…, covariance=…, …)
solution = PortfolioOptimizer().optimize_regime_aware(problem)
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from market.messages import Problem, Signal
from operators.portfolio.aggregate import Signals, hear, outlook
from operators.portfolio.policy import Policy
from operators.portfolio.skill import Prior, Skill

DEFAULTS = Policy()


def problem_of(
    regime_signals: Iterable[Signal],
    *,
    names: Sequence[str],
    covariance: ArrayLike,
    time_ns: int,
    horizon_s: float,
    ic: float,
    caps: ArrayLike,
    limits: Mapping[str, float],
    regime: str,
    current: ArrayLike = 0.0,
    half_spread: ArrayLike = 0.0,
    impact: ArrayLike = 0.0,
    lot: ArrayLike = 0.0,
    min_notional: ArrayLike = 0.0,
    groups: Mapping[str, tuple[int, ...]] | None = None,
    policy: Policy = DEFAULTS,
    account: str = "paper",
    request: int = 0,
) -> Problem:
    """A problem of `names` ("venue|instrument") at `time_ns`.

    covariance is n by n, of returns over horizon_s; `ic` is the information coefficient that the signals are believed
    to have (portfolio/skill.py). What is said per instrument may be one number for all.
    """
    state = Signals()
    for signal in regime_signals:
        hear(state, f"{signal.venue}|{signal.instrument}", signal, policy)
    view = outlook(state, names, time_ns, horizon_s=horizon_s, learnt=Skill(), prior=Prior(ic=ic), policy=policy)

    def column(values: ArrayLike) -> tuple[float, ...]:
        return tuple(np.broadcast_to(np.asarray(values, np.float64), len(names)).tolist())

    return Problem(
        venue="",
        instrument="",
        time_ns=time_ns,
        account=account,
        request=request,
        names=tuple(names),
        expected=column(view.expected),
        confidence=column(view.confidence),
        covariance=tuple(np.asarray(covariance, np.float64)[np.tril_indices(len(names))].tolist()),
        current=column(current),
        half_spread=column(half_spread),
        impact=column(impact),
        lot=column(lot),
        min_notional=column(min_notional),
        regime=regime,
        limits=dict(limits),
        caps=column(caps),
        groups=dict(groups or {}),
    )
