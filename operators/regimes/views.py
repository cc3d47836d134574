"""A bank's views followed bar by bar: probabilities, labels raw and held, forecasts and how they have fared.

The flow, `barograph regimes` and the benchmarks all come through here, so they say the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from operators.regimes import blend, decision, level
from operators.regimes.bank import bank, learners, pools
from operators.regimes.bank.learners import Bank
from operators.regimes.bank.stack import Stack, stack
from operators.regimes.bank.template import Template
from operators.regimes.forecast import HORIZONS, forecast_rows
from operators.slots import grown

Float64Array = NDArray[np.float64]
Int64Array = NDArray[np.int64]

LARGEST_LEAD = 20.0  # nats


@dataclass(frozen=True)
class Model:
    """What is asked, and by which templates it is answered."""

    stack: Stack
    labels: tuple[int, ...]  # K of each view
    level: bool = False  # the level head speaks too; one view, of volatility
    learning: bank.Parameters = bank.DEFAULTS
    deciding: decision.Parameters = decision.DEFAULTS
    horizons: tuple[int, ...] = HORIZONS


Models = Mapping[str, Model]  # by view: volatility, direction, dynamics


@dataclass
class State:
    """Of N series."""

    bank: Bank
    level: level.Level
    blend: Float64Array
    decisions: list[decision.Decision]


@dataclass(frozen=True)
class View:
    """What one view says after each of R bars."""

    probability: Float64Array  # (R, K) filtered
    transition: Float64Array  # (R, K, K) at the pace the probabilities have shown
    raw: Int64Array  # (R,) label of highest balanced accuracy by this bar's probabilities
    held: Int64Array  # (R,) label held until another is worth a switch; decision.UNKNOWN_LABEL before the first
    held_bars: Int64Array  # (R,) bars it has been held, this one included
    previous: Int64Array  # (R,) label held before the bar
    previous_bars: Int64Array  # (R,) and for how many bars
    lead: Float64Array  # (R,) log of p / balance of the held label over that of the best other, nats
    forecasts: Float64Array  # (R, H, K) of the label h bars ahead
    changes: Float64Array  # (R, H) probability that the held label is left within h bars
    remaining_bars: Float64Array  # (R,) expected stay in the held label


@dataclass(frozen=True)
class Followed:
    """All views after each of R bars, and how the bars were foretold."""

    views: tuple[View, ...]
    log_density: Float64Array  # (R,) of the return, before it; NaN while the bank settles
    below: Float64Array  # (R,) share of the forecast below the return
    mean: Float64Array  # (R,) expected return of the next bar, but for what follows from single past returns
    levels: NDArray[np.void]  # (R,) of level.LEVEL; empty without the level head


def model(templates: Sequence[Template], labels: Sequence[int], *, level: bool = False) -> Model:
    """A model of these templates; labels: how many each view has."""
    return Model(stack(templates, labels), tuple(labels), level)


def volatility(labels: int = 3) -> Model:
    """Calm (normal) stressed."""
    return model(pools.volatilities(labels), (labels,), level=True)


def direction(labels: int = 3) -> Model:
    """Bear (neutral) bull."""
    return model(pools.directions(labels), (labels,))


def dynamics() -> Model:
    """Reverting, random, trending."""
    return model(pools.dynamics(), (3,))


@cache
def models() -> Models:
    """The models of the flow, of three labels each."""
    return {"volatility": volatility(), "direction": direction(), "dynamics": dynamics()}


def begin(model: Model, series: int) -> State:
    """Nothing known."""
    return State(
        learners.empty(model.stack, model.learning.generations, series),
        level.empty(series if model.level else 0),
        blend.empty(series),
        [decision.empty(np.full(labels, 1.0 / labels), series) for labels in model.labels],
    )


def grow(model: Model, state: State, series: int) -> State:
    """Room for more series."""
    empty_bank = partial(learners.empty, model.stack, model.learning.generations)
    return State(
        grown(state.bank, empty_bank, series),
        grown(state.level, level.empty, series) if model.level else state.level,
        grown(state.blend, blend.empty, series),
        [
            grown(made, partial(decision.empty, np.full(labels, 1.0 / labels)), series)
            for made, labels in zip(state.decisions, model.labels, strict=True)
        ],
    )


def follow(model: Model, state: State, series: Int64Array, returns: Float64Array) -> Followed:
    """Let the series named row by row see a return each, NaN for none; returns without season."""
    rows, views, most = len(returns), len(model.labels), max(model.labels)
    probability, balance = np.empty((rows, views, most)), np.empty((rows, views, most))
    transition = np.empty((rows, views, most, most))
    log_density, below, mean = np.empty(rows), np.empty(rows), np.empty(rows)
    bank.advance(
        state.bank, model.stack, bank.settings(model.learning), learners.work(model.stack, model.learning.generations),
        series, returns, probability, balance, transition, mean, log_density, below,
    )  # fmt: skip
    levels = np.empty(rows if model.level else 0, level.LEVEL)
    if model.level:
        level.advance(state.level, _GRID, series, returns, levels)
    found = []
    for view, labels in enumerate(model.labels):
        p, b = (np.ascontiguousarray(values[:, view, :labels]) for values in (probability, balance))
        a = np.ascontiguousarray(transition[:, view, :labels, :labels])
        if model.level:
            blend.blend_rows(state.blend, series, log_density, levels, p, b, a)
            p[np.isnan(levels["stressed"])] = np.nan
        found.append(_conclude(model, state.decisions[view], series, p, b, a))
    return Followed(tuple(found), log_density, below, mean, levels)


_GRID = level.grid()


def _conclude(
    model: Model, state: decision.Decision, series: Int64Array, p: Float64Array, balance: Float64Array, a: Float64Array
) -> View:
    """Labels and forecasts from probabilities, balance and transitions."""
    rows, labels, horizons = len(series), p.shape[1], np.array(model.horizons)
    raw, held, held_bars = np.empty(rows, np.int64), np.empty((rows, 2), np.int64), np.empty((rows, 2), np.int64)
    paced = np.empty_like(a)
    decision.decide_rows(state, decision.settings(model.deciding), series, p, balance, a, raw, held, held_bars, paced)
    forecasts, changes = np.empty((rows, len(horizons), labels)), np.empty((rows, len(horizons)))
    remaining = np.empty(rows)
    now = np.ascontiguousarray(held[:, 1])
    forecast_rows(p, paced, now, np.arange(labels), horizons, forecasts, changes, remaining)
    changes[now == decision.UNKNOWN_LABEL] = np.nan
    return View(
        p, paced, raw, now, held_bars[:, 1], held[:, 0], held_bars[:, 0], _lead(p / balance, now),
        forecasts, changes, remaining,
    )  # fmt: skip


def _lead(support: Float64Array, held: Int64Array) -> Float64Array:
    """How far the held label stands above, or below, the best other."""
    rows = np.arange(len(held))
    own = support[rows, held]
    rest = support.copy()
    rest[rows, held] = 0.0
    with np.errstate(divide="ignore"):
        return np.asarray(np.clip(np.log(own) - np.log(rest.max(axis=1)), -LARGEST_LEAD, LARGEST_LEAD))
