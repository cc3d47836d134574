"""The stages of the trading flow as a backtest drives them: those of flows/trading.py, by the same settings.

A backtest trades at the paper venue, whatever the settings say of a venue outside, and solves within its own process,
whatever was solved live: an answer that was given to other settings says nothing about these (drive.py).
"""

from dataclasses import replace

from flows.portfolio import optimised_of, policy_of, preferences_of
from flows.risk import measurement_of
from flows.settings import Settings
from flows.solving import Inline
from flows.trading import paper_of, terms_of
from market.clock import SECOND_NS
from market.decisions import Decisions
from market.messages import Problem
from operators.execution import trade
from operators.portfolio import follow, propose, rebalance
from operators.stage import Stage


def trading_stages(settings: Settings, *, bar_ns: int = 0) -> list[Stage]:
    """Portfolio, then risk and execution, without an engine; where the optimiser is asked, its answers at the end.

    bar_ns: length of the bars that prices are told by; risk is measured on returns of no shorter a step.
    """
    risk = measurement_of(settings, least_step_s=bar_ns / SECOND_NS)
    terms, policy = replace(terms_of(settings), venue=paper_of(settings), risk=risk), policy_of(settings)
    traded, account = trade.stage(terms=terms), terms.account
    optimised = optimised_of(settings)
    if optimised is None:
        return [rebalance.stage(account=account, policy=policy), traded]
    preferences = preferences_of(settings)
    return [
        follow.stage(account=account, trust=optimised.trust),
        traded,
        propose.stage(account=account, manner=optimised.manner, policy=policy, limits=optimised.limits),
        Stage("solve", lambda: Inline(preferences), _solve),
    ]


def _solve(inline: Inline, item: Decisions) -> Decisions:
    """The item with an answer to each of its problems."""
    answers = tuple(inline(message) for message in item.messages if isinstance(message, Problem))
    return item._replace(messages=(*item.messages, *answers)) if answers else item
