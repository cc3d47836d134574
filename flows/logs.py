"""Where a process's log goes: standard error, as sentences on a terminal, else as one JSON object a line.

What nobody caught is logged as well, with its traceback; a crash of the interpreter itself leaves the stacks of all
threads in the same place (`faulthandler`), and so does a process that the supervisor takes for hung.
"""

import faulthandler
import logging
import os
import signal
import sys
import threading
from types import TracebackType

from flows import log_file
from flows.log_lines import JsonLines, for_people
from flows.stop import PROCESS, SUPERVISED

STACKS_SIGNAL = signal.SIGUSR1  # a supervised process writes the stacks of its threads to its log

log = logging.getLogger("barograph.process")


def log_to_stderr() -> None:
    """One format for every process. Call once, first."""
    log_file.adopt()
    handler = Handler(sys.stderr)
    structured = not sys.stderr.isatty()
    handler.setFormatter(JsonLines(process_name()) if structured else for_people())
    logging.getLogger().addHandler(handler)
    logging.getLogger("barograph").setLevel(logging.INFO)
    logging.captureWarnings(capture=True)
    if structured:
        sys.excepthook = _uncaught
        threading.excepthook = _uncaught_in_thread
    faulthandler.enable(sys.stderr)
    if supervised():
        faulthandler.register(STACKS_SIGNAL, file=sys.stderr, all_threads=True)


def supervised() -> bool:
    """Whether a supervisor started this process."""
    return bool(os.environ.get(SUPERVISED))


def process_name() -> str:
    """What the supervisor calls this process, else its command."""
    words = (word for word in sys.argv[1:] if not word.startswith("-"))
    return os.environ.get(PROCESS) or next(words, "barograph")


class Handler(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes lines and keeps the file within its bounds; a full disk loses lines, never the process."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        log_file.turn()
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 the name of the standard library
        """A line that cannot be written is lost; a mistake in a log call is told."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


def _uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    log.critical("ended by %s: %s", kind.__name__, error, exc_info=(kind, error, traceback))


def _uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_type is SystemExit or args.exc_value is None:
        return
    thread = args.thread.name if args.thread is not None else "unknown"
    told = (args.exc_type, args.exc_value, args.exc_traceback)
    log.critical("thread %s ended by %s: %s", thread, args.exc_type.__name__, args.exc_value, exc_info=told)
