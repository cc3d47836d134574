"""`portfolio.propose`: asks the solver for a better portfolio when something calls for it and it pays.

Stands after `execution.trade`, so that positions and equity are those of the account: reads Quote, Signal and Solution
messages (those that follow.py made targets of) and the standing; appends a Problem where a rebalance was decided, for
the solver beside the flow, whose Solution comes back through the trading journal. Adds the tables
`rebalances` (every decision, also not to trade), `problems` and `correlations` (every block of returns that was
judged). estimate.py has the parts.

While the account is not active (operators/risk/switch.py: reducing or halted) nothing is asked: the switch knows what
to do. `limits` are those of the problem by name (optimizer/inputs.py), shares of equity; those that the account tells
(market/decisions.py, Standing) count where they are tighter. No clock, no chance.
Warm-up: `warm_up_rows` grid steps. Cost: 1 µs per quote; per grid step 3 ms for 100 instruments.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from math import inf, isfinite

from bytewax.operators import KeyedStream

from market.decisions import Decisions, Standing
from market.messages import Quote, Solution, Target
from operators.portfolio import estimate
from operators.portfolio.estimate import Estimate, Manner
from operators.portfolio.estimate_rows import correlation_rows, rebalance_rows
from operators.portfolio.optimizer.tables import problem_rows
from operators.portfolio.policy import Policy
from operators.portfolio.problem import Book, worth_of
from operators.stage import Stage, registered, wire

MANNER = Manner()
POLICY = Policy()
RESTED = 0.9  # of the limit of risk; below what ends a breach (triggers.Rules.risk_rest), or it never would
LIMITS: Mapping[str, float] = {"gross": 1.0, "net": 1.0, "cluster": 0.5}


@dataclass
class Proposer:
    """State."""

    estimate: Estimate
    standing: Standing | None = None  # the newest of the account
    told_risk: float = 0.0  # by the newest measure, and
    told_gross: float = 0.0  # what was held then, quote currency


@registered
def stage(
    *, account: str = "paper", manner: Manner = MANNER, policy: Policy = POLICY, limits: Mapping[str, float] = LIMITS
) -> Stage:
    """The stage for one account."""
    step = partial(_step, account, manner, policy, dict(limits))
    return Stage("portfolio.propose", lambda: Proposer(estimate.empty(manner)), step)


def propose(
    step_id: str, up: KeyedStream[Decisions], *, account: str = "paper", manner: Manner = MANNER,
    policy: Policy = POLICY, limits: Mapping[str, float] = LIMITS,
) -> KeyedStream[Decisions]:  # fmt: skip
    """The stage as a Bytewax step."""
    return wire(step_id, up, stage(account=account, manner=manner, policy=policy, limits=limits))


def _step(
    account: str, manner: Manner, policy: Policy, limits: Mapping[str, float], state: Proposer, item: Decisions
) -> Decisions:
    if not item.messages:
        return item
    followed = {message.request for message in item.messages if isinstance(message, Target)}
    for message in item.messages:
        if isinstance(message, Solution) and message.account == account and message.request in followed:
            estimate.solved(state.estimate, message)
    _, verdicts = estimate.take(state.estimate, item.messages, manner, policy)
    if item.standing is not None and item.standing.account == account:
        _stand(state, item.standing)
    if verdicts:
        rows = correlation_rows(
            verdicts, state.estimate.clusters, account=account, receive_time=item.receive_time, offset=item.offset
        )
        item = item.with_table("correlations", rows)
    return _decided(account, manner, policy, limits, state, item)


def _decided(
    account: str, manner: Manner, policy: Policy, limits: Mapping[str, float], state: Proposer, item: Decisions
) -> Decisions:
    """The item with what was decided, if anything was."""
    if state.standing is None or state.standing.state != "active" or not state.estimate.due:
        return item
    held = _held(state.standing, state.estimate.quotes)
    book = book_of(state.standing._replace(risk=_risk_left(state, held)), held, limits)
    found = estimate.decide(state.estimate, book, manner, policy, account=account, request=item.offset)
    if found is None:
        return item
    problem = found.problem
    rows = rebalance_rows(
        found.decision, book, account=account, instruments=len(problem.names) if problem else 0,
        receive_time=item.receive_time, offset=item.offset,
    )  # fmt: skip
    item = item.with_table("rebalances", rows)
    if problem is None:
        return item
    asked = problem_rows([problem], item.receive_time, item.offset)
    return item.with_table("problems", asked)._replace(messages=(*item.messages, problem))


def _stand(state: Proposer, standing: Standing) -> None:
    """Take the account as it stands; its risk is measured now and then, and told with every row."""
    state.standing = standing
    if standing.risk != state.told_risk:
        state.told_risk, state.told_gross = standing.risk, _gross(_held(standing, state.estimate.quotes))


def _risk_left(state: Proposer, held: Mapping[str, float]) -> float:
    """Risk over its limit, less what was sold since it was measured: one measure is not answered twice."""
    sold = _gross(held) / state.told_gross if state.told_gross > 0.0 else 1.0
    return state.told_risk * sold if sold < 1.0 else state.told_risk


def _gross(held: Mapping[str, float]) -> float:
    return sum(map(abs, held.values()))


def book_of(standing: Standing, held: Mapping[str, float], limits: Mapping[str, float]) -> Book:
    """The account as it stands, within the tighter of the settings' limits and its own; one that is odd counts 0.

    Where risk is near its limit or beyond, gross is to shrink until it is RESTED of it: risk is in proportion to it.
    """
    equity = standing.equity
    if not (isfinite(equity) and equity > 0):
        return Book(equity, held, standing.risk, limits)
    shares = {name: most / equity if most > 0 else 0.0 for name, most in standing.limits.items()}
    if standing.risk > RESTED:
        gross = _gross(held) / equity * (RESTED / standing.risk)
        shares["gross"] = min(shares.get("gross", inf), gross if gross > 0 else 0.0)
    tighter = {name: share for name, share in shares.items() if "|" not in name and share < limits.get(name, inf)}
    caps = {name: share for name, share in shares.items() if "|" in name}
    return Book(equity, held, standing.risk, {**limits, **tighter}, caps)


def _held(standing: Standing, quotes: Mapping[str, Quote]) -> dict[str, float]:
    """Notional of each position at its newest good quote; one that never had any cannot be asked about."""
    return {name: worth_of(quotes[name], size) for name, size in standing.held.items() if name in quotes}
