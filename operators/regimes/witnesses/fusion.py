"""Other witnesses of a state than the return: each feature of a bar is believed as far as it has earned.

The bank's filtered p_t, its transitions A and the bar's features y_f give

    p'_t(k) ∝ (p'_{t−1} A)(k) · L_t(k) · Π_f f(y_f | k)^(κ η_f),    L_t(k) = p_t(k) / (p_{t−1} A)(k)

L is what the bank made of the return, so without features p' = p. f is the density of a feature in a state over its
density in all states (moments.py), given the return and the features before it: what the return or another feature has
told is not counted twice. States are learned with the bank's own p, never with p', so features cannot pull labels
towards clusters of their own, and labels cannot switch.

Trust is earned out of sample: any belief that has listened to features up to bar t − 1 foretells the return of bar t
better or worse than the bank alone did, by log Σ_k (p'_{t−1} A)(k) L_t(k). Discounted sums Λ of it weigh models as
dynamic model averaging does (Raftery, Kárný, Ettler 2010, doi:10.1198/TECH.2009.08104):

- every feature has a chain that hears it alone: η_f = 1 / (1 + exp(−SCEPTICISM − Λ_f));
- the chains of TEMPERS κ hear all features so far as each is trusted; p' is the mean of the bank and of them by
  exp(SCEPTICISM + Λ_κ). Where features say the same bar after bar, a lower temper wins; where they foretell
  returns worse than the bank, the bank does.

How well states foretell features is not asked: that is much for anything whose spread follows volatility, and nothing
that returns confirm. Bounded: a feature moves log odds by less than MOST_NATS − log OUTLIERS = 7 a bar. N series,
K states, F features. NaN features are not observed. NaN probabilities: the bar is not taken. Cost: 2 µs per bar at
K = 3, F = 5. Memory: moments.py.
"""

from math import exp, inf, isfinite, log
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from operators.kernel import column, int64, kernel, part, state_type
from operators.regimes.bank.bank import RAREST
from operators.regimes.witnesses import moments as believing
from operators.regimes.witnesses.moments import Moments
from operators.regimes.witnesses.standard import width

TEMPERS = np.array([0.25, 0.5, 1.0])  # κ of the chains that hear all features
REMEMBER = 0.5 ** (1.0 / 2000.0)  # of Λ, per bar
SCEPTICISM = -5.0  # log odds of a feature, and of a chain, that nothing is known of
MOST_NATS = 3.0
LARGEST_ODDS = 50.0
OUTLIERS = 0.02  # share of values that no state foretells
TINY = 1e-12
MEMORY_BARS = 4000.0  # of the balance

Float64Array = NDArray[np.float64]


class Fusion(NamedTuple):
    """State of N series, F features, C chains; inner values stay finite."""

    sums: Float64Array  # moments.py
    factor: Float64Array
    bars: NDArray[np.int64]
    bank: Float64Array  # N by K, the bank's p of the newest bar
    chains: Float64Array  # N by C by K, what each chain made of it
    standing: Float64Array  # N by C, Λ, log evidence of each chain against the bank
    means: Float64Array  # N by 2 by K, long-run means of p and p'


def empty(labels: int, features: int, series: int) -> Fusion:
    """labels: K; features: F."""
    return Fusion(
        *believing.empty(labels, width(features), series),
        np.full((series, labels), 1.0 / labels),
        np.full((series, features + len(TEMPERS), labels), 1.0 / labels),
        np.zeros((series, features + len(TEMPERS))),
        np.full((series, 2, labels), 1.0 / labels),
    )


class Work(NamedTuple):
    """Room for a bar; holds nothing from one to the next."""

    densities: Float64Array  # 1 + K by F
    errors: Float64Array  # 1 + K by D
    filled: Float64Array  # D
    observed: NDArray[np.bool_]  # D
    likelihood: Float64Array  # K
    prior: Float64Array  # K
    news: Float64Array  # K


def work(labels: int, features: int) -> Work:
    """Room for a bar."""
    values = width(features)
    tables = np.zeros((1 + labels, features)), np.zeros((1 + labels, values))
    return Work(*tables, np.zeros(values), np.zeros(values, np.bool_), *(np.zeros(labels) for _ in range(3)))


@part
def step(p: Any, transition: Any, out: Any) -> None:
    """out ← p A."""
    for k in range(len(p)):
        out[k] = 0.0
        for j in range(len(p)):
            out[k] += p[j] * transition[j, k]


@part
def follow(state: Fusion, n: int, p: Any, transition: Any, likelihood: Any, prior: Any) -> None:
    """Every chain takes the return as the bank did, and is judged by it."""
    step(state.bank[n], transition, prior)
    for k in range(len(p)):
        likelihood[k] = p[k] / max(prior[k], TINY)
        state.bank[n, k] = p[k]
    for c in range(state.chains.shape[1]):
        chain, total = state.chains[n, c], 0.0
        step(chain, transition, prior)
        for k in range(len(p)):
            chain[k] = max(prior[k] * likelihood[k], TINY)
            total += chain[k]
        for k in range(len(p)):
            chain[k] /= total
        found = REMEMBER * state.standing[n, c] + log(total)
        state.standing[n, c] = min(max(found, -LARGEST_ODDS), LARGEST_ODDS)


@part
def compare(densities: Any) -> None:
    """Rows 1 … K ← log density of each state against all states (row 0), outliers allowed for."""
    for f in range(densities.shape[1]):
        for k in range(1, densities.shape[0]):
            better = min(densities[k, f] - densities[0, f], MOST_NATS)
            densities[k, f] = log((1.0 - OUTLIERS) * exp(better) + OUTLIERS)


@part
def take_news(chain: Any, news: Any, temper: float) -> None:
    """chain ∝ chain · exp(temper · news)."""
    loudest, total = -inf, 0.0
    for k in range(len(chain)):
        loudest = max(loudest, news[k])
    for k in range(len(chain)):
        chain[k] = max(chain[k] * exp(temper * (news[k] - loudest)), TINY)
        total += chain[k]
    for k in range(len(chain)):
        chain[k] /= total


@part
def listen(state: Fusion, n: int, observed: Any, first: int, densities: Any, news: Any) -> None:
    """Every feature's own chain hears it alone; news ← Σ_f η_f log f(y_f | k)."""
    states = len(news)
    for k in range(states):
        news[k] = 0.0
    for f in range(densities.shape[1]):
        if not observed[first + f]:
            continue
        trust, total = 1.0 / (1.0 + exp(-SCEPTICISM - state.standing[n, f])), 0.0
        for k in range(states):
            news[k] += trust * densities[1 + k, f]
            state.chains[n, f, k] = max(state.chains[n, f, k] * exp(densities[1 + k, f]), TINY)
            total += state.chains[n, f, k]
        for k in range(states):
            state.chains[n, f, k] /= total


@part
def tell(state: Fusion, n: int, news: Any, p: Any) -> None:
    """The chains of several tempers take the news; p ← what they and the bank believe together."""
    first, best = state.chains.shape[1] - len(TEMPERS), -SCEPTICISM
    for c in range(len(TEMPERS)):
        best = max(best, state.standing[n, first + c])
    heard = exp(-SCEPTICISM - best)
    for k in range(len(p)):
        p[k] *= heard
    for c in range(len(TEMPERS)):
        take_news(state.chains[n, first + c], news, TEMPERS[c])
        weight = exp(state.standing[n, first + c] - best)
        heard += weight
        for k in range(len(p)):
            p[k] += weight * state.chains[n, first + c, k]
    for k in range(len(p)):
        p[k] /= heard


@part
def rebalance(state: Fusion, n: int, p: Any, balance: Any) -> None:
    """The balance goes with what features have changed in the long-run mean of p."""
    weight = max(1.0 / (state.bars[n] + 200.0), 1.0 / MEMORY_BARS)
    for k in range(len(p)):
        state.means[n, 0, k] += weight * (state.bank[n, k] - state.means[n, 0, k])
        state.means[n, 1, k] += weight * (p[k] - state.means[n, 1, k])
        balance[k] *= (state.means[n, 1, k] + RAREST) / (state.means[n, 0, k] + RAREST)


@part
def fuse(state: Fusion, work: Work, n: int, v: Any, p: Any, balance: Any, transition: Any) -> None:
    """Take a bar of series n: p and balance (K,) become what all witnesses say; v: its row of standard.py."""
    if not isfinite(p[0]):
        return
    first = len(v) - work.densities.shape[1]
    follow(state, n, p, transition, work.likelihood, work.prior)
    for f in range(len(v)):
        work.observed[f] = isfinite(v[f])
    for k in range(1 + len(p)):
        believing.judge(state.factor[n, k], v, work.observed, first, work.errors[k], work.densities[k])
    compare(work.densities)
    listen(state, n, work.observed, first, work.densities, work.news)
    for k in range(1 + len(p)):
        weight = p[k - 1] if k > 0 else 1.0
        believing.learn(state.sums[n, k], state.factor[n, k], v, work.observed, work.errors[k], work.filled, weight)
    believing.refresh(Moments(state.sums, state.factor, state.bars), n)
    tell(state, n, work.news, p)
    rebalance(state, n, p, balance)


@kernel(state_type(empty(2, 1, 1)), state_type(work(2, 1)), column(int64), state_type(np.empty((1, 2))),
        state_type(np.empty((1, 2))), state_type(np.empty((1, 2))), state_type(np.empty((1, 2, 2))),
        counted=False)  # fmt: skip
def fuse_rows(
    state: Fusion, work: Work, series: Any, rows: Any, probability: Any, balance: Any, transition: Any
) -> None:
    """Row by row, R in all: series (below N) and its row of standard.py, R by D.

    probability and balance, R by K, are the bank's, and become those of all witnesses; transition, R by K by K: the
    bank's A as of after the row. NaN probabilities: the bar is not taken.
    """
    for row in range(len(series)):
        fuse(state, work, series[row], rows[row], probability[row], balance[row], transition[row])
