"""What regimes cost: one bar of one instrument, when it has run for long and when there are a thousand like it.

What the numbers stand for: processor time of the stage `regimes.detect`, from rows of table `bars` to rows of its own
tables, on one core, over made-up bars whose volatility switches; per view a third of it, since every bar is asked for
volatility, direction and dynamics. Bars come many to a batch, so that the batch itself, which is the same for one bar
and for a thousand, weighs little; it is told apart. The budget is what a thousand instruments take of one core if each
closes a bar on all four timeframes as often as the clock allows: the cost in an old market, times what a bar among a
thousand costs more than one among few of the same age. Aims: at most 250 µs per bar and view, and below one core.

    python benchmarks/regimes.py [--instruments 1000] [--bars 12000]
"""

import argparse
import os
import pickle
import time
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from market.batch import Batch
from market.frames import Frames
from market.instrument import Instrument, InstrumentTable
from market.schema import BAR, TIMEFRAMES
from operators.regimes import detect

REGIME_BARS = ("1s", "1m", "1h", "1d")  # of the four timeframes
VIEWS = 3
START_NS, SECOND_NS = 1_700_000_000_000_000_000, 1_000_000_000
BATCH_BARS = 250  # of one instrument in one batch
FEW = 10  # instruments that many are compared with
YOUNG_BARS, TIMED_BARS = 150, 20  # the age at which they are compared, and for how many bars


class Market:
    """Instruments whose 1 s bars all close together."""

    def __init__(self, count: int) -> None:
        self.random, self.bar = np.random.default_rng(count), 0
        self.symbols = [f"A{number:04d}USDT" for number in range(count)]
        instruments = (Instrument("simulated", name, Decimal("0.1"), Decimal("0.001")) for name in self.symbols)
        self.instruments, self.prices = InstrumentTable(tuple(instruments)), np.full(count, 100.0)

    def batch(self, bars: int) -> Batch:
        """The next bars of every instrument."""
        rows = pl.concat([self._close() for _ in range(bars)])
        times = np.array([START_NS + self.bar * SECOND_NS])
        return Batch("simulated/0", self.bar, times, Frames.of([b""]), self.instruments).with_table("bars", rows)

    def _close(self) -> pl.DataFrame:
        self.bar += 1
        deviation = 1e-3 if self.bar // 300 % 3 == 2 else 4e-4
        self.prices = self.prices * np.exp(deviation * self.random.standard_normal(len(self.prices)))
        time_ns = START_NS + self.bar * SECOND_NS
        known: dict[str, Any] = {
            "instrument": self.symbols,
            "timeframe": "1s",
            "open_time": time_ns - SECOND_NS,
            "close_time": time_ns,
            "receive_time": time_ns,
            **dict.fromkeys(("open", "high", "low", "close", "mid_close"), self.prices),
        }
        others = {name: pl.lit(0) for name in BAR if name not in known}
        return pl.DataFrame(known).with_columns(**others).select(pl.col(name).cast(kind) for name, kind in BAR.items())


class Flow:
    """The stage with its state, and a market for it."""

    def __init__(self, instruments: int) -> None:
        self.stage, self.market, self.count = detect.stage(), Market(instruments), instruments
        self.state = self.stage.empty()

    def us(self, bars: int, batches: int = 1) -> float:
        """Processor time per bar and instrument of the next batches of so many bars."""
        spent = 0.0
        for _ in range(batches):
            batch, began = self.market.batch(bars), time.process_time()
            self.stage.advance(self.state, batch)
            spent += time.process_time() - began
        return spent * 1e6 / bars / batches / self.count


def main() -> None:
    asked = arguments()
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[0]})
    with Progress(transient=True) as progress:
        old, by_age = Flow(1), dict[int, float]()
        for _ in progress.track(range(4), description="one instrument grows old"):
            cost = old.us(BATCH_BARS, asked.bars // 4 // BATCH_BARS)
            by_age[old.market.bar] = cost
        lone = old.us(1, batches=50) - cost
        few = np.median([young(FEW, 1)[0] for _ in progress.track(range(5), description=f"{FEW} instruments")])
        for _ in progress.track(range(1), description=f"{asked.instruments} instruments"):
            many, state_bytes = young(asked.instruments, TIMED_BARS)
    console = Console()
    console.print(by_age_table(by_age), budget(cost, float(many / few), lone, asked.instruments))
    print(f"a bar among {asked.instruments} instruments costs {many / few:.2f} × one among {FEW} of the same age")
    print(f"state: {state_bytes / 1e3:.1f} kB per instrument and timeframe")


def young(count: int, batches: int) -> tuple[float, float]:
    """µs per bar and instrument of TIMED_BARS after YOUNG_BARS, and bytes of state per instrument."""
    flow = Flow(count)
    flow.us(YOUNG_BARS)
    return flow.us(TIMED_BARS // batches, batches), len(pickle.dumps(flow.state)) / count


def by_age_table(by_age: dict[int, float]) -> Table:
    table = Table("bars seen", "µs per bar", "per view", title="one instrument, one timeframe", box=SIMPLE)
    for bars, cost in by_age.items():
        table.add_row(f"up to {bars}", f"{cost:.1f}", f"{cost / VIEWS:.1f}")
    return table


def budget(cost_us: float, ratio: float, batch_us: float, instruments: int) -> Table:
    """Share of one core by timeframe; all bars of one close fall into one batch."""
    table = Table("bars of", "bars per second", "share of a core", title=f"{instruments} instruments", box=SIMPLE)
    rates = {name: instruments / TIMEFRAMES[name] for name in REGIME_BARS}
    shares = {name: (rate * cost_us * ratio + batch_us / TIMEFRAMES[name]) / 1e6 for name, rate in rates.items()}
    for name, share in shares.items():
        table.add_row(name, f"{rates[name]:.2f}", f"{share:.2%}")
    table.add_section()
    table.add_row("all", f"{sum(rates.values()):.2f}", f"{sum(shares.values()):.2%}")
    return table


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instruments", type=int, default=1_000)
    parser.add_argument("--bars", type=int, default=12_000, help="of the one instrument that grows old")
    return parser.parse_args()


if __name__ == "__main__":
    main()
