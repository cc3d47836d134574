"""A bank's views followed bar by bar: probabilities, labels raw and held, forecasts and how they have fared.

The flow, `barograph regimes` and the benchmarks all come through here, so they say the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from operators.regimes import blend, decision, level, level_grid
from operators.regimes.bank import bank, learners, pools
from operators.regimes.bank.learners import Bank
from operators.regimes.bank.stack import Stack, stack
from operators.regimes.bank.template import Template
from operators.regimes.blend import Belief
from operators.regimes.forecast import HORIZONS, forecast_rows
from operators.regimes.witnesses import fusion, standard
from operators.regimes.witnesses.bar_features import FEATURES, SIGNED

Float64Array = NDArray[np.float64]
Int64Array = NDArray[np.int64]

LARGEST_LEAD = 20.0  # nats
VOLATILITY = bank.Parameters(renew_bars=300)  # its levels are what markets change most


@dataclass(frozen=True)
class Model:
    """What is asked, and who answers."""

    stack: Stack
    labels: tuple[int, ...]  # K of each view
    level: bool = False  # the level head is a witness too; for one view, of volatility
    relative: bool = False  # a second bank sees returns over the level head's volatility; for one view
    heard: bool = False  # ranges, trades and order flow of the bars are further witnesses; for one view
    learning: bank.Parameters = bank.DEFAULTS
    deciding: decision.Parameters = decision.DEFAULTS
    horizons: tuple[int, ...] = HORIZONS


Models = Mapping[str, Model]  # by view: volatility, direction, dynamics


@dataclass
class State:
    """Of N series."""

    bank: Bank
    relative: Bank  # of no series where the model has none
    level: level.Level  # of no series where nobody asks it
    volatility: Float64Array  # newest of the level head, per bar; NaN before the first, and then the second bank waits
    blend: Float64Array
    seen: standard.Standard  # what features of bars are usually like; of no series where they are not heard
    fusion: fusion.Fusion
    decisions: tuple[decision.Decision, ...]  # by view


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
    """All views after each of R bars, and how the first bank, that of the returns as they are, foretold them."""

    views: tuple[View, ...]
    log_density: Float64Array  # (R,) of the return, before it; NaN while the bank settles
    below: Float64Array  # (R,) share of the forecast below the return
    mean: Float64Array  # (R,) expected return of the next bar, but for what follows from single past returns
    levels: NDArray[np.void]  # (R,) of level.LEVEL; empty where nobody asks the level head


def model(
    templates: Sequence[Template],
    labels: Sequence[int],
    *,
    level: bool = False,
    relative: bool = False,
    heard: bool = False,
) -> Model:
    """A model of these templates; labels: how many each view has."""
    return Model(stack(templates, labels), tuple(labels), level, relative, heard)


def volatility(labels: int = 3) -> Model:
    """Calm (normal) stressed."""
    made = replace(model(pools.volatilities(labels), (labels,), level=True, heard=True), learning=VOLATILITY)
    return replace(made, deciding=decision.Parameters(switch_cost_bars=1000.0)) if labels == 2 else made


def direction(labels: int = 3) -> Model:
    """Bear (neutral) bull."""
    return model(pools.directions(labels), (labels,), relative=True)


def dynamics() -> Model:
    """Reverting, random, trending, whatever volatility does."""
    return model(pools.dynamics(), (3,), relative=True)


@cache
def models() -> Models:
    """The models of the flow, of three labels each."""
    return {"volatility": volatility(), "direction": direction(), "dynamics": dynamics()}


def begin(model: Model, series: int) -> State:
    """Nothing known. Grows by operators/slots.py."""
    generations, heard = model.learning.generations, model.level or model.relative
    return State(
        learners.empty(model.stack, generations, series),
        learners.empty(model.stack, generations, series if model.relative else 0),
        level.empty(series if heard else 0),
        np.full(series if heard else 0, np.nan),
        blend.empty(series),
        standard.empty(len(FEATURES), series if model.heard else 0),
        fusion.empty(model.labels[0], len(FEATURES), series if model.heard else 0),
        tuple(decision.empty(np.full(labels, 1.0 / labels), series) for labels in model.labels),
    )


def follow(
    model: Model, state: State, series: Int64Array, returns: Float64Array, features: Float64Array | None = None
) -> Followed:
    """Let the series named row by row see a return each, NaN for none; returns without season.

    features: R rows of witnesses.bar_features.FEATURES, NaN for what was not observed; none if nobody measured them.
    """
    beliefs, below = _asked(model, state.bank, series, returns)
    levels = np.empty(len(series) if model.level or model.relative else 0, level.LEVEL)
    if len(levels):
        level.advance(state.level, _GRID, series, returns, levels)
    if model.relative:
        scale = np.empty(len(series))
        blend.known_before(state.volatility, series, np.ascontiguousarray(levels["volatility"]), scale)
        (other,), _ = _asked(model, state.relative, series, returns / scale)
        other = other._replace(mean=other.mean * scale, log_density=other.log_density - np.log(scale))
        blend.blend_rows(state.blend, series, beliefs[0], other, 0.0)
    elif model.level:
        other = Belief(*map(np.empty_like, beliefs[0]))
        blend.level_rows(levels, returns, blend.usual_shares(model.labels[0]), other)
        blend.blend_rows(state.blend, series, beliefs[0], other, blend.LEVEL_MARGIN)
    if model.heard and features is not None:
        _hear(model, state, series, returns, features, beliefs[0])
    found = (_conclude(model, made, series, belief) for made, belief in zip(state.decisions, beliefs, strict=True))
    return Followed(tuple(found), beliefs[0].log_density, below, beliefs[0].mean, levels)


def _hear(
    model: Model, state: State, series: Int64Array, returns: Float64Array, features: Float64Array, belief: Belief
) -> None:
    """Let the features of the bars correct a belief, as far as they have earned it."""
    rows = np.empty((len(series), standard.width(len(FEATURES))))
    standard.standardise_rows(state.seen, SIGNED, series, returns, features, rows)
    room = fusion.work(model.labels[0], len(FEATURES))
    fusion.fuse_rows(state.fusion, room, series, rows, belief.probability, belief.balance, belief.transition)


_GRID = level_grid.grid()


def _asked(
    model: Model, state: Bank, series: Int64Array, returns: Float64Array
) -> tuple[tuple[Belief, ...], Float64Array]:
    """What a bank believes of each view, and the share of its forecasts below the returns."""
    rows, views, most = len(returns), len(model.labels), max(model.labels)
    probability, balance = np.empty((rows, views, most)), np.empty((rows, views, most))
    transition = np.empty((rows, views, most, most))
    mean, log_density, below = np.empty(rows), np.empty(rows), np.empty(rows)
    bank.advance(
        state, model.stack, bank.settings(model.learning), learners.work(model.stack, model.learning.generations),
        series, returns, probability, balance, transition, mean, log_density, below,
    )  # fmt: skip
    settling = np.isfinite(returns) & np.isnan(log_density)  # the last of these bars leaves no more than the prior
    probability[settling], mean[settling] = np.nan, np.nan
    whole = np.ascontiguousarray
    beliefs = tuple(
        Belief(
            whole(probability[:, view, :labels]), whole(balance[:, view, :labels]),
            whole(transition[:, view, :labels, :labels]), mean, log_density,
        )
        for view, labels in enumerate(model.labels)
    )  # fmt: skip
    return beliefs, below


def _conclude(model: Model, state: decision.Decision, series: Int64Array, belief: Belief) -> View:
    """Labels and forecasts from a belief."""
    p, balance, a = belief.probability, belief.balance, belief.transition
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
