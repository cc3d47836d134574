"""The scorer counts what it says, on answers whose score can be counted by hand."""

import numpy as np
import pytest

from simulator.labelled import score as scoring
from simulator.labelled.cases import case
from simulator.labelled.causality import largest_change
from simulator.labelled.draw import draw
from simulator.labelled.market import Answer, View
from simulator.labelled.oracle import oracle

TRUE = np.array([0] * 20 + [1] * 20 + [0] * 5 + [1] * 20)


def scored(labels: np.ndarray, probabilities: np.ndarray | None = None, **forecasts: np.ndarray) -> scoring.Score:
    given = np.eye(2)[labels] if probabilities is None else probabilities
    answer = Answer(given, labels, {int(name[1:]): said for name, said in forecasts.items()})
    return scoring.score_view(TRUE, answer, View("view", "volatility", 2), 0)


def test_an_answer_that_is_always_right() -> None:
    found = scored(TRUE)
    assert (found.balanced_accuracy, found.accuracy, found.delay_bars, found.missed) == (1, 1, 0, 0)
    assert (found.false_switches, found.brier, found.calibration_error) == pytest.approx((0, 0, 0), abs=1e-5)


def test_balance_does_not_reward_the_commonest_label() -> None:
    found = scored(np.ones(65, int))
    assert found.accuracy == pytest.approx(40 / 65)
    assert found.balanced_accuracy == found.chance == 0.5
    assert found.dominance == 1


def test_delay_is_counted_to_the_first_right_label_and_a_missed_stay_counts_in_full() -> None:
    late = TRUE.copy()
    late[20:24] = 0  # four bars late, never found the short stay at 40, missed the last one
    late[40:45], late[45:] = 1, 0
    found = scored(late)
    assert found.delay_bars == (4 + 20) / 2
    assert found.missed == 0.5


def test_switches_are_false_unless_they_first_arrive() -> None:
    flicker = TRUE.copy()
    flicker[10] = 1  # away, and back, which is what arrives in the first stay
    flicker[30] = 0  # arrived at 20 already, so away and back are both false
    assert scored(flicker).false_switches == pytest.approx(1000 * 3 / 65)
    assert scoring.false_switches(TRUE, np.zeros(65, int)) == 0


def test_log_loss_and_brier_are_those_of_the_definition() -> None:
    probabilities = np.tile([0.2, 0.8], (65, 1))
    found = scored(TRUE, probabilities)
    ones = 40 / 65
    assert found.log_loss == pytest.approx(-(ones * np.log(0.8) + (1 - ones) * np.log(0.2)))
    assert found.brier == pytest.approx(ones * 0.08 + (1 - ones) * 1.28)
    assert found.calibration_error == pytest.approx(abs(0.8 - ones))


def test_a_forecast_of_the_shares_has_no_skill_and_one_that_knows_has_all() -> None:
    horizon = 5
    knows = np.vstack([np.eye(2)[TRUE[horizon:]], np.full((horizon, 2), 0.5)])
    assert scored(TRUE, F5=knows).forecast_skill[5] == pytest.approx(1, abs=1e-4)
    shares = np.tile([25 / 65, 40 / 65], (65, 1))
    assert scored(TRUE, F5=shares).forecast_skill[5] == pytest.approx(0, abs=0.05)


def test_skill_is_the_share_of_what_can_be_achieved() -> None:
    assert scoring.skill(0.7, 0.5, 0.9) == pytest.approx(0.5)
    assert np.isnan(scoring.skill(1.0, 1.0, 1.0))


@pytest.mark.parametrize("family", ["switching_garch", "momenta", "entry_reversions"])
def test_the_oracle_does_not_know_the_future(family: str) -> None:
    market = draw(case(family, 0, "tests"), seed=0)

    def system(returns: np.ndarray, slots: np.ndarray) -> dict[str, Answer]:
        one = type(market.case)(**{**vars(market.case), "bars": len(returns)})
        return oracle(type(market)(one, returns, slots, market.states, market.labels))

    assert largest_change(system, market.returns[:1_500], market.slots[:1_500], (700, 1_100)) == 0


def test_a_system_that_looks_ahead_is_caught() -> None:
    market = draw(case("directions", 0, "tests"), seed=0)

    def system(returns: np.ndarray, _: np.ndarray) -> dict[str, Answer]:
        up = (np.append(returns[1:], 0.0) > 0).astype(int)
        return {"direction": Answer(np.eye(2)[up], up)}

    assert largest_change(system, market.returns[:1_000], market.slots[:1_000], (400, 500, 600)) == 1
