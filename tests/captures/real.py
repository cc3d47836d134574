"""Real Binance captures: lines of `<local time> <frame>`, gzip; the folder is named by BAROGRAPH_CAPTURES.

Each entry of PAIRS is one continuous capture: the first file holds the REST snapshot, the second goes on without a gap.
Local times are ns in the files of 2024 and µs in those of 2023.
"""

import gzip
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from market import record
from market.batch import Batch
from market.clock import to_nanoseconds
from market.frames import Frames

FOLDER = "01_ws_binance_hftbacktest"
# name: venue, symbol, tick size, lot size, contract size, files
PAIRS = {
    "usdm-btc": (
        "binance-usdm",
        "BTCUSDT",
        "0.1",
        "0.001",
        "1",
        "usdm/btcusdt_20230404.dat.gz usdm/btcusdt_20230405.dat.gz",
    ),
    "usdm-eth": ("binance-usdm", "ETHUSDT", "0.01", "0.001", "1", "usdm/ethusdt_20240718.gz usdm/ethusdt_20240719.gz"),
    "spot-btc": (
        "binance-spot",
        "BTCUSDT",
        "0.01",
        "0.00001",
        "1",
        "spot/btcusdt_20240808.gz spot/btcusdt_20240809.gz",
    ),
    "coinm-eth": ("binance-coinm", "ETHUSD_PERP", "0.01", "1", "10", "cm/ethusd_perp_20240808.gz"),
}


def folder() -> Path:
    """Where the captures lie; skips the test where there are none."""
    named = os.environ.get("BAROGRAPH_CAPTURES", "")
    found = Path(named) / FOLDER
    if not named or not found.is_dir():
        pytest.skip("BAROGRAPH_CAPTURES does not name a folder of captures")
    return found


@cache
def lines(file: str) -> tuple[tuple[int, bytes], ...]:
    """(receive time in ns, frame) of one file."""
    return tuple(_split(line) for line in gzip.decompress((folder() / file).read_bytes()).splitlines())


def batches(name: str, *, files: slice = slice(None), rows: int = 256, limit: int | None = None) -> list[Batch]:
    """A capture as journal batches, the first of which defines its instrument; all frames or the first `limit`."""
    return list(_batches(name, files, rows, limit))


def _batches(name: str, files: slice, rows: int, limit: int | None) -> Iterator[Batch]:
    venue, symbol, tick, lot, contract, names = PAIRS[name]
    received = [line for file in names.split()[files] for line in lines(file)][:limit]
    inverse = venue == "binance-coinm"
    defined = record.encode(record.InstrumentDefined(symbol, tick, lot, contract, inverse))
    yield Batch(f"{venue}/0", 0, np.array([received[0][0]], np.int64), Frames.of([defined]))
    for offset, start in enumerate(range(0, len(received), rows), start=1):
        times, frames = zip(*received[start : start + rows], strict=True)
        yield Batch(f"{venue}/0", offset, np.array(times, np.int64), Frames.of(frames))


def _split(line: bytes) -> tuple[int, bytes]:
    time, _, frame = line.partition(b" ")
    return to_nanoseconds(int(time)), frame
