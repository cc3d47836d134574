"""The anomaly filter by the book: a matrix, and whole densities of `scipy`."""

import math

import numpy as np
from scipy import stats

from operators.regimes.anomaly import BIN, KINDS, LINK, NARROW, SHIFT, WIDE


class SlowAnomaly:
    """One series."""

    def __init__(self, parameters):
        onset, end = 1 / parameters.onset_bars, 1 / parameters.stay_bars
        others = len(KINDS) - 1
        self.matrix = np.diag([1 - onset] + [1 - end] * others)
        self.matrix[0, 1:], self.matrix[1:, 0] = onset / others, end
        self.p, self.before, self.fallen, self.parameters = np.eye(len(KINDS))[0], None, [], parameters

    def share(self, shortfall):
        """By the same bins: a bar's place in its bin is where the shares between are read off."""
        total = sum(weight for _, weight in self.fallen)
        if not math.isfinite(shortfall) or total < 200:
            return 1.0, 1.0
        own = math.floor((shortfall + 4) / BIN)
        more = sum(weight for bin_, weight in self.fallen if bin_ > own)
        more += (own + 1 - (shortfall + 4) / BIN) * sum(weight for bin_, weight in self.fallen if bin_ == own)
        return max(more / total, 1e-3), 2 * math.sqrt(max(more / total, 1e-3))

    def take(self, pit, shortfall):
        self.p = self.p @ self.matrix
        if not math.isfinite(pit):
            self.before = None
            return
        z = min(max(stats.norm.ppf(pit), -4), 4)
        before, link = (0, 0) if self.before is None else (self.before, LINK)
        _, root = self.share(shortfall)
        spread = math.sqrt(1 - link**2)
        densities = [
            stats.norm.pdf(z), stats.norm.pdf(z, 0, WIDE), stats.norm.pdf(z, 0, NARROW), stats.norm.pdf(z, SHIFT),
            stats.norm.pdf(z, -SHIFT), stats.norm.pdf(z, link * before, spread),
            stats.norm.pdf(z, -link * before, spread),
            stats.norm.pdf(z) * (1.0 if root == 1.0 else 1 / root),
        ]  # fmt: skip
        self.p = self.p * densities / (self.p @ densities)
        self.before = z
        if math.isfinite(shortfall):
            weight = max(self.p[0], 0.1)
            keep = 0.5 ** (weight / 2000)
            self.fallen = [(bin_, old * keep) for bin_, old in self.fallen]
            self.fallen.append((math.floor((shortfall + 4) / BIN), weight))
