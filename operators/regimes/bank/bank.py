"""A bank: learners of many templates side by side, weighed by how well they foretold every return so far.

    w ∝ exp(odds + Σ_s α^{t−s} log p(z_s | past, learner)),    p(label) = Σ w p(label | learner)

z is the return in units of the mean size of the first SETTLE returns, the wildest of them cut. Learners come in
generations. Every `renew_bars` the weakest begins anew from its prior, heirs from what their forerunners learned, at
the scale of the latest returns and `penalty` nats behind the best: where the market has changed, the young win.

With p goes `occupancy`: what the probabilities must be divided by for the label of highest balanced accuracy, each
learner's by its own long-run mean, 1 / occupancy = Σ w p / occupancy(learner) / Σ w p.

Warm-up: SETTLE returns, until then all is NaN. A return that is NaN or infinite: a bar without one; the states move,
and nothing is judged; so is a return of exactly 0, which prices in ticks make often and which would teach the filters
of ticks. Wild returns are cut to LARGEST units; where sizes leave FARTHEST units, the bank settles anew.
Cost: 1.5 µs for the features of a bar, 1 … 3 µs per learner. Memory: 1 … 3 kB per learner.

Raftery, Kárný, Ettler (2010), "Online prediction under model uncertainty via dynamic model averaging", Technometrics
52(1), doi:10.1198/TECH.2009.08104.
"""

from dataclasses import dataclass
from math import exp, inf, isfinite, log, nan, pi, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from operators.kernel import column, float64, int64, kernel, output, part, state_type
from operators.regimes.bank import features
from operators.regimes.bank.emission import linear
from operators.regimes.bank.learn import move, step
from operators.regimes.bank.learners import Bank, Work, begin, empty, inherit, work
from operators.regimes.bank.move import label_transition
from operators.regimes.bank.stack import Stack, stack
from operators.regimes.bank.template import Parameter, Template

SETTLE = 30
OUTLIERS = 3
RECENT = 1.0 / 100.0  # weight of the newest bar in the recent size
LARGEST = 1e4
WILDEST = 6.0  # sizes at which a return enters the recent size
LEAST_UNIT = 1e-12
FARTHEST = 150.0  # recent size over the unit, either way, at which the unit is no more what it was
YOUNG_BARS = 200.0  # that the prior occupancy counts for
OCCUPANCY_BARS = 4000.0  # half-life
RAREST = 0.03  # added to an occupancy
LEAST_WEIGHT = 1e-9  # of a learner that is heard
GAUSS = sqrt(pi / 2.0)  # standard deviation over mean absolute value of a normal variable


@dataclass(frozen=True)
class Parameters:
    """What may be changed."""

    keep: float = 0.9998  # λ: what a bar leaves of what is known of the parameters
    remember: float = 0.9999  # α: what it leaves of the evidence
    renew_bars: int = 1000
    penalty: float = 6.0  # nats that a new generation begins behind
    generations: int = 3

    def __post_init__(self) -> None:
        for name in ("keep", "remember"):
            if not 0.9 <= getattr(self, name) < 1.0:
                raise ValueError(f"{name} must be 0.9 or above and below 1, got {getattr(self, name)}")
        if self.renew_bars < SETTLE or self.generations < 1 or self.penalty < 0:
            raise ValueError(f"renew_bars must be {SETTLE} or more, generations 1 or more, penalty 0 or more")


DEFAULTS = Parameters()


def settings(parameters: Parameters = DEFAULTS) -> NDArray[np.float64]:
    """Parameters as the kernel reads them."""
    return np.array([parameters.keep, parameters.remember, parameters.renew_bars, parameters.penalty])


@part
def take(state: Bank, stack: Stack, settings: Any, n: int, r: float, work: Work) -> Any:
    """Let series n see the return r, NaN for none; return its log predictive density and the share of it below r."""
    if state.bars[n] < SETTLE:
        if isfinite(r):
            _settle(state, stack, n, r)
        return nan, nan
    for m in range(state.theta.shape[1]):
        if _alive(state, n, m):
            move(state, stack, n, m, work)
    if not isfinite(r):
        _pass(state, n, 0.0)
        return nan, nan
    if state.bars[n] % int(settings[2]) == 0 and state.born.shape[1] > 1:
        _renew(state, stack, n, settings[3])
    if r == 0.0:
        _pass(state, n, 0.0)
        state.bars[n] += 1
        return nan, nan
    z = min(max(r / state.unit[n], -LARGEST), LARGEST)
    features.write(state.past[n], state.averages[n], state.bars[n], work.features)
    log_density, below = _judge(state, stack, settings, n, z, work)
    _occupy(state, stack, n)
    _pass(state, n, z)
    size = min(abs(z) * GAUSS, WILDEST * state.recent[n])
    state.recent[n] += RECENT * (size - state.recent[n])
    state.bars[n] += 1
    log_density -= log(state.unit[n])
    if not 1.0 / FARTHEST < state.recent[n] < FARTHEST:
        _forget(state, n)
    return log_density, below


@part
def _alive(state: Bank, n: int, m: int) -> bool:
    """Whether the generation of learner m has begun."""
    return bool(state.born[n, m // (state.theta.shape[1] // state.born.shape[1])] > 0)


@part
def _settle(state: Bank, stack: Stack, n: int, r: float) -> None:
    """The first returns set the unit; then the first generation begins."""
    state.past[n, state.bars[n]] = abs(r)
    state.bars[n] += 1
    if state.bars[n] < SETTLE:
        return
    state.unit[n] = GAUSS * _mean_size(state.past[n])
    state.past[n] = 0.0
    if state.unit[n] < LEAST_UNIT:
        state.unit[n], state.bars[n] = 0.0, 0
        return
    learners = stack.labels.shape[0]
    state.recent[n] = 1.0
    state.born[n, 0] = SETTLE
    for m in range(learners):
        begin(state, stack, n, m, 0.0, 0.0)
        state.weight[n, m] = 1.0 / learners


@part
def _forget(state: Bank, n: int) -> None:
    """The market has another unit now, as after a peg that broke: all begins anew."""
    state.bars[n], state.unit[n], state.price[n], state.before[n] = 0, 0.0, 0.0, 0.0
    state.born[n, :] = 0
    state.past[n, :] = 0.0
    state.averages[n, :] = 0.0
    state.weight[n, :] = 0.0


@part
def _mean_size(sizes: Any) -> float:
    """Mean of the first SETTLE sizes, the wildest OUTLIERS of them, which may be bad prints, brought to the next."""
    most, wildest, total = 0.0, 0.0, 0.0
    for i in range(SETTLE):
        as_large = 0
        for j in range(SETTLE):
            as_large += sizes[j] >= sizes[i]
        wildest = max(wildest, sizes[i])
        if as_large > OUTLIERS:
            most = max(most, sizes[i])
    if most == 0.0:  # hardly a price moved: what did is no outlier
        most = wildest
    for i in range(SETTLE):
        total += min(sizes[i], most)
    return total / SETTLE


@part
def _pass(state: Bank, n: int, z: float) -> None:
    """A bar has passed: it is the past of the next."""
    features.remember(state.past[n], state.averages[n], state.bars[n], z)
    state.price[n] += z
    state.before[n] = z


@part
def _judge(state: Bank, stack: Stack, settings: Any, n: int, z: float, work: Work) -> Any:
    """Every learner judges z and is judged by it; return the mixture's log density and the share of it below z."""
    learners, below, largest, best = state.theta.shape[1], 0.0, -inf, -inf
    for m in range(learners):
        if not _alive(state, n, m):
            continue
        found = step(state, stack, n, m, z, settings[0], work)
        below += state.weight[n, m] * work.below[0]
        work.likelihood[m] = found
        state.evidence[n, m] = settings[1] * state.evidence[n, m] + found
        largest, best = max(largest, found), max(best, _standing(state, stack, n, m))
    density, total = 0.0, 0.0
    for m in range(learners):
        if _alive(state, n, m):
            density += state.weight[n, m] * exp(work.likelihood[m] - largest)
            state.weight[n, m] = exp(_standing(state, stack, n, m) - best)
            total += state.weight[n, m]
    for m in range(learners):
        state.weight[n, m] /= total
    return largest + log(density), below


@part
def _standing(state: Bank, stack: Stack, n: int, m: int) -> float:
    """Log weight of a learner, up to a constant."""
    return float(state.evidence[n, m] + stack.odds[m % stack.labels.shape[0]])


@part
def _occupy(state: Bank, stack: Stack, n: int) -> None:
    """Let every learner's probabilities into its own mean."""
    each = stack.labels.shape[0]
    for m in range(state.theta.shape[1]):
        if not _alive(state, n, m):
            continue
        age = state.bars[n] - state.born[n, m // each]
        weight = max(1.0 / (age + YOUNG_BARS), 1.0 - 0.5 ** (1.0 / OCCUPANCY_BARS))
        for v in range(len(stack.label_counts)):
            mean = state.occupancy[n, m, v]
            for label in range(stack.label_counts[v]):
                mean[label] += weight * (label_share(state, stack, n, m, v, label) - mean[label])


@part
def label_share(state: Bank, stack: Stack, n: int, m: int, view: int, label: int) -> float:
    """Probability of a label as learner m sees it."""
    k = m % stack.labels.shape[0]
    phases, total = stack.size[k, 3], 0.0
    for e in range(stack.size[k, 0]):
        if stack.labels[k, view, e] == label:
            for x in range(e * phases, (e + 1) * phases):
                total += state.probability[n, m, x]
    return total


@part
def _renew(state: Bank, stack: Stack, n: int, penalty: float) -> None:
    """The weakest generation begins anew, in the shadow of the strongest."""
    each = stack.labels.shape[0]
    best, strongest, lowest, weakest = -inf, 0, inf, 0
    for g in range(state.born.shape[1]):
        top = -inf
        for k in range(each):
            if state.born[n, g] > 0:
                top = max(top, _standing(state, stack, n, g * each + k))
        if top > best:
            best, strongest = top, g
        if top < lowest:
            lowest, weakest = top, g
    state.born[n, weakest] = state.bars[n]
    for k in range(each):
        m = weakest * each + k
        begin(state, stack, n, m, log(max(state.recent[n], LEAST_UNIT)), best - penalty - stack.odds[k])
        state.weight[n, m] = 0.0
        if stack.heir[k] == 1:
            inherit(state, stack, n, m, strongest * each + k)


@part
def write(state: Bank, stack: Stack, n: int, probability: Any, occupancy: Any, transition: Any) -> float:
    """What the bank believes of series n now: (V, K), (V, K), (V, K, K); returns the mean return of the next bar."""
    for v in range(len(stack.label_counts)):
        labels = stack.label_counts[v]
        probability[v, :], occupancy[v, :] = 0.0, 0.0
        transition[v, :, :] = 0.0
        if state.bars[n] < SETTLE:
            for label in range(labels):
                probability[v, label], occupancy[v, label], transition[v, label, label] = nan, nan, 1.0
            continue
        heard = 0.0
        for m in range(state.theta.shape[1]):
            weight = state.weight[n, m]
            if weight < LEAST_WEIGHT:
                continue
            heard += weight
            for label in range(labels):
                p = weight * label_share(state, stack, n, m, v, label)
                probability[v, label] += p
                occupancy[v, label] += p / (state.occupancy[n, m, v, label] + RAREST)
            label_transition(stack, m % stack.labels.shape[0], state.theta[n, m], v, weight, transition[v])
        for label in range(labels):
            p, gain = probability[v, label], occupancy[v, label]
            occupancy[v, label] = p / gain if gain > 0.0 else 1.0
            probability[v, label] /= heard
            for to in range(labels):
                transition[v, label, to] /= heard
    mean = nan if state.bars[n] < SETTLE else 0.0
    for m in range(state.theta.shape[1]):
        if state.weight[n, m] >= LEAST_WEIGHT:
            mean += state.weight[n, m] * _mean(state, stack, n, m)
    return float(mean * state.unit[n])


@part
def _mean(state: Bank, stack: Stack, n: int, m: int) -> float:
    """Mean of the states' drifts as learner m sees them, in units."""
    k = m % stack.labels.shape[0]
    phases, total = stack.size[k, 3], 0.0
    for e in range(stack.size[k, 0]):
        drift = linear(stack.mean[k, e], state.theta[n, m])
        for x in range(e * phases, (e + 1) * phases):
            total += state.probability[n, m, x] * drift
    return total


_stack = stack([Template("any", (Parameter("scale", 0.0, 1.0, -1.0, 1.0),), ((0,),))], [2])
BANK, STACK, WORK = state_type(empty(_stack, 1, 1)), state_type(_stack), state_type(work(_stack, 1))


@kernel(BANK, STACK, state_type(np.empty(1)), WORK, column(int64), column(float64), state_type(np.empty((1, 1, 1))),
        state_type(np.empty((1, 1, 1))), state_type(np.empty((1, 1, 1, 1))),
        output(float64), output(float64), output(float64), counted=False)  # fmt: skip
def advance(
    state: Bank, stack: Stack, settings: Any, work: Work, series: Any, returns: Any,
    probability: Any, occupancy: Any, transition: Any, mean: Any, log_density: Any, below: Any,
) -> None:  # fmt: skip
    """Row by row, R in all: series (below N) and its return, NaN for none.

    Writes, as of after the row, probability and occupancy (R, V, K), transition (R, V, K, K) and the expected return of
    the next bar (R,), and of the return, as foretold before it, the log density and the share of the forecast below it
    (R,).
    """
    for row in range(len(returns)):
        log_density[row], below[row] = take(state, stack, settings, series[row], returns[row], work)
        mean[row] = write(state, stack, series[row], probability[row], occupancy[row], transition[row])
