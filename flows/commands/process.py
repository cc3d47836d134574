"""Commands that are one process each; `barograph up` runs them all under one supervisor."""

from pathlib import Path
from typing import Annotated

import typer

from flows.commands.options import Config, Data, Instruments, Venue, settings_of, symbols
from flows.stop import stop_event


def capture(
    config: Config = None,
    data: Data = None,
    venue: Venue = None,
    instruments: Instruments = None,
    shard: Annotated[int, typer.Option(min=0, help="Which capture this is, where capture.shards are several.")] = 0,
) -> None:
    """Record an exchange: sockets to journal, nothing else.

    Runs until stopped. What it records is kept raw in DATA/journal, so the market flow may start later, stop or crash
    without a frame being lost. With capture.shards = N in the settings N of these processes, --shard 0 … N-1, share the
    instruments out.
    """
    settings = settings_of(config, data, venue=venue, instruments=symbols(instruments))
    from flows.capture import run_capture

    run_capture(settings, stop_event(), shard)


def market(
    config: Config = None,
    data: Data = None,
    member: Annotated[int, typer.Option(min=0, help="Which worker this is, where flow.workers are several.")] = 0,
) -> None:
    """Turn the journal into books, features, bars, regimes and signals.

    Follows the journal until stopped; resumes where it was, whatever killed it. With flow.workers = N in the settings
    N of these processes, --member 0 … N-1, share the work; when one dies all end, and are to be started again.
    """
    settings = settings_of(config, data)
    from flows.cluster import member_of
    from flows.market import run_market

    chosen = member_of(member, settings.flow.workers, settings.flow.addresses)
    run_market(settings, stop=stop_event(), follow=True, member=chosen)


def forward(config: Config = None, data: Data = None) -> None:
    """Ship the journal to a Kafka topic, for market flows on other machines.

    Needs kafka.brokers in the settings and the extra kafka of the package. Resumes where the brokers had confirmed;
    where `kafka.read` is set, `barograph market` reads the topic instead of the journal of its machine.
    """
    settings = settings_of(config, data)
    from flows.forward import run_forward

    run_forward(settings, stop=stop_event())


def trading(config: Config = None, data: Data = None) -> None:
    """Turn signals into targets, risk-checked orders and paper fills.

    Follows the trading journal that `barograph market` writes, until stopped.
    """
    settings = settings_of(config, data)
    from flows.trading import run_trading

    run_trading(settings, stop=stop_event(), follow=True)


def store(config: Config = None, data: Data = None) -> None:
    """Serve the embedded ClickHouse (chDB) on ClickHouse's own HTTP interface.

    curl 'http://127.0.0.1:8123/?query=SELECT+1' works, and so do clickhouse-connect, Grafana and DBeaver.
    User `default` reads and writes, user `reader` only reads.
    """
    settings = settings_of(config, data)
    from flows.embedded import run_store

    run_store(settings, stop_event())


def gateway(config: Config = None, data: Data = None) -> None:
    """Serve the REST API and the console page."""
    settings = settings_of(config, data)
    from flows.embedded import run_gateway

    run_gateway(settings, stop_event())


def deliver(config: Config = None, data: Data = None) -> None:
    """Send signals, changes of regime and risk events to the webhooks that were added.

    Resumes where it was, whatever killed it: what was said is delivered at least once, and has the same id each time.
    """
    settings = settings_of(config, data)
    from flows.deliver import run_deliver

    run_deliver(settings, stop_event())


def simulate(
    config: Config = None,
    data: Data = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    venue: Annotated[
        str | None,
        typer.Option(help="A mock of this venue instead: kraken, coinbase, okx, … (a wrong name lists them all)."),
    ] = None,
    instruments: Instruments = None,
    engine: Annotated[
        bool,
        typer.Option("--engine", help="The mock venue's books from the matching engine instead of a random market."),
    ] = False,
    rate: Annotated[float, typer.Option(help="Book changes per second of each instrument, of a mock venue.")] = 4.0,
    seed: Annotated[int, typer.Option(help="The same seed makes the same market, of a mock venue.")] = 1,
    faults: Annotated[
        Path | None, typer.Option(help="A fault script for the mock venue, .toml or .json; help explains it.")
    ] = None,
    capture: Annotated[
        Path | None,
        typer.Option(help="Make the mock venue's market from this recording: .jsonl or lines, .gz or .zst."),
    ] = None,
) -> None:
    """Run an exchange on this machine: the simulated one, or a mock of a real venue.

    Without --venue it is the simulated exchange: Binance USD-M's protocol from a real matching engine. Its ground truth
    (regimes, latent price, impact) is written to DATA/truth.parquet.

    With [b]--venue kraken --instruments BTC/USD,ETH/USD[/b] it speaks that venue's protocol over WebSocket and REST on
    one port, from a small random market, from the matching engine (--engine) or from --capture: handshake, logins (the
    key is `key`), snapshots, sequence numbers, checksums, heartbeats, errors. What a client may not do (too many
    connections, messages, requests, no pong) is answered as the venue would and told when it stops.

    [b]A fault script[/b] says what goes wrong and when: frames dropped, doubled, in the wrong order, streams that fall
    silent, closes, bans, a wrong clock, spoiled frames. `barograph simulate --venue kraken --faults help` explains it.
    """
    from flows.embedded import run_simulator

    if venue is None:
        run_simulator(settings_of(config, data), port, stop_event())
        return
    from flows.mock_venue import run_mock_venue

    run_mock_venue(
        venue,
        symbols(instruments),
        port=port,
        engine=engine,
        rate=rate,
        seed=seed,
        faults=faults,
        capture=capture,
        stop=stop_event(),
    )


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (capture, market, forward, trading, store, gateway, deliver, simulate):
        app.command(rich_help_panel="One process of it")(command)
