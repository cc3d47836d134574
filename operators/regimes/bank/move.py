"""One step of the hidden chains: the predicted probabilities of the states and their derivatives by the parameters.

A state of mean duration d in φ phases leaves each phase with probability φ/d = 1 / (1 + exp(θ) / φ), θ = log(d − φ);
from the last phase it goes by the first route with probability 1 / (1 + exp(−odds)), by the second otherwise.
"""

from math import exp
from typing import Any

from operators.kernel import part
from operators.regimes.bank.stack import NONE, Stack


@part
def predict(stack: Stack, k: int, theta: Any, p: Any, dp: Any, q: Any, dq: Any) -> None:
    """p (X,) and dp (X, D) become the prediction; q and dq of the same shapes are scratch."""
    states, d, phases = stack.size[k, 0], stack.size[k, 1], stack.size[k, 3]
    for chain in range(stack.size[k, 2]):
        q[:] = 0.0
        dq[:] = 0.0
        count, stride = stack.chains[k, chain]
        for e in range(states):
            here = (e // stride) % count
            leave(stack, k, chain, here, e - here * stride, stride, theta, p, dp, q, dq, d, phases)
        for x in range(states * phases):
            p[x] = q[x]
            for i in range(d):
                dp[x, i] = dq[x, i]


@part
def stay_of(stack: Stack, k: int, theta: Any) -> float:
    """Probability that the first state of the first chain stays; for templates of one phase."""
    return 1.0 - 1.0 / (1.0 + exp(theta[stack.stays[k, 0, 0]]))


@part
def leave(
    stack: Stack, k: int, chain: int, here: int, base: int, stride: int,
    theta: Any, p: Any, dp: Any, q: Any, dq: Any, d: int, phases: int,
) -> None:  # fmt: skip
    """Spread the probability of one state, phase by phase, over where it may be after a step."""
    stay = stack.stays[k, chain, here]
    out = 1.0 / (1.0 + exp(theta[stay]) / phases)
    slope = -out * (1.0 - out)
    first = (base + here * stride) * phases
    for x in range(first, first + phases):
        spread(p[x], dp[x], q, dq, x, 1.0 - out, stay, -slope, d)
        if x < first + phases - 1:
            spread(p[x], dp[x], q, dq, x + 1, out, stay, slope, d)
    x = first + phases - 1
    turn = stack.turns[k, chain, here]
    share = 1.0 if turn == NONE else 1.0 / (1.0 + exp(-theta[turn]))
    for to in range(stack.chains[k, chain, 0]):
        one, other = stack.routes[k, chain, here, 0, to], stack.routes[k, chain, here, 1, to]
        part_of = share * one + (1.0 - share) * other
        if one + other > 0.0:
            y = (base + to * stride) * phases
            spread(p[x], dp[x], q, dq, y, out * part_of, stay, slope * part_of, d)
            if turn != NONE:
                dq[y, turn] += p[x] * out * share * (1.0 - share) * (one - other)


@part
def spread(p: float, dp: Any, q: Any, dq: Any, y: int, share: float, parameter: int, slope: float, d: int) -> None:
    """q_y += p · share, whose derivative by one parameter is `slope`."""
    q[y] += p * share
    for i in range(d):
        dq[y, i] += dp[i] * share
    dq[y, parameter] += p * slope


@part
def label_transition(stack: Stack, k: int, theta: Any, view: int, weight: float, transition: Any) -> None:
    """Add `weight` times the probability of a step from label to label (K, K), states of a label alike."""
    states, labels = stack.size[k, 0], stack.label_counts[view]
    for label in range(labels):
        alike = 0
        for e in range(states):
            alike += stack.labels[k, view, e] == label
        if alike == 0:
            transition[label, label] += weight
        for e in range(states):
            if stack.labels[k, view, e] == label:
                for to in range(states):
                    share = weight / alike * state_step(stack, k, theta, e, to)
                    transition[label, stack.labels[k, view, to]] += share


@part
def state_step(stack: Stack, k: int, theta: Any, e: int, to: int) -> float:
    """Probability of a step from state to state, phases averaged out: a state is left after its mean duration."""
    product = 1.0
    for chain in range(stack.size[k, 2]):
        count, stride = stack.chains[k, chain]
        here, there = (e // stride) % count, (to // stride) % count
        out = 1.0 / (exp(theta[stack.stays[k, chain, here]]) + stack.size[k, 3])
        if here == there:
            product *= 1.0 - out
            continue
        turn = stack.turns[k, chain, here]
        share = 1.0 if turn == NONE else 1.0 / (1.0 + exp(-theta[turn]))
        one, other = stack.routes[k, chain, here, 0, there], stack.routes[k, chain, here, 1, there]
        product *= out * (share * one + (1.0 - share) * other)
    return product
