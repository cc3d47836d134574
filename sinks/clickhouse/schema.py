"""The schema as shipped: files of `sql/`, read from wherever the package is installed. The files are the one truth.

A schema file is one `create table`, named NNN_<table>.sql; its columns and types are read from its text, so that
what the writer sends and what the table holds cannot drift apart.
"""

import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import NamedTuple

_COLUMN = re.compile(r"^    `?(\w+)`? (.+?) (?:codec\(|comment ')", re.MULTILINE)
_DEFINITION = re.compile(r"^    (?!index \w)(`?(\w+)`? .+?),?$", re.MULTILINE)
_INDEX = re.compile(r"^    index ((\w+) .+?),?$", re.MULTILINE)
_KEYS = re.compile(r"^partition by (.+)\norder by \((.+)\)$", re.MULTILINE)


class Table(NamedTuple):
    """One table of the store."""

    version: int  # number in the file's name; the order of application
    name: str
    statement: str
    columns: dict[str, str]  # ClickHouse type by column name, in order

    @property
    def checksum(self) -> str:
        """SHA-256 of the statement, hex."""
        return hashlib.sha256(self.statement.encode()).hexdigest()

    @property
    def file(self) -> str:
        """Name of its file."""
        return f"{self.version:03d}_{self.name}.sql" if self.version else f"{self.name.split('_')[0]}.sql"

    @property
    def comments(self) -> dict[str, str]:
        """What each column means."""
        said = re.findall(r"comment '((?:[^']|'')*)'", self.statement)
        return {name: text.replace("''", "'") for name, text in zip(self.columns, said, strict=False)}

    @property
    def definitions(self) -> dict[str, str]:
        """What stands in the file for each column."""
        return {name: text for text, name in _DEFINITION.findall(self.statement)}

    @property
    def indexes(self) -> dict[str, str]:
        """What stands in the file for each index that lets a query pass over what it does not ask for."""
        return {name: text for text, name in _INDEX.findall(self.statement)}

    @property
    def keys(self) -> tuple[str, str]:
        """Partition key and sorting key, as ClickHouse writes them."""
        found = _KEYS.search(self.statement)
        return (found[1], found[2].replace("`", "")) if found else ("", "")


@cache
def tables() -> dict[str, Table]:
    """Every table by name, in order of application."""
    found = {}
    for file_name, statement in sql_files("schema").items():
        version, name = file_name.split("_", 1)
        found[name] = table_of(int(version), name, statement)
    return found


def table_of(version: int, name: str, statement: str) -> Table:
    """A table as its `create table` says."""
    return Table(version, name, statement, dict(_COLUMN.findall(statement)))


def sql_files(folder: str) -> dict[str, str]:
    """Texts of the files of one folder of `sql`, such as views or rollups/rows, by name without suffix, sorted."""
    folder_files = sorted((files("sql") / folder).iterdir(), key=lambda file: file.name)
    return {file.name[:-4]: file.read_text("utf-8") for file in folder_files if file.name.endswith(".sql")}
