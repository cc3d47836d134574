"""The models of the flow on markets whose best causal filter is known: how near they come; no future, no cuts.

`benchmarks/regimebench.py` has the figures that claims rest on; here are few short markets.
"""

import pickle
from collections.abc import Callable

import numpy as np
import pytest

from operators.regimes import views
from simulator.labelled import chain, families
from simulator.labelled.causality import largest_change
from simulator.labelled.draw import draw
from simulator.labelled.market import Answer, Case, Market, View
from simulator.labelled.model import Model
from simulator.labelled.noise import Noise
from simulator.labelled.oracle import oracle
from simulator.labelled.score import Score, score, skill

BARS, WARM_UP = 6_000, 1_500
TAILS = Noise(degrees_of_freedom=5)
THREE = (chain.leaving([200, 200, 200]), np.arange(3))

CASES: dict[str, tuple[Model, Callable[[], views.Model], float]] = {  # market, model, least skill
    "volatility": (
        families.levels(chain.leaving([250, 120]), np.arange(2), [1, 2], noise=TAILS),
        lambda: views.volatility(2),
        0.9,
    ),
    "direction": (
        families.levels(*THREE, [1.3, 0.8, 1.0], [-0.25, 0, 0.25], noise=TAILS),
        views.direction,
        0.85,
    ),
    "dynamics": (
        families.autoregressive(*THREE, [-0.4, 0, 0.4], noise=TAILS),
        views.dynamics,
        0.85,
    ),
}
each_case = pytest.mark.parametrize("name", CASES)


def market_of(model: Model, seed: int = 0, regimes: int = 0) -> Market:
    view = View("view", "volatility", regimes or int(model.labels.max()) + 1)
    case = Case(name="case", family="tests", views=(view,), eras=((0, model),), bars=BARS, warm_up_bars=WARM_UP)
    return draw(case, seed)


class Run:
    """A model of the flow over some series, fed in as many pieces as one likes."""

    def __init__(self, model: views.Model, series: int = 1) -> None:
        self.model, self.state = model, views.begin(model, series)

    def take(self, returns: np.ndarray, series: np.ndarray | None = None) -> views.View:
        rows = np.zeros(len(returns), np.int64) if series is None else series
        return views.follow(self.model, self.state, rows, returns).views[0]


def answers_of(model: views.Model, returns: np.ndarray) -> dict[str, Answer]:
    """The same probabilities twice, with raw and with held labels."""
    said = Run(model).take(returns)
    ahead = {bars: said.forecasts[:, place] for place, bars in enumerate(model.horizons)}
    return {name: Answer(said.probability, getattr(said, name), ahead) for name in ("raw", "held")}


def scored(market: Market, answer: Answer) -> Score:
    return score(market, {"view": answer})["view"]


def everything(said: views.View) -> np.ndarray:
    """All that is said after each bar, one row a bar."""
    return np.hstack([np.reshape(np.asarray(value, float), (len(said.raw), -1)) for value in vars(said).values()])


@each_case
def test_it_comes_near_the_filter_that_knows_the_parameters(name: str) -> None:
    market, (_, model, least) = market_of(CASES[name][0]), CASES[name]
    raw, held = (scored(market, answer) for answer in answers_of(model(), market.returns).values())
    best = scored(market, oracle(market)["view"])
    assert skill(raw.balanced_accuracy, raw.chance, best.balanced_accuracy) > least
    assert raw.calibration_error < 0.06
    assert held.false_switches < min(6, best.false_switches)


def test_where_there_are_no_regimes_it_hardly_ever_switches() -> None:
    market = market_of(families.steady(0.05, 0.88, TAILS), regimes=2)
    assert scored(market, answers_of(views.volatility(2), market.returns)["held"]).false_switches < 5


@each_case
def test_the_future_changes_nothing(name: str) -> None:
    market, model = market_of(CASES[name][0]), CASES[name][1]()
    returns, slots = market.returns[:2_000], market.slots[:2_000]
    assert largest_change(lambda some, _: answers_of(model, some), returns, slots, (700, 1_600)) == 0


@each_case
def test_cuts_and_restarts_change_no_bit(name: str) -> None:
    model, returns = CASES[name][1](), market_of(CASES[name][0]).returns[:2_000].copy()
    returns[[10, 400, 401, 1_700]] = np.nan
    whole = everything(Run(model).take(returns))
    pieces, found = Run(model), []
    for piece in np.array_split(returns, [1, 49, 50, 51, 333, 1_000, 1_001, 1_900]):
        found.append(everything(pieces.take(piece)))
        pieces.state = pickle.loads(pickle.dumps(pieces.state))
    assert np.array_equal(np.concatenate(found), whole, equal_nan=True)


@each_case
def test_one_series_does_not_know_of_another(name: str) -> None:
    model = CASES[name][1]()
    both = [market_of(CASES[name][0], seed).returns[:1_500] for seed in (1, 2)]
    together = everything(Run(model, series=2).take(np.column_stack(both).ravel(), np.tile([0, 1], 1_500)))
    for series, returns in enumerate(both):
        assert np.array_equal(together[series::2], everything(Run(model).take(returns)), equal_nan=True)
