"""Compiling all kernels of the simulated exchange at once, by running it for a moment."""

import numpy as np

from simulator.exchange import SLICE_NS, Exchange
from simulator.rest import snapshot
from simulator.session import gather

WARM_UP_SLICES = 40


def compile_all() -> None:
    """Run every kernel once; seconds on a new machine, a moment where they are kept already."""
    exchange = Exchange(instruments=["BTCUSDT"], rate=1000.0, seed=0)
    mask = np.ones(len(exchange.streams), np.bool_)
    for slice_ in range(1, WARM_UP_SLICES + 1):
        for frames in exchange.run(slice_ * SLICE_NS, epoch_ns=0, sent_ns=0):
            gather(frames, mask, True, np.empty(2 * len(frames.buffer) + 1024, np.uint8))
    snapshot(exchange, "BTCUSDT", limit=5, event_ms=0, time_ms=0)
