"""Beat files: DATA/run/<name>.beat, in which a process says that it goes on, and what it waits for if it waits.

One record of fixed size, written over in place at most twice a second, so that a full disk cannot silence a process
that is well. Its clock is the machine's monotonic one, which processes share and no clock step touches.
"""

from pathlib import Path

import msgspec

RECORD_BYTES = 512
REASON_CHARACTERS = 160  # of what is waited for; the rest is cut
SILENT_AFTER_S = 10.0  # a process that beat last so long ago is not ready, though not yet taken for hung
SECOND_NS = 1_000_000_000
READS = 3


class Beaten(msgspec.Struct, frozen=True):
    """One beat. `worked`: whether the process has begun its work, which comes after its start."""

    pid: int
    count: int
    monotonic_ns: int
    waits_for: str = ""
    worked: bool = False

    def age_s(self, now_ns: int) -> float:
        """How long ago, by the monotonic clock; negative where the machine was started anew since."""
        return (now_ns - self.monotonic_ns) / SECOND_NS


def beat_path(data: Path, name: str) -> Path:
    """Where a process beats."""
    return data / "run" / f"{name}.beat"


def read_beat(data: Path, name: str) -> Beaten | None:
    """The last beat; None where there is none. One that is being written right now is read again."""
    for _ in range(READS):
        try:
            return msgspec.json.decode(beat_path(data, name).read_bytes(), type=Beaten)
        except OSError:
            return None
        except msgspec.DecodeError:
            continue
    return None


def record_of(beat: Beaten) -> bytes:
    """A beat as a record.

    >>> len(record_of(Beaten(1, 2, 3, waits_for="x" * 1000)))
    512
    """
    text = printable(beat.waits_for)
    while True:
        record = msgspec.json.encode(msgspec.structs.replace(beat, waits_for=text[:REASON_CHARACTERS]))
        if len(record) <= RECORD_BYTES:
            return record.ljust(RECORD_BYTES)
        text = text[: min(len(text), REASON_CHARACTERS) // 2]


def printable(text: str) -> str:
    """Text without what steers a terminal or ends a line."""
    return "".join(character if character.isprintable() else " " for character in text)
