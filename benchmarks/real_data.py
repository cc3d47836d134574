"""Regimes of real markets against what hindsight says, beside simple rules; there is no oracle here.

What the numbers stand for: balanced accuracy of a label that was known at the time, and in brackets its false switches
per 1000 bars (changes that are not the first arrival at a new true label), after WARM_UP_BARS. Nothing was tuned on
these series: the level head's few numbers come from simulated volatility. Labels are told in
benchmarks/real_labels.py. Bear and recession labels switch 4 to 12 times: sanity checks, not measurements.

    [BAROGRAPH_CAPTURES=folder] python benchmarks/real_data.py [name of a series …]
"""

import sys
from collections.abc import Iterator
from itertools import chain as joined

import numpy as np

from benchmarks.real_labels import SHARE, bull_markets, expansions, past_quantile, volatility_labels
from benchmarks.real_series import Floats, Integers, Series, indexes, recorded
from operators.regimes import decision, level, level_grid, season, views
from simulator.labelled.score import arrivals, false_switches

WARM_UP_BARS = 500
SWITCH_COST_BARS = 800.0  # of the level head alone: 5 false switches per 1000 bars on simulated volatility
STAY_BARS = 100.0  # of a label of the level head alone
RULES = ("EW 10", "roll 20")
TREND_BARS = 200

Labels = dict[str, Integers]


def volatility_rules(returns: Floats) -> Labels:
    """Smoothed size of the returns above the 67 % quantile of its own past: 1 is high."""
    size = np.abs(returns)
    smoothed = dict(zip(RULES, (_smooth(size, 10.0), np.sqrt(_rolling(size**2, 20))), strict=True))
    return {name: (x > past_quantile(x, 0, 20)).astype(np.int64) for name, x in smoothed.items()}


def trend_rule(returns: Floats) -> Labels:
    """1, bull, where the price is above what it was 200 bars ago."""
    return {f"sign {TREND_BARS}": (_rolling(returns, TREND_BARS) > 0).astype(np.int64)}


def level_head(returns: Floats) -> Labels:
    """1 where the level head says stressed: by the label of the bar alone, and by the held label."""
    rows = np.zeros(len(returns), level.LEVEL)
    series = np.zeros(len(returns), np.int64)
    level.advance(level.empty(1), level_grid.grid(), series, returns, rows)
    raw, held = _labels(np.stack([1 - rows["stressed"], rows["stressed"]], axis=1))
    return {"level": raw, "level held": held}


def _labels(probability: Floats) -> tuple[Integers, Integers]:
    """Raw and held label of two states, of which the second is high for SHARE of the time."""
    bars = len(probability)
    raw, held, held_bars = np.zeros(bars, np.int64), np.zeros((bars, 2), np.int64), np.zeros((bars, 2), np.int64)
    choice = decision.settings(decision.Parameters(switch_cost_bars=SWITCH_COST_BARS))
    balance, leave = np.array([SHARE, 1 - SHARE]), 1 / STAY_BARS
    transition = np.tile([[1 - leave / 2, leave / 2], [leave, 1 - leave]], (bars, 1, 1))
    decision.decide_rows(
        decision.empty(balance, 1), choice, np.zeros(bars, np.int64), probability, np.tile(balance, (bars, 1)),
        transition, raw, held, held_bars, np.empty_like(transition),
    )  # fmt: skip
    return raw, held[:, 1].copy()


def view(name: str, model: views.Model, returns: Floats) -> Labels:
    """What the flow's own view of two labels says: by the label of the bar alone, and by the held label."""
    found = views.follow(model, views.begin(model, 1), np.zeros(len(returns), np.int64), returns).views[0]
    return {name: found.raw, f"{name} held": found.held}


def unseasoned(series: Series) -> Floats:
    """Returns by what the hour was known to be like."""
    model = season.day(series.slot_count)
    divisors = np.empty(len(series.returns))
    one = np.zeros(len(series.returns), np.int64)
    season.advance(season.empty(model, 1), model, one, series.slots, series.returns, divisors)
    return np.asarray(series.returns / divisors)


def score(truth: Integers, said: Integers) -> tuple[float, float]:
    """Balanced accuracy and false switches per 1000 bars."""
    truth, said = truth[WARM_UP_BARS:], said[WARM_UP_BARS:]
    accuracy = np.mean([np.mean(said[truth == label] == label) for label in np.unique(truth)])
    return float(accuracy), 1000 * false_switches(truth, said) / len(truth)


def row(series: str, label: str, truth: Integers, said: Labels) -> dict[str, tuple[float, float]]:
    """Score and print one label of one series."""
    found = {name: score(truth, labels) for name, labels in said.items()}
    cells = "  ".join(f"{name} {accuracy:.3f} ({switches:4.1f})" for name, (accuracy, switches) in found.items())
    stays = len(arrivals(truth[WARM_UP_BARS:], truth[WARM_UP_BARS:])[0])
    print(f"{series:15} {label:10} {stays:4d} switches  {cells}", flush=True)
    return found


def volatility(series: Series) -> Iterator[tuple[str, dict[str, tuple[float, float]]]]:
    returns = unseasoned(series)
    said = volatility_rules(returns) | level_head(returns) | view("view", views.volatility(2), returns)
    for label, truth in volatility_labels(series):
        yield label, row(series.name, label, truth, said)


def direction(series: Series) -> None:
    if series.name not in {"sp500", "nasdaq", "SPY"}:
        return
    said = trend_rule(series.returns) | view("view", views.direction(2), series.returns)
    row(series.name, "bear", bull_markets(series.close), said)
    if series.name != "nasdaq":
        row(series.name, "recession", expansions(series.dates), said)


def summary(found: list[tuple[str, str, dict[str, tuple[float, float]]]]) -> None:
    """By kind of series and label: means, and by how much ours miss the best rule of each series."""
    for kind, label in sorted({(kind, label) for kind, label, _ in found}):
        rows = [scores for k, name, scores in found if (k, name) == (kind, label)]
        mean = {name: np.mean([scores[name] for scores in rows], axis=0) for name in rows[0]}
        cells = "  ".join(f"{name} {accuracy:.3f} ({switches:4.1f})" for name, (accuracy, switches) in mean.items())
        print(f"\n{kind}, {label}, {len(rows)} series, mean: {cells}")
        best = np.array([max(scores[rule][0] for rule in RULES) for scores in rows])
        for name in ("level", "level held", "view", "view held"):
            short = best - np.array([scores[name][0] for scores in rows])
            most = max(scores[name][1] for scores in rows)
            print(f"  {name}: best rule of each series minus it: mean {short.mean():+.3f}, worst {short.max():+.3f}, "
                  f"within 0.01 on {np.mean(short <= 0.01):.0%}; most false switches {most:.1f}")  # fmt: skip


def _smooth(values: Floats, half_life: float) -> Floats:
    """Exponentially weighted mean."""
    smoothed, mean, weight = np.empty(len(values)), values[0], 1 - 0.5 ** (1 / half_life)
    for bar, value in enumerate(values):
        mean += weight * (value - mean)
        smoothed[bar] = mean
    return smoothed


def _rolling(values: Floats, bars: int) -> Floats:
    """Sum of the last `bars`, of fewer at the beginning, as a mean times `bars`."""
    sums = np.cumsum(np.append(0.0, values))
    last = np.arange(1, len(values) + 1)
    first = np.maximum(last - bars, 0)
    return np.asarray((sums[last] - sums[first]) / (last - first) * bars)


def main(names: list[str]) -> None:
    found = []
    for series in joined(indexes(), recorded()):
        if names and series.name not in names:
            continue
        found += [(series.kind, label, scores) for label, scores in volatility(series)]
        direction(series)
    summary(found)


if __name__ == "__main__":
    main(sys.argv[1:])
