import math

import pytest

from operators.signals.decide import BookView, signal

REGIME = {
    "instrument": "AAAUSDT", "timeframe": "short", "time": 60, "receive_time": 61, "regime": "calm/bull/random",
    "probability_calm": 0.8, "probability_normal": 0.15, "probability_stressed": 0.05, "probability_bear": 0.1,
    "probability_neutral": 0.2, "probability_bull": 0.7, "probability_reverting": 0.2,
    "probability_random": 0.5, "probability_trending": 0.3, "confidence": 0.56, "volatility": 1e-5, "drift": 0.0,
    "frame": 3,
}  # fmt: skip
BOOK = BookView(valid=True, age_s=0.5, imbalance=0.4)


def decided(book=BOOK, **changes):
    row = signal(REGIME | changes, book, stale_s=5.0)
    return row | {"evidence": {pair["key"]: pair["value"] for pair in row["evidence"]}}


def test_direction_is_bull_minus_bear():
    assert decided()["direction"] == pytest.approx(0.6)
    assert decided()["confidence"] == 0.56


@pytest.mark.parametrize(
    ("regime", "direction"),
    [
        ("normal/bull/trending", 0.6),
        ("stressed/bull/random", 0.3),
        ("calm/bull/reverting", 0.3),
        ("stressed/bull/reverting", 0.15),
    ],
)
def test_stress_halves_the_direction_and_reversion_does_again(regime, direction):
    assert decided(regime=regime)["direction"] == pytest.approx(direction)


def test_the_probabilities_that_were_used_are_the_evidence():
    assert decided()["evidence"] == {
        "probability_bear": 0.1, "probability_bull": 0.7, "probability_stressed": 0.05, "probability_reverting": 0.2,
    }  # fmt: skip


def test_the_lean_of_the_book_counts_for_the_next_second_only():
    assert decided(timeframe="ultra_short")["direction"] == pytest.approx(0.7)
    assert decided(timeframe="ultra_short")["evidence"]["imbalance"] == 0.4
    assert "imbalance" not in decided(timeframe="long")["evidence"]


def test_direction_stays_within_one():
    sure = {"probability_bull": 0.99, "probability_bear": 0.0, "timeframe": "ultra_short"}
    assert decided(BOOK._replace(imbalance=1.0), **sure)["direction"] == 1.0


@pytest.mark.parametrize(
    ("book", "changes", "reason"),
    [
        (BOOK, {"regime": "unknown"}, "unknown_regime"),
        (BOOK._replace(valid=False), {}, "invalid_book"),
        (BOOK._replace(age_s=5.1), {}, "stale_book_s"),
        (BOOK._replace(age_s=math.nan), {}, "stale_book_s"),
        (BOOK._replace(age_s=-1.0), {}, "stale_book_s"),
        (BOOK._replace(imbalance=math.nan), {}, "not_finite"),
        (BOOK, {"probability_bull": math.nan}, "not_finite"),
        (BOOK, {"probability_reverting": math.nan}, "not_finite"),
        (BOOK, {"confidence": math.nan}, "not_finite"),
        (BOOK, {"volatility": math.inf}, "not_finite"),
    ],
)
def test_whatever_is_missing_closes_the_signal_and_says_why(book, changes, reason):
    row = decided(book, **changes)
    assert (row["direction"], row["confidence"]) == (0.0, 0.0)
    assert list(row["evidence"]) == [reason]
