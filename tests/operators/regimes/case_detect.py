"""`regimes.detect` with small models whose parameters are known, against slow twins of all that watches a timeframe."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from market.batch import Batch
from market.regimes import UNKNOWN, VIEWS
from operators.regimes import decision, detect, drift, views
from operators.regimes.bank import bank, catalogue
from operators.regimes.decision import UNKNOWN_LABEL
from operators.regimes.forecast import HORIZONS
from operators.regimes.tables import REGIME, REGIME_CHANGE, REGIME_FORECAST
from operators.stage import Stage
from tests.contract import Case, Tables
from tests.operators.regimes import bar_stream
from tests.operators.regimes.bank.single import frozen
from tests.operators.regimes.bar_stream import INTERVAL_NS, SYMBOLS, batch_of, moments
from tests.operators.regimes.slow_timeframe import SlowTimeframe

# One timeframe without classifiers and one with; those of seconds ask the slowest detectors too rarely for short tests.
TIMEFRAMES = {"fast": "1m", "medium": "1h"}
SERIES = (("AAAUSDT", "1m"), ("AAAUSDT", "1h"), ("BBBUSDT", "1h"))
NAMES = {bar: name for name, bar in TIMEFRAMES.items()}
FRAMES_PER_LENGTH = 3  # as many as bar_stream has
TABLES = {"regimes": REGIME, "regime_changes": REGIME_CHANGE, "regime_forecasts": REGIME_FORECAST}
SCHEMAS = {name: {key: kind for key, kind in schema.items() if key != "frame"} for name, schema in TABLES.items()}
SCALED = {"volatility": 2.0**20, "drift": 2.0**30}  # so that a tolerance says something of them


TEMPLATES = {
    "volatility": (catalogue.volatility((0.8, 0.8), (60.0, 50.0, 40.0)), catalogue.still(1, log_odds=0.5)),
    "direction": (catalogue.direction(0.2, (1.2, 0.9), stay=30.0), catalogue.direction(0.5, (1.0, 1.0), stay=15.0)),
    "dynamics": (catalogue.autoregression(0.4, 0.4, stay=30.0), catalogue.autoregression(0.2, 0.3, stay=15.0)),
}


def model(view: str) -> views.Model:
    """Parameters stay what they are; memories are short and switches cheap."""
    templates = [frozen(template) for template in TEMPLATES[view]]
    made = views.model(templates, (3,), level=view == "volatility", relative=view == "dynamics")
    return replace(
        made,
        learning=bank.Parameters(keep=0.99, remember=0.98, renew_bars=45, penalty=2.0, generations=2),
        deciding=decision.Parameters(half_life_bars=60.0, young_bars=15.0, switch_cost_bars=5.0),
    )


MODELS = {view: model(view) for view in VIEWS}


def stage() -> Stage:
    return detect.stage(timeframes=TIMEFRAMES, models=MODELS)


def items(seed: int, length: int) -> list[Batch]:
    """Bars of SERIES out of the stream of bar_stream, ten frames a batch."""
    found = [
        moment._replace(bars=tuple(bar for bar in moment.bars if (bar["instrument"], bar["timeframe"]) in SERIES))
        for moment in moments(seed, FRAMES_PER_LENGTH * length)
    ]
    return [batch_of(found[at : at + 10], at) for at in range(0, len(found), 10)]


def output(items: list[Batch]) -> Tables:
    found = {name: [item.tables[name] for item in items if name in item.tables] for name in TABLES}
    return scaled(
        {name: pl.concat([pl.DataFrame(schema=TABLES[name]), *parts]).drop("frame") for name, parts in found.items()}
    )


def scaled(tables: Tables) -> Tables:
    regimes = tables["regimes"]
    return tables | {"regimes": regimes.with_columns(pl.col(name) * factor for name, factor in SCALED.items())}


def oracle(items: list[Batch]) -> Tables:
    made = {
        (symbol, bar): SlowTimeframe(name, INTERVAL_NS[bar], TEMPLATES, MODELS)
        for symbol in SYMBOLS
        for name, bar in TIMEFRAMES.items()
    }
    tables: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    order = list(TIMEFRAMES.values())
    for item in items:
        bars = [bar for bar in item.tables["bars"].to_dicts() if bar["timeframe"] in order and bar["revision"] == 0]
        for bar in sorted(bars, key=lambda bar: (bar["frame"], order.index(bar["timeframe"]))):
            slow = made[bar["instrument"], bar["timeframe"]]
            if slow.take(bar["close_time"], bar["close"] if math.isnan(bar["mid_close"]) else bar["mid_close"]):
                others = [made[bar["instrument"], other] for other in order if other != bar["timeframe"]]
                tell(tables, bar, slow, others)
    return scaled({name: pl.DataFrame(tables[name], schema, strict=False) for name, schema in SCHEMAS.items()})


def tell(tables: dict[str, list[dict[str, Any]]], bar: dict[str, Any], slow: Any, others: list[Any]) -> None:
    """Add the rows of one bar."""
    times = {"time": bar["close_time"], "receive_time": bar["receive_time"]}
    named = {"instrument": bar["instrument"], "timeframe": NAMES[bar["timeframe"]], **times}
    regime = row(slow, others)
    tables["regimes"].append(named | regime)
    for name, view in slow.views.items():
        if view.previous not in (UNKNOWN_LABEL, view.held):
            change = {
                "view": name, "previous": VIEWS[name][view.previous], "regime": VIEWS[name][view.held],
                "probability": view.p[view.held], "held_bars": view.previous_bars, "evidence": regime["evidence"],
            }  # fmt: skip
            tables["regime_changes"].append(named | change)
    tables["regime_forecasts"] += [named | expected(slow, place) for place in range(len(HORIZONS))]


def row(slow: Any, others: list[Any]) -> dict[str, Any]:
    found, seconds = slow.views.items(), slow.interval_ns / 1e9
    held = {name: view.held for name, view in found}
    sure = [math.nan if view.held == UNKNOWN_LABEL else view.p[view.held] for _, view in found]
    regime = word(held)
    return {
        "regime": regime,
        "raw_regime": word({name: view.raw for name, view in found}),
        **chances({name: view.p for name, view in found}),
        "confidence": float(np.min(sure)),
        **{f"remaining_{name}_s": view.remaining * seconds for name, view in found},
        "volatility": slow.volatility / math.sqrt(seconds),
        "drift": slow.drift / seconds,
        "run_length_bars": slow.witnesses.length,
        "change_point_probability": slow.witnesses.change,
        "anomaly": slow.odd,
        "agreement": agreement(slow, others),
        "evidence": [] if regime == UNKNOWN else evidence(slow),
        "bars_seen": slow.seen,
    }


def word(labels: dict[str, int]) -> str:
    known = UNKNOWN_LABEL not in labels.values()
    return "/".join(VIEWS[name][label] for name, label in labels.items()) if known else UNKNOWN


def chances(p: dict[str, Any]) -> dict[str, float]:
    return {f"probability_{state}": p[name][k] for name, states in VIEWS.items() for k, state in enumerate(states)}


def agreement(slow: Any, others: list[Any]) -> float:
    """Share of the other timeframes' held labels that are this one's; those of bars that closed later do not count."""
    known = [other for other in others if other.time is not None and other.time <= slow.time]
    pairs = [(slow.views[name].held, other.views[name].held) for other in known for name in VIEWS]
    same = [one == two for one, two in pairs if UNKNOWN_LABEL not in (one, two)]
    return sum(same) / len(same) if same else math.nan


def evidence(slow: Any) -> list[dict[str, Any]]:
    speaking = {f"lead_{name}": view.lead for name, view in slow.views.items()}
    doubts = {"change_point_probability": slow.witnesses.change, "anomaly": slow.odd}
    speaking |= {name: doubt for name, doubt in doubts.items() if doubt > 0.5}
    for what, bars in zip(drift.WATCHED, slow.since[0].tolist(), strict=True):
        alarms = zip(drift.DETECTORS, bars, strict=True)
        speaking |= {f"drift_{what}_{detector}_bars": float(ago) for detector, ago in alarms if 0 <= ago <= 30}
    return [{"key": key, "value": value} for key, value in speaking.items()]


def expected(slow: Any, place: int) -> dict[str, Any]:
    found = slow.views.items()
    scores = {}
    for name, view in found:
        for measure in ("brier", "log_loss"):
            ours, markov = getattr(view.scores, measure)[place]
            scores |= {f"{measure}_{name}": ours, f"baseline_{measure}_{name}": markov}
    return {
        "horizon_bars": HORIZONS[place],
        **chances({name: view.ahead[place] for name, view in found}),
        **{f"change_probability_{name}": view.left[place] for name, view in found},
        "scored": slow.views["volatility"].scores.scored[place],
        **scores,
    }


def ready(found: Tables) -> dict[tuple[str, str], pl.Series]:
    """Where all views are known; forecasts of a bar are known with it."""
    known = found["regimes"]["bars_seen"] > bank.SETTLE
    of_forecasts = pl.Series(np.repeat(known.to_numpy(), len(HORIZONS)))
    measures = ("confidence", "volatility", "anomaly", *(f"remaining_{view}_s" for view in VIEWS))
    forecasts = [name for name in REGIME_FORECAST if name.startswith(("probability_", "change_"))]
    return {("regimes", name): known for name in measures} | {
        ("regime_forecasts", name): of_forecasts for name in forecasts if "calm" in name or name.startswith("change_")
    }


CASE = Case(
    "regimes.detect", stage, items, bar_stream.cut, output, oracle, bar_stream.empty, ready=ready, tolerance=1e-6
)
