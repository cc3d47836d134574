"""Files of recorded frames, whatever wrote them: told apart by how they begin, read as lines of a journal.

A line capture (sources/lines.py) is the form of ours; the others are those of feed handlers and data vendors.
"""

from collections.abc import Iterator
from contextlib import closing
from itertools import chain, islice
from pathlib import Path

from sources.lines import Line, opened, parsed, raw_lines
from sources.recordings import Answer, Answered, answers, is_recording, read_recording


def nothing(_: Answer) -> None:
    """What becomes of REST answers where nobody asks for them."""


def read_capture(path: Path, answered: Answered = nothing) -> Iterator[Line]:
    """The frames of a file in their order; never raises for what stands in it.

    answered: what a REST answer in it becomes.
    """
    with closing(opened(path)) as file:
        lines = raw_lines(file)
        first = list(islice(lines, 1))
        everything = chain(first, lines)
        if first and isinstance(first[0], bytes) and is_recording(first[0]):
            yield from read_recording(everything, answered)
        else:
            yield from parsed(everything)


def read_answers(path: Path) -> list[Answer]:
    """The REST answers in a file; none where it is of another kind."""
    with closing(opened(path)) as file:
        lines = raw_lines(file)
        first = list(islice(lines, 1))
        is_told = first and isinstance(first[0], bytes) and is_recording(first[0])
        return list(answers(chain(first, lines))) if is_told else []
