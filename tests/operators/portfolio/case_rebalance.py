import math

import polars as pl

from market.decisions import Decisions
from market.messages import Signal
from operators.portfolio import rebalance
from operators.portfolio.policy import Policy
from operators.portfolio.rebalance import TARGET
from tests.contract import Case, Tables
from tests.operators.portfolio.decision_stream import VENUE, empty, signals, spread_out

POLICY = Policy(capital=50_000.0, target_volatility=0.4, max_instrument_share=0.3, max_gross_share=0.5)
BAR_S = {"ultra_short": 1, "short": 60, "medium": 3600, "long": 86400}


def output(items: list[Decisions]) -> Tables:
    rows = [item.tables["targets"] for item in items if "targets" in item.tables]
    return {"targets": pl.concat([pl.DataFrame(schema=TARGET), *rows]).drop("reason")}


def oracle(items: list[Decisions]) -> Tables:
    newest: dict[str, dict[str, Signal]] = {}
    said: dict[str, float] = {}
    rows = []
    for item in items:
        heard = [message for message in item.messages if isinstance(message, Signal)]
        for signal in heard:
            newest.setdefault(signal.instrument, {})[signal.timeframe] = signal
        if not heard:
            continue
        now = max(signal.time_ns for signal in heard)
        shares = {
            symbol: max(-0.3, min(0.3, sum(share(s, now) for s in of.values()))) for symbol, of in newest.items()
        }
        gross = sum(abs(value) for value in shares.values())
        for symbol, value in shares.items():
            notional = 50_000 * value * (0.5 / gross if gross > 0.5 else 1)
            before = said.get(symbol, 0.0)
            if abs(notional - before) > 1_000 or (notional == 0 and before != 0):
                said[symbol] = notional
                rows.append(("paper", VENUE, symbol, now, item.receive_time, notional, item.offset))
    schema = {name: kind for name, kind in TARGET.items() if name != "reason"}
    return {"targets": pl.DataFrame(rows, schema=schema, orient="row")}


def share(signal: Signal, now: int) -> float:
    old = now - signal.time_ns > 3 * BAR_S[signal.timeframe] * 1_000_000_000
    if old or math.isnan(signal.volatility) or signal.volatility == 0:
        return 0.0
    yearly = signal.volatility * math.sqrt(365.25 * 24 * 3600)
    return 0.25 * signal.direction * signal.confidence * 0.4 / yearly


CASE = Case(
    "portfolio.rebalance",
    lambda: rebalance.stage(policy=POLICY),
    signals,
    spread_out,
    output,
    oracle,
    empty,
    tolerance=1e-9,
)
