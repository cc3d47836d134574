import pickle
from dataclasses import replace
from functools import partial

import numpy as np
import polars as pl
import pytest

from operators.regimes import decision, forecast, level, level_grid, views
from operators.regimes.bank import bank, catalogue, learners
from operators.slots import grown
from tests.operators.regimes.bank.single import many_bars

QUICK = bank.Parameters(keep=0.999, remember=0.999, renew_bars=150, generations=2)
MODELS = {
    "volatility": views.volatility(),
    "volatility of two": views.volatility(2),
    "direction": views.direction(),
    "direction of two": views.direction(2),
    "dynamics": views.dynamics(),
    "drifts": views.model([catalogue.direction(0.1, (1.2, 0.9))], (3,)),
    "four views": views.model([catalogue.timescales(0.5, 0.1, 0.3, 0.8)], (2, 2, 2, 2)),
}
ALONE = ("drifts", "four views")  # no other witness speaks for them
each = pytest.mark.parametrize("model", [replace(model, learning=QUICK) for model in MODELS.values()], ids=MODELS)

alone = pytest.mark.parametrize("model", [replace(MODELS[name], learning=QUICK) for name in ALONE], ids=ALONE)


def market(bars, seed=0):
    random = np.random.default_rng(seed)
    returns = 0.01 * random.standard_t(5, bars) * np.repeat(random.choice([0.5, 1.0, 2.0], bars // 50 + 1), 50)[:bars]
    returns[[3, bars // 2]] = np.nan
    return returns


def zeros(rows):
    return np.zeros(rows, np.int64)


def columns(followed):
    """All that was said, one array after another."""
    return [
        *(value for view in followed.views for value in vars(view).values()),
        *(followed.levels[name] for name in followed.levels.dtype.names),
        *(followed.log_density, followed.below, followed.mean),
    ]


def asked(model, returns):
    """What a bank of its own says: probability, balance, transition, mean, log density, share below."""
    rows, count, most = len(returns), len(model.labels), max(model.labels)
    shapes = ((rows, count, most),) * 2 + ((rows, count, most, most), (rows,), (rows,), (rows,))
    out = list(map(np.empty, shapes))
    state, room = learners.empty(model.stack, 2, 1), learners.work(model.stack, 2)
    bank.advance(state, model.stack, bank.settings(QUICK), room, zeros(rows), returns, *out)
    settling = np.isfinite(returns) & np.isnan(out[4])  # after the last of them there is only the prior
    out[0][settling], out[3][settling] = np.nan, np.nan
    return out


def levels_of(returns):
    rows = np.empty(len(returns), level.LEVEL)
    level.advance(level.empty(1), level_grid.grid(), zeros(len(returns)), returns, rows)
    return rows


@alone
def test_what_is_followed_is_what_its_parts_say_one_after_the_other(model):
    returns = market(400)
    followed = views.follow(model, views.begin(model, 1), zeros(400), returns)
    probability, balance, transition, mean, log_density, below = asked(model, returns)
    assert np.array_equal(followed.log_density, log_density, equal_nan=True)
    assert np.array_equal(followed.below, below, equal_nan=True)
    assert np.array_equal(followed.mean, mean, equal_nan=True)
    for number, (view, labels) in enumerate(zip(followed.views, model.labels, strict=True)):
        p, b = probability[:, number, :labels].copy(), balance[:, number, :labels].copy()
        assert_concluded(model, view, p, b, transition[:, number, :labels, :labels].copy())


def assert_between(said, one, other):
    """Each row is a mixture of the two."""
    known = np.isfinite(said[:, 0]) & np.isfinite(one[:, 0]) & np.isfinite(other[:, 0])
    assert known[80:].all()
    said, one, other = said[known], one[known], other[known]
    place = np.abs(one - other).argmax(axis=1)[:, None]
    gap = np.take_along_axis(one - other, place, axis=1)
    weight = np.take_along_axis(said - other, place, axis=1) / np.where(abs(gap) > 1e-6, gap, np.inf)
    assert ((weight > -1e-6) & (weight < 1 + 1e-6)).all()
    assert said == pytest.approx(weight * one + (1 - weight) * other, abs=1e-5)
    assert abs(said - one).max() > 0.01


@pytest.mark.parametrize("labels", [2, 3])
def test_volatility_is_between_what_the_bank_and_the_level_head_say(labels):
    model, returns = replace(views.volatility(labels), learning=QUICK), market(400)
    followed = views.follow(model, views.begin(model, 1), zeros(400), returns)
    levels = levels_of(returns)
    assert followed.levels.tobytes() == levels.tobytes()
    head = np.column_stack([levels["calm"], levels["normal"], levels["stressed"]])
    other = head if labels == 3 else np.column_stack([1 - levels["stressed"], levels["stressed"]])
    assert_between(followed.views[0].probability, asked(model, returns)[0][:, 0], other)


@pytest.mark.parametrize("name", ["direction", "dynamics"])
def test_others_are_between_what_banks_of_returns_and_of_returns_over_volatility_say(name):
    model, returns = replace(MODELS[name], learning=QUICK), market(400)
    found = views.follow(model, views.begin(model, 1), zeros(400), returns).views[0].probability
    volatility = pl.Series(levels_of(returns)["volatility"]).fill_nan(None).forward_fill().shift(1).to_numpy()
    assert_between(found, asked(model, returns)[0][:, 0], asked(model, returns / volatility)[0][:, 0])


def assert_concluded(model, view, p, b, a):
    """Labels and forecasts are those of probability, balance and transition."""
    rows, labels = p.shape
    state = decision.empty(np.full(labels, 1 / labels), 1)
    raw, held, bars = np.empty(rows, np.int64), np.empty((rows, 2), np.int64), np.empty((rows, 2), np.int64)
    paced = np.empty_like(a)
    decision.decide_rows(state, decision.settings(model.deciding), zeros(rows), p, b, a, raw, held, bars, paced)
    assert np.array_equal(view.probability, p, equal_nan=True)
    assert np.array_equal(view.transition, paced, equal_nan=True)
    assert view.raw.tolist() == raw.tolist()
    assert (view.previous.tolist(), view.held.tolist()) == (held[:, 0].tolist(), held[:, 1].tolist())
    assert (view.previous_bars.tolist(), view.held_bars.tolist()) == (bars[:, 0].tolist(), bars[:, 1].tolist())
    known = np.flatnonzero(np.isfinite(p[:, 0]))
    support = p / b
    for row in known[::37]:
        for number, horizon in enumerate(forecast.HORIZONS):
            expected = p[row] @ np.linalg.matrix_power(paced[row], horizon)
            assert view.forecasts[row, number] == pytest.approx(expected, abs=1e-12)
        now = view.held[row]
        stay = paced[row, now, now]
        assert view.changes[row] == pytest.approx([1 - p[row, now] * stay**h for h in forecast.HORIZONS])
        best = np.delete(support[row], now).max()
        expected = np.clip(np.log(support[row, now] / best), -views.LARGEST_LEAD, views.LARGEST_LEAD)
        assert view.lead[row] == pytest.approx(expected)


@each
def test_probabilities_forecasts_and_steps_sum_to_one(model):
    followed = views.follow(model, views.begin(model, 1), zeros(400), market(400))
    for view, labels in zip(followed.views, model.labels, strict=True):
        known = np.isfinite(view.probability[:, 0])
        assert known[bank.SETTLE + 1 :].all()
        for values in (view.probability, view.forecasts, view.transition):
            assert values[known].sum(axis=-1) == pytest.approx(np.ones(values[known].shape[:-1]))
        assert ((view.held[known] >= 0) & (view.held[known] < labels)).all()
        assert ((view.changes[known] > -1e-12) & (view.changes[known] < 1 + 1e-12)).all()
        assert (np.diff(view.changes[known], axis=1) > -1e-12).all()
        assert (view.remaining_bars[known] >= 0).all()


@each
def test_before_anything_is_known_nothing_is_said(model):
    followed = views.follow(model, views.begin(model, 1), zeros(25), market(400)[:25])
    for view in followed.views:
        assert np.isnan(view.probability).all()
        assert (view.held == decision.UNKNOWN_LABEL).all()
        assert (view.raw == decision.UNKNOWN_LABEL).all()
        for values in (view.forecasts, view.changes, view.remaining_bars, view.lead):
            assert np.isnan(values).all()
    assert np.isnan(followed.log_density).all()


@many_bars
@each
def test_cuts_pickles_and_more_series_change_no_bit(model):
    returns = market(300)
    whole = columns(views.follow(model, views.begin(model, 1), zeros(300), returns))
    state, parts = views.begin(model, 1), []
    for number, some in enumerate(np.split(returns, [1, 29, bank.SETTLE, 160]), start=1):
        state = grown(pickle.loads(pickle.dumps(state)), partial(views.begin, model), number)
        series = np.tile(np.arange(number), len(some))
        found = views.follow(model, state, series, np.repeat(some, number) * np.where(series, 3.0, 1.0))
        parts.append([column[::number] for column in columns(found)])
    for pieces, expected in zip(zip(*parts, strict=True), whole, strict=True):
        assert np.array_equal(np.concatenate(pieces), expected, equal_nan=True)


@many_bars
@each
def test_a_series_that_comes_later_begins_as_the_first_did(model):
    returns = market(200)
    fresh = columns(views.follow(model, views.begin(model, 1), zeros(200), returns))
    state = views.begin(model, 1)
    views.follow(model, state, zeros(300), market(300, seed=1))
    larger = grown(state, partial(views.begin, model), 3)
    late = columns(views.follow(model, larger, np.full(200, 2), returns))
    for found, expected in zip(late, fresh, strict=True):
        assert np.array_equal(found, expected, equal_nan=True)


def test_nothing_to_add_is_no_copy():
    model = views.dynamics()
    state = views.begin(model, 2)
    assert grown(state, partial(views.begin, model), 2).bank is state.bank
