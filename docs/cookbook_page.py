"""Writes docs/cookbook.md from the files of sql/cookbook: `make docs`. A test fails where the page is not this."""

import re

from sinks.clickhouse.schema import sql_files

HEAD = """\
# Cookbook

Thirty questions that people ask of a recorded market and of what was traded in it, each a file of `sql/cookbook` that
runs as it stands:

    barograph sql "$(cat sql/cookbook/03_spread_by_hour.sql)"

A test runs every one of them on a replayed market; this page is written from the files by `make docs`.

Three habits keep the answers honest. **Join by `receive_time`**: it is when a row was known; `exchange_time` is when it
happened elsewhere. **What predicts is looked up backwards** (`asof … >=`), and only a label that is to be predicted may
lie in the future, under a name that says so. **`final` after a table's name** counts a row once that was written twice.
Wherever a second, a minute or an hour will do, ask the roll-ups (`quotes_1s`, `features_1m`, `trades_1h`, …; see
[tables](tables.md)) instead of the ticks, with `venue` and `instrument` before the time in the condition."""


def section(name: str, text: str) -> str:
    """One query under its question."""
    number = int(name[:2])
    (question,) = re.findall(r"\A-- (.*)\n", text)
    return f"## {number}. {question}\n\n```sql\n{text.rstrip()}\n```"


if __name__ == "__main__":
    print("\n\n".join((HEAD, *(section(name, text) for name, text in sql_files("cookbook").items()))))
