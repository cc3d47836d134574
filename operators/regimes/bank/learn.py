"""One bar of one learner: predict, judge the return, update the filter, and learn from the score of its parameters.

The score s = ∂ log p(z_t | past, θ) / ∂θ comes out of the filter itself, because the derivatives of the filtered
probabilities are carried along (LeGland, Mevel 1997). The parameters and their covariance P follow as in recursive
maximum likelihood, with a prior θ₀ whose information J₀ leaks back as the past is forgotten:

    P⁻¹ ← λ P⁻¹ + (1 − λ) J₀ + s sᵀ,    θ ← θ + P (s + (1 − λ) J₀ (θ₀ − θ))

J₀ is diagonal and comes back one coordinate a bar, so that every update is of rank one: O(D²), no inverse. The prior
bounds the step, because P s = P' s / (1 + sᵀ P' s), P' before the return.

LeGland, Mevel (1997), "Recursive estimation in hidden Markov models", doi:10.1109/CDC.1997.652369. Kulhavý, Zarrop
(1993), "On a general concept of forgetting", Int. J. Control 58(4), doi:10.1080/00207179308923042.
"""

from math import exp, log
from typing import Any

from operators.kernel import part
from operators.regimes.bank import anchor
from operators.regimes.bank.emission import explain
from operators.regimes.bank.learners import Bank, Work
from operators.regimes.bank.move import predict, stay_of
from operators.regimes.bank.stack import ANCHORED, Stack


@part
def move(state: Bank, stack: Stack, n: int, m: int, work: Work) -> None:
    """A bar passes: the states move, and with them the price at which an anchored one may have begun."""
    k = m % stack.labels.shape[0]
    theta, p = state.theta[n, m], state.probability[n, m]
    before = p[0]
    predict(stack, k, theta, p, state.sensitivity[n, m], work.moved, work.moved_sensitivity)
    if stack.size[k, 4] == ANCHORED:
        stayed = before * stay_of(stack, k, theta)
        anchor.enter(state.anchors[n, m], stayed, p[0] - stayed, state.price[n])


@part
def step(state: Bank, stack: Stack, n: int, m: int, z: float, keep: float, work: Work) -> float:
    """Let learner m of series n, already moved, see the return z; return its log predictive density of it.

    keep: λ. Leaves in work.below[0] the share of its forecast below z.
    """
    k = m % stack.labels.shape[0]
    theta, p = state.theta[n, m], state.probability[n, m]
    largest = explain(
        stack, k, theta, z, state.before[n], state.price[n], state.variance[n, m], state.anchors[n, m], work
    )
    _forecast_share(stack, k, p, work.below)
    likelihood = largest + _update(stack, k, p, state.sensitivity[n, m], largest, work)
    _learn(stack, k, theta, state.covariance[n, m], state.bars[n], keep, work.score, work.gain)
    return likelihood


@part
def _forecast_share(stack: Stack, k: int, p: Any, below: Any) -> None:
    """Mean over the states of what lay below the return, into below[0]."""
    phases, total = stack.size[k, 3], 0.0
    for e in range(stack.size[k, 0]):
        for x in range(e * phases, (e + 1) * phases):
            total += p[x] * below[e]
    below[0] = total


@part
def _update(stack: Stack, k: int, p: Any, dp: Any, largest: float, work: Work) -> float:
    """Bayes: p and dp become those given the return; writes the score; returns log Σ p f, less `largest`."""
    states, d, phases = stack.size[k, 0], stack.size[k, 1], stack.size[k, 3]
    f, gradient, score = work.log_density, work.gradient, work.score
    total = 0.0
    for e in range(states):
        f[e] = exp(f[e] - largest)
        for x in range(e * phases, (e + 1) * phases):
            total += p[x] * f[e]
    score[:] = 0.0
    for e in range(states):
        ratio = f[e] / total
        for x in range(e * phases, (e + 1) * phases):
            p[x] *= ratio
            for i in range(d):
                dp[x, i] = dp[x, i] * ratio + p[x] * gradient[e, i]
                score[i] += dp[x, i]
    for x in range(states * phases):
        for i in range(d):
            dp[x, i] -= p[x] * score[i]
    return log(total)


@part
def _learn(stack: Stack, k: int, theta: Any, covariance: Any, bar: int, keep: float, score: Any, gain: Any) -> None:
    """Let the score move the parameters, within their ranges."""
    d = stack.size[k, 1]
    for i in range(d):
        for j in range(d):
            covariance[i, j] /= keep
    back = bar % d
    information = d * (1.0 - keep) / stack.prior[k, back, 1] ** 2
    for i in range(d):
        gain[i] = covariance[i, back]
    _lessen(covariance, gain, information / (1.0 + information * covariance[back, back]), d)
    towards = information * (stack.prior[k, back, 0] - theta[back])
    if back == 0:
        towards = 0.0  # no scale is likelier than another
    known = 1.0
    for i in range(d):
        gain[i] = 0.0
        for j in range(d):
            gain[i] += covariance[i, j] * score[j]
        known += gain[i] * score[i]
    _lessen(covariance, gain, 1.0 / known, d)
    for i in range(d):
        moved = theta[i] + gain[i] / known + covariance[i, back] * towards
        theta[i] = min(max(moved, stack.prior[k, i, 2]), stack.prior[k, i, 3])


@part
def _lessen(covariance: Any, gain: Any, share: float, d: int) -> None:
    """covariance −= share · gain gainᵀ, to the bit the same on both sides: forgetting would let a difference grow."""
    for i in range(d):
        for j in range(i + 1):
            covariance[i, j] -= share * gain[i] * gain[j]
            covariance[j, i] = covariance[i, j]
