"""Markets are drawn as the model says, the same each time, and by nothing but case, seed and salt."""

from dataclasses import replace

import numpy as np
import pytest

from simulator.labelled import chain
from simulator.labelled.cases import FAMILIES, FOUR_SCALES, case, cases
from simulator.labelled.draw import draw, generator
from simulator.labelled.emission import log_likelihood, means, variances
from simulator.labelled.fractional import autoregression
from simulator.labelled.market import Case, View
from simulator.labelled.model import Model
from simulator.labelled.noise import Noise
from simulator.labelled.oracle import oracle
from simulator.labelled.score import score

EVERYTHING = Model(
    transitions=chain.leaving([60, 40]),
    labels=np.arange(2)[:, None],
    drift=np.array([0.05, -0.1]),
    scale=np.array([0.8, 1.6]),
    memory=np.array([[0.2, -0.1], [-0.3, 0.1]]),
    momentum=np.array([0.1, -0.2]),
    span_bars=10,
    pull=np.array([0.0, 0.1]),
    response=0.1,
    persistence=0.7,
    noise=Noise(jump_share=0.01, jump_scale=9),
)


def market_of(model: Model, bars: int = 4_000, season: tuple[float, ...] = (1.0,)) -> Case:
    views = (View("view", "volatility", 2),)
    eras = ((0.0, model),)
    return Case(name="case", family="tests", views=views, eras=eras, bars=bars, season=np.array(season), scale=0.01)


def test_what_is_left_of_a_bar_without_mean_and_variance_is_the_noise() -> None:
    market = draw(market_of(EVERYTHING), seed=0, salt="salt")
    rows, values, states = np.arange(4_000), market.unseasoned, market.states
    prices = np.append(0.0, values.cumsum())[:-1]  # before each bar
    entered = np.maximum.accumulate(np.where(np.diff(states, prepend=-1) != 0, rows, 0))
    pulled = EVERYTHING.pull[states] * (prices - prices[entered])
    mean, variance = means(EVERYTHING, values)[rows, states] - pulled, variances(EVERYTHING, values)[rows, states]
    drawn = EVERYTHING.noise.draw(generator("labelled market", "salt", "case", 0), len(rows))
    assert (values - mean) / np.sqrt(variance) == pytest.approx(drawn, abs=1e-9)


def test_the_likelihood_is_highest_at_the_parameters_that_drew() -> None:
    still = replace(EVERYTHING, pull=np.zeros(2))
    market = draw(market_of(still), seed=1)
    values, states, rows = market.unseasoned, market.states, np.arange(4_000)

    def mean_of(model: Model) -> float:
        return float(log_likelihood(model, values)[rows, states].mean())

    true = mean_of(still)
    for name, change in (("drift", 0.2), ("scale", 0.2), ("memory", 0.15), ("momentum", 0.15), ("response", 0.1)):
        assert mean_of(replace(still, **{name: getattr(still, name) + change})) < true


def test_states_move_as_the_chain_says() -> None:
    states = draw(market_of(EVERYTHING, bars=20_000), seed=2).states
    for state in range(2):
        left = np.mean(states[1:][states[:-1] == state] != state)
        assert left == pytest.approx(EVERYTHING.transitions[state, 1 - state], abs=0.006)


def test_a_season_multiplies_the_returns_of_its_slots() -> None:
    plain, seasoned = draw(market_of(EVERYTHING), 0), draw(market_of(EVERYTHING, season=(0.5, 2.0)), 0)
    assert seasoned.returns[::2] == pytest.approx(0.5 * plain.returns[::2])
    assert seasoned.returns[1::2] == pytest.approx(2.0 * plain.returns[1::2])
    assert seasoned.unseasoned == pytest.approx(plain.unseasoned)


@pytest.mark.parametrize("family", [*FAMILIES, FOUR_SCALES])
def test_every_family_makes_markets_whose_regimes_can_be_told_apart(family: str) -> None:
    one = replace(case(family, 0, "tests"), bars=4_000, warm_up_bars=0)
    market = draw(one, seed=0)
    assert np.isfinite(market.returns).all()
    assert np.std(market.returns[-len(market.returns) // 4 :]) < 100 * one.scale  # it does not run away
    for view in one.views:
        assert set(np.unique(market.labels[view.name])) <= set(range(view.regimes))
    for found in score(market, oracle(market)).values():
        assert found.chance == 1 or found.balanced_accuracy > found.chance + 0.05


def test_salt_and_seed_say_all_and_each_says_something_else() -> None:
    first, again, *others = (
        draw(replace(case("directions", 0, salt), bars=500), seed, market_salt)
        for salt, seed, market_salt in (("a", 0, "a"), ("a", 0, "a"), ("b", 0, "a"), ("a", 1, "a"), ("a", 0, "b"))
    )
    assert (first.returns == again.returns).all()
    assert all((first.returns != other.returns).any() for other in others)
    assert len({one.name for one in cases("a", per_family=2)}) == 2 * (len(FAMILIES) + 1)


def test_fractional_noise_is_predicted_from_its_own_covariance() -> None:
    distance = np.abs(np.subtract.outer(np.arange(9), np.arange(9))).astype(float)
    power = 2 * 0.7
    covariance = 0.5 * ((distance + 1) ** power - 2 * distance**power + np.abs(distance - 1) ** power)
    weights, variance = autoregression(0.7, 8)
    assert weights == pytest.approx(np.linalg.solve(covariance[:8, :8], covariance[0, 1:]))
    assert variance == pytest.approx(1 - weights @ covariance[0, 1:])


def test_models_that_do_not_fit_together_are_refused() -> None:
    fine = {"transitions": np.eye(2), "labels": np.zeros((2, 1), int), "drift": np.zeros(2), "scale": np.ones(2)}
    with pytest.raises(ValueError, match="2 states"):
        Model(**{**fine, "drift": np.zeros(3)})
    with pytest.raises(ValueError, match="probabilities"):
        Model(**{**fine, "transitions": np.ones((2, 2))})
    with pytest.raises(ValueError, match="sum below 1"):
        Model(**fine, response=0.3, persistence=0.8, noise=Noise())
