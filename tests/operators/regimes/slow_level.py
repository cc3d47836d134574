"""The level head the slow obvious way: densities of `scipy`, whole transition matrices, the past from its sums."""

from itertools import pairwise, product

import numpy as np
from scipy.stats import t as student

from operators.regimes import level as told
from operators.regimes import level_grid as model

X = (np.arange(model.POINTS) - model.POINTS // 2) * model.WIDTH


def normal(spread):
    weight = np.exp(-0.5 * (X / spread) ** 2)
    return weight / weight.sum()


def transition(step, leverage, shock):
    """Points move to a neighbour so that mean and variance of a bar's change are those of the walk, where they can."""
    noise = step**2 * (1 - leverage**2)
    epsilon = np.clip(shock / np.exp(X), -model.MOST_SHOCK, model.MOST_SHOCK)
    pull = np.clip(-(step**2) / (2 * model.SPREAD**2) * X + step * leverage * epsilon, -model.WIDTH, model.WIDTH)
    moves = np.clip((noise + pull**2) / model.WIDTH**2, abs(pull) / model.WIDTH, 1)  # probability that a point moves
    up, down = (moves + pull / model.WIDTH) / 2, (moves - pull / model.WIDTH) / 2
    matrix = np.diag(up[:-1], 1) + np.diag(down[1:], -1)
    return matrix + np.diag(1 - matrix.sum(axis=1))


class SlowLevel:
    """One series; rows are (log density, volatility, calm, normal, stressed)."""

    def __init__(self, half_life_bars=model.HALF_LIFE_BARS, shares=model.SHARES):
        self.keep, self.shares = 0.5 ** (1 / half_life_bars), shares
        self.members = list(product(model.FREEDOMS, product(model.STEPS, model.LEVERAGES)))
        self.newest = 0.0
        self.belief = [normal(model.SPREAD) for _ in self.members]
        self.weight = np.full(len(self.members), 1 / len(self.members))
        self.past = told.PRIOR_BARS * normal(told.PRIOR_SPREAD)
        self.first, self.seen, self.centre, self.offset, self.smallest = [], 0, None, 0.0, np.inf

    def take(self, value):
        if abs(value) > 0:
            self.smallest = min(self.smallest, abs(value))
        if self.centre is None:
            self.begin(value)
            return [np.nan] * 5
        moves = {walk: transition(*walk, self.newest / np.exp(self.centre)) for _, walk in self.members}
        self.belief = [belief @ moves[walk] for belief, (_, walk) in zip(self.belief, self.members, strict=True)]
        self.newest = 0.0 if np.isnan(value) else value
        density = np.nan if np.isnan(value) else self.judge(min(abs(value) / np.exp(self.centre), told.LARGEST))
        mixed = self.weight @ np.array(self.belief)
        row = [density, mixed @ np.exp(X + self.centre), *self.states(mixed)]
        if not np.isnan(value):
            self.remember(mixed)
        return row

    def begin(self, value):
        if np.isnan(value):
            return
        self.first.append(abs(value))
        if len(self.first) >= told.WARM_UP_BARS and sum(self.first) > 0:
            self.centre = np.log(np.sqrt(np.pi / 2) * sum(self.first) / told.WARM_UP_BARS)

    def judge(self, size):
        weight = self.weight**told.FORGETTING + told.LEAST_WEIGHT
        weight /= weight.sum()
        likelihood = []
        for number, (freedom, _) in enumerate(self.members):
            unit = np.exp(X) * np.sqrt((freedom - 2) / freedom)
            joint = self.belief[number] * student.pdf(size / unit, freedom) / unit
            likelihood.append(joint.sum())
            self.belief[number] = joint / joint.sum()
        density = weight @ likelihood
        self.weight = weight * likelihood / density
        return np.log(density) - self.centre

    def states(self, mixed):
        """Each point's belief, shared out as the past at that point is between the states."""
        top = np.cumsum(self.past) / self.past.sum()
        bottom = np.append(0.0, top[:-1])
        found = []
        for low, high in pairwise((-np.inf, *self.shares, np.inf)):
            inside = np.clip(np.minimum(top, high) - np.maximum(bottom, low), 0, None)
            never = (bottom >= low) & (bottom < high)  # points of no past at all
            found.append(float(mixed @ np.where(top > bottom, inside / np.maximum(top - bottom, 1e-300), never)))
        return found

    def remember(self, mixed):
        self.seen += 1
        self.past = self.past * self.keep + mixed
        self.offset += (mixed @ X - self.offset) / min(told.MEAN_BARS, told.PRIOR_BARS + self.seen)
        points = int(self.offset > model.WIDTH / 2) - int(self.offset < -model.WIDTH / 2)
        if points and not (points < 0 and self.centre < np.log(self.smallest)):
            self.offset -= points * model.WIDTH
            self.centre += points * model.WIDTH
            self.past = moved(self.past, points)
            self.belief = [moved(belief, points) for belief in self.belief]


def moved(values, points):
    found = np.zeros(len(values))
    for i, value in enumerate(values):
        found[min(max(i - points, 0), len(values) - 1)] += value
    return found
