"""Does the chain move as fast as its transition matrix says? Calibrated by the probabilities alone, without labels.

Filtered probabilities p that are right are a martingale about their chain: E[p_t | past] = p_{t−1} A. So the change of
p against itself, summed over bars, must be the change A expects:

    pace = Σ p_{t−1} · (p_{t−1} − p_t)  /  Σ p_{t−1} · (p_{t−1} − p_{t−1} A)

1 where A moves as fast as p really do; c where A was slowed c-fold. It sees neither noise in p that comes and goes
within what A allows, nor a p that is wrong and stays: no label-free check can. Both sums are discounted; a young pace
is held at 1 by sums of `young_bars` bars before the first.

With it A is put right where it is used: I + pace (A − I). Foster & Vohra (1998), "Asymptotic calibration", Biometrika
85(2), doi:10.1093/biomet/85.2.379, is the wider subject.

Cost: K² additions per bar.
"""

from typing import Any

from operators.kernel import part

SLOWEST, FASTEST = 0.25, 8.0  # beyond these p and A have nothing to do with each other


@part
def expected_change(newest: Any, transition: Any) -> float:
    """p · (p − p A): what A takes from p against itself in one bar."""
    change = 0.0
    for k in range(len(newest)):
        moved = 0.0
        for j in range(len(newest)):
            moved += newest[j] * transition[j, k]
        change += newest[k] * (newest[k] - moved)
    return change


@part
def realised_change(newest: Any, p: Any) -> float:
    """p_{t−1} · (p_{t−1} − p_t)."""
    change = 0.0
    for k in range(len(p)):
        change += newest[k] * (newest[k] - p[k])
    return change


@part
def pace(realised: float, expected: float, young: float) -> float:
    """Realised over expected change, both with `young` more, within [SLOWEST, FASTEST]; 1 where A never moves."""
    if expected + young <= 0.0:
        return 1.0
    return min(max((realised + young) / (expected + young), SLOWEST), FASTEST)


@part
def at_pace(transition: Any, speed: float, out: Any) -> None:
    """out ← I + speed (A − I), no faster than the state left soonest can be left."""
    states = len(transition)
    for k in range(states):
        leave = 1.0 - transition[k, k]
        share = min(speed, 1.0 / leave) if leave > 0.0 else 1.0
        for j in range(states):
            out[k, j] = share * transition[k, j]
        out[k, k] = 1.0 - share * leave
