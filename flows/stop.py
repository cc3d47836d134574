"""Stopping is ours: a signal, or the end of a supervised process's input, sets an event that everything watches.

Bytewax answers SIGINT with a traceback and SIGTERM with death; so neither reaches it. A child of the supervisor also
stops when its standard input ends, which happens even if the supervisor is killed: no process is ever left behind.
"""

import os
import signal
import sys
import threading
from types import FrameType

# What the supervisor tells its children in their environment.
SUPERVISED = "BAROGRAPH_SUPERVISED"
PROCESS = "BAROGRAPH_PROCESS"  # what it calls the child: its log, run and beat files have that name
LOG = "BAROGRAPH_LOG"  # bytes, files and path of the log that standard error goes to


def stop_event() -> threading.Event:
    """An event that SIGINT, SIGTERM, SIGHUP or the death of the supervisor sets. Call from the main thread, once.

    SIGHUP (the terminal was closed) stops nothing where it was told to be ignored, as by nohup.
    """
    stop = threading.Event()

    def asked(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGINT, asked)
    signal.signal(signal.SIGTERM, asked)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, asked)
    if os.environ.get(SUPERVISED):
        threading.Thread(target=_until_input_ends, args=(stop,), name="supervisor-watch", daemon=True).start()
    return stop


def _until_input_ends(stop: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    stop.set()
