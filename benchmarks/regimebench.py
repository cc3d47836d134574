"""Regimes against the best that can be known: our detector on markets whose regimes and parameters we drew ourselves.

What the numbers stand for: skill is (balanced accuracy − coin) / (oracle − coin), the oracle being the exact causal
filter that knows model and parameters (`simulator/labelled/oracle.py`): 0 is a coin, and 1 is beaten by luck only. A
salt draws parameters, noise, season and durations of every case; nested_volatilities, pullbacks, second_orders and
uneven_stays fit none of our templates, and `nothing` has no regimes, so that only its false switches count. Ratios are
of means. `least` and percentiles are over views. Beside it stand rules that one would write in an afternoon.

    python benchmarks/regimebench.py [--salt WORD] [--cases N] [--family NAME …]

`run(obs)` is what is judged, here and by others: obs has r (log returns), slot and slots (of the day), warm (bars not
scored) and views, a list of {name, kind, K}; kind is vol, dir, dyn or combo. It gives for each view probs (T, K), label
(T,), held (T,) and fprobs {bars ahead: (T, K)}, every row from that bar and those before it.
"""

import argparse
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from benchmarks import simple_rules
from benchmarks.regime_judge import Row, judge
from benchmarks.regime_table import by_family, by_system, worst
from operators.regimes import season, views
from operators.regimes.bank import pools
from simulator.labelled.cases import FAMILIES, FOUR_SCALES, case

Floats = NDArray[np.float64]

HORIZONS = (1, 10, 50)  # bars
OURS = "barograph"
WIDTH = 130  # characters of the tables


def run(obs: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Our answer for every view, by the operators of the flow."""
    returns, answers = without_season(obs), dict[str, dict[str, Any]]()
    for model, names in asked_of(obs["views"]):
        followed = views.follow(model, views.begin(model, 1), np.zeros(len(returns), np.int64), returns)
        for name, view in zip(names, followed.views, strict=True):
            answers[name] = said(view, model.horizons)
    return answers


def said(view: views.View, horizons: tuple[int, ...]) -> dict[str, Any]:
    """The arrays that are judged; while nothing is known, any regime may be, and the first stands for the label."""
    labels = {"label": np.maximum(view.raw, 0), "held": np.maximum(view.held, 0)}
    ahead = {bars: even(view.forecasts[:, place]) for place, bars in enumerate(horizons)}
    return {"probs": even(view.probability), **labels, "fprobs": ahead}


def even(probabilities: Floats) -> Floats:
    """Equal probabilities where there are none."""
    return np.where(np.isnan(probabilities), 1 / probabilities.shape[1], probabilities)


def without_season(obs: dict[str, Any]) -> Floats:
    """Returns over the volatility of their time of day, as it was known before each."""
    returns, day = np.ascontiguousarray(obs["r"], np.float64), season.day(obs["slots"])
    divisors, only = np.empty(len(returns)), np.zeros(len(returns), np.int64)
    slots = np.ascontiguousarray(obs["slot"], np.int64)
    season.advance(season.empty(day, 1), day, only, slots, returns, divisors)
    return np.asarray(returns / divisors)


def asked_of(asked: list[dict[str, Any]]) -> list[tuple[views.Model, list[str]]]:
    """The models that answer the views, and the names of those that each answers."""
    names, kinds = [view["name"] for view in asked], [(view["kind"], view["K"]) for view in asked]
    if kinds == FOUR_TIMESCALES:
        found = [(views.model(pools.four_timescales(), (2, 2, 2, 2)), names)]
    else:
        found = [(MODELS[kind](regimes), [name]) for name, (kind, regimes) in zip(names, kinds, strict=True)]
    return [(replace(model, horizons=HORIZONS), names) for model, names in found]


MODELS: dict[str, Callable[[int], views.Model]] = {
    "vol": views.volatility,
    "dir": views.direction,
    "dyn": lambda _: views.dynamics(),
    "combo": lambda regimes: views.model(pools.volatility_and_trend(), (regimes,)),
}
FOUR_TIMESCALES = [("vol", 2), ("dir", 2), ("dyn", 2), ("vol", 2)]  # slowest first
SYSTEMS = {
    OURS: run,
    "simple rules, quick": simple_rules.run,
    "simple rules, slow": partial(simple_rules.run, pace=3),
}


def main() -> None:
    asked = arguments()
    todo = [case(family, number, asked.salt) for family in asked.family for number in range(asked.cases)]
    rows, console = list[Row](), Console()
    console.width = max(console.width, WIDTH)
    columns = (TextColumn("{task.description}"), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("loading kernels", total=len(todo))
        judge(replace(todo[0], bars=400, warm_up_bars=100), 0, asked.salt, SYSTEMS)
        for one in todo:
            progress.update(task, description=one.name)
            rows += judge(one, 0, asked.salt, SYSTEMS)
            progress.advance(task)
    console.print(by_family(rows, OURS), by_system(rows), worst(rows, OURS))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--salt", default="rehearsal", help="draws parameters and markets")
    parser.add_argument("--cases", type=int, default=2, help="of each family")
    parser.add_argument("--family", nargs="+", default=[*FAMILIES, FOUR_SCALES], choices=[*FAMILIES, FOUR_SCALES])
    return parser.parse_args()


if __name__ == "__main__":
    main()
