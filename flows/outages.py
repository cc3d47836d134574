"""What the flows do while the store does not take rows, from the settings."""

from flows.settings import Settings
from sinks.clickhouse.sink import Outages


def outages_of(settings: Settings, flow: str, *, follow: bool) -> Outages:
    """Of a live flow: it goes on, and its blocks wait on disk. A replay waits for the store itself, and only hands over
    what a live flow has left on disk.
    """
    store = settings.store
    return Outages(
        spool=settings.data / "spool" / flow,
        status=settings.data / "run" / f"{flow}-sink.json",
        limit_bytes=store.spool_bytes if follow else 0,
        reserve_bytes=store.spool_reserve_bytes,
        blocks_per_s=store.catch_up_blocks_per_s if follow else None,
    )
