"""What the committed boards ask the store: every panel with its query, read from their JSON, without the SDK."""

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any, NamedTuple

SERIES, TABLE = 0, 1  # formats of the ClickHouse data source


class Panel(NamedTuple):
    """One panel that asks the store."""

    board: str  # name of the board: market, book, …
    name: str  # file of the query under sql/panels/<board>; empty where it is none of them
    title: str
    kind: str  # timeseries, table, …
    shape: int  # SERIES or TABLE
    sql: str  # as it lies in the board, macros and variables in it
    variables: frozenset[str]  # that the query uses


def boards() -> dict[str, dict[str, Any]]:
    """The boards by name, in the order of their names."""
    folder = files("dashboards") / "boards"
    paths = sorted((path for path in folder.iterdir() if path.name.endswith(".json")), key=lambda path: path.name)
    return {path.name.removesuffix(".json"): json.loads(path.read_text("utf-8")) for path in paths}


def panels() -> Iterator[Panel]:
    """Every panel that asks the store, and variables and marks as panels of kind `variable` and `mark`."""
    for board, made in boards().items():
        for panel in made["panels"]:
            for target in panel.get("targets", []):
                if "rawSql" in target:
                    yield _panel(board, panel["title"], panel["type"], target["format"], target["rawSql"])
        for variable in made.get("templating", {}).get("list", []):
            if variable["type"] == "query":
                yield _panel(board, variable["name"], "variable", TABLE, variable["query"]["rawSql"])
        for mark in made.get("annotations", {}).get("list", []):
            yield _panel(board, mark["name"], "mark", TABLE, mark["target"]["rawSql"])


def _panel(board: str, title: str, kind: str, shape: int, sql: str) -> Panel:
    used = frozenset(re.findall(r"\$\{?(\w+)", re.sub(r"\$__\w+", "", sql)))
    folder = "variables" if kind in ("variable", "mark") else board
    return Panel(board, _named(folder, sql), title, kind, shape, sql, used)


def _named(folder: str, sql: str) -> str:
    for path in (files("sql") / "panels" / folder).iterdir():
        if path.read_text("utf-8") == sql:
            return path.name.removesuffix(".sql")
    return ""
