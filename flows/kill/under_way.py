"""A mark that a kill is under way, so that nobody releases the halt meanwhile; kills do not keep one another out."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from market.errors import SettingsError


@contextmanager
def under_way(data: Path) -> Iterator[None]:
    """For a kill. It waits for nobody and goes on where the mark cannot be made: it looks for HALT all the time."""
    try:
        path = _path(data)
        file = path.open("ab")
    except OSError:
        yield
        return
    with file:
        with suppress(OSError):  # a release is just ending
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield


@contextmanager
def alone(data: Path) -> Iterator[None]:
    """For a release; raises SettingsError while a kill is under way, or another release."""
    with _path(data).open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(f"a kill of {data} is under way; release it when it is acknowledged") from None
        yield


def _path(data: Path) -> Path:
    path = data / "run" / "kill.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
