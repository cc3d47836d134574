import math

import polars as pl

from market.decisions import Decisions
from market.fees import Fees
from market.messages import Signal
from operators.portfolio import rebalance
from operators.portfolio.policy import Policy
from operators.portfolio.rebalance import TARGET
from tests.contract import Case, Tables
from tests.operators.portfolio.decision_stream import VENUE, empty, signals, spread_out

POLICY = Policy(capital=50_000.0, target_volatility=0.4, max_instrument_share=0.3, max_gross_share=0.5, fees=Fees(0.2))
BAR_S = {"ultra_short": 1, "short": 60, "medium": 3600, "long": 86400}


def output(items: list[Decisions]) -> Tables:
    rows = [item.tables["targets"] for item in items if "targets" in item.tables]
    return {"targets": pl.concat([pl.DataFrame(schema=TARGET), *rows]).drop("reason")}


def oracle(items: list[Decisions]) -> Tables:
    newest: dict[str, dict[str, Signal]] = {}
    shares_of: dict[tuple[str, str], tuple[int, float]] = {}  # time and share of every timeframe
    said: dict[str, float] = {}
    rows = []
    for item in items:
        for signal in [message for message in item.messages if isinstance(message, Signal)]:
            key = (signal.instrument, signal.timeframe)
            before = newest.setdefault(signal.instrument, {}).get(signal.timeframe)
            if before is None or signal.time_ns >= before.time_ns:
                newest[signal.instrument][signal.timeframe] = signal
                shares_of[key] = (signal.time_ns, share(signal, counted(shares_of.get(key), key[1], signal.time_ns)))
        if not newest or not item.messages:
            continue
        now = max(signal.time_ns for of in newest.values() for signal in of.values())
        asked = {
            symbol: [counted(shares_of[symbol, name], name, item.receive_time) for name in of]
            for symbol, of in newest.items()
        }
        shares = {symbol: max(-0.3, min(0.3, sum(of))) for symbol, of in asked.items()}
        gross = sum(abs(value) for value in shares.values())
        for symbol, value in shares.items():
            notional = 50_000 * value * (0.5 / gross if gross > 0.5 else 1)
            before = said.get(symbol, 0.0)
            if abs(notional - before) > 1_000 or (notional == 0 and before != 0):
                said[symbol] = notional
                rows.append(("paper", VENUE, symbol, now, item.receive_time, notional, item.offset))
    schema = {name: kind for name, kind in TARGET.items() if name != "reason"}
    return {"targets": pl.DataFrame(rows, schema=schema, orient="row")}


def counted(known: tuple[int, float] | None, timeframe: str, now: int) -> float:
    if known is None or now - known[0] > 3 * BAR_S[timeframe] * 1_000_000_000:
        return 0.0
    return known[1]


def share(signal: Signal, before: float) -> float:
    if math.isnan(signal.volatility) or signal.volatility == 0:
        return 0.0
    reach = abs(signal.direction) * signal.confidence * signal.volatility * math.sqrt(200 * BAR_S[signal.timeframe])
    if reach < (0.4e-4 if before * signal.direction > 0 else 0.8e-4):
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
