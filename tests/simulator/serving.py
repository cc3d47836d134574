"""The simulated exchange in a thread, for tests over real sockets."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from simulator.server import serve

SYMBOLS = ("BTCUSDT", "ETHUSDT")


@contextmanager
def running(stop_s: float, **options: Any) -> Iterator[int]:
    """Gives the port of its market data; stop_s: the longest that it may take to stop."""
    stop, port = threading.Event(), queue.Queue[int]()
    options = {"instruments": SYMBOLS, "rate": 600, "seed": 1, **options}
    thread = threading.Thread(target=serve, kwargs={**options, "ready": port.put, "stop": stop})
    thread.start()
    try:
        yield port.get(timeout=60)
    finally:
        stop.set()
        thread.join(timeout=stop_s)
        assert not thread.is_alive()
