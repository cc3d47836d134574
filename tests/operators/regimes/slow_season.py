"""The season's filter the slow obvious way: whole matrices, the day's profile computed from scratch at every bar."""

import numpy as np

from operators.regimes import season as told

NU = told.FREEDOM
INFORMATION = 2 * NU / (NU + 3)


def log_t(size, log_volatility):
    z = size / np.exp(log_volatility)
    return -log_volatility - (NU + 1) / 2 * np.log1p(z**2 / (NU - 2))


def score(size, log_volatility):
    """Derivative of the log density by the log volatility, by differences."""
    step = 1e-6
    return (log_t(size, log_volatility + step) - log_t(size, log_volatility - step)) / (2 * step)


class SlowSeason:
    """One series."""

    def __init__(self, slots):
        waves = min(told.WAVES, slots - 1)
        middle = (np.arange(slots) + 0.5) / slots
        self.rows = np.array([[1.0, *(np.cos(np.pi * k * u) for k in range(1, waves + 1))] for u in middle])
        self.prior = np.diag([0.0, *((told.SHAPE_SD / k**2) ** 2 for k in range(1, waves + 1))])
        self.mean, self.covariance = np.zeros(waves + 1), self.prior + np.diag([1.0] + [0.0] * waves)
        self.extra, self.visits, self.evidence = np.zeros(slots), np.zeros(slots), np.zeros(slots)
        self.smallest, self.seen, self.norm = np.inf, 0, 1.0
        self.refresh = max(1, slots // 8)

    def effect(self):
        odds = told.SLOT_ODDS * np.exp(self.evidence)
        return self.extra * odds / (1 + odds)

    def profile(self):
        return np.exp(self.rows[:, 1:] @ self.mean[1:] + self.effect())

    def take(self, slot, value):
        """The divisor of a return known before it; then learn."""
        divisor = self.profile()[slot] / self.norm
        size = abs(value)
        if size > 0:
            self.smallest = min(self.smallest, size)
        if self.smallest < np.inf:
            self.learn(slot, size)
        return divisor

    def learn(self, slot, size):
        if self.seen == 0:
            self.mean[0] = np.log(size)
        else:
            keep = np.diag([1.0] + [0.5 ** (1 / told.HALF_LIFE_BARS)] * (len(self.mean) - 1))
            noise = self.prior - keep @ self.prior @ keep
            noise[0, 0] = told.LEVEL_SD**2
            self.mean, self.covariance = keep @ self.mean, keep @ self.covariance @ keep + noise
        if np.isnan(size):
            return
        self.seen += 1
        row = self.rows[slot]
        smooth = row @ self.mean
        surprise = score(size, smooth + self.effect()[slot]) / INFORMATION
        self.judge(slot, size, smooth)
        gain = self.covariance @ row / (row @ self.covariance @ row + 1 / INFORMATION)
        self.mean = self.mean + gain * surprise
        self.covariance = self.covariance - np.outer(gain, row @ self.covariance)
        self.mean[0] = max(self.mean[0], np.log(self.smallest))
        if self.seen % self.refresh == 0:
            self.norm = np.sqrt(np.mean(self.profile() ** 2))

    def judge(self, slot, size, smooth):
        own = smooth + self.extra[slot]
        evidence = told.SLOT_MEMORY * self.evidence[slot] + log_t(size, own) - log_t(size, smooth)
        self.evidence[slot] = np.clip(evidence, -told.MOST_EVIDENCE, told.MOST_EVIDENCE)
        self.visits[slot] = told.SLOT_MEMORY * self.visits[slot] + 1
        weight = 1 / (self.visits[slot] + 1 / INFORMATION / told.SLOT_SD**2)
        self.extra[slot] += weight * score(size, own) / INFORMATION
