import math

import polars as pl

from market.batch import Batch
from operators.regimes import detect
from operators.regimes.labels import REGIME
from operators.regimes.model import DEFAULTS, REGIME_TIMEFRAMES
from tests.contract import Case, Tables
from tests.operators.regimes.bar_stream import INTERVAL_NS, batches, cut, empty
from tests.operators.regimes.slow_filter import SlowFilter

BARS = {bar: name for name, bar in REGIME_TIMEFRAMES.items()}


def output(items: list[Batch]) -> Tables:
    rows = [item.tables["regimes"] for item in items if "regimes" in item.tables]
    return {"regimes": pl.concat([pl.DataFrame(schema=REGIME), *rows]).drop("frame")}


def oracle(items: list[Batch]) -> Tables:
    filters: dict[tuple[str, str], SlowFilter] = {}
    rows = []
    for item in items:
        bars = item.tables["bars"].to_dicts() if "bars" in item.tables else []
        order = list(BARS)
        bars = [bar for bar in bars if bar["timeframe"] in BARS and bar["revision"] == 0]
        for bar in sorted(bars, key=lambda bar: (bar["frame"], order.index(bar["timeframe"]))):
            key = (bar["instrument"], bar["timeframe"])
            slow = filters.setdefault(key, SlowFilter(DEFAULTS, INTERVAL_NS[bar["timeframe"]]))
            slow.take(bar["close_time"], bar["close"] if math.isnan(bar["mid_close"]) else bar["mid_close"])
            rows.append(row(bar, slow))
    return {"regimes": pl.DataFrame(rows, schema={name: kind for name, kind in REGIME.items() if name != "frame"})}


def row(bar: dict[str, object], slow: SlowFilter) -> dict[str, object]:
    names = (("calm", "normal", "stressed"), ("bear", "neutral", "bull"))
    chances = {name: slow.marginal(axis, n) for axis in (0, 1) for n, name in enumerate(names[axis])}
    best = [max(range(3), key=lambda n, axis=axis: chances[names[axis][n]]) for axis in (0, 1)]
    seconds = slow.interval_ns / 1e9
    variance = sum(weight * DEFAULTS.scales[v] ** 2 for (v, _), weight in slow.belief.items())
    drift = sum(weight * DEFAULTS.drifts[d] for (_, d), weight in slow.belief.items())
    measures = {f"probability_{name}": chance for name, chance in chances.items()} | {
        "confidence": slow.belief[best[0], best[1]],
        "volatility": slow.scale * math.sqrt(variance) / math.sqrt(seconds),
        "drift": slow.scale * drift / seconds,
    }
    return {
        "instrument": bar["instrument"],
        "timeframe": BARS[str(bar["timeframe"])],
        "time": bar["close_time"],
        "receive_time": bar["receive_time"],
        "regime": f"{names[0][best[0]]}/{names[1][best[1]]}" if slow.known else "unknown",
        **{name: value if slow.known else math.nan for name, value in measures.items()},
        "bars_seen": len(slow.sizes),
    }


CASE = Case(
    "regimes.detect",
    detect.stage,
    batches,
    cut,
    output,
    oracle,
    empty,
    ready=lambda found: {("regimes", "confidence"): found["regimes"]["bars_seen"] > DEFAULTS.warm_up_bars},
    tolerance=1e-9,
)
