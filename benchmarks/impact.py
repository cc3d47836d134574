"""How well impact is told: metaorders and lambda against the simulator's truth, price changes of real captures.

Everything is predicted from rows before the moment it is predicted for. Development seeds were looked at while the
models were made, held-out seeds were not. Errors are |predicted − realised| / realised of the shift that a metaorder's
own fills caused (`impact` of truth.metaorders.parquet), of the metaorders that begin after WARM_UP_S.

    [BAROGRAPH_CAPTURES=folder] python benchmarks/impact.py [metaorders] [coverage] [captures]
"""

import sys
import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice, product
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from market.batch import Batch
from market.frames import Frames
from market.schema import NO_BOOK, Kind
from operators import decode
from operators.book import rebuild
from operators.feature import State
from operators.impact import calibrate
from operators.impact.estimate import estimate_price_impact
from simulator.listing import listing
from simulator.regimes import VOLATILITIES
from simulator.tape import EPOCH_NS, tape
from simulator.truth import TruthFile
from tests.captures import real
from tests.operators.impact.markets import linear_markets

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
DEVELOPMENT, HELD_OUT = (2, 3), (101, 102, 103)
SECONDS, WARM_UP_S = 5_400, 900
RATES = (1_000.0, 3_000.0)  # messages per second over all instruments
FIXED_SEEDS, FIXED_SECONDS = range(200, 220), 400
MARKETS, ORDERS = 400, 1_500  # of the stationary test
NORMAL_95 = 1.959964
ROWS = 1_024
SECOND = 1_000_000_000

Rows = NDArray[np.void]


def batches(lines: Iterable[tuple[int, bytes]]) -> Iterator[Batch]:
    received = iter(lines)
    for offset in range(sys.maxsize):
        some = list(islice(received, ROWS))
        if not some:
            return
        times, frames = zip(*some, strict=True)
        yield Batch("binance-usdm/0", offset, np.array(times, np.int64), Frames.of(frames))


def calibrated(source: Iterable[Batch]) -> Iterator[Batch]:
    stages = [decode.stage(), rebuild.stage(), calibrate.stage()]
    states = [stage.empty() for stage in stages]
    for item in source:
        batch = item
        for stage, state in zip(stages, states, strict=True):
            batch = stage.advance(state, batch)
        yield batch


class Kept:
    """Ticks, coefficients and books of the rows with a book, by instrument."""

    def __init__(self, source: Iterable[Batch], count: int) -> None:
        parts: list[list[tuple[Rows, Rows, Rows]]] = [[] for _ in range(count)]
        for batch in calibrated(source):
            for i in range(count):
                at = np.flatnonzero((batch.ticks["instrument"] == i) & (batch.ticks["book"] != NO_BOOK))
                ticks = batch.ticks[at]
                parts[i].append((ticks, batch.features["impact"][at], batch.books[ticks["book"]]))
        self.rows = [tuple(map(np.concatenate, zip(*part, strict=True))) for part in parts]

    def before(self, i: int, time: int) -> tuple[np.void, np.void] | None:
        """Coefficients and book of the last row stamped before a time."""
        ticks, impact, books = self.rows[i]
        at = int(np.searchsorted(ticks["exchange_time"], time)) - 1
        return None if at < 0 else (impact[at], books[at])


def simulated(seed: int, folder: Path, **more: object) -> tuple[Kept, pl.DataFrame, pl.DataFrame]:
    symbols = more.pop("symbols", SYMBOLS)
    truth = TruthFile(folder / "truth.parquet", [listing(name) for name in symbols], EPOCH_NS)
    made = tape(instruments=symbols, seed=seed, records=True, record_truth=truth.add, **more)  # type: ignore[arg-type]
    kept = Kept(batches(made), len(symbols))
    truth.close()
    return kept, pl.read_parquet(folder / "truth.parquet"), pl.read_parquet(folder / "truth.metaorders.parquet")


def metaorders() -> None:
    for rate, (name, seeds) in product(RATES, (("development", DEVELOPMENT), ("held out", HELD_OUT))):
        found: list[dict[str, object]] = []
        covered = []
        for seed in seeds:
            with tempfile.TemporaryDirectory() as folder:
                kept, states, orders = simulated(seed, Path(folder), seconds=SECONDS, rate=rate)
            found += predictions(kept, states, orders)
            covered.append(coverage_of(kept, states))
        print(f"Metaorders of {', '.join(SYMBOLS)} at {rate:.0f} messages/s; {name} seeds {seeds}, {SECONDS} s each")
        report(pl.DataFrame(found))
        print(pl.concat(covered).group_by("instrument", "volatility").agg(pl.len(), pl.col("covered", "ratio").mean())
              .sort("instrument", "volatility"))  # fmt: skip


def predictions(kept: Kept, states: pl.DataFrame, orders: pl.DataFrame) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for row in orders.filter(pl.col("executed") > 0).iter_rows(named=True):
        known = kept.before(SYMBOLS.index(row["instrument"]), row["start_time"])
        if row["start_time"] < EPOCH_NS + WARM_UP_S * SECOND or known is None:
            continue
        horizon_s = (row["end_time"] - row["start_time"]) / 1e9
        said = estimate_price_impact(*known, order_size=row["executed"], side=row["side"], horizon_s=horizon_s)
        while_worked = states.filter(
            (pl.col("instrument") == row["instrument"])
            & pl.col("exchange_time").is_between(row["start_time"] - SECOND, row["end_time"])
        )
        realised, left = row["impact"] * row["side"], row["impact_left"] * row["side"]
        found.append(
            {
                "instrument": row["instrument"],
                "volatility": while_worked["volatility"][0],
                "one_regime": while_worked["volatility"].n_unique() == 1,
                "told": not said.reason,
                "error": abs(said.mean - realised) / realised,
                "error_if_lambda_was_known": abs(while_worked["impact"][0] * row["executed"] - realised) / realised,
                "covered": said.low <= realised <= said.high,
                "error_left": abs(said.left - left) / abs(left),
            }
        )
    return found


def report(found: pl.DataFrame) -> None:
    told = found.filter("told")
    if told.is_empty():
        print(f"  none of {len(found)} told")
        return
    steady = told.filter("one_regime")
    print(f"  {len(told)} of {len(found)} told; median error {told['error'].median():.3f}")
    print(f"  {len(steady)} of them in one regime of volatility; median error {steady['error'].median()}")
    print(f"  95 % interval covers {told['covered'].mean():.3f}")
    print(f"  median error of what is left when they end {told['error_left'].median():.3f}")
    known = told["error_if_lambda_was_known"]
    print(
        f"  had lambda been known as they began: median {known.median():.3f}, up to 0.1 in {(known <= 0.1).mean():.3f}"
    )
    for by in ("instrument", "volatility"):
        for key, part in sorted(found.partition_by(by, as_dict=True).items()):
            median = part.filter("told")["error"].median()
            print(f"    {key[0]:<10} {part['told'].sum():>3} of {len(part):>3} told, median error {median}")


def coverage_of(kept: Kept, states: pl.DataFrame) -> pl.DataFrame:
    """Every second of the truth: whether the interval of lambda holds it."""
    found = []
    for row in states.filter(pl.col("exchange_time") >= EPOCH_NS + WARM_UP_S * SECOND).iter_rows(named=True):
        known = kept.before(SYMBOLS.index(row["instrument"]), row["exchange_time"])
        if known is not None and np.isfinite(known[0]["kyle_lambda"]):
            found.append((row["instrument"], row["volatility"], *judged(known[0], row["impact"])))
    return pl.DataFrame(found, ["instrument", "volatility", "covered", "ratio"], orient="row")


def judged(impact: np.void, truth: float) -> tuple[bool, float]:
    error = float(impact["kyle_lambda"] - truth)
    return bool(abs(error) <= NORMAL_95 * impact["kyle_lambda_error"]), float(impact["kyle_lambda"]) / truth


def coverage() -> None:
    hit = stationary(np.random.default_rng(5))
    print(f"Lambda, stationary market with noise of changing variance: covered {hit.mean():.3f} of {len(hit)}")
    print(f"Lambda, simulator in one regime for {FIXED_SECONDS} s, looked at once at the end:")
    for volatility in VOLATILITIES:
        found = []
        for seed in FIXED_SEEDS:
            with tempfile.TemporaryDirectory() as folder:
                kept, states, _ = simulated(
                    seed, Path(folder), symbols=SYMBOLS[:2], seconds=FIXED_SECONDS, rate=RATES[0] * 2 / 3,
                    regime=(volatility, "random"),
                )  # fmt: skip
            for i, symbol in enumerate(SYMBOLS[:2]):
                truth = states.filter(pl.col("instrument") == symbol)["impact"][-1]
                found.append(judged(kept.rows[i][1][-1], truth))
        hits, ratios = np.array(found).T
        print(f"  {volatility:<9} covered {hits.mean():.3f} of {len(hits)}, lambda / truth {ratios.mean():.3f} ± "
              f"{ratios.std() / len(ratios) ** 0.5:.3f}")  # fmt: skip


def stationary(random: np.random.Generator) -> NDArray[np.bool_]:
    """Markets whose lambda never changes, while the variance of the noise wanders by a factor of ten and more."""
    ticks, truth = linear_markets(random, markets=MARKETS, orders=ORDERS)
    batch = Batch("binance-usdm/0", 0, np.zeros(0, np.int64))._replace(ticks=ticks)
    state = State(calibrate.empty(MARKETS))
    out = calibrate.stage().advance(state, batch).features["impact"]
    last = np.array([np.flatnonzero(ticks["instrument"] == i)[-1] for i in range(MARKETS)])
    return np.array([judged(row, truth)[0] for row in out[last]])


def captures() -> None:
    print("Real captures: change of the mid price given the signed volume of the interval, coefficients from before it")
    for name in real.PAIRS:
        parts = [
            (batch.ticks, batch.features["impact"]) for batch in calibrated(real.batches(name)) if len(batch.ticks)
        ]
        ticks, impact = (np.concatenate(column) for column in zip(*parts, strict=True))
        for seconds in (1, 10):
            print(f"  {name:<10} {seconds:>2} s: {out_of_sample(ticks, impact, seconds)}")


def out_of_sample(ticks: Rows, impact: Rows, seconds: int) -> str:
    quoted = np.flatnonzero(ticks["valid"] & (ticks["kind"] != Kind.TICKER))
    kinds = ticks["kind"][np.isin(ticks["kind"], (Kind.TRADE, Kind.AGGREGATE_TRADE))]
    traded = (ticks["kind"] == kinds[0]) & ~ticks["off_book"]
    span = ticks["receive_time"] // (seconds * SECOND)
    signed = np.bincount(span - span[0], weights=np.where(traded, ticks["side"] * np.nan_to_num(ticks["size"]), 0.0))
    ends = np.searchsorted(span[quoted], np.arange(span[0], span[-1] + 1), side="right") - 1
    mid = (ticks["bid_price"] + ticks["ask_price"])[quoted] / 2
    known, change = impact[quoted][ends[:-1]], np.diff(mid[ends])
    volume = signed[1:]
    wander = np.sqrt(known["price_variance"] * np.abs(volume) / known["volume_rate"]) * np.sign(volume)
    said = {
        "kyle, news included": known["flow_lambda"] * volume,
        "kyle": known["kyle_lambda"] * volume,
        "hasbrouck": known["hasbrouck_lambda"] * volume,
        "square root": known["square_root_y"] * wander,
    }
    good = np.logical_and.reduce([np.isfinite(values) for values in said.values()]) & (ends[:-1] >= 0)
    text = [f"{good.sum()} intervals, median |change| {np.median(np.abs(change[good])):.4g}"]
    for name, values in said.items():
        error = change[good] - values[good]
        r2 = 1 - np.sum(error**2) / np.sum(change[good] ** 2)
        text.append(f"{name} R² {r2:+.3f}, median |error| {np.median(np.abs(error)):.4g}")
    return "; ".join(text)


if __name__ == "__main__":
    asked = sys.argv[1:] or ["metaorders", "coverage", "captures"]
    for part in (metaorders, coverage, captures):
        if part.__name__ in asked:
            part()
