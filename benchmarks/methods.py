"""The simple policy and the optimiser on the same made-up market, with signals that are right, a little right, or luck.

Six instruments, correlated 0.36, one volatility; every 20 minutes each gets a drift, and signals of one timeframe say
its sign. `skill` is the correlation of that drift with the return of the 20 minutes. Both go through the stages of the
trading flow as a backtest drives them: limits, gate, paper venue, fees and spread; the optimiser is asked and answered
as live, once believing nothing before it was seen (portfolio.prior_ic 0) and once an IC of 0.05. Told: profit over the
hours in bps of capital, its costs, the largest drawdown, and turnover in capitals.

    python -m benchmarks.methods [skill …]
"""

import sys

import numpy as np

from flows.backtest.account import run
from flows.backtest.tape import Tape, row_of, unheard
from flows.backtest.trading_stages import trading_stages
from flows.settings import Settings, load
from market.clock import SECOND_NS
from market.decisions import Decisions
from market.messages import AnyMessage, Quote, Signal

SKILLS = (0.0, 0.1, 0.3)
WAYS = {"policy": ("policy", 0.0), "optimizer": ("optimizer", 0.0), "optimizer, prior_ic 0.05": ("optimizer", 0.05)}
SEEDS, HOURS, STEP_S, DRIFT_S = (1, 2), 6, 10, 1200
SYMBOLS = [f"S{number}" for number in range(6)]
VOLATILITY = 1e-4  # per square-root second
START_NS = 1_700_000_000 * SECOND_NS
SETTINGS = {"execution": {"fee_bps": 0.2}, "regimes": {"timeframes": {"short": "1m"}}}


def settings(way: str) -> Settings:
    method, prior = WAYS[way]
    portfolio = {"method": method, "prior_ic": prior, "horizon_s": float(DRIFT_S), "budget_cap": 1.0}
    return load(None, **SETTINGS, portfolio=portfolio)


def rows(skill: float, seed: int) -> list[Decisions]:
    """The trading journal of the market."""
    luck = np.random.default_rng(seed)
    mids, way, found = np.full(len(SYMBOLS), 100.0), np.zeros(len(SYMBOLS)), []
    for step in range(1, HOURS * 3600 // STEP_S + 1):
        time_ns = START_NS + step * STEP_S * SECOND_NS
        way = luck.choice([-1.0, 1.0], len(SYMBOLS)) if step % (DRIFT_S // STEP_S) == 1 else way
        noise = 0.6 * luck.standard_normal() + 0.8 * luck.standard_normal(len(SYMBOLS))
        mids *= np.exp(VOLATILITY * (skill * way * STEP_S / np.sqrt(DRIFT_S) + noise * np.sqrt(STEP_S)))
        messages: list[AnyMessage] = []
        for symbol, mid, side in zip(SYMBOLS, mids.tolist(), way.tolist(), strict=True):
            bid = round(mid - 0.005, 2)
            messages.append(
                Quote(venue="made", instrument=symbol, time_ns=time_ns, bid_price=bid, bid_size=1e4,
                      ask_price=round(bid + 0.01, 2), ask_size=1e4, valid=True, tick_size=0.01, lot_size=0.01)
            )  # fmt: skip
            if step % 6 == 0:
                messages.append(
                    Signal(venue="made", instrument=symbol, time_ns=time_ns, timeframe="short", direction=side,
                           confidence=0.8, volatility=VOLATILITY, regime="calm/bull/trending", evidence={})
                )  # fmt: skip
        found.append(row_of(step, time_ns, messages))
    return found


def measured(way: str, tape: Tape) -> tuple[float, float, float, float]:
    chosen = settings(way)
    capital = chosen.portfolio.capital
    done = run(
        tape, trading_stages(chosen), capital=capital, period_ns=60 * SECOND_NS, regime_timeframe="short",
        progress=unheard, what="",
    )  # fmt: skip
    sums = {name: float(done.periods[name].sum()) / capital for name in ("fee", "spread", "impact", "traded")}
    equity = done.periods["equity"].to_numpy()
    fall = float(np.max(1.0 - equity / np.maximum.accumulate(equity)))
    costs = sums["fee"] + sums["spread"] + sums["impact"]
    return 1e4 * (equity[-1] / capital - 1), 1e4 * costs, 1e4 * fall, sums["traded"]


def main(*skills: float) -> None:
    print(
        f"{HOURS} hours, mean of {len(SEEDS)} markets   | profit bps |          of each | costs | drawdown | turnover"
    )
    for skill in skills or SKILLS:
        tapes = [Tape(tuple(rows(skill, seed)), {}, 0) for seed in SEEDS]
        for way in WAYS:
            found = np.array([measured(way, tape) for tape in tapes])
            profit, costs, fall, turned = found.mean(axis=0)
            each = " ".join(f"{value:+.1f}" for value in found[:, 0])
            print(
                f"{skill:4.2f} {way:25s} | {profit:+10.1f} | {each:>16s} | {costs:5.1f} | {fall:8.1f} | {turned:8.1f}"
            )


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
