"""Writes docs/tables.md from the files of sql/: `make docs`. A test fails where the page is not what this prints."""

import re

from sinks.clickhouse.schema import Table, sql_files, tables

HEAD = """\
# Tables

Written by `make docs` from the files of `sql/`. Everything is in the database `barograph`.

`shard`, `offset` and `frame` lead back to the raw bytes: frame number `frame` of row `offset` in the journal of that
shard. In the tables of trading, `offset` is a row of the trading journal. A table is a ReplacingMergeTree: should a row
ever be there twice, `FINAL` after the table's name shows it once."""


def table_section(table: Table) -> str:
    """What one table holds, and its columns."""
    *_, about = re.findall(r"comment '((?:[^']|'')*)'", table.statement)
    rows = [f"| `{name}` | `{kind}` | {table.comments[name]} |" for name, kind in table.columns.items()]
    about = about.replace("''", "'")
    return "\n".join((f"## {table.name}", "", about, "", "| column | type | meaning |", "|---|---|---|", *rows))


def view_section(name: str, statement: str) -> str:
    """What one view shows: the comment that its file begins with."""
    return f"- `{name}`: {' '.join(re.findall(r'^-- (.*)$', statement, re.MULTILINE))}"


if __name__ == "__main__":
    views = "\n".join(view_section(name, statement) for name, statement in sql_files("views").items())
    print("\n\n".join((HEAD, *map(table_section, tables().values()), f"## Views\n\n{views}")))
