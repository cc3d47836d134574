"""What all cases draw alike: sizes, durations, noise and season."""

import numpy as np

from simulator.labelled import chain
from simulator.labelled.draw import generator
from simulator.labelled.model import Floats, Integers
from simulator.labelled.noise import Noise


class Dice:
    """Parameters at random."""

    def __init__(self, *words: object) -> None:
        self.generator = generator(*words)

    def even(self, low: float, high: float) -> float:
        """Uniform."""
        return float(self.generator.uniform(low, high))

    def scaled(self, low: float, high: float) -> float:
        """Uniform in the logarithm."""
        return float(np.exp(self.generator.uniform(np.log(low), np.log(high))))

    def stays(self, *ranges: tuple[float, float]) -> list[float]:
        """Mean durations in bars."""
        return [self.scaled(*each) for each in ranges]

    def noise(self) -> Noise:
        """Gaussian, Student's t (likeliest), skewed t or Laplace; one case in three jumps."""
        nu = self.even(3.5, 9)
        bodies = (Noise(), *[Noise(degrees_of_freedom=nu)] * 2, Noise(laplace=True))
        bodies += (Noise(degrees_of_freedom=nu + 0.5, skew=self.even(0.8, 1.0)),)
        body = bodies[self.generator.integers(len(bodies))]
        jumps = self.generator.random() < 1 / 3
        share, size = (self.even(0.001, 0.008), self.even(4, 9)) if jumps else (0.0, 6.0)
        return Noise(
            degrees_of_freedom=body.degrees_of_freedom,
            laplace=body.laplace,
            skew=body.skew,
            jump_share=share,
            jump_scale=size,
        )

    def season(self) -> Floats:
        """None (likeliest), the U of a trading session, or the waves of a market that never closes."""
        if self.generator.random() >= 1 / 3:
            return np.ones(1)
        slots = int(self.generator.choice([24, 48, 78, 96]))
        day = np.linspace(-1, 1, slots)
        session = self.even(0.3, 1.1) * day**2 + self.even(-0.3, 0.3) * day
        turns = np.pi * (np.arange(slots) / slots)[:, None] * [2, 4] + self.generator.uniform(0, 2 * np.pi, 2)
        waves = np.sin(turns) @ [self.even(0.1, 0.5), self.even(0.0, 0.2)]
        profile = np.exp(session if self.generator.random() < 0.5 else waves)
        return np.asarray(profile / np.sqrt(np.mean(profile**2)))

    def durations(self, mean_bars: list[float]) -> tuple[Floats, Integers]:
        """A chain of these means, geometric or negative binomial."""
        return chain.phased(chain.leaving(mean_bars), int(self.generator.choice([1, 1, 2, 4])))
