"""`portfolio.follow`: answers of the solver become targets, each only while it may still be believed.

Stands before `execution.trade`: reads Solution messages of the account; appends Target messages, adds the tables
`solutions` (every answer, with what spoke against it) and `targets`. An answer is followed only if

- it says something sound: one finite weight for each of its names, of an equity above 0;
- its request is newer than any that was answered before, and has been: nothing is done twice or out of turn;
- it is at most `answer_s` old, from the data time of its problem to when it was received, and to the newest data time.

Its targets end `life_s` after its problem: what was not done by then is not done. While the account is reducing or
halted, and for problems from before, targets of answers are dropped in `execution.trade`, which knows. So an answer
that is late, odd or overtaken trades nothing, and `portfolio.propose` asks again. No clock: a replay of the journal
finds the same. Warm-up: none. State: two numbers. Cost: 1 µs per item, 0.3 ms for an answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import isfinite

from bytewax.operators import KeyedStream

from market.clock import SECOND_NS
from market.decisions import Decisions
from market.messages import Quote, Signal, Solution, Target
from operators.portfolio.optimizer.tables import solution_rows
from operators.portfolio.problem import flaw, targets_of
from operators.portfolio.rebalance import target_rows
from operators.stage import Stage, registered, wire


@dataclass(frozen=True)
class Trust:
    """How long an answer may be believed, seconds since its problem."""

    answer_s: float = 30.0  # until it is heard
    life_s: float = 900.0  # until its targets end

    def __post_init__(self) -> None:
        if not (isfinite(self.answer_s) and self.answer_s > 0):
            raise ValueError(f"answer_s must be finite and above 0, got {self.answer_s}")
        if not (isfinite(self.life_s) and self.life_s >= self.answer_s):
            raise ValueError(f"life_s must be finite and at least answer_s, got {self.life_s}")


TRUST = Trust()


@dataclass
class Followed:
    """State."""

    request: int = 0  # the newest that was answered
    time_ns: int = 0  # newest data time


@registered
def stage(*, account: str = "paper", trust: Trust = TRUST) -> Stage:
    """The stage for one account."""
    return Stage("portfolio.follow", Followed, partial(_step, account, trust))


def follow(
    step_id: str, up: KeyedStream[Decisions], *, account: str = "paper", trust: Trust = TRUST
) -> KeyedStream[Decisions]:
    """The stage as a Bytewax step."""
    return wire(step_id, up, stage(account=account, trust=trust))


def _step(account: str, trust: Trust, state: Followed, item: Decisions) -> Decisions:
    heard: list[tuple[Solution, str]] = []
    for message in item.messages:
        if isinstance(message, Quote | Signal):
            state.time_ns = max(state.time_ns, message.time_ns)
        elif isinstance(message, Solution) and message.account == account:
            heard.append((message, _objection(state, message, item, trust)))
            if message.request < item.offset:
                state.request = max(state.request, message.request)
    if not heard:
        return item
    item = item.with_table("solutions", solution_rows(heard, item.receive_time, item.offset))
    targets = _targets([solution for solution, refused in heard if not refused], trust)
    return item._replace(messages=(*item.messages, *targets)).with_table("targets", target_rows(targets, account, item))


def _objection(state: Followed, solution: Solution, item: Decisions, trust: Trust) -> str:
    """Why an answer is not followed; empty where it is."""
    if said := flaw(solution):
        return said
    if solution.request >= item.offset:
        return f"it answers row {solution.request}, which has not been"
    if solution.request <= state.request:
        return f"row {state.request} is answered already"
    age_s = (max(item.receive_time, state.time_ns) - solution.time_ns) / SECOND_NS
    return f"{age_s:.1f} s old, {trust.answer_s:g} s is the most" if age_s > trust.answer_s else ""


def _targets(followed: Sequence[Solution], trust: Trust) -> list[Target]:
    life_ns = round(trust.life_s * SECOND_NS)
    return [target for solution in followed for target in targets_of(solution, life_ns)]
