"""The oracle is the exact filter: it agrees with brute force, is calibrated, and wrong parameters do worse."""

from dataclasses import replace

import numpy as np
import pytest

from simulator.labelled import chain, families
from simulator.labelled.draw import draw
from simulator.labelled.market import Case, Market, View
from simulator.labelled.model import Model
from simulator.labelled.noise import Noise
from simulator.labelled.oracle import HORIZONS, oracle
from simulator.labelled.score import score
from tests.simulator.labelled.slow_oracle import filtered

JUMPY = Noise(degrees_of_freedom=4.5, skew=0.85, jump_share=0.02)
QUICK = chain.leaving([3, 4, 5])
TWO = (chain.leaving([3, 5]), np.arange(2))

MODELS = {
    "volatility": families.levels(*TWO, [1, 2], [0.1, -0.2], noise=JUMPY),
    "garch": families.levels(*TWO, [1, 2], response=0.2, persistence=0.6, noise=Noise(laplace=True)),
    "phases": families.levels(*chain.phased(TWO[0], 2), [1, 2], noise=Noise(degrees_of_freedom=5)),
    "nested": families.levels(*chain.nested(TWO[0], [(2, 3), (3, 2)]), [0.7, 1.3, 1.4, 2.6]),
    "uneven": families.levels(*chain.uneven(TWO[0], 0.6, 8), [1, 2]),
    "autoregressive": families.autoregressive(QUICK, np.arange(3), [-0.5, 0, 0.5], noise=JUMPY),
    "fractional": families.fractional(QUICK, [0.25, 0.5, 0.75]),
    "momentum": families.momentum(QUICK, [-0.3, 0, 0.3], 5),
    "entry": families.entry_reversion([3, 4, 5], 0.4, 0.3, Noise(degrees_of_freedom=5)),
    "second_order": families.second_order([3, 4, 5], 0.4, 0.2),
    "combination": families.combination([3, 4], [5, 4], 0.4, 2.0),
}


def case(*models: Model, bars: int, regimes: int = 0) -> Case:
    labels = regimes or int(models[0].labels.max()) + 1
    eras = tuple((n / len(models), model) for n, model in enumerate(models))
    season = np.array([0.8, 1.3, 0.6])
    return Case(
        name="case",
        family="tests",
        views=(View("view", "volatility", labels),),
        eras=eras,
        bars=bars,
        warm_up_bars=bars // 10,
        season=season / np.sqrt(np.mean(season**2)),
    )


def by_view(market: Market) -> np.ndarray:
    """Brute force, summed over the states of each regime."""
    labels = market.case.eras[0][1].labels[:, 0]
    return filtered(market) @ np.eye(labels.max() + 1)[labels]


@pytest.mark.parametrize("name", MODELS)
def test_every_family_agrees_with_all_paths_enumerated(name: str) -> None:
    market = draw(case(MODELS[name], bars=5), seed=3)
    assert oracle(market)["view"].probabilities == pytest.approx(by_view(market), abs=1e-12)


def test_shocks_larger_than_the_variance_takes_agree_with_all_paths_enumerated() -> None:
    market = draw(case(MODELS["garch"], bars=7), seed=0)
    market.returns[2] *= 60
    assert oracle(market)["view"].probabilities == pytest.approx(by_view(market), abs=1e-12)


def test_a_shift_of_parameters_agrees_with_all_paths_enumerated() -> None:
    market = draw(case(MODELS["volatility"], MODELS["garch"], bars=8), seed=1)
    assert oracle(market)["view"].probabilities == pytest.approx(by_view(market), abs=1e-12)


def test_every_time_scale_is_a_view_of_its_own() -> None:
    model = families.four_scales([[9, 9], [6, 6], [4, 4], [3, 2]], (1.7, 0.3, 0.4, 2.2))
    views = tuple(View(f"scale {n}", "volatility", 2) for n in range(4))
    market = draw(replace(case(model, bars=3), views=views), seed=0)
    slow = filtered(market)
    for column, view in enumerate(views):
        expected = slow @ np.eye(2)[model.labels[:, column]]
        assert oracle(market)[view.name].probabilities == pytest.approx(expected, abs=1e-12)


def test_forecasts_are_the_chain_run_on() -> None:
    market = draw(case(MODELS["autoregressive"], bars=50), seed=0)
    answer = oracle(market)["view"]
    later = answer.probabilities
    for bars in range(1, max(HORIZONS) + 1):
        later = later @ QUICK
        if bars in HORIZONS:
            assert answer.forecasts[bars] == pytest.approx(later, abs=1e-12)


@pytest.mark.parametrize("name", ["volatility", "autoregressive", "entry"])
def test_what_it_says_happens_as_often_as_it_says(name: str) -> None:
    slow = {
        "volatility": families.levels(chain.leaving([150, 80]), np.arange(2), [1, 2], noise=JUMPY),
        "autoregressive": families.autoregressive(chain.leaving([100] * 3), np.arange(3), [-0.5, 0, 0.5]),
        "entry": families.entry_reversion([100, 100, 100], 0.3, 0.3),
    }
    market = draw(case(slow[name], bars=8_000), seed=2)
    found = score(market, oracle(market))["view"]
    assert found.calibration_error < 0.03
    assert found.balanced_accuracy > found.chance + 0.3


def test_nobody_who_is_wrong_about_the_parameters_does_better() -> None:
    true = families.levels(chain.leaving([150, 80]), np.arange(2), [1, 1.8], noise=Noise(degrees_of_freedom=5))
    market = draw(case(true, bars=8_000), seed=5)
    loss = score(market, oracle(market))["view"].log_loss
    wrong = [
        replace(true, scale=true.scale * 1.2),
        replace(true, noise=Noise()),
        replace(true, transitions=chain.leaving([15, 8])),
        replace(true, scale=np.array([1, 1.4])),
    ]
    for model in wrong:
        mistaken = replace(market, case=replace(market.case, eras=((0.0, model),)))
        assert score(market, oracle(mistaken))["view"].log_loss > loss


def test_the_label_is_balanced_by_how_often_a_regime_occurs() -> None:
    model = families.levels(chain.leaving([900, 100]), np.arange(2), [1, 1.5])
    market = draw(case(model, bars=2_000), seed=0)
    answer = oracle(market)["view"]
    assert (answer.labels == (answer.probabilities[:, 1] > 0.1)).all()


def test_eras_that_the_oracle_could_not_follow_are_refused() -> None:
    with pytest.raises(ValueError, match="one era"):
        case(MODELS["entry"], MODELS["entry"], bars=10)
    with pytest.raises(ValueError, match="number of hidden states"):
        case(MODELS["volatility"], MODELS["combination"], bars=10)
