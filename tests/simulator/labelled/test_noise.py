"""What is drawn follows the density, which is of mean 0 and variance 1 but for the jumps."""

import numpy as np
import pytest
from scipy import integrate, stats

from simulator.labelled.noise import Noise
from tests.simulator.labelled.slow_oracle import density

LAWS = [
    Noise(),
    Noise(degrees_of_freedom=3.7),
    Noise(laplace=True),
    Noise(degrees_of_freedom=6, skew=0.8),
    Noise(laplace=True, skew=0.8),
    Noise(skew=1.2, jump_share=0.02, jump_scale=5),
]
each_law = pytest.mark.parametrize("noise", LAWS, ids=str)


@each_law
def test_the_density_is_the_published_one(noise: Noise) -> None:
    values = np.array([-7.0, -1.5, -0.3, 0.0, 0.4, 2.0, 9.0])
    assert np.exp(noise.log_density(values)) == pytest.approx([density(noise, value) for value in values], rel=1e-9)


@each_law
def test_its_moments_are_0_and_1_before_jumps(noise: Noise) -> None:
    def moment(power: int) -> float:
        return integrate.quad(lambda x: x**power * np.exp(noise.log_density(x)), -np.inf, np.inf, limit=200)[0]

    assert moment(0) == pytest.approx(1, abs=1e-6)
    assert moment(1) == pytest.approx(0, abs=1e-6)
    assert moment(2) == pytest.approx(1 + noise.jump_share * (noise.jump_scale**2 - 1), abs=1e-3)


@each_law
def test_draws_follow_the_density(noise: Noise) -> None:
    grid = np.linspace(-40, 40, 40_001)
    distribution = integrate.cumulative_trapezoid(np.exp(noise.log_density(grid)), grid, initial=0)
    drawn = noise.draw(np.random.default_rng(7), 20_000)
    assert stats.kstest(drawn, lambda x: np.interp(x, grid, distribution)).pvalue > 0.01


@pytest.mark.parametrize("wrong", [{"degrees_of_freedom": 2.0}, {"skew": 0.0}, {"jump_share": 1.0}])
def test_a_law_without_variance_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="above 2"):
        Noise(**wrong)
