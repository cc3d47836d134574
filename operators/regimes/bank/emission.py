"""How well each state explains a return: log density, its derivatives by the parameters, the share below the return."""

from math import exp, log, sqrt
from typing import Any

from operators.kernel import part
from operators.regimes.bank import anchor, student
from operators.regimes.bank.features import LOG_SD
from operators.regimes.bank.learners import Work
from operators.regimes.bank.stack import ANCHORED, GARCH, TIED, Stack

CAP = 6.0  # a return counts at most as so many standard deviations in GARCH
LEAST_VARIANCE = 1e-12


@part
def explain(
    stack: Stack, k: int, theta: Any, z: float, before: float, price: float, variance: Any, anchors: Any, work: Work
) -> float:
    """Write work.log_density, gradient and below of every state for the return z; return the largest log density.

    before: the return before; price: log price before the return. Advances `variance`, judges `anchors`.
    """
    manner, first = stack.size[k, 4], stack.size[k, 5]
    freedom = 2.0 + exp(theta[1])
    offset, offset_slope = student.constant(freedom), student.constant_slope(freedom)
    largest = -1e300
    for e in range(stack.size[k, 0]):
        slope, place = linear(stack.slope[k, e], theta), linear(stack.place[k, e], theta)
        at = stack.curve[k, 0] + min(max(int(place), 0), stack.curve[k, 1])
        place -= at - stack.curve[k, 0]
        rise, log_rise = work.features[at + 1] - work.features[at], LOG_SD[at + 1] - LOG_SD[at]
        x = work.features[at] + place * rise
        log_scale = linear(stack.log_scale[k, e], theta) + LOG_SD[at] + place * log_rise
        if manner == TIED:
            log_scale += 0.5 * log(1.0 - slope * slope)
        elif manner == GARCH:
            log_scale = _conditional(variance[e], log_scale, theta[first], theta[first + 1], before)
        scale = exp(log_scale)
        u = (z - linear(stack.mean[k, e], theta) - slope * x) / scale
        by_mean, by_pull = 0.0, 0.0
        if manner == ANCHORED and e == 0:
            density, u, by_pull, by_scale, by_freedom = anchor.explain(
                anchors, theta[first], price, z, scale, freedom, offset, offset_slope
            )
        else:
            density, draw = student.log_density(u, freedom, offset), student.pull(u, freedom)
            by_mean, by_scale = draw / scale, u * draw - 1.0
            by_freedom = student.freedom_slope(u, freedom, offset_slope)
        work.log_density[e] = density - log_scale
        work.below[e] = student.share_below(u, freedom)
        largest = max(largest, work.log_density[e])
        gradient = work.gradient[e]
        steeper = slope / (1.0 - slope * slope) if manner == TIED else 0.0
        calmer = 0.5 * variance[e, 1] / variance[e, 0] if manner == GARCH else 1.0
        for i in range(stack.size[k, 1]):
            mean_slope = stack.mean[k, e, i] + x * stack.slope[k, e, i] + slope * rise * stack.place[k, e, i]
            scale_slope = calmer * stack.log_scale[k, e, i] + log_rise * stack.place[k, e, i]
            gradient[i] = by_mean * mean_slope + by_scale * (scale_slope - steeper * stack.slope[k, e, i])
        gradient[1] += by_freedom * (freedom - 2.0)
        if manner == ANCHORED:
            gradient[first] += by_pull
        elif manner == GARCH:
            gradient[first] += by_scale * 0.5 * variance[e, 2] / variance[e, 0]
            gradient[first + 1] += by_scale * 0.5 * variance[e, 3] / variance[e, 0]
    return largest


@part
def linear(row: Any, theta: Any) -> float:
    """Base plus coefficients times parameters; the base stands last."""
    total = row[len(theta)]
    for i in range(len(theta)):
        total += row[i] * theta[i]
    return float(total)


@part
def _conditional(v: Any, log_scale: float, shock: float, lasting: float, before: float) -> float:
    """Advance a state's variance and its derivatives by log scale, shock and lasting; return its log deviation."""
    level = exp(2.0 * log_scale)
    if v[0] <= 0.0:
        v[0], v[1], v[2], v[3] = level, 2.0 * level, 0.0, 0.0
        return log_scale
    square, kept = before * before, lasting - shock
    if square > CAP * CAP * v[0]:
        square, kept = CAP * CAP * v[0], min(kept + CAP * CAP * shock, 1.0)
    v[1] = 2.0 * level * (1.0 - lasting) + kept * v[1]
    v[2] = square - v[0] + kept * v[2]
    v[3] = v[0] - level + kept * v[3]
    v[0] = max(level * (1.0 - lasting) + shock * square + (lasting - shock) * v[0], LEAST_VARIANCE)
    return log(sqrt(v[0]))
