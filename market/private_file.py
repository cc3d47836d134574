"""`private_file`: an empty file that only its owner may read, made where it is missing; SQLite opens it afterwards.

A file that is there is never opened: the close of any descriptor of a file takes away all locks that the process holds
on it, those of SQLite's connections among them (https://sqlite.org/howtocorrupt.html, section 2.2). Another process
would then believe itself alone, and throw the write-ahead log away under the one that still writes to it.
"""

import os
import tempfile
from contextlib import suppress
from pathlib import Path


def private_file(path: Path) -> None:
    """Make it, empty, with mode 0600, in one step; leave alone what is there. Raises OSError."""
    if path.exists():
        return
    number, fresh = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(number)
    try:
        with suppress(FileExistsError):
            os.link(fresh, path)
    finally:
        os.unlink(fresh)
