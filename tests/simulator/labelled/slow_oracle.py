"""The oracle by brute force: every path of hidden states, one bar at a time, densities from SciPy."""

import math
from functools import cache

import numpy as np
from scipy import stats

from simulator.labelled.market import Market
from simulator.labelled.model import Model
from simulator.labelled.noise import Noise


def filtered(market: Market) -> np.ndarray:
    """p(state_t | bars up to t), (bars, states): each bar multiplies the paths by the number of states."""
    models = [model for first, last, model in market.case.spans() for _ in range(first, last)]
    values, states = market.unseasoned, range(models[0].states)
    paths = [(1.0, -1, 0.0)]  # probability of path and bars, last state, price at which it was entered
    found = []
    for bar, model in enumerate(models):
        paths = [step(model, values[:bar], values[bar], path, state) for path in paths for state in states]
        ending = [sum(probability for probability, last, _ in paths if last == state) for state in states]
        found.append(np.array(ending) / sum(ending))
    return np.array(found)


def step(
    model: Model, past: np.ndarray, value: float, path: tuple[float, int, float], state: int
) -> tuple[float, int, float]:
    probability, before, entry = path
    price = float(past.sum())
    if state != before:
        entry = price
    moved = long_run(model)[state] if before < 0 else model.transitions[before, state]
    deviation = math.sqrt(variance(model, past, state))
    mean = expected(model, past, state) - model.pull[state] * (price - entry)
    return probability * moved * density(model.noise, (value - mean) / deviation) / deviation, state, entry


def long_run(model: Model) -> np.ndarray:
    return np.linalg.matrix_power(model.transitions, 100_000)[0]


def expected(model: Model, past: np.ndarray, state: int) -> float:
    mean, weight = 0.0, 2 / (model.span_bars + 1)
    for value in past:
        mean = (1 - weight) * mean + weight * value
    lags = zip(model.memory[state], past[::-1], strict=False)
    white = math.sqrt(weight / (2 - weight))
    return model.drift[state] + sum(phi * value for phi, value in lags) + model.momentum[state] * mean / white


def variance(model: Model, past: np.ndarray, state: int) -> float:
    h = model.scale[state] ** 2
    if model.response == 0:
        return h
    for value in past:
        clipped = min(value**2, 36 * h)
        long = model.scale[state] ** 2 * (1 - model.response - model.persistence)
        h = long + model.response * clipped + model.persistence * h
    return h


@cache
def density(noise: Noise, value: float) -> float:
    jump = stats.norm(scale=noise.jump_scale).pdf(value)
    return (1 - noise.jump_share) * skewed(noise, value) + noise.jump_share * jump


def skewed(noise: Noise, value: float) -> float:
    """Fernández and Steel, standardised by moments that are integrated."""
    body, skew = body_of(noise), noise.skew
    mean, deviation = moments(noise) if skew != 1 else (0.0, 1.0)
    y = value * deviation + mean
    return 2 / (skew + 1 / skew) * body.pdf(y / skew if y >= 0 else y * skew) * deviation


@cache
def moments(noise: Noise) -> tuple[float, float]:
    body, skew = body_of(noise), noise.skew
    half = [body.expect(lambda x, power=power: x**power, lb=0) for power in (1, 2)]
    mean = 2 * half[0] * (skew**2 - skew**-2) / (skew + 1 / skew)
    square = 2 * half[1] * (skew**3 + skew**-3) / (skew + 1 / skew)
    return mean, math.sqrt(square - mean**2)


@cache
def body_of(noise: Noise) -> stats.rv_continuous:
    if noise.laplace:
        return stats.laplace(scale=math.sqrt(0.5))
    if math.isinf(noise.degrees_of_freedom):
        return stats.norm()
    nu = noise.degrees_of_freedom
    return stats.t(nu, scale=math.sqrt((nu - 2) / nu))
