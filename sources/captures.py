"""Files of recorded frames, whatever wrote them: told apart by how they begin, read as lines of a journal.

A line capture (sources/lines.py) is the form of ours; the others are those of feed handlers (sources/recordings.py),
of clients that write down a stream as an array (sources/array_file.py) and of Lean (sources/lean_zip.py).
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import chain, islice
from pathlib import Path

from sources.array_file import is_array, read_array
from sources.lean_zip import is_zip, merged, tick_file
from sources.lines import Line, opened, parsed, raw_lines
from sources.recordings import Answer, Answered, answers, is_recording, read_recording


def nothing(_: Answer) -> None:
    """What becomes of REST answers where nobody asks for them."""


def read_capture(path: Path, answered: Answered = nothing) -> Iterator[Line]:
    """The frames of a file in their order; never raises for what stands in it.

    answered: what a REST answer in it becomes.
    """
    if is_zip(path):
        yield from merged([path])
        return
    with closing(opened(path)) as file:
        lines = raw_lines(file)
        first = list(islice(lines, 1))
        everything = chain(first, lines)
        if first and isinstance(first[0], bytes) and is_recording(first[0]):
            yield from read_recording(everything, answered)
        elif first and isinstance(first[0], bytes) and is_array(first[0]):
            yield from read_array(everything)
        else:
            yield from parsed(everything)


def read_together(paths: Sequence[Path], answered: Answered = nothing) -> Iterator[Line]:
    """The frames of files that `together` put together."""
    return merged(paths) if len(paths) > 1 else read_capture(paths[0], answered)


def together(paths: Sequence[Path]) -> list[tuple[Path, ...]]:
    """Files that tell of the same hours, side by side, each stream as one: trades and quotes of a stock and day.

    Zips of ticks stand in order of their days, where the first of them stood; everything else stays where it is.
    """
    days: dict[tuple[str, ...], list[Path]] = {}
    for path in paths:
        days.setdefault(tick_file(path)[:2] if is_zip(path) else ("", str(path)), []).append(path)
    zipped = iter(sorted(day for day in days if day[0]))
    return [tuple(days[next(zipped) if day[0] else day]) for day in days]


def read_answers(path: Path) -> list[Answer]:
    """The REST answers in a file; none where it is of another kind."""
    if is_zip(path):
        return []
    with closing(opened(path)) as file:
        lines = raw_lines(file)
        first = list(islice(lines, 1))
        is_told = first and isinstance(first[0], bytes) and is_recording(first[0])
        return list(answers(chain(first, lines))) if is_told else []
