"""Stopping is ours: a signal, or the end of a supervised process's input, sets an event that everything watches.

Bytewax answers SIGINT with a traceback and SIGTERM with death; so neither reaches it. A child of the supervisor also
stops when its standard input ends, which happens even if the supervisor is killed: no process is ever left behind.
"""

import os
import signal
import sys
import threading
from types import FrameType

SUPERVISED = "BAROGRAPH_SUPERVISED"


def stop_event() -> threading.Event:
    """An event that SIGINT, SIGTERM or the death of the supervisor sets. Call from the main thread, once."""
    stop = threading.Event()

    def asked(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGINT, asked)
    signal.signal(signal.SIGTERM, asked)
    if os.environ.get(SUPERVISED):
        threading.Thread(target=_until_input_ends, args=(stop,), name="supervisor-watch", daemon=True).start()
    return stop


def _until_input_ends(stop: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    stop.set()
