"""`barograph status`: what runs, what was recorded, and what is wrong, for people and as JSON.

The JSON is the answer of the gateway's `/api/v1/status`; the table below is one reading of it.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from flows import regime_text
from gateway.regime_rows import Regime
from gateway.rows import Coverage
from gateway.status import Partition, Status, gather
from gateway.store import Store
from market.clock import Clock, SystemClock
from market.errors import JournalError
from market.journal import partitions
from sources.journal_reader import JournalReader

TOPICS = ("market", "trading", "control")
TARGET_SHARE = 0.95  # of a trading session, with a valid book
GOOD, BAD, DIM = "green", "red", "bright_black"


def status(data: Path, dsn: str | None, *, clock: Clock | None = None) -> Status:
    """The state of a data directory; `dsn` is None where no store runs. Never raises for what is down or absent."""
    store = None if dsn is None else Store(dsn)
    try:
        now_ns = (clock or SystemClock()).now_ns()
        return gather(store, data=data, now_ns=now_ns, journal=journal_ends(data))
    finally:
        if store is not None:
            store.close()


def journal_ends(data: Path) -> tuple[Partition, ...]:
    """The last offset of every journal partition of a data directory; a file that cannot be read is left out."""
    return tuple(end for topic in TOPICS for path in partitions(data, topic) if (end := _end(topic, path)) is not None)


def status_json(found: Status) -> str:
    """The status as one JSON document."""
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode()


def render_status(found: Status) -> RenderableType:
    """The status as a page of tables; one sentence where nothing ever ran."""
    if not (found.processes or found.journal or found.store.tables):
        return Text(f"Nothing runs and nothing is recorded in {found.data}; `barograph up` starts everything.")
    return Group(*_parts(found))


def _end(topic: str, path: Path) -> Partition | None:
    try:
        with JournalReader(path) as journal:
            shard = journal.meta().get("shard", path.stem)
            return Partition(topic=topic, shard=shard, last_offset=journal.last_offset())
    except JournalError:
        return None


def _parts(found: Status) -> Iterator[RenderableType]:
    yield Text.assemble(("Barograph", "bold"), f"  {found.data}  ", (found.time[:19].replace("T", " ") + " UTC", DIM))
    if found.store.trouble:
        yield Text(f"\n{found.store.trouble[:1].upper()}{found.store.trouble[1:]}.", "yellow")
    yield from _processes(found)
    yield from _connections(found)
    yield from _journal(found)
    if not found.store.trouble:
        yield from _health(found)
        yield from _coverage(found.store.coverage)
        yield from _regimes(found.store.regimes, found.time)
        yield from _tables(found)


def _section(title: str, *columns: str) -> Table:
    table = Table(title=f"\n{title}", title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.header_style = DIM
    for name in columns:
        numeric = name.startswith("#")
        table.add_column(name.removeprefix("#"), justify="right" if numeric else "left", no_wrap=numeric)
    return table


def _processes(found: Status) -> Iterator[Table]:
    table = _section("Processes", "name", "state", "#pid", "#port", "since", "#restarts", "reason")
    for one in found.processes:
        state = Text(one.state, GOOD if one.state == "running" else BAD)
        since = (one.started or "")[:19].replace("T", " ") if one.state == "running" else ""
        table.add_row(one.name, state, _text(one.pid), _text(one.port), since, _text(one.restarts or None), one.reason)
    if found.processes:
        yield table


def _connections(found: Status) -> Iterator[Table]:
    table = _section("Connections", "route", "state", "#frames/s", "reason")
    for one in found.connections:
        rate = "" if one.frames_per_s is None else f"{one.frames_per_s:,.0f}"
        table.add_row(one.route, Text(one.state, GOOD if one.state == "open" else "yellow"), rate, one.reason)
    if found.connections:
        yield table


def _journal(found: Status) -> Iterator[Table]:
    table = _section("Journal", "topic", "shard", "#last offset", "#in the tables", "#lag")
    for one in found.journal:
        table.add_row(one.topic, one.shard, *map(_count, (one.last_offset, one.stored_offset, one.lag_rows)))
    if found.journal:
        yield table


def _health(found: Status) -> Iterator[RenderableType]:
    gaps, letters = found.store.gaps_open, found.store.dead_letters
    yield Text.assemble(
        "\nOpen gaps ", (str(len(gaps)), "bold yellow" if gaps else "bold"),
        "   dead letters ", (f"{letters:,}", "bold yellow" if letters else "bold"),
    )  # fmt: skip
    for gap in gaps:
        yield Text(f"  {gap.venue} {gap.instrument} {gap.channel}: {gap.cause} since {gap.since[:19]}", "yellow")
    table = _section("Latency from receipt, ms", "shard", "stage", "#p50", "#p99", "#p99.9", "#max", "#messages")
    for row in found.store.latency:
        times = (f"{value / 1e6:.2f}" for value in (row.p50_ns, row.p99_ns, row.p999_ns, row.max_ns))
        table.add_row(row.shard, row.stage, *times, f"{row.count:,}")
    if found.store.latency:
        yield table


def _coverage(sessions: list[Coverage]) -> Iterator[Table]:
    table = _section("Valid books", "instrument", "session", "#of the session", "#recorded", "verified by", "as of")
    for row in sessions:
        recorded = f"{row.valid_s / row.recorded_s:.1%}" if row.recorded_s else ""
        unverifiable = row.detection == "none"
        share = Text(f"{row.share:.1%}", GOOD if row.share >= TARGET_SHARE and not unverifiable else "yellow")
        verified = Text("unverifiable", "yellow") if unverifiable else Text(row.detection)
        table.add_row(row.instrument, row.session, share, recorded, verified, row.time[:19].replace("T", " "))
    if sessions:
        yield table


def _regimes(regimes: list[Regime], now: str) -> Iterator[Table]:
    table = _section("Regimes", "instrument", "timeframe", "regime", "#sure", "#agree", "bar closed")
    for row in sorted(regimes, key=lambda row: (row.venue, row.instrument)):
        shares = (regime_text.percent(row.confidence), regime_text.percent(row.agreement))
        day, clock = row.time[:10], row.time[11:19]
        table.add_row(
            row.instrument, row.timeframe, regime_text.long(row.regime), *shares, clock if day == now[:10] else day
        )
    if regimes:
        yield table


def _tables(found: Status) -> Iterator[Table]:
    table = _section("Tables", "name", "#rows")
    for row in found.store.tables:
        table.add_row(row.table, f"{row.rows:,}")
    if found.store.tables:
        yield table


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _text(number: int | None) -> str:
    return "" if number is None else str(number)
