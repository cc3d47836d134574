"""A bank of learners whose parameters are known: each a slow filter of its own, weighed in the open."""

import math

import numpy as np
from scipy.stats import norm

from operators.regimes.bank.bank import (
    LARGEST,
    LEAST_WEIGHT,
    OCCUPANCY_BARS,
    OUTLIERS,
    RAREST,
    RECENT,
    SETTLE,
    WILDEST,
    YOUNG_BARS,
)
from tests.operators.regimes.bank.slow_template import SlowTemplate, curve

GAUSS = math.sqrt(math.pi / 2)


class Learner(SlowTemplate):
    """A template's filter at the means of its priors, beside what the bank keeps of it; states are labels' own."""

    def __init__(self, template, labels, scale, past, price, born, evidence):
        theta = np.array([parameter.mean for parameter in template.parameters])
        theta[0] += scale
        super().__init__(template, theta)
        self.past, self.price, self.born, self.evidence, self.weight = list(past), price, born, evidence, 0.0
        self.member = np.eye(labels)[list(template.labels[0])]  # states by labels
        self.mean = self.member.mean(axis=0)  # of the labels' probabilities

    def move(self):
        self.p = self.p @ self.matrix

    def judge(self, z):
        """Log density of z and the share of the forecast below it; p becomes that given z."""
        log_density, before = self.densities(z), self.p
        joint = self.p * np.exp(log_density)
        below = before @ self.shares(z)
        self.p = joint / joint.sum()
        self.remember(z)
        return math.log(joint.sum()), below

    def shares(self, z):
        template = self.template
        slope, place = self.rows(template.slope, template.slope_base), self.rows(template.place, template.place_base)
        features, _ = curve(template, np.array(self.past))
        scale = np.exp(self.rows(template.log_scale)) * (np.sqrt(1 - slope**2) if template.tied else 1.0)
        u = (z - self.rows(template.mean) - slope * np.interp(place, np.arange(len(features)), features)) / scale
        v = self.freedom
        # Wallace's normal approximation, as operators/regimes/bank/student.py has it.
        return norm.cdf(np.sign(u) * (8 * v + 1) / (8 * v + 3) * np.sqrt(v * np.log1p(u**2 / (v - 2))))

    def remember(self, z):
        self.past.append(z)
        self.price += z

    def transition(self):
        """From label to label; a label without states stays."""
        found = self.member.T @ self.matrix @ self.member
        return found + np.diag(1 - found.sum(axis=1))


class SlowBank:
    """One series and view."""

    def __init__(self, templates, labels, learning):
        self.templates, self.labels, self.learning = templates, labels, learning
        self.odds = np.array([template.log_odds for template in templates])
        self.first, self.unit, self.recent, self.bars, self.settling = [], None, 1.0, 0, True
        self.generations = [None] * learning.generations

    def take(self, value):
        """Log density of a return and the share of the forecast below it."""
        self.settling = self.unit is None
        if self.settling:
            self.settle(value)
            return math.nan, math.nan
        for learner in self.learners():
            learner.move()
        if math.isnan(value):
            for learner in self.learners():
                learner.remember(0.0)
            return math.nan, math.nan
        if self.bars % self.learning.renew_bars == 0 and len(self.generations) > 1:
            self.renew()
        z = float(np.clip(value / self.unit, -LARGEST, LARGEST))
        density, below = self.weigh(z)
        size = min(abs(z) * GAUSS, WILDEST * self.recent)
        self.recent = (1 - RECENT) * self.recent + RECENT * size
        self.bars += 1
        return math.log(density / self.unit), below

    def settle(self, value):
        if math.isnan(value):
            return
        self.first.append(abs(value) * GAUSS)
        self.bars += 1
        if self.bars == SETTLE:
            self.unit = np.minimum(self.first, sorted(self.first)[-1 - OUTLIERS] or max(self.first)).mean()
            self.generations[0] = self.begun(0.0, np.zeros(len(self.templates)), [], 0.0)
            for learner in self.generations[0]:
                learner.weight = 1 / len(self.templates)

    def begun(self, scale, evidence, past, price):
        beginnings = zip(self.templates, evidence, strict=True)
        return [Learner(made, self.labels, scale, past, price, self.bars, own) for made, own in beginnings]

    def learners(self):
        return [learner for generation in self.generations for learner in generation or ()]

    def standings(self, generation):
        return self.odds + [learner.evidence for learner in generation]

    def renew(self):
        tops = [max(self.standings(made)) if made else -math.inf for made in self.generations]
        known = self.generations[0]
        self.generations[int(np.argmin(tops))] = self.begun(
            math.log(self.recent), max(tops) - self.learning.penalty - self.odds, known[0].past, known[0].price
        )

    def weigh(self, z):
        """Every learner judges z; then their weights are those of what they said of it and before."""
        density = below = 0.0
        for learner in self.learners():
            found, share = learner.judge(z)
            density += learner.weight * math.exp(found)
            below += learner.weight * share
            learner.evidence = self.learning.remember * learner.evidence + found
            mean = learner.p @ learner.member
            rate = max(1 / (self.bars - learner.born + YOUNG_BARS), 1 - 0.5 ** (1 / OCCUPANCY_BARS))
            learner.mean = (1 - rate) * learner.mean + rate * mean
        standings = np.concatenate([self.standings(made) for made in self.generations if made])
        weights = np.exp(standings - standings.max())
        for learner, weight in zip(self.learners(), weights / weights.sum(), strict=True):
            learner.weight = weight
        return density, below

    def says(self):
        """Probability, balance, transition, and the mean of the next return."""
        if self.settling:
            return np.full(self.labels, np.nan), np.full(self.labels, np.nan), np.eye(self.labels), math.nan
        heard = [learner for learner in self.learners() if learner.weight >= LEAST_WEIGHT]
        total = sum(learner.weight for learner in heard)
        shares = [learner.weight * learner.p @ learner.member for learner in heard]
        balanced = sum(share / (learner.mean + RAREST) for share, learner in zip(shares, heard, strict=True))
        drift = sum(learner.weight * learner.p @ learner.rows(learner.template.mean) for learner in heard)
        transition = sum(learner.weight * learner.transition() for learner in heard) / total
        return sum(shares) / total, sum(shares) / balanced, transition, drift * self.unit
