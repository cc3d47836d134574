"""How parents are spread over time, against closed forms, brute force and plain counting."""

import random
from dataclasses import replace
from math import cosh, inf, nan, sinh, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.messages import Side, Signal
from operators.execution.pace import Progress, Schedule, advanced, followed, kappa, slice_share
from operators.execution.urgency import MOST, Mood, Usual, urgency
from tests.operators.portfolio.decision_stream import SECOND, VENUE, quote


def walked(schedule, total, times_s, urgencies=None, volumes=None, lot=0.1):
    """Sizes due at each time, of a parent that began at 0."""
    progress = followed(None, schedule, 0.0, total, 0)
    found = []
    for number, time_s in enumerate(times_s):
        if volumes is not None:
            progress = progress.after(volumes[number])
        progress = advanced(progress, schedule, round(time_s * SECOND), 1.0 if urgencies is None else urgencies[number])
        found.append(progress.wanted(lot))
    return found


def cheapest(slices, slice_s, risk_aversion, volatility, impact):
    """Trades that make impact / τ Σ n² + λ σ² τ Σ x² least, Σ n = 1: the linear system itself, no formula."""
    left = 1.0 - np.tril(np.ones((slices, slices)))  # times n: what is left after each trade
    cost = impact / slice_s * np.eye(slices) + risk_aversion * volatility**2 * slice_s * left.T @ left
    system = np.block([[2.0 * cost, np.ones((slices, 1))], [np.ones((1, slices)), np.zeros((1, 1))]])
    return np.linalg.solve(system, np.r_[np.zeros(slices), 1.0])[:slices]


@pytest.mark.parametrize(("slices", "slice_s"), [(2, 5.0), (7, 10.0), (30, 10.0), (60, 1.0)])
@pytest.mark.parametrize("risk", [1e-9, 1e-6, 1e-4])
def test_almgren_chriss_is_the_cheapest_of_all_trajectories(slices, slice_s, risk):
    volatility, impact = 3.0, 0.02
    rate = kappa(risk, volatility, impact, slice_s)
    schedule = Schedule(kind="almgren_chriss", horizon_s=slices * slice_s, slice_s=slice_s, trade_life_s=1.0 / rate)
    dues = walked(schedule, 1.0, [number * slice_s for number in range(slices)], lot=1e-9)
    expected = np.cumsum(cheapest(slices, slice_s, risk, volatility, impact))
    assert dues == pytest.approx(expected, abs=3e-9)


def test_almgren_chriss_is_the_closed_form():
    life, slices, tau = 120.0, 30, 10.0
    schedule = Schedule(kind="almgren_chriss", trade_life_s=life)
    dues = walked(schedule, 1.0, [number * tau for number in range(slices)], lot=1e-9)
    horizon = slices * tau
    left = [sinh((horizon - number * tau) / life) / sinh(horizon / life) for number in range(1, slices + 1)]
    assert [1.0 - due for due in dues] == pytest.approx(left, abs=3e-9)
    first = 2.0 * sinh(tau / 2 / life) / sinh(horizon / life) * cosh((horizon - tau / 2) / life)
    assert dues[0] == pytest.approx(first, abs=3e-9)


def test_almgren_chriss_without_aversion_is_twap():
    slow = Schedule(kind="almgren_chriss", trade_life_s=1e12)
    times = [10.0 * number for number in range(30)]
    assert walked(slow, 30.0, times, lot=1e-6) == pytest.approx(
        walked(Schedule(kind="twap"), 30.0, times, lot=1e-6), abs=1e-5
    )


@given(lots=st.integers(1, 2_000), slices=st.integers(1, 60), sign=st.sampled_from([1, -1]))
@settings(max_examples=60, deadline=None)
def test_twap_comes_to_the_parent_in_slices_that_differ_by_a_lot(lots, slices, sign):
    lot = 0.001
    schedule = Schedule(kind="twap", horizon_s=10.0 * slices)
    dues = walked(schedule, sign * lots * lot, [10.0 * number for number in range(slices)], lot=lot)
    steps = np.diff([0.0, *dues]) * sign / lot
    whole = np.rint(steps)
    assert np.abs(steps - whole).max() < 1e-6
    assert whole.sum() == lots
    assert whole.max() - whole.min() <= 1
    assert dues[-1] == pytest.approx(sign * lots * lot, abs=1e-12)


KINDS = ("twap", "pov", "almgren_chriss")


@given(
    kind=st.sampled_from(KINDS),
    total=st.integers(-500, 500),
    steps=st.lists(
        st.tuples(st.floats(0.0, 90.0), st.floats(1 / MOST, MOST), st.floats(0.0, 300.0)), min_size=1, max_size=60
    ),
    catch_up=st.integers(1, 5),
)
@settings(max_examples=80, deadline=None)
def test_what_is_due_never_falls_never_passes_the_parent_and_never_leaps(kind, total, steps, catch_up):
    schedule = Schedule(kind=kind, catch_up=catch_up)
    progress, time_s, looked = followed(None, schedule, 0.0, total * 0.1, 0), 0.0, -1
    for waited, urgent, traded in steps:
        time_s += waited
        before = progress
        progress = advanced(progress.after(traded), schedule, round(time_s * SECOND), urgent)
        assert 0.0 <= before.due <= progress.due <= 1.0
        assert abs(progress.wanted(0.1)) <= abs(total) * 0.1 + 1e-9
        if int(time_s / 10.0 + 1e-9) == looked:
            assert progress.due == before.due  # once a slice
        looked = int(time_s / 10.0 + 1e-9)
        assert progress.released - before.released <= catch_up
        if kind == "twap":
            assert progress.due - before.due <= catch_up / schedule.slices + 1e-9
        if kind == "pov" and total:
            assert progress.due - before.due <= catch_up / schedule.slices + 1e-9


@pytest.mark.parametrize("urgent", [1 / MOST, 1.0, MOST])
def test_pov_is_a_share_of_the_volume_and_never_more_than_its_maximum(urgent):
    rng = random.Random(5)
    schedule = Schedule(kind="pov", participation=0.1, max_participation=0.15, catch_up=1_000)
    volumes = [rng.expovariate(1 / 40) for _ in range(300)]
    total = 1_000.0
    dues = walked(schedule, total, [10.0 * number for number in range(300)], [urgent] * 300, volumes, lot=1e-6)
    share = min(0.1 * sqrt(urgent), 0.15)
    for due, traded in zip(dues, np.cumsum(volumes), strict=True):
        assert due <= 0.15 * traded + 1e-6
        assert due == pytest.approx(min(share * traded, total), abs=1e-5)


def test_pov_without_volume_trades_nothing_and_hears_no_nonsense():
    schedule = Schedule(kind="pov")
    assert walked(schedule, 9.0, range(0, 500, 10), volumes=[0.0, -1.0, nan, inf, 0.0] * 10) == [0.0] * 50


def test_a_gap_is_made_good_a_few_slices_at_a_time():
    schedule = Schedule(kind="twap", horizon_s=300.0, slice_s=10.0, catch_up=2)
    dues = walked(schedule, 30.0, [0, 10, 100, 105, 110, 120, 130, 140, 150, 160, 170, 180, 190, 200, 210])
    assert dues == [1, 2, 4, 4, 6, 8, 10, 12, 14, 16, 18, 19, 20, 21, 22]


def test_a_share_of_what_is_left_is_the_hyperbolic_one():
    for rate in (1e-12, 1e-6, 0.1, 3.0, 50.0, 700.0):
        for left in (2, 3, 30):
            try:
                expected = 1.0 - sinh(rate * (left - 1)) / sinh(rate * left)
            except OverflowError:
                expected = 1.0 - np.exp(-rate)
            assert slice_share(rate, left) == pytest.approx(expected, rel=1e-6)


# A parent after a parent.


@pytest.mark.parametrize("kind", KINDS)
def test_targets_that_come_often_neither_hurry_nor_starve_a_schedule(kind):
    schedule = Schedule(kind=kind)
    rng = random.Random(1)
    progress, held, size = None, 0.0, 300.0 if kind == "pov" else 30.0
    for second in range(400):
        wanted = size + rng.choice([0.0, 0.1, -0.1])  # another parent of the same direction nearly every second
        progress = followed(progress, schedule, held, wanted, second * SECOND).after(5.0)
        progress = advanced(progress, schedule, second * SECOND)
        before, held = held, max(held, progress.wanted(0.1))
        assert held - before <= schedule.catch_up * (size + 0.5) / schedule.slices + 0.1 or kind == "almgren_chriss"
        slices_so_far = second // 10 + 1
        if kind == "twap":
            assert held <= slices_so_far * 30.5 / schedule.slices + 0.1
        if kind == "pov":
            assert held <= 0.1 * 5.0 * (second + 1) + 0.1
    assert held > (190.0 if kind == "pov" else 15.0)


def test_the_same_target_again_goes_on_and_one_of_the_other_direction_begins_at_once():
    schedule = Schedule(kind="twap")
    progress = advanced(followed(None, schedule, 0.0, 30.0, 0), schedule, 55 * SECOND)
    assert followed(progress, schedule, 5.0, 30.0, 57 * SECOND) is progress
    turned = followed(progress, schedule, 5.0, -10.0, 57 * SECOND)
    assert turned == Progress(5.0, -10.0, 57 * SECOND)
    assert advanced(turned, schedule, 57 * SECOND).released == 1


def test_a_larger_parent_waits_for_the_next_slice():
    schedule = Schedule(kind="twap")
    progress = advanced(followed(None, schedule, 0.0, 30.0, 0), schedule, 12 * SECOND)
    larger = followed(progress, schedule, 2.0, 60.0, 13 * SECOND)
    assert advanced(larger, schedule, 19 * SECOND).wanted(0.1) == 2.0
    assert advanced(larger, schedule, 20 * SECOND).wanted(0.1) == pytest.approx(2.0 + 58.0 / 30, abs=0.1)


# What is urgent.


usual = st.builds(Usual, st.floats(0.1, 10.0), st.just(1.0))
moods = st.builds(Mood, usual, usual, usual, st.floats(-1.0, 1.0))


@given(mood=moods, side=st.sampled_from(list(Side)), more=st.floats(0.0, 2.0))
@settings(max_examples=200, deadline=None)
def test_more_volatility_depth_or_adverse_lean_is_never_less_urgent(mood, side, more):
    now = urgency(mood, side)
    assert 1 / MOST <= now <= MOST
    assert urgency(mood._replace(volatility=Usual(mood.volatility.now + more, 1.0)), side) >= now
    assert urgency(mood._replace(lean=min(max(mood.lean + side * more, -1.0), 1.0)), side) >= now
    deeper = {"ask" if side == Side.BUY else "bid": Usual((mood.ask if side == Side.BUY else mood.bid).now + more, 1.0)}
    assert urgency(mood._replace(**deeper), side) >= now
    other = {"bid" if side == Side.BUY else "ask": Usual(9.0, 1.0)}
    assert urgency(mood._replace(**other), side) == now


def test_nothing_unusual_is_one_and_every_factor_is_what_the_page_says():
    assert urgency(Mood(), Side.BUY) == urgency(Mood(), Side.SELL) == 1.0
    assert urgency(Mood(lean=0.5), Side.BUY) == 1.5
    assert urgency(Mood(lean=0.5), Side.SELL) == 1.0
    assert urgency(Mood(ask=Usual(2.0, 1.0)), Side.BUY) == 2.0
    assert urgency(Mood(volatility=Usual(0.1, 1.0)), Side.BUY) == 1 / MOST


def test_the_usual_is_an_exponential_average_that_hears_no_nonsense():
    rng = random.Random(2)
    values = [rng.uniform(1, 3) for _ in range(200)]
    mood = Mood()
    for value in values:
        for told in (value, nan, -1.0, 0.0, inf):
            signal = Signal(venue=VENUE, instrument="BBBUSDT", time_ns=0, timeframe="short", direction=1.0,
                            confidence=0.5, volatility=told, regime="", evidence={})  # fmt: skip
            mood = mood.after_signal(signal)
        mood = mood.after_quote(quote("BBBUSDT", 0, 50.0, 50.01, value))
    mean = values[0] * 0.98**199 + sum(0.02 * value * 0.98 ** (199 - at) for at, value in enumerate(values) if at)
    assert mood.volatility == pytest.approx((values[-1], mean))
    assert mood.ask == pytest.approx((values[-1], mean))
    assert mood.lean == 0.5


@given(urgent=st.floats(1.0, MOST), kind=st.sampled_from(["pov", "almgren_chriss"]))
@settings(max_examples=60, deadline=None)
def test_more_urgent_is_never_later(urgent, kind):
    schedule = Schedule(kind=kind, catch_up=30)
    times, volumes = [10.0 * number for number in range(30)], [20.0] * 30
    calm = walked(schedule, 30.0, times, volumes=volumes, lot=1e-6)
    hurried = walked(schedule, 30.0, times, [urgent] * 30, volumes, lot=1e-6)
    assert all(after >= before - 1e-6 for before, after in zip(calm, hurried, strict=True))


@pytest.mark.parametrize(
    "changes",
    [{"kind": "vwap"}, {"horizon_s": 0.0}, {"slice_s": nan}, {"slice_s": 301.0}, {"horizon_s": 1e8, "slice_s": 1.0},
     {"participation": 0.3}, {"participation": 0.0}, {"max_participation": 1.5}, {"catch_up": 0}],
)  # fmt: skip
def test_a_schedule_that_cannot_be_is_refused(changes):
    with pytest.raises(ValueError, match=next(iter(changes))):
        replace(Schedule(kind="twap"), **changes)
