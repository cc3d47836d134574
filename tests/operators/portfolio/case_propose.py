"""Every grid step asks, for any position breaks the limits of the case; what is asked is looked up slowly."""

import random
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl

from market.decisions import Decisions, Standing
from market.fees import Fees
from market.messages import AnyMessage, Problem, Quote, Signal, Solution, Target
from operators.portfolio import aggregate, breaks, budgets, propose, skill
from operators.portfolio.budgets import Bounds
from operators.portfolio.estimate import Manner
from operators.portfolio.estimate_rows import CORRELATION, REBALANCE
from operators.portfolio.optimizer.preferences import Preferences
from operators.portfolio.policy import Policy
from operators.portfolio.problem import targets_of
from operators.portfolio.skill import Prior
from operators.portfolio.triggers import Rules
from tests.contract import Case, Tables
from tests.operators.portfolio import covariance_oracles
from tests.operators.portfolio.decision_stream import CONTRACTS, FIRST, SECOND, START, VENUE, empty, quote, spread_out

POLICY = Policy(fees=Fees(0.1), max_instrument_share=0.3)
MANNER = Manner(
    step_s=2.0, max_age_s=2.0, covariance="weighted", half_life_rows=15.0, warm_up_rows=10, horizon_s=30.0,
    regime_timeframe="ultra_short", together=1.0, block_rows=12, prior=Prior(ic=0.1, rounds=20.0),
    rules=Rules(risk_cooldown_s=0.0), budgets=Bounds(half_life_s=20.0), answer_s=1e9,
    preferences=Preferences(risk_aversion=10.0),
)  # fmt: skip
LIMITS = {"gross": 1e-9}
ASKED = ("expected", "confidence", "covariance", "current", "half_spread", "impact", "lot", "caps")
STATES = ("calm/bull/trending", "calm/bear/trending")
NAMES = [f"{VENUE}|{symbol}" for symbol in CONTRACTS]


def stream(seed: int, length: int) -> list[Decisions]:
    """Quotes that walk, some not good or missing, signals, positions that never close; ends without signals."""
    rng = random.Random(seed)
    mids = dict(FIRST)
    found: list[Decisions] = []
    held: dict[str, float] = {}
    steps = 120 * length
    for step in range(steps + 40):
        time = START + step * SECOND
        messages: list[AnyMessage] = []
        for symbol in CONTRACTS:
            mids[symbol] *= 1 + rng.gauss(0, 2e-4)
            if (step % 9 and rng.random() < 0.97) or step >= steps:
                valid = rng.random() < 0.99 or step >= steps
                messages.append(
                    quote(symbol, time, mids[symbol], mids[symbol] * 1.0001, rng.uniform(1, 9), valid=valid)
                )
            if step < 3 or (step < steps and rng.random() < 0.4):
                messages.append(_signal(rng, symbol, time))
            if step < 3 or rng.random() < 0.05:
                held[f"{VENUE}|{symbol}"] = rng.uniform(1, 2) * 500 / mids[symbol]
        if step % 25 == 3:
            answer = _solution(time, step, [rng.uniform(-0.1, 0.1) for _ in NAMES])
            messages += [answer, *(targets_of(answer, SECOND) if rng.random() < 0.8 else ())]  # else it is not followed
        standing = Standing("paper", 90_000.0 + step, 0.0, "active", held=dict(held))
        found.append(Decisions("trading/0", step, time, tuple(messages), standing=standing))
    return found


def output(items: list[Decisions]) -> Tables:
    problems = [
        {"offset": item.offset, "names": list(one.names), **{name: list(getattr(one, name)) for name in ASKED}}
        for item in items
        for one in item.messages
        if isinstance(one, Problem)
    ]
    tables = [
        pl.concat([pl.DataFrame(schema=schema), *(item.tables[name] for item in items if name in item.tables)])
        for name, schema in (("rebalances", REBALANCE), ("correlations", CORRELATION))
    ]
    return {"problems": _problems(problems), "rebalances": tables[0].drop("reason"), "correlations": tables[1]}


def oracle(items: list[Decisions]) -> Tables:
    """From all messages so far, anew for every step of the grid."""
    problems, decided, judged = [], [], []
    messages: list[AnyMessage] = []
    signals, learnt, alarm = aggregate.Signals(), skill.Skill(), breaks.empty(3, block_rows=12)
    rows: list[np.ndarray] = []
    before, aimed = dict.fromkeys(NAMES, 0.0), dict.fromkeys(NAMES, 0.0)
    displayed: dict[str, float] = {}
    heard = ended_at = 0
    shares = budgets.Budgets()
    for item in items:
        ended = []
        for message in item.messages:
            at = message.time_ns // (2 * SECOND) * 2 * SECOND
            if 0 < heard < at and isinstance(message, Quote | Signal):
                row = np.log(np.array(_prices(messages, at)) / np.array(_prices(messages, at - 2 * SECOND)))
                if np.isfinite(row).any():
                    before_s = (at - ended_at) / SECOND if rows else 0.0
                    ended_at = at
                    ended.append(at)
                    rows.append(row)
                    verdict = breaks.update(alarm, row)
                    judged += [] if verdict is None else [(item, at, verdict)]
                    skill.settle(
                        learnt, at, dict(zip(NAMES, _prices(messages, at), strict=True)), POLICY.bar_s, MANNER.prior
                    )
                    scores = {name: skill.coefficient(learnt, name, MANNER.prior) ** 2 for name in POLICY.bar_s}
                    budgets.update(shares, scores, before_s, MANNER.budgets)
                    for name, good in _good(messages).items():
                        now = _worth(good, (good.bid_size + good.ask_size) / 2)
                        displayed[name] = displayed.get(name, now) + 0.02 * (now - displayed.get(name, now))
            if isinstance(message, Signal):
                name = f"{VENUE}|{message.instrument}"
                aggregate.hear(signals, name, message, POLICY)
                skill.note(
                    learnt, name, message, _prices(messages, message.time_ns + 1, 2 * SECOND + 1)[NAMES.index(name)]
                )
            if isinstance(message, Solution) and any(isinstance(one, Target) for one in item.messages):
                aimed = dict(zip(message.names, message.weights, strict=True))
            heard = message.time_ns if isinstance(message, Quote | Signal) else heard
            messages.append(message)
        if not ended:
            continue
        facts = _asked(messages, rows, signals, learnt, shares, displayed, ended[-1], item.standing)
        if facts is None:
            continue
        names, arrays, covariance = facts
        wanted = _wanted(arrays, covariance)
        current = arrays["current"]
        moved = [abs(w - before.get(name, 0.0)) for name, w in zip(names, wanted, strict=True)]
        away = [abs(c - aimed.get(name, 0.0)) for name, c in zip(names, current, strict=True)]
        drift = max(moved + away)
        before = dict(zip(names, wanted, strict=True))
        gain = arrays["expected"] @ (wanted - current) - 5 * (
            wanted @ covariance @ wanted - current @ covariance @ current
        )
        traded = abs(wanted - current)
        cost = arrays["half_spread"] @ traded + arrays["impact"] @ traded**1.5
        arrays["covariance"] = covariance[np.tril_indices(len(names))]
        problems.append({"offset": item.offset, "names": names, **{name: arrays[name].tolist() for name in ASKED}})
        decided.append(
            ("paper", ended[-1], item.receive_time, "risk", "trade", _regime(signals, ended[-1]), drift,
             abs(current).sum() / 1e-9 / 1.1, 1e4 * gain, 1e4 * cost, item.standing.equity, len(names), item.offset, 0)
        )  # fmt: skip
    schema = {name: kind for name, kind in REBALANCE.items() if name != "reason"}
    blocks = [
        ("paper", at, item.receive_time, *one[:5], one.instruments, [], item.offset, 0) for item, at, one in judged
    ]
    return {
        "problems": _problems(problems),
        "rebalances": pl.DataFrame(decided, schema=schema, orient="row"),
        "correlations": pl.DataFrame(blocks, schema=CORRELATION, orient="row"),
    }


def _asked(
    messages: Any, rows: Any, signals: Any, learnt: Any, shares: Any, displayed: Any, at: int, standing: Any
) -> Any:
    """Names, arrays and covariance of those that are known or held; None where there is none."""
    columns = np.array(rows)
    found = covariance_oracles.weighted(columns, 15.0, centred=True) * 15.0
    there = np.isfinite(columns)
    enough = np.array([[(there[:, i] & there[:, j]).sum() >= 10 for j in range(3)] for i in range(3)])
    groups = [group for size in (3, 2, 1, 0) for group in combinations(range(3), size)]
    largest = next(group for group in groups if enough[np.ix_(group, group)].all())
    ready = [place in largest for place in range(3)]
    live = np.isfinite(_prices(messages, at))
    good, equity = _good(messages), standing.equity
    sizes = np.array([_worth(good[name], standing.held[name]) for name in NAMES]) / equity
    chosen = [n for n in range(3) if (ready[n] and live[n]) or sizes[n]]
    if not chosen:
        return None
    sure = np.array(ready)
    weights = {timeframe: units / budgets.UNITS for timeframe, units in shares.units.items()}
    outlook = aggregate.outlook(
        signals, NAMES, at, horizon_s=30.0, learnt=learnt, prior=MANNER.prior, policy=POLICY, weights=weights
    )
    half = np.array([(one.ask_price - one.bid_price) / (one.ask_price + one.bid_price) for one in map(good.get, NAMES)])
    lots = np.array([_worth(good[name], good[name].lot_size) for name in NAMES])
    deep = np.array([displayed[name] for name in NAMES])
    arrays = {
        "expected": outlook.expected * sure,
        "confidence": outlook.confidence * sure,
        "current": sizes,
        "half_spread": half + 0.1e-4,
        "impact": half * np.sqrt(equity / np.maximum(deep, lots)),
        "lot": lots / equity,
        "caps": np.where(sure & live, 0.3, np.minimum(abs(sizes), 0.3)),
    }
    both = np.outer(sure, sure)
    covariance = np.where(both, found, np.diag(np.where(sure, 0.0, 0.01)))
    return (
        [NAMES[n] for n in chosen],
        {name: values[chosen] for name, values in arrays.items()},
        covariance[np.ix_(chosen, chosen)],
    )


def _wanted(arrays: Any, covariance: np.ndarray) -> np.ndarray:
    caps, free = arrays["caps"], np.linalg.solve(covariance, arrays["expected"]) / 10
    scales = [cap / abs(w) for cap, w in zip(caps, free, strict=True) if abs(w) > cap]
    guesses = [np.clip(free, -caps, caps), free * min([1.0, *scales])]
    guesses = [w * min(1.0, 1e-9 / max(abs(w).sum(), 1e-300)) for w in guesses]  # within the gross limit
    worth = [arrays["expected"] @ w - 5 * w @ covariance @ w for w in guesses]
    return guesses[0] if worth[0] >= worth[1] else guesses[1]


def _prices(messages: Any, at: int, age: int = 2 * SECOND) -> list[float]:
    """The newest mid before a time, of each instrument; NaN where it is not good or older than that."""
    found = []
    for symbol in CONTRACTS:
        known = [one for one in messages if isinstance(one, Quote) and one.instrument == symbol and one.time_ns < at]
        fresh = known and known[-1].valid and known[-1].time_ns >= at - age
        found.append((known[-1].bid_price + known[-1].ask_price) / 2 if fresh else float("nan"))
    return found


def _good(messages: Any) -> dict[str, Quote]:
    return {f"{VENUE}|{one.instrument}": one for one in messages if isinstance(one, Quote) and one.valid}


def _worth(one: Quote, size: float) -> float:
    return size * one.contract_size * (1 if one.inverse else (one.bid_price + one.ask_price) / 2)


def _regime(signals: Any, at: int) -> str:
    votes = dict.fromkeys(STATES, 0.0)
    for heard in signals.heard.values():
        one = heard["ultra_short"].signal
        if at <= one.time_ns + 3 * SECOND:
            votes[one.regime] += one.confidence
    best = max(votes, key=lambda state: (votes[state], state))
    return best if votes[best] else "unknown"


def _problems(rows: list[dict[str, Any]]) -> pl.DataFrame:
    numbers = {name: pl.List(pl.Float64) for name in ASKED}
    return pl.DataFrame(rows, schema={"offset": pl.Int64, "names": pl.List(pl.String), **numbers})


def _signal(rng: random.Random, symbol: str, time: int) -> Signal:
    return Signal(
        venue=VENUE, instrument=symbol, time_ns=time, timeframe="ultra_short", direction=rng.choice([-1.0, 1.0]),
        confidence=rng.uniform(0.5, 1), volatility=rng.uniform(1, 3) * 1e-4, regime=rng.choice(STATES), evidence={},
    )  # fmt: skip


def _solution(time: int, request: int, weights: list[float]) -> Solution:
    return Solution(
        venue="", instrument="", time_ns=time, account="paper", request=request, rung="optimal",
        reason="", names=tuple(NAMES), weights=tuple(weights), duals={}, slack={}, solver="", elapsed_ms=1.0,
        equity=90_000.0,
    )  # fmt: skip


CASE = Case(
    "portfolio.propose",
    lambda: propose.stage(manner=MANNER, policy=POLICY, limits=LIMITS),
    stream,
    spread_out,
    output,
    oracle,
    empty,
    tolerance=1e-8,
)
