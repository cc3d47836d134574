"""What risk is measured on: returns between moments of the grid, each in the regime that stands."""

import numpy as np
import pytest

from flows.risk import measurement_of
from flows.settings import load
from market.messages import Signal
from market.regimes import UNKNOWN
from operators.risk.gate import Limits
from operators.risk.measure import Measurement
from operators.risk.observer import observer
from tests.operators.portfolio.decision_stream import SECOND, START, VENUE, quote

MANNER = Measurement(step_s=1.0, window_rows=50, least_rows=5, regime_age_s=30.0)


def signal(symbol, second, regime, confidence=0.9, timeframe="short"):
    return Signal(
        venue=VENUE, instrument=symbol, time_ns=START + second * SECOND, timeframe=timeframe, direction=0.0,
        confidence=confidence, volatility=1e-4, regime=regime, evidence={},
    )  # fmt: skip


def heard(*messages):
    found = observer(MANNER, Limits())
    for symbol in ("AAAUSDT", "BBBUSDT", "CCCUSD"):
        found.note(quote(symbol, START, 100.0, 101.0))
    for message in messages:
        found.note(message)
    return found


def regime_at(second, *messages):
    return heard(*messages).regime(START + second * SECOND)


def test_the_regime_that_stands_is_that_of_the_largest_summed_confidence():
    votes = signal("AAAUSDT", 1, "calm", 0.4), signal("BBBUSDT", 1, "calm", 0.4), signal("CCCUSD", 1, "stressed", 0.7)
    assert regime_at(2, *votes) == "calm"
    assert regime_at(2, *votes, signal("BBBUSDT", 2, "stressed", 0.4)) == "stressed"


@pytest.mark.parametrize(
    "one",
    [
        signal("AAAUSDT", 1, UNKNOWN),
        signal("AAAUSDT", 1, "calm", float("nan")),
        signal("AAAUSDT", 1, "calm", 1.5),
        signal("AAAUSDT", 1, "calm", timeframe="long"),
        signal("never quoted", 1, "calm"),
    ],
)
def test_what_is_not_sound_says_nothing_of_the_regime(one):
    assert regime_at(2, one) == UNKNOWN


def test_an_old_signal_ends_and_an_older_one_than_the_newest_is_not_heard():
    assert regime_at(31, signal("AAAUSDT", 1, "calm")) == "calm"
    assert regime_at(32, signal("AAAUSDT", 1, "calm")) == UNKNOWN
    assert regime_at(9, signal("AAAUSDT", 5, "calm"), signal("AAAUSDT", 4, "stressed")) == "calm"


def test_a_row_has_what_was_known_before_its_moment_passed_and_the_regime_of_then():
    found = heard()
    for second, mid in ((0.5, 100.0), (1.5, 110.0), (2.0, 500.0), (2.5, 600.0)):
        if second == 2.0:
            found.note(signal("AAAUSDT", 2, "stressed"))
        found.note(quote("AAAUSDT", START + round(second * SECOND), mid - 0.5, mid + 0.5))
    found.note(quote("BBBUSDT", START + 3 * SECOND, 100.0, 101.0))
    returns, regimes = found.measure.window.complete([f"{VENUE}|AAAUSDT"])
    assert returns.ravel() == pytest.approx([0.1, 600 / 110 - 1])
    assert [found.measure.window.regimes[place] for place in regimes] == [UNKNOWN, "stressed"]


def test_the_settings_measure_as_the_page_says_and_bars_ask_for_longer_steps():
    plain, daily = measurement_of(load(None)), measurement_of(load(None), least_step_s=86_400.0)
    assert (plain.step_s, plain.every_s, plain.window_rows, plain.half_life_rows) == (10.0, 60.0, 1000, 60.0)
    assert (plain.reserve.least_gap, plain.reserve.use_share, plain.movement.regime_shares) == (
        0.1,
        0.5,
        {"stressed": 0.5},
    )
    assert (daily.step_s, daily.every_s, daily.horizon_s) == (86_400.0,) * 3
    assert (daily.window_rows, daily.half_life_rows) == (plain.window_rows, plain.half_life_rows)
    assert np.isfinite(daily.regime_age_s)
