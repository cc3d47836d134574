"""The capture flow: sockets → journal, and nothing else, so that nothing slow can stall a socket.

The sockets live in a thread of their own (`sources.websocket.Feed`); this flow takes what arrived and makes it
durable. Analytics may restart without a connection being dropped. Receive times come from a clock that does not follow
the jumps of the machine's (market/steady_clock.py); when capture goes on with a journal, it says first since when
nothing was recorded. What happens as the disk fills: sinks/journal_bounds.py.
"""

import logging
import random
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.run import cli_main

import venues
from flows.capture_numbers import tell
from flows.capture_status import StatusFile
from flows.heart import Heart
from flows.measured import measured
from flows.settings import CaptureSettings, Secrets, Settings
from flows.stored import Stored
from market import record
from market.clock import EARLIEST_NS, SECOND_NS, Clock
from market.errors import SettingsError
from market.journal import LIVE_BLOCK_NS, partition_path
from market.metrics import Metrics
from market.shards import instruments_of, shard_name
from market.steady_clock import SteadyClock
from sinks.journal import JournalWriter
from sinks.journal_bounds import Bounds
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

log = logging.getLogger("barograph.capture")


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
    bounds: Bounds | None = None,
    transport: Library = "websockets",
    secrets: Mapping[str, str] | None = None,
    clock: Clock | None = None,
    number: int = 0,
    shards: int = 1,
    metrics: Metrics | None = None,
) -> None:
    """Record a venue until `stop` is set. No network is no error; unlisted or too many symbols raise VenueError.

    `secrets` are those that the venue's market data need, by name. This is capture `number` of `shards`, each with its
    own instruments, a journal of its own and its share of the venue's limits.
    """
    shard, name = shard_name(venue.name, number), process_name(number, shards)
    path = partition_path(data, "market", shard)
    writer = JournalWriter(
        path, venue=venue.name, shard=shard, block_ns=LIVE_BLOCK_NS, synchronous=synchronous, alone=True
    )
    since_ns = writer.last_received_ns()
    clock = clock or SteadyClock(at_least_ns=since_ns or EARLIEST_NS)
    heart = Heart(data, name)
    stored = Stored(data, shard, clock)
    metrics = metrics or Metrics()
    sink = JournalSink(
        writer, bounds=bounds or Bounds(), clock=clock, beat=heart, stop=stop, stored=stored, metrics=metrics
    )
    sockets = heart.part("sockets")
    control, status = (
        ControlTail(data, venue=venue.name, symbols=instruments),
        StatusFile(data / "run" / f"{name}.json", shard, clock),
    )

    def report(feed: Feed) -> None:
        sockets("")
        alarms = dict(sink.alarms)
        if isinstance(clock, SteadyClock):
            _tell_steps(feed, clock, alarms)
        status.write(feed, alarms=alarms, journal_bytes=sink.used_bytes)

    try:
        feed = Feed(
            venue,
            tuple(instruments),
            clock,
            random.random,
            wanted=control.wishes,
            report=report,
            shared=shared_by(venue, instruments, data, secrets or {}, transport, clock, number=number, shards=shards),
        )
        metrics.before_scrape("capture", partial(tell, metrics, shard, feed, sink))
        if since_ns is not None:
            feed.queue.put(clock.now_ns(), record.encode(record.Began(since_ns, list(instruments))))
        _run(SocketSource(feed, shard=shard, stop=stop, beat=heart), sink, feed)
        report(feed)
    finally:
        control.close()
        writer.close()


def _run(source: SocketSource, sink: JournalSink, feed: Feed) -> None:
    """Until the source ends; raises what ended the sockets or the journal, not what Bytewax makes of it."""
    try:
        cli_main(capture_flow(source, sink))
    except Exception:
        if feed.error is not None:
            raise feed.error from None
        if sink.error is not None:
            raise sink.error from None
        raise
    finally:
        feed.__exit__()


def _tell_steps(feed: Feed, clock: SteadyClock, alarms: dict[str, str]) -> None:
    """Put a step of the machine's clock where it happened; it stays an alarm until it is adopted or taken back."""
    stepped = clock.look()
    if stepped is not None:
        done = "followed" if stepped.adopted else "not followed"
        log.warning("the machine's clock is %+.3f s off the receive times; %s", stepped.step_ns / SECOND_NS, done)
        feed.queue.put(clock.now_ns(), record.encode(stepped))
    if clock.step_ns:
        alarms["clock"] = (
            f"the machine's clock was set by {clock.step_ns / SECOND_NS:+.3f} s; receive times do not follow"
        )


def shared_by(
    venue: Venue,
    instruments: Sequence[str],
    data: Path,
    secrets: Mapping[str, str],
    transport: Library,
    clock: Clock,
    *,
    number: int = 0,
    shards: int = 1,
) -> Shared:
    """What the sockets share, with what earlier runs used of the venue's limits."""
    shared = Shared.of(venue, clock, random.random, opener(transport), sharing=shards)
    shared.secrets = lambda: secrets
    if venue.name == "coinbase" and all(name in secrets for name in coinbase_token.NEEDED):
        shared.sign = coinbase_token.signer(secrets, clock)
    hosts = {urlsplit(route.url).netloc: None for route in venue.routes(instruments)}
    kept, *others = budget_paths(data, venue.name, number, shards)
    BudgetFile(kept, ",".join(hosts), clock, others=others).restore(shared.budget)
    return shared


def budget_paths(data: Path, venue: str, number: int, shards: int) -> list[Path]:
    """Where each capture of a venue keeps what it used of the limits; that of `number` comes first.

    >>> [path.name for path in budget_paths(Path(), "okx", 1, 3)]
    ['okx-1.json', 'okx-0.json', 'okx-2.json']
    """
    names = [f"{venue}-{one}" if shards > 1 else venue for one in range(shards)]
    return [data / "limits" / f"{name}.json" for name in (names[number], *names[:number], *names[number + 1 :])]


def process_name(number: int, shards: int) -> str:
    """What a capture is called: capture, or capture-0 where there are more."""
    return f"capture-{number}" if shards > 1 else "capture"


def captures(settings: Settings) -> dict[int, list[str]]:
    """The instruments of every capture of the settings, by its number; those that would have none are left out."""
    shards = settings.capture.shards
    shared_out = {number: instruments_of(number, settings.instruments, shards) for number in range(shards)}
    return {number: symbols for number, symbols in shared_out.items() if symbols}


def run_capture(settings: Settings, stop: Stop, number: int = 0) -> None:
    """Capture as the settings say, the instruments of one shard."""
    venue, shards = venue_of(settings), settings.capture.shards
    if number >= shards:
        raise SettingsError(f"--shard is {number}; capture.shards is {shards}, so shards are 0 … {shards - 1}")
    instruments = captures(settings).get(number)
    if not instruments:
        raise SettingsError(f"none of the {len(settings.instruments)} instruments is of shard {number} of {shards}")
    with measured(settings, process_name(number, shards)) as metrics:
        capture(
            venue=venue,
            instruments=instruments,
            data=settings.data,
            stop=stop,
            synchronous=settings.capture.synchronous,
            bounds=bounds_of(settings.capture),
            transport=settings.capture.transport,
            secrets=Secrets().of(venue.name, venue.secrets, coinbase_token.NEEDED),
            number=number,
            shards=shards,
            metrics=metrics,
        )


def bounds_of(settings: CaptureSettings) -> Bounds:
    """How much the journal may hold."""
    return Bounds(
        retention_hours=settings.retention_hours,
        retention_bytes=settings.retention_bytes,
        min_free_bytes=settings.min_free_bytes,
        prune_unstored=settings.prune_unstored,
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
