"""`Relation`: a table or view of the store, and how its rows are read: settled, every key once, in order.

Settled are rows of insert blocks that are committed whole, up to the newest block when the export begins; so all tables
of one export are as of one moment, and nothing of a block that is being written is seen.
"""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from flows.exports.questions import Questions, Value, quoted
from market.errors import SettingsError
from sinks.clickhouse.schema import sql_files, tables

INTERNAL = frozenset({"migrations", "touched"})  # how the store keeps itself in order
SETTLED = "settled_"  # a view of this name shows what an export of its table is anyway
TIMES = ("receive_time", "time")  # by the first of these that it has, rows are of a day
_RELATIONS = (
    "select name, engine, sorting_key from system.tables where database = currentDatabase()"
    " and (engine like '%MergeTree' or engine = 'View') order by name"
)
_COLUMNS = (
    "select name, type from system.columns where database = currentDatabase() and table = {name:String}"
    " order by position"
)


class Relation(NamedTuple):
    """What is read."""

    name: str  # as asked for
    source: str  # the table or view that is read
    columns: dict[str, str]  # ClickHouse type by name
    keys: tuple[str, ...]  # columns by which rows are ordered and told apart; of a view: none, all columns are

    @property
    def time(self) -> str | None:
        """The column of the range."""
        return next((name for name in TIMES if self.columns.get(name, "").startswith("DateTime")), None)

    @property
    def schema(self) -> str:
        """SHA-256, hex, of the file of sql/ that says what it is; of its columns where there is none."""
        views = sql_files("views")
        if self.source in tables():
            return tables()[self.source].checksum
        text = views.get(self.source) or "\n".join(f"{name} {kind}" for name, kind in self.columns.items())
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def order(self) -> str:
        """By what rows are ordered; columns without an order of their own by their text."""
        return ", ".join(quoted(name) if _ordered(self.columns[name]) else f"toString({quoted(name)})"
                         for name in self.keys or tuple(self.columns))  # fmt: skip


class Watermark(NamedTuple):
    """Up to which row of its journal each shard is in the tables, whole."""

    reached: dict[str, int]

    def clause(self, relation: Relation) -> tuple[str, dict[str, Value]]:
        """What keeps unsettled rows out, before versions of a row are told apart; empty where rows have no journal."""
        offset = next((name for name in ("offset", "last_offset") if name in relation.columns), None)
        if offset is None or not relation.keys:
            return "", {}
        if "shard" not in relation.columns:
            trading = max((last for shard, last in self.reached.items() if shard.startswith("trading/")), default=0)
            return f"prewhere {quoted(offset)} <= {{reached_trading:Int64}}", {"reached_trading": trading}
        settled = "transform(toString(shard), {shards:Array(String)}, {reached:Array(Int64)}, toInt64(0))"
        if not self.reached:
            return f"prewhere {quoted(offset)} <= 0", {}
        values: dict[str, Value] = {"shards": list(self.reached), "reached": list(self.reached.values())}
        return f"prewhere {quoted(offset)} <= {settled}", values


def watermark(questions: Questions) -> Watermark:
    """As it is now."""
    found = questions.ask("select toString(shard) as shard, last_offset from watermarks order by shard")
    return Watermark(dict(zip(found["shard"].to_pylist(), found["last_offset"].to_pylist(), strict=True)))


def relations(questions: Questions, names: Sequence[str]) -> list[Relation]:
    """Those of these names; raises SettingsError that lists all names for one that is unknown."""
    found = questions.ask(_RELATIONS)
    keys = {
        name: tuple(part.strip("` ") for part in key.split(",") if part.strip()) if engine != "View" else ()
        for name, engine, key in zip(*(found[column].to_pylist() for column in found.column_names), strict=True)
        if name not in INTERNAL
    }
    unknown = [name for name in names if name not in keys]
    if unknown:
        raise SettingsError(f"there is no table {', '.join(unknown)}; there are {', '.join(sorted(keys))}")
    return [_relation(questions, name, keys) for name in names]


def _relation(questions: Questions, name: str, keys: dict[str, tuple[str, ...]]) -> Relation:
    of = name.removeprefix(SETTLED)
    source = of if name.startswith(SETTLED) and keys.get(of) else name
    columns = questions.ask(_COLUMNS, name=source)
    types = dict(zip(columns["name"].to_pylist(), columns["type"].to_pylist(), strict=True))
    return Relation(name, source, types, keys[source])


def _ordered(kind: str) -> bool:
    return not kind.startswith(("Map", "Array", "Tuple", "Nested"))
