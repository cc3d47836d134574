"""`portfolio.rebalance`: where the portfolio wants to be, restated only where it moved enough to be worth a trade.

Reads Signal messages of a Decisions item; appends Target messages after them and adds the table `targets`. All
instruments are weighed together once per item that holds a signal, because the gross cap ties them, and once an
opinion ended that no signal renewed. A target is restated when it moved by `no_trade_band` × capital, and always when
it becomes 0, so that a lost regime ends its position. A signal older than the one it would replace is not heard.

Warm-up: none of its own; unknown regimes are signals of direction 0. Cost: 1 µs for an item without signals, else 2
µs per instrument.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial

import polars as pl
from bytewax.operators import KeyedStream

from market.decisions import Decisions
from market.messages import Signal, Target
from market.rows import Rows
from operators.portfolio.policy import Opinion, Policy, combined, end_ns, gross_scale, opinion
from operators.stage import Stage, registered, wire

Key = tuple[str, str]  # venue, instrument
DEFAULTS = Policy()
NEVER_NS = 2**63 - 1
TARGET: dict[str, type[pl.DataType]] = {
    "account": pl.String,
    "venue": pl.String,
    "instrument": pl.String,
    "time": pl.Int64,  # ns, data time of the newest signal it rests on
    "receive_time": pl.Int64,  # ns
    "notional": pl.Float64,  # signed, quote currency
    "reason": pl.String,
    "offset": pl.Int64,
}


@dataclass
class Wishes:
    """State: what every timeframe of every instrument asks for, and the target that stands."""

    opinions: dict[Key, dict[str, Opinion]] = field(default_factory=dict)
    standing: dict[Key, float] = field(default_factory=dict)  # notional, quote currency
    newest_ns: int = 0  # data time of the newest signal
    ends_ns: int = NEVER_NS  # data time after which an opinion that asks for something no longer counts


@registered
def stage(*, account: str = "paper", policy: Policy = DEFAULTS) -> Stage:
    """The stage for one account."""
    return Stage("portfolio.rebalance", Wishes, partial(_step, account, policy))


def rebalance(
    step_id: str, up: KeyedStream[Decisions], *, account: str = "paper", policy: Policy = DEFAULTS
) -> KeyedStream[Decisions]:
    """The stage as a Bytewax step."""
    return wire(step_id, up, stage(account=account, policy=policy))


def _step(account: str, policy: Policy, state: Wishes, item: Decisions) -> Decisions:
    signals = [message for message in item.messages if isinstance(message, Signal)]
    if not signals and (not item.messages or item.receive_time <= state.ends_ns):
        return item
    for signal in signals:
        _hear(state, signal, policy)
    moved = targets(state, item.receive_time, policy)
    if not moved:
        return item
    return item._replace(messages=(*item.messages, *moved)).with_table("targets", target_rows(moved, account, item))


def _hear(state: Wishes, signal: Signal, policy: Policy) -> None:
    """Let a signal stand in place of the one before of its timeframe."""
    opinions = state.opinions.setdefault((signal.venue, signal.instrument), {})
    before = opinions.get(signal.timeframe, Opinion(0.0, signal.time_ns))
    if signal.time_ns < before.time_ns:
        return
    counted = before.share if signal.time_ns <= end_ns(signal.timeframe, before, policy) else 0.0
    opinions[signal.timeframe] = opinion(signal, policy, counted)
    state.newest_ns = max(state.newest_ns, signal.time_ns)


def targets(state: Wishes, time_ns: int, policy: Policy) -> list[Target]:
    """Targets that moved, by order of the instruments' first signals; they stand from now on."""
    state.ends_ns = _next_end(state, time_ns, policy)
    shares = {key: combined(opinions, time_ns, policy) for key, opinions in state.opinions.items()}
    scale = gross_scale(shares.values(), policy)
    moved = []
    for key, share in shares.items():
        notional = share * scale * policy.capital
        standing = state.standing.get(key, 0.0)
        gone = notional == 0.0 and standing != 0.0
        if gone or abs(notional - standing) > policy.no_trade_band * policy.capital:
            state.standing[key] = notional
            opinions = state.opinions[key]
            moved.append(
                Target(
                    venue=key[0], instrument=key[1], time_ns=state.newest_ns, notional=notional,
                    reason=_reason(opinions, scale), parts=_parts(opinions, time_ns, scale * policy.capital, policy),
                )
            )  # fmt: skip
    return moved


def _next_end(state: Wishes, time_ns: int, policy: Policy) -> int:
    """When the first of the opinions that count now and ask for something ends."""
    asking = ((name, one) for opinions in state.opinions.values() for name, one in opinions.items() if one.share)
    ends = (end_ns(name, one, policy) for name, one in asking)
    return min((end for end in ends if end >= time_ns), default=NEVER_NS)


def _parts(opinions: dict[str, Opinion], time_ns: int, whole: float, policy: Policy) -> dict[str, float]:
    """What each timeframe that counts asks for, before the instrument's cap, quote currency."""
    return {
        timeframe: one.share * whole
        for timeframe, one in opinions.items()
        if one.share and time_ns <= end_ns(timeframe, one, policy)
    }


def _reason(opinions: dict[str, Opinion], scale: float) -> str:
    """Which timeframes ask for which share of capital."""
    asked = ", ".join(
        f"{timeframe} {one.share:+.4f}{'' if one.pays else ' costs'}" for timeframe, one in opinions.items()
    )
    return asked if scale == 1.0 else f"{asked}; gross × {scale:.4f}"


def target_rows(moved: Iterable[Target], account: str, item: Decisions) -> Rows:
    """Rows of the table `targets`."""
    rows = [
        (account, target.venue, target.instrument, target.time_ns, item.receive_time, target.notional, target.reason,
         item.offset)
        for target in moved
    ]  # fmt: skip
    return Rows(TARGET, rows)
