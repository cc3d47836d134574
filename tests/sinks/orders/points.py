"""Crash points of an executor: every step of an order's life, before and after, and half of a request on the wire.

The steps are functions of the product, wrapped from outside; nothing in the product knows of it.
"""

import asyncio
import functools
import inspect
import mmap
import os
import signal
import struct
from pathlib import Path
from typing import Any

import flows.execute
from sinks.journal import JournalWriter
from sinks.orders import account, desk, doubt, executor, hearing, http, stream, teller

STEPS: tuple[tuple[Any, str], ...] = (
    (desk.Desk, "_take_over"),
    (desk.Desk, "_look"),
    (desk.Desk, "_keep_note"),
    (executor.Executor, "take"),
    (executor.Executor, "_doubted"),
    (executor.Executor, "_order"),
    (executor.Executor, "_place"),
    (executor.Executor, "_leave"),
    (executor.Executor, "_placed"),
    (executor.Executor, "_in_doubt"),
    (executor.Executor, "_cancel"),
    (executor.Executor, "hear"),
    (http.Pool, "_wire"),
    (http.Wire, "exchange"),
    (http.Wire, "_done"),
    (hearing.Hearing, "_updated"),
    (doubt.Pursuit, "_ask"),
    (doubt.Pursuit, "_ended"),
    (account.Books, "_account"),
    (stream.Stream, "_take"),
    (teller.Teller, "_keep"),
    (JournalWriter, "append"),
    (JournalWriter, "note"),
    (JournalWriter, "sync"),
    (flows.execute, "only_executor"),
    (flows.execute, "write_run_file"),
)


class Counter:
    """Points passed, in a file that outlives the process; death at one of them, or a stop."""

    def __init__(self, file: Path, at: int, how: signal.Signals) -> None:
        file.write_bytes(struct.pack("q", 0))
        with file.open("r+b") as opened:
            self._shared = mmap.mmap(opened.fileno(), 8)
        self._at, self._how = at, how

    def point(self) -> bool:
        """Pass one; True where it is the last, to be died at."""
        count = struct.unpack("q", self._shared[:8])[0] + 1
        self._shared[:8] = struct.pack("q", count)
        return bool(count == self._at)

    def passed(self) -> None:
        """Pass one, or die."""
        if self.point():
            self.end()

    def end(self) -> None:
        """As by kill -9, or -STOP."""
        os.kill(os.getpid(), self._how)


def passed(file: Path) -> int:
    """How many points a process passed."""
    return int(struct.unpack("q", file.read_bytes()[:8])[0])


def armed(file: Path, at: int, how: signal.Signals = signal.SIGKILL) -> None:
    """Count all points, and die at one; 0: at none."""
    counter = Counter(file, at, how)
    for owner, name in STEPS:
        setattr(owner, name, _wrapped(getattr(owner, name), counter))
    plain = asyncio.selector_events._SelectorSocketTransport.write  # type: ignore[attr-defined]

    def write(transport: Any, data: bytes) -> None:
        """A request may be cut in the middle."""
        if counter.point():
            plain(transport, data[: len(data) // 2])
            counter.end()
        plain(transport, data)
        counter.passed()

    asyncio.selector_events._SelectorSocketTransport.write = write  # type: ignore[attr-defined]


def _wrapped(step: Any, counter: Counter) -> Any:
    if inspect.iscoroutinefunction(step):

        @functools.wraps(step)
        async def awaited(*args: Any, **named: Any) -> Any:
            counter.passed()
            result = await step(*args, **named)
            counter.passed()
            return result

        return awaited

    @functools.wraps(step)
    def called(*args: Any, **named: Any) -> Any:
        counter.passed()
        result = step(*args, **named)
        counter.passed()
        return result

    return called
