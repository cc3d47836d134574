"""Other witnesses of a state than returns: each feature of a bar is believed as far as its evidence goes.

The bank's filtered p_t, its transitions A and the bar's features y_f give

    p'_t(k) ∝ (p'_{t−1} A)(k) · p_t(k) / (p_{t−1} A)(k) · Π_f f(y_f | k)^(κ η_f)

The second factor is what the bank made of the return, so without features p' = p, to the last digit. f is the density
of a feature in a state over its density in all states (moments.py), given the return, the features before it and all
features of the bar before: what the return, another feature or yesterday has told already is not counted twice. States
are learned by the bank's own p, never by p', so features cannot pull the labels towards clusters of their own.

Trust is earned twice, out of sample and discounted (dynamic model averaging: Raftery, Kárný, Ettler 2010,
doi:10.1198/TECH.2009.08104), α = REMEMBER:
- η_f = 1 / (1 + exp(−Λ_f)),  Λ_f ← α Λ_f + log Σ_k p_t(k) f(y_f | k):  the states foretell this feature better than
  no states do. It begins at SCEPTICISM and returns there.
- κ is averaged over TEMPERS, chains side by side, weighed by  Σ α^(t−s) log Σ_k (p^κ_{s−1} A)(k) p_s(k) / (p_{s−1} A)(k):
  the chain that has listened to features foretells the next return better than the bank alone. A chain that foretells
  returns worse is not believed, whatever it says of features.

Bounded: one feature moves the odds of a bar by MOST_NATS at most. N series, K states. NaN features are not observed.
Cost and memory: moments.py.
"""

from math import exp, inf, isfinite, log
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from operators.kernel import column, int64, kernel, part, state_type
from operators.regimes.bank.bank import RAREST
from operators.regimes.witnesses import moments as believing
from operators.regimes.witnesses.moments import Moments
from operators.regimes.witnesses.standard import GIVEN, width

TEMPERS = np.array([0.25, 0.5, 1.0])  # κ of the chains that hear all features
REMEMBER = 0.5 ** (1.0 / 2000.0)  # α
SCEPTICISM = -3.0  # Λ of a feature that nothing is known of, and log odds of each chain against the bank
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
def fuse(state: Fusion, n: int, v: Any, p: Any, balance: Any, transition: Any, work: Any, observed: Any) -> None:
    """Take a bar: p and balance (K,) become what all witnesses say. work: 2 + K by 3 D."""
    if not isfinite(p[0]):
        return
    size, states = len(v), len(p)
    first = (size + GIVEN) // 2
    densities, errors = work[: 1 + states, : size - first], work[: 1 + states, size : 2 * size]
    likelihood, prior, news = (
        work[1 + states, :states],
        work[1 + states, size : size + states],
        work[0, 2 * size : 2 * size + states],
    )
    follow(state, n, p, transition, likelihood, prior)
    for f in range(size):
        observed[f] = isfinite(v[f])
    for k in range(1 + states):
        believing.judge(state.factor[n, k], v, observed, first, errors[k], densities[k])
    compare(densities)
    listen(state, n, observed, first, densities, news)
    filled = work[1, 2 * size :]
    believing.learn(state.sums[n, 0], state.factor[n, 0], v, observed, errors[0], filled, 1.0)
    for k in range(states):
        believing.learn(state.sums[n, 1 + k], state.factor[n, 1 + k], v, observed, errors[1 + k], filled, p[k])
    believing.refresh(Moments(state.sums, state.factor, state.bars), n)
    tell(state, n, news, p)
    rebalance(state, n, p, balance)


@kernel(state_type(empty(2, 1, 1)), column(int64), state_type(np.empty((1, 2))), state_type(np.empty((1, 2))),
        state_type(np.empty((1, 2))), state_type(np.empty((1, 2, 2))))  # fmt: skip
def fuse_rows(state: Fusion, series: Any, rows: Any, probability: Any, balance: Any, transition: Any) -> None:
    """Row by row, R in all: series (below N) and its row of standard.py, R by D.

    probability and balance, R by K, are the bank's, and become those of all witnesses; transition, R by K by K: the
    bank's A as of after the row.
    """
    size, states = rows.shape[1], probability.shape[1]
    work, observed = np.empty((2 + states, 3 * size)), np.empty(size, np.bool_)
    for row in range(len(series)):
        fuse(state, series[row], rows[row], probability[row], balance[row], transition[row], work, observed)
