"""How a log record is written: as one JSON object a line for programs, as a sentence for people. Times are UTC."""

import logging
import time
from datetime import UTC, datetime

import msgspec

ROOT = "barograph."
MESSAGE_CHARACTERS = 8_000  # of a message, and of a traceback (its end); the rest is cut


class JsonLines(logging.Formatter):
    """One object a line: time, level, part, process, pid, message, and exception where there is one.

    Whatever a message holds, it stays on its line: JSON escapes line ends and what steers a terminal.
    """

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        told: dict[str, str | int | None] = {
            "time": f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%S.%f}Z",
            "level": record.levelname.lower(),
            "part": record.name.removeprefix(ROOT),
            "process": self._process,
            "pid": record.process,
            "message": ascii_controls(record.getMessage()[:MESSAGE_CHARACTERS]),
        }
        if record.exc_info:
            told["exception"] = ascii_controls(self.formatException(record.exc_info)[-MESSAGE_CHARACTERS:])
        return msgspec.json.encode(told).decode()


def ascii_controls(text: str) -> str:
    r"""Text in which what could not be encoded, or steers a terminal beyond JSON's escapes, is replaced.

    >>> ascii_controls("a\x9bb\udc80\n")
    'a?b?\n'
    """
    encodable = text.encode("utf-8", "replace").decode()
    return "".join("?" if "\x7f" <= character <= "\x9f" else character for character in encodable)


def for_people() -> logging.Formatter:
    """UTC time, level, part, sentence."""
    formatter = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)-7s %(name)s  %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    return formatter
