"""What each feature of a bar adds to what the return says of the regime, where the regime is known.

What the numbers stand for: 1 s bars of the simulated exchange through the market flow's own stages
(benchmarks/known_market.py); after a quarter of the run, balanced accuracy (argmax of p over its own past mean) and log
loss (p no less than LEAST) of the true state of the newest bar, all instruments and seeds together, everything learned
on the way. Rows: the bank alone, the bank with one feature, with all that table `bars` has, with spread and depth of
the closing book besides, and with white noise instead. Trust: mean exponent of those features at the end.

    python benchmarks/witnesses.py [--seeds 1] [--seconds 3000] [--instruments BTCUSDT ETHUSDT]
"""

import argparse
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.known_market import FEATURES, SIGNED, Floats, Integers, Market, markets
from market.regimes import VIEWS
from operators.regimes import views
from operators.regimes.witnesses import bar_features, fusion, standard

MODELS = {"volatility": views.volatility, "direction": views.direction, "dynamics": views.dynamics}
MEASURED = ("accuracy", "loss", "trust")
RAREST, MEMORY, LEAST = 0.03, 2000.0, 1e-4


@dataclass(frozen=True)
class Belief:
    """What the bank makes of a view of one market."""

    probability: Floats
    transition: Floats


def believed(view: str, market: Market) -> Belief:
    """The bank alone."""
    model, rows = MODELS[view](), len(market.returns)
    found = views.follow(model, views.begin(model, 1), np.zeros(rows, np.int64), market.returns).views[0]
    return Belief(found.probability, found.transition)


def heard(market: Market, belief: Belief, features: Floats) -> tuple[Floats, Floats]:
    """p' and the trust of every feature at the end."""
    (rows, count), labels = features.shape, belief.probability.shape[1]
    series, p, seen = np.zeros(rows, np.int64), belief.probability.copy(), np.empty((rows, standard.width(count)))
    standard.standardise_rows(standard.empty(count, 1), SIGNED, series, market.returns, features, seen)
    state = fusion.empty(labels, count, 1)
    fusion.fuse_rows(state, fusion.work(labels, count), series, seen, p, np.ones_like(p), belief.transition)
    return p, 1.0 / (1.0 + np.exp(-fusion.SCEPTICISM - state.standing[0, :count]))


def variants() -> dict[str, NDArray[np.bool_]]:
    """Which features each row of the table hears."""
    every, of_bars = np.arange(len(FEATURES)), len(bar_features.FEATURES)
    return {
        "bank alone": every < 0,
        **{name: every == f for f, name in enumerate(FEATURES)},
        "all of table bars": every < of_bars,
        "with spread and depth": every >= 0,
        "noise": every < of_bars,
    }


def judged(p: Floats, truth: Integers) -> tuple[Integers, Floats]:
    """Right or not, by the label of highest balanced accuracy, and the loss, of every bar."""
    mean, right = np.full(p.shape[1], 1.0 / p.shape[1]), np.empty(len(p), int)
    for bar, now in enumerate(np.where(np.isfinite(p), p, 1.0 / p.shape[1])):
        mean += (now - mean) / min(MEMORY, 100.0 + bar)
        right[bar] = np.argmax(now / (mean + RAREST)) == truth[bar]
    return right, -np.log(np.fmax(p[np.arange(len(p)), truth], LEAST))


def scores(all_markets: list[Market], beliefs: list[Belief], view: str, name: str) -> tuple[float, float, float]:
    """Balanced accuracy, log loss and mean trust of one row of the table."""
    right, loss, truths, trusts = list[Integers](), list[Floats](), list[Integers](), list[float]()
    for market, belief in zip(all_markets, beliefs, strict=True):
        mask = variants()[name]
        features = np.where(mask, market.features, np.nan)
        if name == "noise":
            features = np.where(mask, np.random.default_rng(0).standard_normal(features.shape), np.nan)
        p, trust = heard(market, belief, features)
        late = slice(len(p) // 4, None)
        was_right, lost = judged(p, market.truth[view])
        right.append(was_right[late])
        loss.append(lost[late])
        truths.append(market.truth[view][late])
        trusts.append(trust[mask].mean() if mask.any() else np.nan)
    truth, correct = np.concatenate(truths), np.concatenate(right)
    accuracy = np.mean([correct[truth == state].mean() for state in np.unique(truth)])
    return float(accuracy), float(np.concatenate(loss).mean()), float(np.mean(trusts))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3000.0)
    parser.add_argument("--instruments", nargs="+", default=["BTCUSDT", "ETHUSDT"])
    chosen = parser.parse_args()
    seeds = track(range(1, chosen.seeds + 1), "simulating")
    found = [market for seed in seeds for market in markets(chosen.instruments, seed, chosen.seconds)]
    beliefs = {view: [believed(view, market) for market in found] for view in MODELS}
    table = Table("heard", *[f"{view}\n{what}" for view in VIEWS for what in MEASURED], box=SIMPLE)
    for name in track(variants(), "listening"):
        row = [scores(found, beliefs[view], view, name) for view in VIEWS]
        table.add_row(name, *[f"{value:.3f}" for view in row for value in view])
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
