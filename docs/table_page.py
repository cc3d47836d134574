"""Writes docs/tables.md from the files of sql/: `make docs`. A test fails where the page is not what this prints."""

import re

from sinks.clickhouse.rollups import LEVELS, families, ledger
from sinks.clickhouse.schema import Table, sql_files, tables

HEAD = """\
# Tables

Written by `make docs` from the files of `sql/`. Everything is in the database `barograph`.

`shard`, `offset` and `frame` lead back to the raw bytes: frame number `frame` of row `offset` in the journal of that
shard. In the tables of trading, `offset` is a row of the trading journal. A table is a ReplacingMergeTree: should a row
ever be there twice, `FINAL` after the table's name shows it once."""

ROLL_UPS = """\
## Roll-ups

`quotes`, `trades` and `features` by buckets of 1 s, 1 min and 1 h of `receive_time`: what pictures of more than some
minutes should be made of. Read them with `final` and `venue`, `instrument` and `time` in the condition. They follow the
rows within some five seconds, also rows that come late or again
([how](decisions/010-roll-ups.md)); the bucket under way is
there too, and grows. A mean of minutes or hours is that of the finer means, each weighing as much as its bucket has
rows."""


def table_section(table: Table, name: str = "") -> str:
    """What one table holds, and its columns."""
    *_, about = re.findall(r"comment '((?:[^']|'')*)'", table.statement)
    rows = [f"| `{name}` | `{kind}` | {table.comments[name]} |" for name, kind in table.columns.items()]
    about = about.replace("''", "'")
    return "\n".join((f"## {name or table.name}", "", about, "", "| column | type | meaning |", "|---|---|---|", *rows))


def view_section(name: str, statement: str) -> str:
    """What one view shows: the comment that its file begins with."""
    return f"- `{name}`: {' '.join(re.findall(r'^-- (.*)$', statement, re.MULTILINE))}"


def roll_up_sections() -> list[str]:
    """The roll-ups, one section for the three tables of each, and their ledger."""
    of = [
        table_section(family.tables["1s"], ", ".join(f"{name}_{level}" for level in LEVELS))
        for name, family in families().items()
    ]
    return [ROLL_UPS, *(text.replace("## ", "### ", 1) for text in (*of, table_section(ledger())))]


if __name__ == "__main__":
    views = "\n".join(view_section(name, statement) for name, statement in sql_files("views").items())
    sections = (HEAD, *map(table_section, tables().values()), *roll_up_sections(), f"## Views\n\n{views}")
    print("\n\n".join(sections))
