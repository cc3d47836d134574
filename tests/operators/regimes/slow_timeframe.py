"""All that watches one series on one timeframe, the slow obvious way, from the slow twins of its parts.

Classifiers and drift detectors are River's own and slow enough as they are.
"""

import math

import numpy as np

from market.regimes import VIEWS
from operators.regimes import anomaly, blend, change_point, drift, elapsed, level_grid
from operators.regimes.forecast import HORIZONS
from operators.regimes.river import ensemble
from operators.regimes.river.members import MEMBERS
from tests.operators.regimes.slow_anomaly import SlowAnomaly
from tests.operators.regimes.slow_bank import RAREST, SlowBank
from tests.operators.regimes.slow_change_point import SlowChangePoint
from tests.operators.regimes.slow_decision import UNKNOWN, SlowDecision, SlowScores, forecast
from tests.operators.regimes.slow_level import SlowLevel
from tests.operators.regimes.slow_season import SlowSeason

DAY_NS = 86_400 * 10**9


class SlowBlend:
    """Two beliefs (probability, balance, transition, mean, log density) as one, by how well each foretold."""

    def __init__(self, margin):
        self.odds, self.margin = 0.0, margin

    def take(self, one, other):
        if math.isnan(one[0][0]) or math.isnan(other[0][0]):
            return one
        if math.isfinite(one[4] - other[4]):
            self.odds = np.clip(blend.REMEMBER * self.odds + one[4] - other[4] - self.margin, -500, 500)
        shares = np.array([1.0, math.exp(-self.odds)]) / (1 + math.exp(-self.odds))
        p, transition, mean = (shares[0] * one[part] + shares[1] * other[part] for part in (0, 2, 3))
        support = shares[0] * one[0] / one[1] + shares[1] * other[0] / other[1]
        return p, p / support, transition, mean, one[4]


def believed(levels):
    """The level head's belief; its density is not asked for where a price stood still."""
    density, _, *shares = levels
    near = (np.eye(3, k=1) + np.eye(3, k=-1)) / blend.LEVEL_STAY_BARS
    usual = np.diff([0.0, *level_grid.SHARES, 1.0]) + RAREST
    return np.array(shares), usual, near + np.diag(1 - near.sum(axis=1)), 0.0, density


class SlowView:
    """One view: bank, level head, second bank where it has them; labels, forecasts, scores."""

    def __init__(self, templates, model, members):
        self.model = model
        self.bank, self.relative = (SlowBank(templates, 3, model.learning) for _ in range(2))
        self.level, self.blend = SlowLevel(), SlowBlend(blend.LEVEL_MARGIN * model.level)
        self.decision = SlowDecision(3, model.deciding)
        self.scores = SlowScores(3, 1 - 0.5 ** (1 / model.deciding.half_life_bars))
        self.classifiers = ensemble.empty(members, regimes=3, horizon_bars=HORIZONS[1]) if members else None
        self.held, self.volatility = UNKNOWN, math.nan

    def take(self, value):
        self.density, self.below = self.bank.take(value)
        scale, levels = self.volatility, self.level.take(value)
        self.volatility = levels[1]
        said = (*self.bank.says(), self.density)
        if self.model.relative:
            density, _ = self.relative.take(value / scale)
            p, balance, transition, mean = self.relative.says()
            said = self.blend.take(said, (p, balance, transition, mean * scale, density - math.log(scale)))
        elif self.model.level:
            said = self.blend.take(said, believed(levels if value else [math.nan, *levels[1:]]))
        self.p, balance, transition, self.drift, _ = said
        self.previous, self.previous_bars = self.decision.held, self.decision.held_bars
        self.raw, paced = self.decision.take(self.p, balance, transition)
        self.held = self.decision.held
        self.ahead, self.left, self.remaining = forecast(self.p, paced, self.held)
        self.lead = math.nan
        if self.held != UNKNOWN:
            support = self.p / balance
            others = np.delete(support, self.held).max()
            self.lead = float(np.clip(np.log(support[self.held] / others), -20, 20))

    def correct(self, features):
        if self.classifiers:
            ours, believed = self.ahead[1].tolist(), self.p.tolist()
            self.ahead[1] = ensemble.take(self.classifiers, features, self.held, ours, believed)
        self.scores.take(self.raw if math.isfinite(features["return"]) else UNKNOWN, self.p, self.ahead)


class Pruned(SlowChangePoint):
    """Runs as the kernel keeps them: the lightest are dropped."""

    def take(self, x, scale):
        super().take(x, scale)
        least = self.p.least_share / self.p.hazard_bars
        self.runs = [run for run in self.runs if run.weight >= least]
        if len(self.runs) > change_point.HYPOTHESES:
            self.runs.remove(min(self.runs, key=lambda run: run.weight))
        total = sum(run.weight for run in self.runs)
        for run in self.runs:
            run.weight /= total


class SlowWitnesses:
    """Run length and probability of a change point."""

    def __init__(self):
        self.runs, self.scale, self.seen, self.bars = Pruned(change_point.DEFAULTS), 0.0, 0, 0
        self.length = self.change = math.nan

    def take(self, x):
        rules = change_point.DEFAULTS
        if self.seen >= rules.warm_up_bars:
            self.runs.take(x, self.scale)
            self.bars += 1
        if math.isfinite(x):
            self.seen += 1
            size = abs(x) * math.sqrt(math.pi / 2)
            size = min(size, 10 * self.scale) if self.scale > 0 else size
            weight = max(1 / self.seen, 1 - 0.5 ** (1 / 2000))
            self.scale = (1 - weight) * self.scale + weight * size
        if self.bars > rules.recent_bars:
            self.length, self.change = float(self.runs.longest()), min(self.runs.recent(), 1.0)


class SlowTimeframe:
    """One series; `take` a bar, then read what is known after it."""

    def __init__(self, name, interval_ns, templates, models):
        members = MEMBERS.get(name, ())
        self.interval_ns, self.slots = interval_ns, max(1, min(288, DAY_NS // interval_ns))
        self.season = SlowSeason(self.slots)
        self.views = {view: SlowView(templates[view], models[view], members) for view in VIEWS}
        self.witnesses, self.anomaly = SlowWitnesses(), SlowAnomaly(anomaly.DEFAULTS)
        self.drifts, self.before = drift.empty(1, len(drift.WATCHED)), math.nan
        self.since = np.full((1, len(drift.WATCHED), len(drift.DETECTORS)), drift.NEVER)
        self.kswin_every = drift.KSWIN_EVERY.get(name, 1)
        self.time = self.price = None
        self.seen = 0

    def take(self, time, price):
        """False for a bar that is not later than the newest."""
        price = price if math.isfinite(price) and price > 0 else None
        steps = 1 if self.time is None else round((time - self.time) / self.interval_ns)
        if steps < 1:
            return False
        for missing in range(min(steps - 1, elapsed.MOST_MISSING), 0, -1):
            self.pass_(time - missing * self.interval_ns, math.nan)
        known = steps == 1 and price is not None and self.price is not None
        self.seen += known
        self.pass_(time, math.log(price / self.price) if known else math.nan)
        self.time, self.price = time, price
        return True

    def pass_(self, time, value):
        slot = (time - self.interval_ns) % DAY_NS // (DAY_NS // self.slots)
        divisor = self.season.take(slot, value) if self.slots > 1 else 1.0
        value /= divisor
        for view in self.views.values():
            view.take(value)
        volatility = self.views["volatility"]
        self.witnesses.take(value)
        self.anomaly.take(volatility.below, math.nan)
        self.odd = math.nan if np.isnan(volatility.p[0]) else 1 - self.anomaly.p[0]
        self.volatility = volatility.volatility * divisor
        self.drift = self.views["direction"].drift * divisor
        self.listen(value, volatility)

    def listen(self, value, volatility):
        """What River hears and says."""
        z = value / volatility.volatility
        features = {
            "return": z, "size": abs(z), "log_run_length": math.log(self.witnesses.length),
            "change_point": self.witnesses.change, "anomaly": self.odd,
        }  # fmt: skip
        for view in self.views.values():
            view.correct(features)
        watched = [abs(value), value, value * self.before, -volatility.density]
        self.before = value
        drift.advance(self.drifts, np.zeros(1, np.int64), np.array([watched]), self.since, kswin_every=self.kswin_every)
