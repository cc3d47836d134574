"""Hamilton's filter the slow obvious way: dictionaries, one hypothesis at a time, everything spelled out."""

import math
from itertools import product

from operators.regimes.model import Parameters

Pair = tuple[int, int]


class SlowFilter:
    """One series of prices."""

    def __init__(self, parameters: Parameters, interval_ns: int) -> None:
        self.p, self.interval_ns = parameters, interval_ns
        self.states = list(product(range(len(parameters.scales)), range(len(parameters.drifts))))
        self.belief = {(v, d): self.share(v, d) for v, d in self.states}
        self.time: int | None = None
        self.price = math.nan
        self.sizes: list[float] = []  # absolute returns as the scale took them
        self.scale = 0.0

    def share(self, v: int, d: int) -> float:
        """How often a state occurs: where all others are left for alike, in proportion to how long it stays."""
        volatility, direction = self.p.volatility_stay_bars, self.p.direction_stay_bars
        return volatility[v] / sum(volatility) * direction[d] / sum(direction)

    def move(self, stays: tuple[float, ...], before: int, after: int) -> float:
        if before == after:
            return 1 - 1 / stays[before]
        return 1 / stays[before] / (len(stays) - 1)

    def forget(self) -> None:
        p = self.p
        self.belief = {
            (v, d): sum(
                self.belief[w, e] * self.move(p.volatility_stay_bars, w, v) * self.move(p.direction_stay_bars, e, d)
                for w, e in self.states
            )
            for v, d in self.states
        }

    def density(self, value: float, state: Pair) -> float:
        nu, sigma, mu = self.p.degrees_of_freedom, self.p.scales[state[0]], self.p.drifts[state[1]]
        spread = sigma * math.sqrt((nu - 2) / nu)  # of the classic t, whose variance is nu / (nu − 2)
        t = (value - mu) / spread
        constant = math.gamma((nu + 1) / 2) / math.gamma(nu / 2) / math.sqrt(nu * math.pi) / spread
        return constant * (1 + t * t / nu) ** (-(nu + 1) / 2)

    def take(self, time: int, price: float) -> None:
        steps = 1 if self.time is None else round((time - self.time) / self.interval_ns)
        if steps < 1:
            return
        for _ in range(steps):
            self.forget()
        if steps == 1 and price > 0 and self.price > 0:
            self.observe(math.log(price / self.price))
        self.time, self.price = time, price

    def observe(self, value: float) -> None:
        size = abs(value) * math.sqrt(math.pi / 2)
        if len(self.sizes) >= self.p.warm_up_bars and self.scale > 0:
            joint = {state: self.belief[state] * self.density(value / self.scale, state) for state in self.states}
            self.belief = {state: weight / sum(joint.values()) for state, weight in joint.items()}
            size = min(size, 10 * self.scale)
        self.sizes.append(size)
        forgetting = 1 - 0.5 ** (1 / self.p.half_life_bars)
        weight = max(1 / len(self.sizes), forgetting)
        self.scale = (1 - weight) * self.scale + weight * size

    @property
    def known(self) -> bool:
        return len(self.sizes) > self.p.warm_up_bars

    def marginal(self, axis: int, number: int) -> float:
        return sum(weight for state, weight in self.belief.items() if state[axis] == number)
