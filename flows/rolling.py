"""Keeping the roll-ups up to date while the market flow runs; of a replay once, at its end."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from flows.cluster import Member
from flows.settings import Settings
from flows.tables import store_dsn
from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.retention import Retention
from sinks.clickhouse.roller import Roller, roll_up_all


@contextmanager
def rolling(
    settings: Settings, dsn: str | None, stop: threading.Event, *, follow: bool, member: Member
) -> Iterator[None]:
    """Roll up while the block runs, in the first process of a cluster; what a stop leaves is in the ledger."""
    found = dsn or partial(store_dsn, settings)
    if follow and member.number == 0:
        with Roller(found, prepare=migrate):
            yield
        return
    yield
    if not follow and not stop.is_set():
        roll_up_all(found)


def retention_of(settings: Settings) -> Retention:
    """How long ticks are kept."""
    return Retention(settings.store.tick_days, settings.store.second_days)
