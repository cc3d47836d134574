"""Settings of what the world hears: the broadcast, metrics, Grafana, webhooks."""

from ipaddress import ip_network
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from flows.settings_section import Port, Positive, Section


class BroadcastSettings(Section):
    """What the flows tell the world as it happens: streams, webhooks, Grafana Live."""

    interval_ms: float = Field(
        100.0, ge=1, le=60_000, description="between two quotes, books or features of an instrument, data time"
    )
    retention_hours: Positive = Field(24.0, description="how far back a client may go on from where it was")
    retention_bytes: int = Field(
        4_000_000_000, ge=1 << 20, description="and the oldest events go while the journal of them holds more"
    )


class MetricsSettings(Section):
    """The numbers of every process, for Prometheus: docs/metrics.md."""

    enabled: bool = Field(True, description="whether processes tell them, on a port of 127.0.0.1 each")


class GrafanaSettings(Section):
    """A Grafana to push boards and live values to: docs/grafana.md."""

    url: str = Field("", description="its address, such as http://127.0.0.1:3000; empty: none")

    @field_validator("url")
    @classmethod
    def _address(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("must be http:// or https:// and a host")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("must hold no name, password, query or fragment; the token is BAROGRAPH_GRAFANA_TOKEN")
        return url.rstrip("/")


class WebhookSettings(Section):
    """Whom signals, changes of regime and risk events are sent to, and where none may go: docs/webhooks.md."""

    allow: list[str] = Field(
        [], description="networks that may be called though private, by http too and on any port: 10.1.0.0/16, …"
    )
    ports: list[Port] = Field([443, 8443], description="ports that may be called elsewhere, by https alone")
    delivered_days: Positive = Field(7.0, description="how long a delivery is kept that was made")
    dead_days: Positive = Field(30.0, description="how long one that was given up, to be replayed; and attempts")
    database_bytes: int = Field(1 << 30, ge=1 << 20, description="of deliveries; while it holds more, none is queued")

    @field_validator("allow")
    @classmethod
    def _networks(cls, allow: list[str]) -> list[str]:
        return [str(ip_network(text)) for text in allow]
