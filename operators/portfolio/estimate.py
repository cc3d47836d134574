"""From quotes and signals to the Problem that a solver gets: returns, covariance, alarm, outlook and triggers together.

`take` hears the messages of a row of the trading journal in their order. `decide` is asked after each of them with the
account as it stands; only where a step of the grid ended (returns.py) it does more than look at the clock:
- covariance of the horizon from the model (models.py), and for each block and Problem clusters from it (clusters.py);
- the outlook from the signals that stand (aggregate.py), with what they were good for (skill.py); each timeframe weighs
  as its budget of risk, by the square of its information coefficient (budgets.py), so all alike until some has earned;
- what mean and variance alone would want (problem.wanted), and drift: the largest of how far that has moved since the
  last rebalance and how far positions are from what the last Solution asked for;
- risk: that of the account as told, or how much of its limits the portfolio takes (problem.usage), the larger, and
  whether it keeps those that the regime leaves; a risk that nobody has measured is answered by limits, not by trades;
- the decision (triggers.py), and, where it says trade, the Problem; one that is not answered within `answer_s` counts
  as never asked.
Each block of returns that was judged (breaks.py) is handed out too. estimate_rows.py makes rows of tables of them.

The regime that stands is that of the largest summed confidence over instruments in `regime_timeframe`, of signals that
have not ended; UNKNOWN where there is none. Stress is the mean of their probability_stressed.

A Problem's expected returns are what was measured, already drawn to 0 by how little that is and scaled by how sure the
signals are; its confidence tells that again, 0 where no opinion counts. No clock, no chance: a function of the messages
and the accounts given.

Warm-up: `warm_up_rows` rows; until then there is no Problem unless something is held. Cost: 1 µs per quote, 4 µs per
signal; for 100 instruments a grid step 0.5 ms and a decision 3 ms.
A part of `portfolio.propose`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import fsum, isfinite, isnan, nan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from market.clock import SECOND_NS
from market.messages import AnyMessage, Problem, Quote, Signal, Solution
from market.regimes import UNKNOWN
from operators.portfolio import (
    aggregate,
    breaks,
    budgets,
    clusters,
    models,
    problem,
    psd,
    returns,
    skill,
    triggers,
    worth,
)
from operators.portfolio.aggregate import Signals
from operators.portfolio.breaks import Breaks, Verdict
from operators.portfolio.budgets import Bounds, Budgets
from operators.portfolio.clusters import Clusters
from operators.portfolio.models import Kind, Model
from operators.portfolio.optimizer.preferences import Preferences, regime_scale
from operators.portfolio.policy import Policy, end_ns
from operators.portfolio.problem import Book, Facts
from operators.portfolio.returns import Grid, Returns
from operators.portfolio.skill import Prior, Skill
from operators.portfolio.triggers import Decision, Rules, Triggers

DISPLAYED_SHARE = 0.02  # of a new displayed size in its running mean, per grid step


@dataclass(frozen=True)
class Manner:
    """How the portfolio is estimated; times in seconds of data time."""

    step_s: float = 10.0  # of the grid of returns
    max_age_s: float = 10.0  # of a mid on it
    most_instruments: int = 128
    covariance: Kind = "shrinkage"
    half_life_rows: float = 720.0
    warm_up_rows: int = 60
    horizon_s: float = 3600.0  # over which returns, risk and costs are weighed
    preferences: Preferences = field(default_factory=Preferences)  # of the solver: what the decision reckons with too
    regime_timeframe: str = "short"
    together: float = 0.6  # correlation of a cluster
    block_rows: int = 60  # of the correlation-break alarm
    false_alarms: float = 0.001  # per block
    min_notional: float = 10.0  # quote currency
    answer_s: float = 30.0  # for which an answer is waited
    rules: Rules = field(default_factory=Rules)
    prior: Prior = field(default_factory=Prior)
    budgets: Bounds = field(default_factory=Bounds)  # of the timeframes

    def __post_init__(self) -> None:
        for name in ("horizon_s", "answer_s"):
            if not (isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise ValueError(f"{name} must be finite and above 0, got {getattr(self, name)}")
        if not (isfinite(self.min_notional) and self.min_notional >= 0):
            raise ValueError(f"min_notional must be finite and at least 0, got {self.min_notional}")


@dataclass
class Estimate:
    """State."""

    grid: Grid
    model: Model
    alarm: Breaks
    quotes: dict[str, Quote] = field(default_factory=dict)  # newest that is good
    displayed: dict[str, float] = field(default_factory=dict)  # running mean of notional at the best prices
    signals: Signals = field(default_factory=Signals)
    learnt: Skill = field(default_factory=Skill)
    budgets: Budgets = field(default_factory=Budgets)
    clusters: Clusters = field(default_factory=clusters.empty)
    triggers: Triggers = field(default_factory=Triggers)
    time_ns: int = 0  # end of the newest grid step
    due: bool = False  # whether a step ended since the last decision
    regime: str = UNKNOWN  # when last looked at
    stress: float = nan
    wanted: dict[str, float] = field(default_factory=dict)  # at the last rebalance
    aimed: dict[str, float] = field(default_factory=dict)  # by the last solution that was followed
    asked: "Asked | None" = None


class Asked(NamedTuple):
    """A problem that waits for its answer, and what stood before it was asked."""

    request: int
    time_ns: int  # of its grid step
    wanted: dict[str, float]
    regime: str


class Decided(NamedTuple):
    """What was decided, and what is asked of the solver."""

    decision: Decision
    problem: Problem | None


def empty(manner: Manner) -> Estimate:
    """Nothing seen."""
    return Estimate(
        returns.empty(step_s=manner.step_s, max_age_s=manner.max_age_s, most=manner.most_instruments),
        models.empty(manner.covariance, half_life_rows=manner.half_life_rows, warm_up_rows=manner.warm_up_rows),
        _alarm(0, manner),
    )


def take(
    state: Estimate, messages: Iterable[AnyMessage], manner: Manner, policy: Policy
) -> tuple[list[Returns], list[Verdict]]:
    """Hear messages in their order: the rows of returns that ended with them, and the blocks that were judged."""
    rows: list[Returns] = []
    verdicts: list[Verdict] = []
    for message in messages:
        if isinstance(message, Quote | Signal):
            if message.time_ns >= state.grid.closes_ns:
                _end_steps(state, message.time_ns, manner, policy, rows, verdicts)
            name = f"{message.venue}|{message.instrument}"
            if isinstance(message, Quote):
                _quote(state, name, message)
            elif name in state.grid.places:
                aggregate.hear(state.signals, name, message, policy)
                skill.note(state.learnt, name, message, _mid(state, name, message.time_ns))
    return rows, verdicts


def solved(state: Estimate, solution: Solution) -> None:
    """Take what the solver asked for in an answer that is followed; one with a flaw is not heard."""
    if problem.flaw(solution):
        return
    state.aimed = dict(zip(solution.names, solution.weights, strict=True))
    if state.asked is not None and solution.request >= state.asked.request:
        state.asked = None


def decide(
    state: Estimate, book: Book, manner: Manner, policy: Policy, *, account: str, request: int
) -> Decided | None:
    """The decision at the end of the newest grid step; None where none ended, nothing calls or nothing is known."""
    if not state.due or not (isfinite(book.equity) and book.equity > 0):
        return None
    state.due = False
    _give_up(state, manner)
    state.regime, state.stress = standing(state, state.time_ns, manner, policy)  # with what came after the step
    facts = _facts(state, book, manner, policy)
    if facts is None:
        return None
    gross = min(policy.max_gross_share, book.limits.get("gross", policy.max_gross_share))
    weights = problem.wanted(facts, manner.preferences.risk_aversion, gross)
    before = Asked(request, state.time_ns, state.wanted, state.triggers.regime)
    decision = triggers.judge(state.triggers, _judged(state, facts, weights, book, manner, policy), manner.rules)
    if decision is None or not decision.trades:
        return None if decision is None else Decided(decision, None)
    state.asked, state.wanted = before, dict(zip(facts.names, weights.tolist(), strict=True))
    _cluster(state, manner)
    asked = problem.problem_of(
        facts, book, account=account, request=request, time_ns=state.time_ns, regime=state.regime,
        min_notional=manner.min_notional, groups=clusters.groups(state.clusters, facts.names),
    )  # fmt: skip
    return Decided(decision, asked)


def _give_up(state: Estimate, manner: Manner) -> None:
    """What was asked and not answered in time was never asked: what called for it may call again."""
    asked = state.asked
    if asked is not None and state.time_ns - asked.time_ns > manner.answer_s * SECOND_NS:
        state.asked, state.wanted, state.triggers.regime = None, asked.wanted, asked.regime


def _quote(state: Estimate, name: str, quote: Quote) -> None:
    """Take a quote; one that is not good makes the price unknown."""
    bid, ask = quote.bid_price, quote.ask_price
    good = quote.valid and 0.0 < bid < ask and 0.0 < problem.worth_of(quote, quote.lot_size) < np.inf
    returns.observe(state.grid, name, quote.time_ns, 0.5 * (bid + ask) if good else nan)
    before = state.quotes.get(name)
    if good and name in state.grid.places and (before is None or quote.time_ns >= before.time_ns):
        state.quotes[name] = quote


def _mid(state: Estimate, name: str, time_ns: int) -> float:
    """Newest mid price; NaN where it is not known or older than the grid lets it be."""
    place = state.grid.places.get(name)
    if place is None or time_ns - state.grid.times[place] > state.grid.max_age_ns:
        return nan
    return state.grid.mids[place]


def _end_steps(
    state: Estimate, time_ns: int, manner: Manner, policy: Policy, rows: list[Returns], verdicts: list[Verdict]
) -> None:
    """Pass the moments that data time has come to."""
    for row in returns.passed(state.grid, time_ns):
        rows.append(row)
        elapsed_s = (row.time_ns - state.time_ns) / SECOND_NS if state.time_ns else 0.0
        state.time_ns, state.due = row.time_ns, True
        state.regime, state.stress = standing(state, row.time_ns, manner, policy)
        models.update(state.model, row.returns, state.stress)
        if len(row.returns) > len(state.alarm.weight):
            state.alarm = models.grown(state.alarm, _alarm(len(row.returns), manner))
        verdict = breaks.update(state.alarm, row.returns)
        if verdict is not None:
            verdicts.append(verdict._replace(time_ns=row.time_ns))
            _cluster(state, manner)
        prices = dict(zip(state.grid.places, state.grid.prices, strict=False))
        skill.settle(state.learnt, row.time_ns, prices, policy.bar_s, manner.prior)
        scores = {
            timeframe: skill.coefficient(state.learnt, timeframe, manner.prior) ** 2 for timeframe in policy.bar_s
        }
        budgets.update(state.budgets, scores, elapsed_s, manner.budgets)
        _display(state)


def _cluster(state: Estimate, manner: Manner) -> None:
    """Group the instruments by what is known of them now."""
    names = list(state.grid.places)[: state.model.n]
    correlation = psd.correlation_of(models.matrix(state.model, state.stress))
    state.clusters = clusters.update(state.clusters, names, correlation, together=manner.together)


def standing(state: Estimate, time_ns: int, manner: Manner, policy: Policy) -> tuple[str, float]:
    """The regime that stands among the instruments, and the probability of stress, NaN where nobody says."""
    votes: dict[str, list[float]] = {}
    stress = []
    for heard in state.signals.heard.values():
        one = heard.get(manner.regime_timeframe)
        if one is None or time_ns > end_ns(manner.regime_timeframe, one.opinion, policy):
            continue
        if 0.0 <= one.signal.confidence <= 1.0 and one.signal.regime != UNKNOWN:
            votes.setdefault(one.signal.regime, []).append(one.signal.confidence)
            stress.append(one.signal.evidence.get("probability_stressed", nan))
    known = [share for share in stress if 0.0 <= share <= 1.0]
    best = max(votes, key=lambda regime: (fsum(votes[regime]), regime), default=UNKNOWN)
    return best, fsum(known) / len(known) if known else nan


def _display(state: Estimate) -> None:
    """Take what is displayed now into its running mean."""
    for name, quote in state.quotes.items():
        now = problem.worth_of(quote, 0.5 * (quote.bid_size + quote.ask_size))
        if isfinite(now):
            before = state.displayed.get(name, now)
            state.displayed[name] = before + DISPLAYED_SHARE * (now - before)


def _facts(state: Estimate, book: Book, manner: Manner, policy: Policy) -> Facts | None:
    """What is known over the horizon, of the instruments that ever had a good quote."""
    names = [name for name in list(state.grid.places)[: state.model.n] if name in state.displayed]
    if not names:
        return None
    places = [state.grid.places[name] for name in names]
    covariance = models.matrix(state.model, state.stress)[np.ix_(places, places)] * (manner.horizon_s / manner.step_s)
    outlook = aggregate.outlook(
        state.signals, names, state.time_ns, horizon_s=manner.horizon_s, learnt=state.learnt, prior=manner.prior,
        policy=policy, weights={timeframe: budgets.share(state.budgets, timeframe) for timeframe in policy.bar_s},
    )  # fmt: skip
    live: NDArray[np.bool_] = np.isfinite(np.array(state.grid.prices)[places])
    fee = np.array([policy.fees.at(name.partition("|")[0]) for name in names]) * 1e-4
    return problem.facts_of(
        names, state.quotes, state.displayed, covariance, outlook.expected, outlook.confidence, book,
        live=live, fee=fee, cap=policy.max_instrument_share,
    )  # fmt: skip


def _judged(
    state: Estimate, facts: Facts, weights: NDArray[np.float64], book: Book, manner: Manner, policy: Policy
) -> triggers.Facts:
    """The numbers that the decision rests on."""
    gain, cost = problem.gain_and_cost(facts, weights, manner.preferences.risk_aversion)
    moved = weights - np.array([state.wanted.get(name, 0.0) for name in facts.names])
    aimed = np.array([state.aimed.get(name, 0.0) for name in facts.names])
    with np.errstate(over="ignore"):
        drift = max(float(np.abs(moved).max()), float(np.abs(facts.current - aimed).max()))
    shrinks = worth.reduces(facts.current, weights)
    risk = max(0.0 if isnan(book.risk) else book.risk, problem.usage(facts, book.limits))
    scale = regime_scale(state.regime, manner.preferences)
    left = {name: limit * scale for name, limit in {"instrument": policy.max_instrument_share, **book.limits}.items()}
    over = problem.usage(facts, left) > 1.0
    return triggers.Facts(state.time_ns, state.regime, drift, risk, gain, cost, shrinks, over)


def _alarm(n: int, manner: Manner) -> Breaks:
    return breaks.empty(n, block_rows=manner.block_rows, false_alarms=manner.false_alarms)
