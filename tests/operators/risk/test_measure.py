import math
import pickle
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from operators.risk.estimates import estimates
from operators.risk.gate import Limits, Standing, assess
from operators.risk.historical import historical
from operators.risk.look import look
from operators.risk.measure import Measurement, Money, RiskMeasure
from operators.risk.moving_limits import STEP, Movement
from operators.risk.risk_rows import LIMIT, PART, RISK, Stamp
from operators.risk.switch import SwitchState
from operators.risk.window import MOST_REGIMES, ReturnWindow
from tests.operators.risk.test_gate_inputs import LIMITS, NOW, ORDER, QUOTE

SECOND = 1_000_000_000
KEYS = [("v", f"i{number}") for number in range(4)]
NAMES = ["|".join(key) for key in KEYS]
MANNER = Measurement(window_rows=300, least_rows=100, paths=500, half_life_rows=30.0)
BOOKS = {"trend": {KEYS[0]: 5000.0, KEYS[1]: -2000.0}, "carry": {KEYS[1]: 1000.0, KEYS[2]: 500.0}}


def fed(rows=300, missing=0.0, manner=MANNER, seed=1):
    draws = np.random.default_rng(seed)
    risk = RiskMeasure(manner, Limits())
    for row in range(rows):
        returns = draws.standard_t(5, 4) * 1e-3 + draws.normal() * 1e-3
        returns[draws.random(4) < missing] = math.nan
        risk.observe(NAMES, returns, "calm" if row % 3 else "panic")
    return risk


def money(equity=100_000.0, peak=100_000.0, state="active"):
    return Money(state, equity, peak, 0.0)


def measured(risk, second=60, books=BOOKS, how=None, depths=None, offset=7):
    """Measured with targets that are what is held."""
    wanted = {}
    for book in books.values():
        for key, held in book.items():
            wanted[key] = wanted.get(key, 0.0) + held
    return risk.measure(stamp(second, offset), how or money(), books, wanted, depths or {})


def stamp(second, offset=7):
    return Stamp("paper", second * SECOND, second * SECOND + 5, offset)


def only(frame):
    (row,) = frame.to_dicts()
    maps = {name: value for name, value in row.items() if isinstance(value, list)}
    return row | {name: {one["key"]: one["value"] for one in value} for name, value in maps.items()}


def test_a_measurement_has_exposure_every_method_and_parts_that_sum():
    risk = fed()
    tables = measured(risk, 120)
    row = only(tables["risk"])
    assert (row["gross"], row["net"], row["scenarios"]) == (6500.0, 4500.0, 300)
    assert set(row["var"]) == set(row["es"]) >= {"historical", "filtered", "normal", "student_t", "monte_carlo"}
    assert all(row["es"][name] >= value > 0 for name, value in row["var"].items())
    assert row["stress"]["all fall 10 %"] == pytest.approx(450.0)
    parts = tables["risk_parts"]
    sums = parts.group_by("measure", "dimension").agg(pl.col("amount").sum())
    by = {(one["measure"], one["dimension"]): one["amount"] for one in sums.to_dicts()}
    for measure in ("var", "es"):
        assert by[measure, "instrument"] == by[measure, "strategy"] == by[measure, "regime"]
    whole = np.array([5000.0, -1000.0, 500.0])
    plain = historical(risk.window.complete(NAMES[:3])[0], whole, 0.99)
    assert by["es", "instrument"] == round(plain.es * 1e6)
    assert by["var", "instrument"] == round(plain.var * 1e6)
    assert row["var"]["historical"] == pytest.approx(plain.var * math.sqrt(360))


def test_rows_have_the_columns_of_their_tables():
    schema = Path(__file__).parents[3] / "sql" / "schema"
    for file, columns in (("034_limits", LIMIT), ("035_risk", RISK), ("036_risk_parts", PART)):
        text = (schema / f"{file}.sql").read_text()
        assert re.findall(r"^    `?(\w+)`? ", text, re.MULTILINE) == list(columns)


def test_the_grid_of_data_time_says_when_to_measure():
    risk = fed()
    assert risk.due(0)
    measured(risk, 61)
    assert not risk.due(119 * SECOND)
    assert risk.due(120 * SECOND)


def test_a_tenth_of_the_budget_lost_is_measured_at_once():
    risk = fed()
    measured(risk, 61)
    risk.mark(99_600.0, 100_000.0)
    assert not risk.due(62 * SECOND)
    risk.mark(99_500.0, 100_000.0)
    assert risk.due(62 * SECOND)
    measured(risk, 62, how=money(99_500.0))
    assert not risk.due(63 * SECOND)


def test_before_there_are_rows_enough_var_is_not_told_and_limits_stand_low():
    risk = fed(rows=50)
    tables = measured(risk)
    row = only(tables["risk"])
    assert (row["var"], row["scenarios"]) == ({}, 0)
    assert math.isnan(row["deviation"])
    assert math.isnan(risk.usage)
    assert tables["risk_parts"].is_empty()
    assert risk.book_risk(KEYS[0], {}) is None
    assert risk.limits(KEYS[0]).max_gross_notional <= 0.5 * 0.05 * Limits().max_gross_notional


def test_an_empty_account_is_measured_too():
    risk = RiskMeasure(MANNER, Limits())
    row = only(measured(risk, books={})["risk"])
    assert (row["gross"], row["var"], row["stress"]) == (0.0, {}, {})
    assert risk.usage == 0.0


@pytest.mark.parametrize("how", [money(math.nan), money(peak=math.nan), money(0.0), money(-1.0)])
def test_without_equity_next_to_nothing_is_allowed(how):
    risk = fed()
    row = only(measured(risk, how=how)["risk"])
    assert risk.limits(KEYS[0]).max_gross_notional < 1.0
    assert risk.target_scale < 1e-6
    assert row["drawdown_scale"] == 0.0


def test_something_held_whose_returns_are_unknown_is_not_ready_and_counts_whole_in_a_gap():
    risk = fed()
    stranger = ("v", "stranger")
    row = only(measured(risk, books={"trend": {stranger: 1000.0}})["risk"])
    assert row["var"] == {}
    assert row["gap_loss"] == pytest.approx(1002.0)
    assert risk.book_risk(KEYS[0], {stranger: 1.0}) is None
    assert risk.book_risk(KEYS[0], {stranger: 0.0}) is not None


def test_book_risk_is_the_quadratic_form_of_what_is_held_now():
    risk = fed()
    measured(risk)
    book = {KEYS[0]: 100.0, KEYS[3]: -70.0}
    found, covariance = risk.book_risk(KEYS[1], book), risk.seen.covariance * 360
    held = np.array([100.0, 0.0, 0.0, -70.0])
    assert found.variance == pytest.approx(held @ covariance @ held)
    assert found.covariance == pytest.approx(covariance[1] @ held)
    assert found.own_variance == pytest.approx(covariance[1, 1])
    assert found.multiple >= 2.32
    assert found.time_ns == 60 * SECOND
    whole = np.array([5000.0, -1000.0, 500.0, 0.0])
    limit = risk.limits(KEYS[0]).max_var_share * 100_000.0
    assert risk.usage == pytest.approx(found.multiple * math.sqrt(whole @ covariance @ whole) / limit)
    risk_now = found._replace(time_ns=NOW)
    held_now = Standing(NOW, SwitchState.ACTIVE, 1e4, QUOTE, 0.0, 0.0, 0.0, 0.0, risk=risk_now)
    assert "var_share" in assess(ORDER, held_now, LIMITS).checks


def test_limits_fall_with_the_drawdown_and_come_back_after_a_person_resumes():
    risk = fed(manner=Measurement(window_rows=300, least_rows=100, paths=0, movement=Movement(hold_s=30.0)))
    measured(risk)
    first = risk.limits(KEYS[0]).max_gross_notional
    assert risk.target_scale == 1.0  # 6 500 wanted; half of 5 000 meets a gap of a tenth and its costs up to 24 500
    lower = measured(risk, 120, how=money(96_000.0))
    assert risk.limits(KEYS[0]).max_gross_notional < 0.25 * first
    assert risk.target_scale == pytest.approx(0.5 * 1000 / (0.102 * 6500) / STEP, rel=0.1)
    assert set(lower["limits"]["reason"]) == {"drawdown"}
    assert only(lower["risk"])["drawdown"] == pytest.approx(0.04)
    measured(risk, 180, how=money(94_000.0, state="reducing"))
    assert risk.limits(KEYS[0]).max_gross_notional < 1.0
    for second in (240, 300, 360):
        last = only(measured(risk, second, how=money(94_000.0, 94_000.0))["risk"])
    assert risk.limits(KEYS[0]).max_gross_notional == pytest.approx(first, rel=0.2)
    assert last["worst_drawdown"] == pytest.approx(0.06)


def test_what_is_wanted_shrinks_to_what_one_gap_of_it_may_cost_and_fits_the_gate_s_gross():
    risk, held = fed(), {"s": {KEYS[0]: 10.0}}
    for second, gross in ((60, 20_000.0), (120, 40_000.0), (180, 100_000.0)):
        risk.measure(stamp(second), money(), held, {KEYS[0]: gross / 2, KEYS[1]: -gross / 2}, {})
        allowed = risk.limits(("", "")).max_gross_notional
        assert gross * risk.target_scale <= allowed
        assert gross * risk.target_scale * 0.102 <= 0.5 * 5000.0
        assert gross * risk.target_scale >= min(gross, allowed / STEP**2.01)


def test_pickled_at_any_point_it_goes_on_as_if_nothing_had_happened():
    one, draws = fed(rows=250, missing=0.02), np.random.default_rng(9)
    other = pickle.loads(pickle.dumps(one))
    for row in range(120):
        returns = draws.normal(size=4) * 1e-3
        for each in (one, other):
            each.observe(NAMES, returns, "calm")
        if row % 40 == 0:
            tables = [measured(each, row + 60, how=money(1e5 - row), depths={KEYS[0]: 1e6}) for each in (one, other)]
            assert all(tables[0][name].equals(tables[1][name]) for name in tables[0])
            other = pickle.loads(pickle.dumps(other))


def test_once_nothing_is_held_an_order_is_projected_by_what_is_wanted():
    risk = fed()
    measured(risk)
    held = risk.multiple
    risk.measure(stamp(120), money(), {}, {KEYS[3]: 100.0}, {})
    assert risk.multiple == pytest.approx(fed_multiple(risk, KEYS[3]))
    assert risk.multiple != held
    risk.measure(stamp(180), money(), {}, {}, {})
    assert risk.multiple == pytest.approx(fed_multiple(risk, KEYS[3]))


def fed_multiple(risk, key):
    found = estimates(risk.window.complete(["|".join(key)])[0], np.array([100.0]), MANNER.manner)
    return found.worst.var / found.deviation


def test_state_is_bounded():
    manner = Measurement(window_rows=50, least_rows=10, paths=0, most=8)
    sizes = []
    for rows in (200, 800):
        risk = RiskMeasure(manner, Limits())
        for row in range(rows):
            names = [f"v|{row % 40}", f"v|{row % 7}"] if row % 40 != row % 7 else ["v|0"]
            risk.observe(names, np.full(len(names), 1e-3), f"regime {row}")
        measured(risk, books={"s": {("v", "3"): 1.0}})
        sizes.append(len(pickle.dumps(risk)))
        assert len(risk.window.places) == 8
        assert len(risk.window.regimes) == MOST_REGIMES
    assert sizes[1] <= sizes[0] * 1.05


def test_the_window_keeps_the_newest_rows_in_order_and_widens():
    window = ReturnWindow(3, 2)
    for number, names in enumerate([["a"], ["a", "b"], ["b", "a"], ["c", "a"]]):
        window.take(names, np.log1p(np.arange(1.0, len(names) + 1) + 10 * number), "r")
    returns, _ = window.in_order()
    assert returns == pytest.approx(np.array([[11.0, 12.0], [22.0, 21.0], [32.0, np.nan]]), nan_ok=True)
    complete, regimes = window.complete(["b", "a"])
    assert complete == pytest.approx(np.array([[12.0, 11.0], [21.0, 22.0]]))
    assert len(regimes) == 2
    assert window.complete(["c"])[0].shape == (0, 1)


def test_missing_returns_leave_variances_right_and_the_matrix_positive_semi_definite():
    full, holey = fed(rows=300), fed(rows=300, missing=0.3)
    seen = look(holey.window, 1, half_life_rows=100.0, least_rows=100)
    whole = look(full.window, 1, half_life_rows=100.0, least_rows=100)
    assert np.linalg.eigvalsh(seen.covariance)[0] > 0
    assert np.diag(seen.covariance) == pytest.approx(np.diag(whole.covariance), rel=0.5)
    assert look(RiskMeasure(MANNER, Limits()).window, 1, half_life_rows=1.0, least_rows=2) is None


@pytest.mark.parametrize(
    "wrong", [{"level": 0.4}, {"horizon_s": math.nan}, {"every_s": 0.0}, {"least_rows": 2000}, {"paths": -1}]
)
def test_a_manner_of_measuring_that_cannot_be_is_named(wrong):
    with pytest.raises(ValueError, match="must be"):
        Measurement(**wrong)
