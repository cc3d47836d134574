"""The manifest of a folder of exported days: which file holds what, so that a reader can check it and an export go on.

OUTPUT/signals/manifest.json
OUTPUT/signals/2026-11-23.parquet
"""

from pathlib import Path

import msgspec

from flows.exports.files import ExportError, digest, whole

NAME = "manifest.json"


class Choices(msgspec.Struct, frozen=True):
    """What makes files of one folder comparable; a folder holds those of one choice."""

    table: str
    format: str
    instruments: tuple[str, ...]  # empty: all
    formulas: bool


class DayFile(msgspec.Struct, frozen=True):
    """One file."""

    name: str
    day: str  # UTC
    rows: int
    bytes: int
    sha256: str
    fingerprint: str  # of its rows in the table; another as soon as one of them is
    schema: str  # SHA-256 of the file of sql/ that says what the table is
    barograph: str  # version that wrote it
    watermark: dict[str, int]  # the highest row of its journal, by shard


class Manifest(msgspec.Struct, frozen=True):
    """A folder. `columns` are the table's, with their ClickHouse types, as of the newest export."""

    choices: Choices
    columns: dict[str, str]
    files: tuple[DayFile, ...]  # by day

    @property
    def rows(self) -> int:
        """Of all files."""
        return sum(file.rows for file in self.files)


def load(folder: Path, choices: Choices) -> dict[str, DayFile]:
    """The files of a folder by day; none where it is new. Raises ExportError where it holds another choice."""
    path = folder / NAME
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.MsgspecError) as error:
        raise ExportError(f"{path} cannot be read ({error}); move it away, and all days are written again") from None
    if found.choices != choices:
        raise ExportError(f"{folder} holds another choice of table, format or instruments; give another --output")
    return {file.day: file for file in found.files}


def save(folder: Path, choices: Choices, columns: dict[str, str], files: dict[str, DayFile]) -> None:
    """Write it, in one step, after the files that it names."""
    manifest = Manifest(choices, columns, tuple(file for _, file in sorted(files.items())))
    with whole(folder / NAME) as out:
        out.write(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")


def stands(folder: Path, file: DayFile, rows: int, fingerprint: str, schema: str) -> bool:
    """Whether a file holds what the table does and is as it was written."""
    if (file.rows, file.fingerprint, file.schema) != (rows, fingerprint, schema):
        return False
    return digest(folder / file.name) == file.sha256
