"""The capture flow: sockets → journal, and nothing else, so that nothing slow can stall a socket.

The sockets live in a thread of their own (`sources.websocket.Feed`); this flow takes what arrived and makes it
durable. Analytics may restart without a connection being dropped.
"""

import random
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Literal

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.run import cli_main

import venues
from flows.capture_status import StatusFile
from flows.settings import Settings
from market.clock import Clock, SystemClock
from market.errors import SettingsError
from market.journal import LIVE_BLOCK_NS, partition_path
from sinks.journal import JournalWriter
from sinks.journal_sink import JournalSink
from sources.control import ControlTail
from sources.journal import Stop
from sources.sockets import SocketSource
from sources.transport import Library
from sources.websocket import Feed
from venues.venue import Venue


def capture_flow(source: SocketSource, sink: JournalSink) -> Dataflow:
    """The dataflow between the sockets and the journal."""
    flow = Dataflow("capture")
    op.output("journal", op.input("sockets", flow, source), sink)
    return flow


def capture(
    *,
    venue: Venue,
    instruments: Sequence[str],
    data: Path,
    stop: Stop,
    synchronous: Literal["NORMAL", "FULL"] = "NORMAL",
    retention: timedelta | None = None,
    transport: Library = "websockets",
    clock: Clock | None = None,
) -> None:
    """Record a venue until `stop` is set. No network is no error; unlisted or too many symbols raise VenueError."""
    clock, shard = clock or SystemClock(), f"{venue.name}/0"
    control, status = ControlTail(data, venue=venue.name), StatusFile(data / "run" / "capture.json", shard, clock)
    feed = Feed(
        venue,
        tuple(instruments),
        clock,
        random.random,
        wanted=control.symbols,
        report=status.write,
        transport=transport,
    )
    path = partition_path(data, "market", shard)
    writer = JournalWriter(path, venue=venue.name, shard=shard, block_ns=LIVE_BLOCK_NS, synchronous=synchronous)
    try:
        sink = JournalSink(writer, retention=retention, clock=clock)
        cli_main(capture_flow(SocketSource(feed, shard=shard, stop=stop), sink))
    except Exception:
        if feed.error is not None:
            raise feed.error from None
        raise
    finally:
        feed.__exit__()
        control.close()
        writer.close()
        status.write(feed)


def run_capture(settings: Settings, stop: Stop) -> None:
    """Capture as the settings say."""
    capture(
        venue=_venue(settings),
        instruments=settings.instruments,
        data=settings.data,
        stop=stop,
        synchronous=settings.capture.synchronous,
        retention=timedelta(hours=settings.capture.retention_hours),
        transport=settings.capture.transport,
    )


def _venue(settings: Settings) -> Venue:
    found = venues.get(settings.venue)
    urls = settings.capture.websocket_url, settings.capture.rest_url
    if all(urls):
        return found.at(stream_url=urls[0], rest_url=urls[1])
    if any(urls):
        raise SettingsError("capture.websocket_url and capture.rest_url go together; set both or none")
    return found
