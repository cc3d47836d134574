"""What every part of `hot_path.py` reads and what row it makes, in our own environment and in that of the peers.

One real capture of Binance USD-M: BTCUSDT on 2023-04-04 and -05, all its frames: depth, best quote, trade, mark price.
For every book update that leaves a valid book, one row of NAMES; the definitions are those of `features.order_flow` and
`features.volatility`.
"""

import gzip
import os
import sys
from pathlib import Path

PAIR = ("usdm/btcusdt_20230404.dat.gz", "usdm/btcusdt_20230405.dat.gz")
SYMBOL = "BTCUSDT"
PRICE_PLACES, SIZE_PLACES = 1, 3  # tick and lot size are 0.1 and 0.001
HORIZONS = (10, 25, 50)  # book updates
LEVELS = 10  # of a side in ofi_deep
HALF_LIFE_S, WARM_UP_S = 60, 10  # of realised_volatility
NAMES = (
    *("mid_price", "weighted_mid", "spread", "imbalance"),
    *("ofi_10", "ofi_25", "ofi_50", "ofi_deep_10", "ofi_deep_25", "ofi_deep_50"),
    *("signed_volume_10", "signed_volume_25", "signed_volume_50", "realised_volatility"),
)


def paths() -> list[Path]:
    """The files, under the folder that BAROGRAPH_CAPTURES names."""
    captures = os.environ.get("BAROGRAPH_CAPTURES")
    if not captures:
        sys.exit("BAROGRAPH_CAPTURES names no folder of captures")
    return [Path(captures) / "01_ws_binance_hftbacktest" / name for name in PAIR]


def read() -> tuple[list[bytes], list[int]]:
    """All frames, and when each was received in ns; the files have µs."""
    lines = [line for path in paths() for line in gzip.decompress(path.read_bytes()).splitlines()]
    split = [line.partition(b" ") for line in lines]
    return [frame for _, _, frame in split], [int(time) * 1000 for time, _, _ in split]
