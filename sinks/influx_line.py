"""Events of the broadcast as lines of InfluxDB's protocol, the form in which Grafana Live takes them.

One line is one event: `quote/binance-usdm/BTCUSDT bid_price=1.5,ask_price=1.6 1763876123000000000`. The measurement
names the channel (`stream/barograph/<measurement>`): kind, venue, instrument, and the timeframe where the kind has
one, every other character than A-Z, a-z, 0-9, - and _ as _. Fields are floats or text, chosen by kind in FIELDS; what
is null is left out. There are no tags. https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Any, NamedTuple

MOST_CHANNEL = 160  # characters of a channel of Grafana Live, `stream/barograph/` included
_VIEWS = ("calm", "normal", "stressed", "bear", "neutral", "bull", "reverting", "random", "trending")
FIELDS: Mapping[str, tuple[str, ...]] = {
    "quote": ("bid_price", "bid_size", "ask_price", "ask_size"),
    "features": (
        "mid_price",
        "micro_price",
        "spread_bps",
        "imbalance",
        "imbalance_10",
        "ofi_ew",
        "ofi_50",
        "ofi_normalised_50",
        "trade_imbalance_50",
        "bid_depth_5bps",
        "ask_depth_5bps",
        "vpin",
        "hawkes_buy",
        "hawkes_sell",
        "kyle_lambda",
        "realised_volatility",
    ),
    "regime": ("regime", "confidence", "anomaly", *(f"probability_{state}" for state in _VIEWS)),
    "regime_change": ("view", "previous", "regime", "probability"),
    "signal": ("direction", "confidence", "regime"),
    "position": ("size", "average_price", "mark_price", "realised_pnl", "unrealised_pnl"),
    "risk_event": ("event", "reason"),
}
OF_TIMEFRAMES = {"regime", "regime_change", "signal"}


class Line(NamedTuple):
    """What goes over one channel at one time."""

    channel: str  # the measurement
    text: str  # the whole line, without its end


def line(event: Mapping[str, Any]) -> Line | None:
    """The line of an event; None for a kind that is not pushed, and for one without any value.

    Raises KeyError, TypeError or ValueError for what is no event.

    >>> line({"kind": "quote", "venue": "v", "instrument": "BTC/USD", "receive_time": "1970-01-01T00:00:01.000000002Z",
    ...       "bid_price": 1.5, "ask_price": None}).text
    'quote/v/BTC_USD bid_price=1.5 1000000002'
    """
    kind = event["kind"]
    if kind not in FIELDS:
        return None
    fields = [said for name in FIELDS[kind] if (said := _field(name, event.get(name)))]
    parts = [kind, event["venue"], event["instrument"], *([event["timeframe"]] if kind in OF_TIMEFRAMES else [])]
    channel = "/".join(_plain(part) for part in parts if part)
    if not fields or len(channel) > MOST_CHANNEL - len("stream/barograph/"):
        return None
    return Line(channel, f"{channel} {','.join(fields)} {nanoseconds(event['receive_time'])}")


def nanoseconds(text: str) -> int:
    """A time as the broadcast writes it, `2026-11-23T05:33:00.123456789Z`, as nanoseconds since 1970."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    seconds = int(datetime.fromisoformat(whole).replace(tzinfo=UTC).timestamp())
    return seconds * 1_000_000_000 + int(fraction[:9].ljust(9, "0"))


def _plain(part: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", part)


def _field(name: str, value: Any) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ").replace("\r", " ")
        return f'{name}="{escaped}"'
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return ""
    return f"{name}={float(value)!r}"
