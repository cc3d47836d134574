"""VPIN: how one-sided the volume of the last 50 buckets was, 0 … 1; a part of `features.trade_flow`.

With V_τ the size of bucket τ and S_τ its buyers' minus its sellers' volume: vpin = Σ |S_τ| / Σ V_τ over the last
BUCKETS buckets. Aggressors are known, so no volume is classified by price. The paper's bucket is a fiftieth of an
average day; here it is `bucket_s` seconds of the average rate when it opens, so that it follows the market and needs no
history. A trade that overfills a bucket is split, and one that would fill more than BUCKETS fills that many.
The rate is volume over time, weighing half after HALF_LIFE_S; the first bucket opens when `bucket_s` are known.
Easley, López de Prado, O'Hara (2012), Flow toxicity and liquidity in a high-frequency world, doi:10.1093/rfs/hhs053.
"""

import math
from typing import Any

import numpy as np

from market.clock import SECOND_NS
from operators.features.window import ring_of, slide
from operators.kernel import part

BUCKETS = 50
HALF_LIFE_S = 3_600.0

VPIN = np.dtype(
    [
        ("time", np.int64),  # of the last trade, ns; 0: none since the feed was interrupted
        ("volume", np.float64),  # Σ w size
        ("seconds", np.float64),  # ∫ w dt
        ("size", np.float64),  # of the bucket under way; 0: none
        ("filled", np.float64),  # volume in it
        ("signed", np.float64),  # buyers' minus sellers' volume in it
        ("closed", np.int64),  # buckets so far
        ("imbalances", *ring_of(BUCKETS)),  # |S_τ|
        ("sizes", *ring_of(BUCKETS)),  # V_τ
        ("value", np.float64),  # vpin, NaN until BUCKETS have closed
    ],
    align=True,
)


@part
def measure_rate(v: Any, time: int, size: float) -> None:
    """Let a trade into the average rate; the first one only starts the clock."""
    if v["time"] > 0:
        rate = math.log(2.0) / HALF_LIFE_S
        keep = math.exp(-rate * ((time - v["time"]) / SECOND_NS))
        v["volume"] = v["volume"] * keep + size
        v["seconds"] = v["seconds"] * keep + (1.0 - keep) / rate
    v["time"] = time


@part
def open_bucket(v: Any, bucket_s: float) -> None:
    """The next bucket, if the rate is known."""
    v["filled"], v["signed"] = 0.0, 0.0
    v["size"] = bucket_s * v["volume"] / v["seconds"] if v["seconds"] >= bucket_s else 0.0


@part
def close_bucket(v: Any) -> None:
    """Take the full bucket into the window."""
    imbalances = slide(v["imbalances"], v["closed"], abs(v["signed"]))
    sizes = slide(v["sizes"], v["closed"], v["size"])
    v["closed"] += 1
    if v["closed"] >= BUCKETS:
        v["value"] = min(imbalances / sizes, 1.0)


@part
def fill(v: Any, time: int, side: int, size: float, bucket_s: float) -> None:
    """Take one trade: into buckets of a size that it had no say in, then into the rate."""
    if v["size"] == 0.0:
        open_bucket(v, bucket_s)
    if v["size"] > 0.0:
        pour(v, side, size, bucket_s)
    measure_rate(v, time, size)


@part
def pour(v: Any, side: int, size: float, bucket_s: float) -> None:
    """Fill the bucket under way and as many more as it takes."""
    room, full = v["size"] - v["filled"], 0
    while size >= room and full < BUCKETS:
        v["signed"] += side * room
        close_bucket(v)
        open_bucket(v, bucket_s)
        size -= room
        room, full = v["size"], full + 1
    size = size % room if size >= room else size
    v["filled"] += size
    v["signed"] += side * size


@part
def interrupt(v: Any) -> None:
    """The feed was interrupted: the bucket under way is dropped, the closed ones and the rate remain."""
    v["time"], v["size"], v["filled"], v["signed"] = 0, 0.0, 0.0, 0.0
