"""What the chain says of bars to come: P(state at t + h), and how long the held state lasts.

    P(label at t + h) = Σ_e [label of e] (p A^h)_e
    left within h     = 1 − P(in the held state now and at each of the next h bars)
    hazard            = P(left with the next bar | in it now)
    remaining         = E[bars until the first one outside the held state], 0 if it is outside already

p are the filtered probabilities of E states, A their transition matrix, `labels` the label of each state. Where a
state is its own label, labels is 0 … K − 1. Where durations are not geometric, or a label has sub-states, E > K states
say so, and the hazard depends on how long the label has lasted. Doubt about the present is in all but the hazard: with
one state per label, left within h = 1 − p_i A_ii^h and remaining = p_i / (1 − A_ii).

Absorbing chains: Kemeny & Snell (1960), "Finite Markov Chains", chapter 3. `horizons` ascend. Cost: h E² additions for
the longest horizon, 1.5 µs in all at 50 bars and E = 3.
"""

from typing import Any

import numpy as np

from operators.kernel import column, int64, kernel, part, state_type

HORIZONS = (1, 5, 20, 50)  # bars
LONGEST_BARS = 1e6  # a stay longer than any history is cut here
LEAST_LEAVING = 1e-9  # per bar, so that a state that is never left has a finite stay


@part
def ahead(p: Any, transition: Any, labels: Any, horizons: Any, out: Any) -> None:
    """out (H by K) ← probabilities of the labels h bars ahead."""
    now, later, bar = p.copy(), np.empty_like(p), 0
    for row in range(len(horizons)):
        while bar < horizons[row]:
            for k in range(len(now)):
                later[k] = 0.0
                for j in range(len(now)):
                    later[k] += now[j] * transition[j, k]
            now, later = later, now
            bar += 1
        for label in range(out.shape[1]):
            out[row, label] = 0.0
        for k in range(len(now)):
            out[row, labels[k]] += now[k]


@part
def left_within(p: Any, transition: Any, labels: Any, held: int, horizons: Any, out: Any) -> None:
    """out (H) ← probability that the held state is not kept through the h bars to come."""
    now, later, bar = np.where(labels == held, p, 0.0), np.empty_like(p), 0
    for row in range(len(horizons)):
        while bar < horizons[row]:
            for k in range(len(now)):
                later[k] = 0.0
                if labels[k] == held:
                    for j in range(len(now)):
                        later[k] += now[j] * transition[j, k]
            now, later = later, now
            bar += 1
        kept = 0.0
        for k in range(len(now)):
            kept += now[k]
        out[row] = min(max(1.0 - kept, 0.0), 1.0)


@part
def hazard(p: Any, transition: Any, labels: Any, held: int) -> float:
    """Probability that the held state is left with the next bar, given that it is the state now; NaN if it is not."""
    inside, kept = 0.0, 0.0
    for j in range(len(p)):
        if labels[j] == held:
            inside += p[j]
            for k in range(len(p)):
                if labels[k] == held:
                    kept += p[j] * transition[j, k]
    return np.nan if inside <= 0.0 else min(max(1.0 - kept / inside, 0.0), 1.0)


@part
def remaining(p: Any, transition: Any, labels: Any, held: int) -> float:
    """Expected bars until the first one outside the held state, at most LONGEST_BARS.

    Solves (I − B) x = 1, B the transitions inside the held state; x_e is the mean stay from state e. The matrix is
    diagonally dominant: elimination needs no pivots.
    """
    states = len(p)
    matrix, stay = np.zeros((states, states)), np.zeros(states)
    for j in range(states):
        matrix[j, j] = 1.0
        if labels[j] == held:
            stay[j] = 1.0
            matrix[j, j] = _leaving(transition, j) + LEAST_LEAVING
            for k in range(states):
                if k != j and labels[k] == held:
                    matrix[j, k] = -transition[j, k]
    _solve(matrix, stay)
    bars = 0.0
    for j in range(states):
        bars += p[j] * stay[j]
    return min(max(bars, 0.0), LONGEST_BARS)


@part
def _leaving(transition: Any, j: int) -> float:
    """1 − A_jj, as the sum of the others: no digits are lost where a state is hardly ever left."""
    total = 0.0
    for k in range(len(transition)):
        if k != j:
            total += transition[j, k]
    return total


@part
def _solve(matrix: Any, right: Any) -> None:
    """right ← matrix⁻¹ right, by Gaussian elimination without pivots."""
    size = len(right)
    for pivot in range(size):
        for row in range(pivot + 1, size):
            share = matrix[row, pivot] / matrix[pivot, pivot]
            for k in range(pivot, size):
                matrix[row, k] -= share * matrix[pivot, k]
            right[row] -= share * right[pivot]
    for row in range(size - 1, -1, -1):
        for k in range(row + 1, size):
            right[row] -= matrix[row, k] * right[k]
        right[row] /= matrix[row, row]


@kernel(state_type(np.empty((1, 2))), state_type(np.empty((1, 2, 2))), column(int64), column(int64),
        column(int64), state_type(np.empty((1, 2, 2))), state_type(np.empty((1, 2))),
        state_type(np.empty(1)))  # fmt: skip
def forecast_rows(
    probability: Any, transition: Any, held: Any, labels: Any, horizons: Any,
    forecasts: Any, changes: Any, remaining_bars: Any,
) -> None:  # fmt: skip
    """R by E probabilities with R by E by E transitions → R by H by K, R by H and R."""
    for row in range(len(held)):
        p, matrix = probability[row], transition[row]
        ahead(p, matrix, labels, horizons, forecasts[row])
        left_within(p, matrix, labels, held[row], horizons, changes[row])
        remaining_bars[row] = remaining(p, matrix, labels, held[row])
