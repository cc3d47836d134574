"""From probabilities to labels, forecasts and their scores, the slow obvious way: whole matrices, all that was said."""

import math

import numpy as np

from operators.regimes.forecast import HORIZONS

UNKNOWN = -1
SLOWEST, FASTEST = 0.25, 8.0
LONGEST_BARS = 1e6
LEAST_LEAVING = 1e-9


class SlowDecision:
    """One series and view: raw label, held label, transitions at the pace that probabilities have shown."""

    def __init__(self, states, parameters):
        self.parameters, self.occupancy = parameters, np.full(states, 1 / states)
        self.newest, self.realised, self.expected = None, 0.0, 0.0
        self.bars, self.held, self.held_bars = 0, UNKNOWN, 0

    def take(self, p, balance, transition):
        """Raw label and the matrix at its pace; the held label is kept."""
        raw = UNKNOWN
        if not np.isnan(p[0]):
            self.learn(p, transition)
            raw = int(np.argmax(p / balance))
            self.hold(raw, p / balance, p, transition)
        return raw, self.paced(transition)

    def learn(self, p, transition):
        forgetting = 1 - 0.5 ** (1 / self.parameters.half_life_bars)
        if self.newest is not None:
            before = self.newest
            self.realised = (1 - forgetting) * self.realised + before @ (before - p)
            self.expected = (1 - forgetting) * self.expected + before @ (before - before @ transition)
        self.bars, self.newest = self.bars + 1, p
        weight = max(forgetting, 1 / (self.parameters.young_bars + self.bars))
        self.occupancy = (1 - weight) * self.occupancy + weight * p

    def rate(self, transition):
        return self.occupancy @ (1 - np.diag(transition))

    def pace(self, transition):
        young = self.parameters.young_bars * self.rate(transition)
        if self.expected + young <= 0:
            return 1.0
        return float(np.clip((self.realised + young) / (self.expected + young), SLOWEST, FASTEST))

    def hold(self, raw, score, p, transition):
        before = self.held
        if before == UNKNOWN:
            self.held = raw
        else:
            price = self.parameters.switch_cost_bars * self.rate(transition) * self.pace(transition)
            gain = score / score[before] - 1
            worth = [k for k in range(len(p)) if p[k] >= 1 / len(p) and gain[k] > max(price * (1 - p[k]), 0)]
            self.held = max(worth, key=lambda k: score[k], default=before)
        self.held_bars = self.held_bars + 1 if self.held == before else 1

    def paced(self, transition):
        leave = 1 - np.diag(transition)
        speed = np.minimum(self.pace(transition), 1 / np.where(leave > 0, leave, 1))[:, None]
        identity = np.eye(len(transition))
        return identity + speed * (transition - identity)


def forecast(p, transition, held):
    """Probabilities at each horizon, of leaving the held label until then, and its expected bars to come."""
    ahead = np.array([p @ np.linalg.matrix_power(transition, horizon) for horizon in HORIZONS])
    if held == UNKNOWN:
        return ahead, np.full(len(HORIZONS), np.nan), math.nan
    stay = transition[held, held]
    left = 1 - p[held] * stay ** np.array(HORIZONS, float)
    return ahead, np.clip(left, 0, 1), min(p[held] / (1 - stay + LEAST_LEAVING), LONGEST_BARS)


class SlowScores:
    """One series and view: everything ever forecast, judged by the probabilities of its bar."""

    def __init__(self, states, forgetting):
        self.forgetting, self.counts, self.raw, self.said = forgetting, np.ones((states, states)), UNKNOWN, []
        self.scored = np.zeros(len(HORIZONS), int)
        self.brier, self.log_loss = np.full((2, len(HORIZONS), 2), np.nan)

    def take(self, raw, p, forecasts):
        """A bar: its raw label, its probabilities and the forecasts made at it."""
        for h, horizon in enumerate(HORIZONS):
            due = self.said[-horizon] if len(self.said) >= horizon else None
            if raw != UNKNOWN and due is not None:
                self.scored[h] += 1
                for f, foretold in enumerate(due[h]):
                    self.judge(h, f, foretold, p)
        if UNKNOWN not in (raw, self.raw):
            self.counts[self.raw, raw] += 1
        self.raw = raw
        chain = self.counts / self.counts.sum(axis=1, keepdims=True)
        markov = [np.linalg.matrix_power(chain, horizon)[raw] for horizon in HORIZONS]
        # Kept in single precision.
        self.said.append(None if raw == UNKNOWN else np.stack([forecasts, markov], axis=1).astype(np.float32))

    def judge(self, h, f, foretold, p):
        brier = np.sum((foretold.astype(float) - p) ** 2 + p * (1 - p))
        log_loss = -np.sum(p * np.log(np.maximum(foretold.astype(float), 1e-6)))
        weight = max(self.forgetting, 1 / self.scored[h])
        for means, score in ((self.brier, brier), (self.log_loss, log_loss)):
            means[h, f] = score if self.scored[h] == 1 else (1 - weight) * means[h, f] + weight * score
