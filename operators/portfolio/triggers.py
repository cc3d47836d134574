"""When to rebalance: what calls for it, whether it may be now, and whether it pays; every decision with its numbers.

In this order, the first that calls is the trigger:
- risk: risk reaches its limit (1), until it is at `risk_rest` of it again; a risk that is not finite is at its limit;
- regime: a regime other than that of the last rebalance has stood for `regime_dwell_s`;
- drift: a weight is `drift_band` away from what is wanted, until all are within `drift_rest` × the band;
- schedule: `schedule_s` since the last rebalance or the last schedule.

Risk is answered at once, at most every `risk_cooldown_s`, whatever it costs. The others wait for `cooldown_s` since the
last rebalance, and must pay: gain ≥ worth × cost (worth.py), unless every position only shrinks, or the limits that the
regime leaves are broken. A cost or a gain that is not known does not pay. Where nothing would change there is nothing
to trade, and a change of regime is done with.

A decision not to trade is told too, the same one at most every `quiet_s`; where nothing calls, nothing is told.
Warm-up: the first regime that stands is a change. State: 8 fields and a time per kind of refusal. Cost: 3 µs a step.
A part of `portfolio.propose`.
"""

from dataclasses import dataclass, field
from math import isfinite
from typing import NamedTuple

from market.clock import SECOND_NS

LONG_AGO_NS = -(2**62)
NOTHING = "nothing to change"


@dataclass(frozen=True)
class Rules:
    """When to rebalance; weights are shares of equity."""

    drift_band: float = 0.05
    drift_rest: float = 0.5  # share of the band
    risk_rest: float = 0.95  # share of the limit; above what problem.usage says of a portfolio just within its limits
    regime_dwell_s: float = 30.0
    schedule_s: float = 3600.0
    cooldown_s: float = 60.0
    risk_cooldown_s: float = 10.0
    worth: float = 1.5  # gain over cost
    quiet_s: float = 300.0

    def __post_init__(self) -> None:
        for name in ("drift_band", "schedule_s"):
            if not (isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise ValueError(f"{name} must be finite and above 0, got {getattr(self, name)}")
        for name in ("regime_dwell_s", "cooldown_s", "risk_cooldown_s", "quiet_s"):
            if not (isfinite(getattr(self, name)) and getattr(self, name) >= 0):
                raise ValueError(f"{name} must be finite and at least 0, got {getattr(self, name)}")
        for name in ("drift_rest", "risk_rest"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 0 and below 1, got {getattr(self, name)}")
        if not (isfinite(self.worth) and self.worth >= 1):
            raise ValueError(f"worth must be at least 1, got {self.worth}")


class Facts(NamedTuple):
    """What is known at one moment."""

    time_ns: int
    regime: str
    drift: float  # largest distance of a weight from what is wanted, share of equity
    risk: float  # over its limit
    gain: float  # over the horizon, share of equity
    cost: float  # share of equity
    reduces: bool = False  # whether every position only shrinks
    over: bool = False  # whether the limits that the regime leaves are broken


class Decision(NamedTuple):
    """Whether to rebalance, and why."""

    trigger: str  # risk, regime, drift or schedule
    trades: bool
    reason: str
    facts: Facts


@dataclass
class Triggers:
    """State; times are of data."""

    traded_ns: int = LONG_AGO_NS  # of the last rebalance
    scheduled_ns: int = LONG_AGO_NS  # since when the schedule runs
    regime: str = ""  # of the last rebalance
    standing: str = ""  # regime now,
    since_ns: int = LONG_AGO_NS  # and since when
    breached: bool = False  # whether risk is at its limit
    drifted: bool = False
    said_ns: dict[str, int] = field(default_factory=dict)  # of each kind of refusal


def judge(state: Triggers, facts: Facts, rules: Rules) -> Decision | None:
    """The decision at this moment; None where nothing calls, or it was told a moment ago."""
    _watch(state, facts, rules)
    trigger, reason = _call(state, facts, rules)
    if not trigger:
        return None
    refusal = _refusal(state, facts, rules, trigger)
    if trigger == "schedule":
        state.scheduled_ns = facts.time_ns
    if not refusal:
        state.traded_ns = state.scheduled_ns = facts.time_ns
        state.regime = state.standing
        state.said_ns.clear()
        return Decision(trigger, True, reason, facts)
    if refusal == NOTHING:
        state.regime = state.standing
    kind = f"{trigger} {refusal.partition(':')[0]}"
    if facts.time_ns - state.said_ns.get(kind, LONG_AGO_NS) < rules.quiet_s * SECOND_NS:
        return None
    state.said_ns[kind] = facts.time_ns
    return Decision(trigger, False, f"{reason}; {refusal}", facts)


def _watch(state: Triggers, facts: Facts, rules: Rules) -> None:
    """Where regime, risk and drift stand, each with its hysteresis."""
    if facts.regime != state.standing or state.since_ns == LONG_AGO_NS:
        state.standing, state.since_ns = facts.regime, facts.time_ns
    if state.scheduled_ns == LONG_AGO_NS:
        state.scheduled_ns = facts.time_ns
    at = rules.risk_rest if state.breached else 1.0
    state.breached = not isfinite(facts.risk) or (facts.risk > at if state.breached else facts.risk >= at)
    at = rules.drift_band * (rules.drift_rest if state.drifted else 1.0)
    state.drifted = isfinite(facts.drift) and (facts.drift > at if state.drifted else facts.drift >= at)


def _call(state: Triggers, facts: Facts, rules: Rules) -> tuple[str, str]:
    """The first trigger that calls, and why; empty where none does."""
    if state.breached:
        return "risk", f"risk is {facts.risk:.3f} of its limit"
    stood_s = (facts.time_ns - state.since_ns) / SECOND_NS
    if state.standing != state.regime and stood_s >= rules.regime_dwell_s:
        return "regime", f"{state.regime or 'none'} became {state.standing} {stood_s:.0f} s ago"
    if state.drifted:
        return "drift", f"a weight is {facts.drift:.4f} away, the band is {rules.drift_band:.4f}"
    if facts.time_ns - state.scheduled_ns >= rules.schedule_s * SECOND_NS:
        return "schedule", f"every {rules.schedule_s:.0f} s"
    return "", ""


def _refusal(state: Triggers, facts: Facts, rules: Rules, trigger: str) -> str:
    """Why not now; empty where nothing speaks against it."""
    rested_s = (facts.time_ns - state.traded_ns) / SECOND_NS
    least_s = rules.risk_cooldown_s if trigger == "risk" else rules.cooldown_s
    if rested_s < least_s:
        return f"cooldown: {rested_s:.1f} s of {least_s:.0f} s"
    if trigger == "risk" or facts.reduces or facts.over:
        return ""
    if facts.gain == 0 and facts.cost == 0:
        return NOTHING
    if not facts.gain >= rules.worth * facts.cost or not isfinite(facts.gain):
        return f"costs: gain {1e4 * facts.gain:.3f} bps, cost {1e4 * facts.cost:.3f} bps × {rules.worth:g}"
    return ""
