import math
from functools import partial

import polars as pl

from market.batch import Batch
from market.schema import Kind
from operators.frame import frame as frame_
from operators.regimes import detect
from operators.signals import decide
from operators.signals.decide import SIGNAL
from tests.contract import Case, Tables
from tests.operators.regimes.bar_stream import SYMBOLS, batches, cut, empty
from tests.operators.regimes.case_detect import MODELS


def output(items: list[Batch]) -> Tables:
    rows = [item.tables["signals"] for item in items if "signals" in item.tables]
    return {"signals": pl.concat([pl.DataFrame(schema=SIGNAL), *rows]).drop("frame")}


def oracle(items: list[Batch]) -> Tables:
    book = {symbol: {"receive_time": 0, "valid": False, "imbalance": math.nan} for symbol in SYMBOLS}
    rows = []
    for item in items:
        regimes = item.tables["regimes"].to_dicts() if "regimes" in item.tables else []
        wide = frame_(item)
        for frame in range(len(item.frames)):
            for tick in wide.filter(pl.col("frame") == frame).to_dicts():
                if tick["kind"] in (Kind.SNAPSHOT, Kind.DEPTH, Kind.RESET):
                    book[SYMBOLS[tick["instrument"]]] = tick
            rows += [row(regime, book[regime["instrument"]]) for regime in regimes if regime["frame"] == frame]
    return {"signals": pl.DataFrame(rows, schema={name: kind for name, kind in SIGNAL.items() if name != "frame"})}


def row(regime: dict, book: dict) -> dict:
    kept = {name: regime[name] for name in ("instrument", "timeframe", "time", "receive_time", "volatility", "regime")}
    nothing = {**kept, "direction": 0.0, "confidence": 0.0}
    age_s = (regime["receive_time"] - book["receive_time"]) / 1e9
    if regime["regime"] == "unknown":
        return {**nothing, "evidence": [{"key": "unknown_regime", "value": 1.0}]}
    if not book["valid"] or math.isnan(book["imbalance"]):
        return {**nothing, "evidence": [{"key": "invalid_book", "value": 1.0}]}
    if age_s > 5:
        return {**nothing, "evidence": [{"key": "stale_book_s", "value": age_s}]}
    named = ("probability_bear", "probability_bull", "probability_stressed", "probability_reverting")
    used = {name: regime[name] for name in named}
    belief = regime["probability_bull"] - regime["probability_bear"]
    if regime["timeframe"] == "ultra_short":
        used["imbalance"] = book["imbalance"]
        belief += 0.25 * book["imbalance"]
    volatility, _, dynamics = regime["regime"].split("/")
    belief = max(-1.0, min(1.0, belief)) * (0.5 if volatility == "stressed" else 1.0)
    belief *= 0.5 if dynamics == "reverting" else 1.0
    evidence = [{"key": name, "value": value} for name, value in used.items()]
    return {**kept, "direction": belief, "confidence": regime["confidence"], "evidence": evidence}


CASE = Case(
    "signals.decide",
    decide.stage,
    batches,
    cut,
    output,
    oracle,
    empty,
    upstream=(partial(detect.stage, models=MODELS),),
    ready=lambda found: {("signals", "volatility"): found["signals"]["regime"] != "unknown"},
)
