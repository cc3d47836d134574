"""The capture flow: sockets → journal, and nothing else, so that nothing slow can stall a socket.

The sockets live in a thread of their own (`sources.websocket.Feed`); this flow takes what arrived and makes it
durable. Analytics may restart without a connection being dropped.
"""

import random
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.run import cli_main

import venues
from flows.capture_status import StatusFile
from flows.settings import Secrets, Settings
from market.clock import Clock, SystemClock
from market.errors import SettingsError
from market.journal import LIVE_BLOCK_NS, partition_path
from sinks.journal import JournalWriter
from sinks.journal_sink import JournalSink
from sources import coinbase_token
from sources.budget_file import BudgetFile
from sources.control import ControlTail
from sources.journal import Stop
from sources.shared import Shared
from sources.sockets import SocketSource
from sources.transport import Library, opener
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
    secrets: Mapping[str, str] | None = None,
    clock: Clock | None = None,
) -> None:
    """Record a venue until `stop` is set. No network is no error; unlisted or too many symbols raise VenueError.

    `secrets` are those that the venue's market data need, by name.
    """
    clock, shard = clock or SystemClock(), f"{venue.name}/0"
    control, status = ControlTail(data, venue=venue.name), StatusFile(data / "run" / "capture.json", shard, clock)
    feed = Feed(
        venue,
        tuple(instruments),
        clock,
        random.random,
        wanted=control.wishes,
        report=status.write,
        shared=shared_by(venue, instruments, data, secrets or {}, transport, clock),
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


def shared_by(
    venue: Venue,
    instruments: Sequence[str],
    data: Path,
    secrets: Mapping[str, str],
    transport: Library,
    clock: Clock,
) -> Shared:
    """What the sockets share, with what earlier runs used of the venue's limits."""
    shared = Shared.of(venue, clock, random.random, opener(transport))
    shared.secrets = lambda: secrets
    if venue.name == "coinbase" and all(name in secrets for name in coinbase_token.NEEDED):
        shared.sign = coinbase_token.signer(secrets, clock)
    hosts = {urlsplit(route.url).netloc: None for route in venue.routes(instruments)}
    BudgetFile(data / "limits" / f"{venue.name}.json", ",".join(hosts), clock).restore(shared.budget)
    return shared


def run_capture(settings: Settings, stop: Stop) -> None:
    """Capture as the settings say."""
    venue = venue_of(settings)
    capture(
        venue=venue,
        instruments=settings.instruments,
        data=settings.data,
        stop=stop,
        synchronous=settings.capture.synchronous,
        retention=timedelta(hours=settings.capture.retention_hours),
        transport=settings.capture.transport,
        secrets=Secrets().of(venue.name, venue.secrets, coinbase_token.NEEDED),
    )


def venue_of(settings: Settings) -> Venue:
    """The venue of the settings, at the addresses that they name."""
    found = venues.get(settings.venue)
    urls = settings.capture.websocket_url, settings.capture.rest_url
    if all(urls):
        return found.at(stream_url=urls[0], rest_url=urls[1])
    if any(urls):
        raise SettingsError("capture.websocket_url and capture.rest_url go together; set both or none")
    return found
