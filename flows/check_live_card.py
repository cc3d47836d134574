"""A live check as a card: the verification, and before it the connections, their subscriptions, clocks and limits."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from flows.check_live import LiveCheck
from flows.check_live_usage import Subscriptions
from flows.verify_card import BAD, GOOD, MOST_LINES, UNSURE, body, two_columns, verdict_lines
from flows.verify_verdict import Findings, Outcome, findings, worst
from operators.analysis.verification import Verification, percentile
from venues.venue import Channel

FIRST_DATA_S = 10.0  # a stream on a beat that says nothing for so long is mute
BEATING = (Channel.DEPTH, Channel.TICKER, Channel.MARK)
SKEWED_MS = 1_000.0


def live_card(check: LiveCheck) -> RenderableType:
    """The whole card."""
    return Group(*_parts(check))


def live_outcome(check: LiveCheck, *, first_data_s: float = FIRST_DATA_S) -> Outcome:
    """The verdict on stream and connections together."""
    found, patient = findings(check.found), check.seconds < first_data_s
    for route in check.routes:
        _add(found, check, route, patient=patient)
    found["contradicted"] += _unbegun(check.found, patient=patient)
    return worst(found)


def _unbegun(found: Verification, *, patient: bool) -> Iterator[str]:
    """A live book begins with a full one: in band before anything else, over REST when it was asked for."""
    capability = found.venue.capability
    if capability.snapshot == "stream" and capability.detection != "none" and found.early.total():
        yield f"{found.early.total():,} book messages came before a full book"
    never = sorted(symbol for symbol in found.book_messages if not found.valid[symbol])
    if never and not patient:
        yield f"the book of {_named(never)} was never valid"


def _add(found: Findings, check: LiveCheck, route: Subscriptions, *, patient: bool) -> None:
    """What the subscriptions of a route add."""
    wrong, unseen = found.setdefault("contradicted", []), found.setdefault("unseen", [])
    if route.generation == 0:
        wrong.append(f"{route.url} was never open: {route.reason or route.state}")
        return
    wrong += [f"{stream} is refused: {reason}" for stream, reason in route.refused.items()]
    if route.unanswered:
        wrong.append(f"no answer and no data for {_named(route.unanswered)}")
    venue = check.found.venue
    for channel, streams in route.silent(venue).items():
        due = channel in BEATING and venue.capability.detection != "none" and not patient
        closed = "" if check.was_open else ", but the market is closed"
        (wrong if due and check.was_open else unseen).append(f"no data of {_named(streams)}{closed}")


def _named(streams: list[str]) -> str:
    more = f" and {len(streams) - 3} more" if len(streams) > 3 else ""
    return f"{', '.join(streams[:3])}{more}"


def _parts(check: LiveCheck) -> Iterator[RenderableType]:
    venue = check.found.venue
    yield Text.assemble((venue.name, "bold"), f"  {check.seconds:.0f} s of its live stream")
    table = two_columns()
    _add_connections(table, check)
    yield from body(check.found, table)
    for said in check.warnings[:MOST_LINES]:
        yield Text(f"  {said}", UNSURE)
    yield from verdict_lines(live_outcome(check))


def _add_connections(table: Table, check: LiveCheck) -> None:
    for route in check.routes:
        table.add_row(route.route, _connection(route))
        table.add_row("", _streams(route))
    table.add_row("limits used", _limits(check))
    late = check.found.latencies_ms or check.found.trade_latencies_ms
    if late:
        table.add_row("clock offset", _clock(percentile(late, 0.0)))
    table.add_row("schema", _schema(check))


def _connection(route: Subscriptions) -> Text:
    lost = f", {route.generation - 1} times lost or rotated" if route.generation > 1 else ""
    reason = f": {route.reason}" if route.reason else ""
    return Text(f"{route.url}, {route.state}{reason}{lost}", GOOD if route.state == "open" and not lost else UNSURE)


def _streams(route: Subscriptions) -> Text:
    asked, taken = len(route.asked), len(route.acknowledged)
    refused = f", {len(route.refused)} refused" if route.refused else ""
    text = f"{asked} streams asked for, {taken} acknowledged, {len(route.seen)} gave data{refused}"
    return Text(text, BAD if route.refused or route.unanswered else GOOD if len(route.seen) == asked else UNSURE)


def _limits(check: LiveCheck) -> str:
    limits, usage = check.found.venue.limits, check.usage
    hourly = f", {limits.requests_per_hour} an hour" if limits.requests_per_hour else ""
    return (
        f"connections {usage.opened} of {limits.connections} in {limits.connections_per_s} s; "
        f"messages {usage.messages}, at most {usage.most_messages} of {limits.requests_per_second} in a second"
        f"{hourly}; REST weight {usage.most_weight:.0f} of {limits.weight_per_minute} a minute"
    )


def _clock(least_ms: float) -> Text:
    if least_ms < 0:
        said = f"our clock is at least {-least_ms:,.1f} ms behind the venue's"
    else:
        said = f"our clock is at most {least_ms:,.1f} ms ahead of the venue's"
    return Text(f"{said} (the least of receipt after stamp)", UNSURE if not 0 <= least_ms < SKEWED_MS else "")


def _schema(check: LiveCheck) -> Text:
    drift = check.found.drift
    if not drift.judged:
        return Text("no message that has a table of keys", UNSURE)
    names = len(drift.added) + len(drift.removed) + len(drift.retyped)
    said = f"{drift.judged:,} messages compared with their tables of keys"
    return Text(f"{said}, {names} fields differ", UNSURE) if drift else Text(f"{said}: every field is known", GOOD)
