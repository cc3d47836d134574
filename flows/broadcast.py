"""The broadcast sink of a flow, as the settings have it. Both append to one journal; the market flow prunes it."""

from flows.settings import Settings
from market.broadcast import broadcast_path
from market.clock import SystemClock
from market.metrics import Metrics
from sinks.broadcast import BroadcastSink, Frames
from sinks.journal_bounds import Bounds


def broadcast_sink(
    settings: Settings, frames: Frames, *, prunes: bool = False, metrics: Metrics | None = None
) -> BroadcastSink:
    """What a flow hands what it has to say."""
    kept = settings.broadcast
    bounds = Bounds(retention_hours=kept.retention_hours, retention_bytes=kept.retention_bytes)
    return BroadcastSink(
        broadcast_path(settings.data),
        frames=frames,
        clock=SystemClock(),
        bounds=bounds if prunes else None,
        synchronous=settings.capture.synchronous,
        metrics=metrics,
    )
