"""Bayesian change-point detection the slow obvious way: all run lengths, or all ways to cut a series."""

import math
from itertools import pairwise, product

from operators.regimes.change_point import OUTLIER_SCALES, Parameters
from operators.regimes.normal_gamma import PRIOR_COUNT, PRIOR_SHAPE


def slow_scales(values: list[float]) -> list[float]:
    """The slow scale before each value."""
    scales, scale, seen = [], 0.0, 0
    for value in values:
        scales.append(scale)
        if math.isfinite(value):
            seen += 1
            size = abs(value) * math.sqrt(math.pi / 2)
            size = min(size, 10 * scale) if scale > 0 else size
            weight = max(1 / seen, 1 - 0.5 ** (1 / 2000))
            scale = (1 - weight) * scale + weight * size
    return scales


def evidence(values: list[float], scale: float) -> float:
    """Log marginal density of values of one run, in closed form. Murphy (2007), Conjugate Bayesian analysis, eq. 95."""
    n = len(values)
    mean = sum(values) / n
    kappa, alpha, beta = PRIOR_COUNT, PRIOR_SHAPE, PRIOR_SHAPE * scale**2
    squares = sum((value - mean) ** 2 for value in values)
    after = beta + squares / 2 + kappa * n * mean**2 / (2 * (kappa + n))
    gammas = math.lgamma(alpha + n / 2) - math.lgamma(alpha)
    powers = alpha * math.log(beta) - (alpha + n / 2) * math.log(after)
    return gammas + powers + 0.5 * math.log(kappa / (kappa + n)) - n / 2 * math.log(2 * math.pi)


def by_all_cuts(values: list[float], scales: list[float], hazard: float) -> dict[int, float]:
    """P(run length) after the last value, from every way to cut the series into runs."""
    n, total = len(values), dict.fromkeys(range(1, len(values) + 1), 0.0)
    for cuts in product((False, True), repeat=n - 1):
        begins = [0, *(i + 1 for i, cut in enumerate(cuts) if cut), n]
        logs = sum(evidence(values[a:b], scales[a]) for a, b in pairwise(begins))
        changes = len(begins) - 2
        total[n - begins[-2]] += math.exp(logs) * hazard**changes * (1 - hazard) ** (n - 1 - changes)
    return {run: weight / sum(total.values()) for run, weight in total.items()}


class SlowRun:
    """What is known of one run."""

    def __init__(self, weight: float, scale: float) -> None:
        self.weight, self.length = weight, 0
        self.mean, self.kappa, self.alpha, self.beta = 0.0, PRIOR_COUNT, PRIOR_SHAPE, PRIOR_SHAPE * scale**2

    def density(self, x: float) -> float:
        nu = 2 * self.alpha
        width = math.sqrt(self.beta * (self.kappa + 1) / (self.alpha * self.kappa))
        logs = math.lgamma((nu + 1) / 2) - math.lgamma(nu / 2) - 0.5 * math.log(nu * math.pi) - math.log(width)
        return math.exp(logs - (nu + 1) / 2 * math.log(1 + ((x - self.mean) / width) ** 2 / nu))

    def learn(self, x: float, w: float) -> None:
        kappa = self.kappa + w
        mean = (self.kappa * self.mean + w * x) / kappa
        self.beta += w / 2 * (x - self.mean) * (x - mean)
        self.mean, self.kappa, self.alpha = mean, kappa, self.alpha + w / 2


class SlowChangePoint:
    """One series; runs of all lengths, nothing ever dropped."""

    def __init__(self, parameters: Parameters) -> None:
        self.p, self.runs = parameters, list[SlowRun]()

    def take(self, x: float, scale: float) -> None:
        hazard = 1 / self.p.hazard_bars if self.runs else 1.0
        for run in self.runs:
            run.weight *= 1 - hazard
        self.runs.append(SlowRun(hazard, scale))
        if math.isfinite(x):
            self.judge(x, OUTLIER_SCALES * scale)
        for run in self.runs:
            run.length += 1

    def judge(self, x: float, width: float) -> None:
        outlier = self.p.outlier_share / (math.pi * width * (1 + (x / width) ** 2))
        for run in self.runs:
            member = (1 - self.p.outlier_share) * run.density(x)
            run.weight *= member + outlier
            run.learn(x, member / (member + outlier))
        total = sum(run.weight for run in self.runs)
        for run in self.runs:
            run.weight /= total

    def recent(self) -> float:
        return sum(run.weight for run in self.runs if run.length <= self.p.recent_bars)

    def longest(self) -> int:
        return max(self.runs, key=lambda run: run.weight).length
