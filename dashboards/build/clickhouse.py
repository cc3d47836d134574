"""A query of Grafana's ClickHouse data source, which the SDK does not know: a file of `sql/panels`, and its format."""

from importlib.resources import files
from typing import Any, Self

from grafana_foundation_sdk.cog import builder, plugins, runtime, variants
from grafana_foundation_sdk.models.dashboard import Dashboard, DataSourceRef

KIND = "grafana-clickhouse-datasource"
PLUGIN_VERSION = "4.20.0"
SOURCE = DataSourceRef(type_val=KIND, uid="barograph")
SERIES, TABLE = 0, 1  # of the plugin: long rows become one series per text column; rows stay rows


class ClickHouseQuery(variants.Dataquery):
    """What the plugin reads of a query in SQL: `rawSql`, `format`, `editorType`."""

    def __init__(self, ref_id: str, raw_sql: str, shape: int) -> None:
        self.ref_id, self.raw_sql, self.shape = ref_id, raw_sql, shape

    def to_json(self) -> dict[str, object]:
        """As it stands in a board."""
        return {
            "refId": self.ref_id,
            "datasource": {"type": KIND, "uid": SOURCE.uid},
            "pluginVersion": PLUGIN_VERSION,
            "editorType": "sql",
            "rawSql": self.raw_sql,
            "format": self.shape,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The same from a board; raises ValueError where it holds anything else."""
        query = cls(data["refId"], data["rawSql"], data["format"])
        if query.to_json() != data or query.shape not in (SERIES, TABLE) or not isinstance(query.raw_sql, str):
            raise ValueError(f"this is no query of {KIND} {PLUGIN_VERSION}: {data}")
        return query


class Query(builder.Builder[ClickHouseQuery]):
    """What the SDK's panels take."""

    def __init__(self, board: str, name: str, shape: int, ref_id: str = "A") -> None:
        self._built = ClickHouseQuery(ref_id, statement(board, name), shape)

    def build(self) -> ClickHouseQuery:
        """The query."""
        return self._built


def statement(board: str, name: str) -> str:
    """Text of `sql/panels/<board>/<name>.sql`."""
    return (files("sql") / "panels" / board / f"{name}.sql").read_text("utf-8")


def register() -> None:
    """Tell the SDK's decoder of it, and of the panels it knows."""
    plugins.register_default_plugins()
    runtime.register_dataquery_variant(runtime.DataqueryConfig(KIND, ClickHouseQuery.from_json))


def decoded(board: dict[str, Any]) -> Dashboard:
    """A board as the SDK understands it. Raises ValueError for a query of another shape."""
    return Dashboard.from_json(board)
