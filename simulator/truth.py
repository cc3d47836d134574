"""Ground truth on file: what the simulated market was, for later work to be scored against.

`truth.parquet` has one row per instrument and second; `truth.metaorders.parquet` one row per finished metaorder. Its
`impact` is what the metaorder's own fills moved the latent price by: Σ impact coefficient × signed size, each with the
coefficient in force at that fill. `impact_left` is how far the latent price stands, when the metaorder ends, from where
it would stand without those fills: the pull of a mean-reverting regime takes part of the impact back. Both are free of
noise and of everybody else's trades, in quote currency, above 0 for a buyer and below 0 for a seller.

Rows gather in memory up to ROWS_IN_MEMORY, go to numbered parts in `truth.parquet.parts/` at intervals, and are joined
on close. A part is complete as soon as it has its name, so a killed exchange leaves readable truth behind.
"""

import shutil
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from simulator.listing import Listing
from simulator.publish import Output
from simulator.regimes import DYNAMICS, VOLATILITIES

ROWS_IN_MEMORY = 50_000


class TruthFile:
    """Writer of the truth of one run."""

    def __init__(self, path: Path, listings: Sequence[Listing], epoch_ns: int) -> None:
        self.path = path
        self.epoch_ns = epoch_ns  # wall time of simulated time 0
        self._listings = listings
        self._pending: list[tuple[pl.DataFrame, pl.DataFrame]] = []
        self._rows = 0
        self._parts = 0
        self._lock = threading.Lock()
        self._folder = path.with_name(path.name + ".parts")
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)

    def add(self, out: Output) -> None:
        """Take the samples and metaorders of one call of `advance_all`."""
        states, metaorders = self._states(out), self._metaorders(out)
        with self._lock:
            self._pending.append((states, metaorders))
            self._rows += len(states) + len(metaorders)
        if self._rows >= ROWS_IN_MEMORY:
            self.flush()

    def flush(self) -> None:
        """Write what is in memory as the next parts."""
        with self._lock:
            pending, self._pending, self._rows = self._pending, [], 0
        if not pending:
            return
        self._parts += 1
        for column, name in enumerate(("states", "metaorders")):
            part = self._folder / f"{name}-{self._parts:06d}.parquet"
            unfinished = part.with_suffix(".unfinished")
            pl.concat([pair[column] for pair in pending]).write_parquet(unfinished)
            unfinished.replace(part)

    def close(self) -> None:
        """Join all parts into the two files."""
        self.flush()
        targets = {"states": self.path, "metaorders": self.path.with_suffix(".metaorders.parquet")}
        if self._parts:
            for name, target in targets.items():
                pl.scan_parquet(self._folder / f"{name}-*.parquet").sink_parquet(target)
        shutil.rmtree(self._folder)

    def _states(self, out: Output) -> pl.DataFrame:
        rows = out.samples[: out.counts[2]]
        latent = out.latent[: out.counts[2]]
        tick = np.array([float(row.tick_size) for row in self._listings])[rows[:, 0]]
        lot = np.array([float(row.lot_size) for row in self._listings])[rows[:, 0]]
        return pl.DataFrame(
            {
                "instrument": self._names(rows[:, 0]),
                "exchange_time": self.epoch_ns + rows[:, 1],  # ns
                "volatility": [VOLATILITIES[regime] for regime in rows[:, 2].tolist()],
                "dynamics": [DYNAMICS[regime] for regime in rows[:, 3].tolist()],
                "latent_price": latent[:, 0] * tick,
                "impact": latent[:, 1] * tick / lot,  # quote currency per unit of signed taker volume
                "mid_price": (rows[:, 5] + rows[:, 6]) * (0.5 * tick),
                "metaorder": rows[:, 4].copy(),  # number of the running metaorder, 0 when none runs
            }
        )

    def _metaorders(self, out: Output) -> pl.DataFrame:
        rows = out.metaorders[: out.counts[3]]
        pressure = out.pressure[: out.counts[3]]
        tick = np.array([float(row.tick_size) for row in self._listings])[rows[:, 0]]
        lot = np.array([float(row.lot_size) for row in self._listings])[rows[:, 0]]
        return pl.DataFrame(
            {
                "instrument": self._names(rows[:, 0]),
                "metaorder": rows[:, 1].copy(),
                "start_time": self.epoch_ns + rows[:, 2],  # ns
                "end_time": self.epoch_ns + rows[:, 3],
                "side": rows[:, 4].astype(np.int8),
                "size": rows[:, 5] * lot,  # asked for, base units
                "executed": rows[:, 6] * lot,
                "participation": pressure[:, 0].copy(),  # share of noise takers it replaced
                "impact": pressure[:, 1] * tick,  # quote currency
                "impact_left": pressure[:, 2] * tick,
            }
        )

    def _names(self, numbers: np.ndarray[tuple[int], np.dtype[np.int64]]) -> pl.Series:
        return pl.Series([self._listings[i].symbol for i in numbers.tolist()], dtype=pl.String)
