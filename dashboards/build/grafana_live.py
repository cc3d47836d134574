"""A query of Grafana's own data source that follows a channel of Grafana Live: what `barograph deliver` pushes."""

from collections.abc import Sequence
from typing import Any, Self

from grafana_foundation_sdk.cog import builder, runtime, variants
from grafana_foundation_sdk.models.dashboard import DataSourceRef

from sinks.grafana_live import STREAM

KIND = "datasource"
SOURCE = DataSourceRef(type_val=KIND, uid="grafana")


class LiveQuery(variants.Dataquery):
    """Channel `stream/barograph/<path>`, of which some fields are shown, beside the time."""

    def __init__(self, ref_id: str, channel: str, fields: Sequence[str]) -> None:
        self.ref_id, self.channel, self.fields = ref_id, channel, list(fields)

    def to_json(self) -> dict[str, object]:
        """As it stands in a board."""
        return {
            "refId": self.ref_id,
            "datasource": {"type": KIND, "uid": SOURCE.uid},
            "queryType": "measurements",
            "channel": self.channel,
            "filter": {"fields": self.fields},
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The same from a board; raises ValueError where it holds anything else."""
        query = cls(data["refId"], data["channel"], data["filter"]["fields"])
        if query.to_json() != data or not query.channel.startswith(f"stream/{STREAM}/") or "time" not in query.fields:
            raise ValueError(f"this is no query of a Grafana Live channel of ours: {data}")
        return query


class Live(builder.Builder[LiveQuery]):
    """What the SDK's panels take."""

    def __init__(self, path: str, fields: Sequence[str], ref_id: str = "A") -> None:
        self._built = LiveQuery(ref_id, f"stream/{STREAM}/{path}", ["time", *fields])

    def build(self) -> LiveQuery:
        """The query."""
        return self._built


def register() -> None:
    """Tell the SDK's decoder of it."""
    runtime.register_dataquery_variant(runtime.DataqueryConfig(KIND, LiveQuery.from_json))
