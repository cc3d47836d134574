"""`barograph webhook`: endpoints and deliveries from the command line, whether `barograph deliver` runs or not."""

import asyncio
import json
import sys
import threading
from contextlib import closing
from functools import partial
from typing import Any, Literal

from rich.table import Table

from flows.console import console
from flows.deliver import only_sender
from flows.settings import Settings
from flows.webhook_desk import desk, outbox_of, rules_of
from gateway.rows import time_ns
from gateway.webhook_rows import attempt_row, delivery_row, missed_row, webhook_row
from market.clock import SystemClock
from market.errors import SettingsError
from sinks.webhook.attempt import DELIVERED, Attempt, Delivery, Outcome
from sinks.webhook.database import opened
from sinks.webhook.desk import Desk
from sinks.webhook.egress import SystemResolver, post, tls_context
from sinks.webhook.endpoints import Endpoint, Endpoints
from sinks.webhook.filters import Filters
from sinks.webhook.limits import ATTEMPT_S
from sinks.webhook.sender import Sender

SHOWN = 10  # newest deliveries of one webhook
ANSWERED_S = ATTEMPT_S + 5.0  # a running `barograph deliver` has taken up a test by then
LOOK_S = 0.1
KEEP_IT = "keep the secret now, it is shown only this once"


def run_add(settings: Settings, url: str, filters: Filters, tenant: str) -> None:
    """Add an endpoint; print its id and its secret."""
    with desk(settings) as at:
        made, secret = at.add(url, filters, tenant)
    print(f"webhook {made.id}\nsecret  {secret}")
    _tell(KEEP_IT)


def run_list(settings: Settings, tenant: str | None, *, as_json: bool) -> None:
    """Print all endpoints."""
    with desk(settings) as at:
        found = [vars(webhook_row(at, endpoint)) for endpoint in at.endpoints.all(tenant)]
    if as_json:
        print(json.dumps(found))
        return
    shown = _table("webhook", "tenant", "url", "wants", "state", "#pending", "#dead", "#missed")
    for one in found:
        state = one["state"] + (f": {one['reason']}" if one["reason"] else "")
        numbers = (str(one[name]) for name in ("pending", "dead", "missed"))
        shown.add_row(one["id"], one["tenant"], one["url"], _wants(one), state, *numbers)
    console().print(shown if found else "There is no webhook yet; `barograph webhook add URL` makes one.")


def run_show(settings: Settings, webhook: str, *, as_json: bool) -> None:
    """Print one endpoint and its newest deliveries."""
    with desk(settings) as at:
        endpoint = at.endpoints.get(webhook)
        told = vars(webhook_row(at, endpoint))
        told["missed_from"] = [vars(missed_row(note)) for _, note in at.outbox.missed(webhook)]
        told["deliveries"] = [vars(delivery_row(one)) for one in at.outbox.deliveries(webhook, limit=SHOWN)]
    if as_json:
        print(json.dumps(told))
        return
    out = console()
    for name in ("id", "tenant", "url", "state", "reason", "created", "pending", "delivered", "dead", "missed"):
        out.print(f"{name:10}{told[name]}", markup=False)
    out.print(f"{'wants':10}{_wants(told)}", markup=False)
    for note in told["missed_from"]:
        events = note["events"] or "an unknown number of"
        out.print(f"missed    {events} events, {note['first']} to {note['last']}: {note['reason']}", markup=False)
    shown = _table("delivery", "kind", "instrument", "timeframe", "known", "state", "#attempts", "next")
    for one in told["deliveries"]:
        names = ("webhook_id", "kind", "instrument", "timeframe", "receive_time", "state", "attempts", "next_attempt")
        shown.add_row(*(str(one[name] or "") for name in names))
    out.print(shown)


def run_test(settings: Settings, webhook: str) -> int:
    """Queue a test and wait for its first attempt, making it here where nobody else does; an exit code."""
    with desk(settings) as at:
        made = at.test(webhook, None)
        try:
            own = only_sender(settings)
        except SettingsError:
            tried = _awaited(at, made)
        else:
            with closing(own):
                asyncio.run(send_one(settings, at.endpoints.get(webhook), made))
            tried = at.outbox.attempts(webhook, webhook_id=made.webhook_id, limit=1)
    if not tried:
        print(f"{made.webhook_id} is queued, and was not tried within {ANSWERED_S:.0f} s")
        return 1
    told = vars(attempt_row(tried[0]))
    answered = f"status {told['status_code']}" if told["status_code"] else told["error"]
    print(f"{made.webhook_id} {told['state']}: {answered}, {told['duration_ms']:.0f} ms")
    return 0 if told["state"] == DELIVERED else 1


def run_replay(
    settings: Settings,
    webhook: str,
    *,
    delivery: str | None,
    since: str | None,
    until: str | None,
    dead: bool,
    missed: bool,
) -> None:
    """Queue deliveries again; print how many."""
    if sum((delivery is not None, since is not None, dead, missed)) != 1:
        raise SettingsError("say what to replay: one of --delivery, --since (with --until), --dead and --missed")
    with desk(settings) as at:
        if delivery is not None:
            queued = at.replay_one(webhook, delivery, None)
        elif since is not None:
            until_ns = SystemClock().now_ns() if until is None else _time_ns(until)
            queued = at.replay_between(webhook, _time_ns(since), until_ns, None)
        else:
            queued = at.replay_dead(webhook, None) if dead else at.replay_missed(webhook, None)
    print(f"{queued} {'delivery is' if queued == 1 else 'deliveries are'} queued again")


def run_rotate(settings: Settings, webhook: str, overlap_s: float) -> None:
    """Make a new secret and print it."""
    with desk(settings) as at:
        secret = at.endpoints.rotate(webhook, overlap_s=overlap_s)
    print(f"secret  {secret}")
    _tell(KEEP_IT)


def run_change(settings: Settings, action: Literal["disable", "enable", "remove"], webhook: str) -> None:
    """Disable, enable or remove an endpoint."""
    with desk(settings) as at:
        getattr(at.endpoints, action)(webhook)
    print(f"webhook {webhook} is {action}d")


def run_log(settings: Settings, webhook: str, delivery: str, limit: int, *, as_json: bool) -> None:
    """Print the newest attempts."""
    with desk(settings) as at:
        endpoint = at.endpoints.get(webhook)
        found = [vars(attempt_row(one)) for one in at.outbox.attempts(endpoint.id, webhook_id=delivery, limit=limit)]
    if as_json:
        print(json.dumps(found))
        return
    shown = _table("time", "delivery", "kind", "#attempt", "state", "#status", "#ms", "error", "next")
    for one in found:
        numbers = str(one["status_code"] or ""), f"{one['duration_ms']:.0f}"
        first = one["time"], one["webhook_id"], one["kind"], str(one["attempt"]), one["state"]
        shown.add_row(*first, *numbers, one["error"], one["next_attempt"] or "")
    console().print(shown)


async def send_one(settings: Settings, endpoint: Endpoint, delivery: Delivery) -> Outcome:
    """One attempt, made and written down here."""
    clock, rules = SystemClock(), rules_of(settings)
    with closing(opened(settings.data)) as database, closing(SystemResolver()) as resolver:
        outbox, endpoints = outbox_of(settings, database), Endpoints(database, clock, rules)
        sending = partial(post, rules=rules, resolve=resolver, tls=tls_context())
        sender = Sender(outbox, endpoints, post=sending, clock=clock)
        outcome = await sender.attempt(sender.job(endpoint, delivery))
        outbox.record([outcome])
    return outcome


def _awaited(at: Desk, made: Delivery) -> list[Attempt]:
    """The first attempt at a delivery, by the process that makes them."""
    pause = threading.Event()
    for _ in range(round(ANSWERED_S / LOOK_S)):
        if tried := at.outbox.attempts(made.endpoint, webhook_id=made.webhook_id, limit=1):
            return tried
        pause.wait(LOOK_S)
    return []


def _time_ns(text: str) -> int:
    """A time of UTC; one with another offset is refused, not taken for one of UTC."""
    try:
        if "+" in text or "-" in text[10:]:
            raise ValueError(text)
        return time_ns(text)
    except ValueError:
        raise SettingsError(f"{text!r} is no time in UTC; write it as 2026-11-23T05:00:00Z") from None


def _wants(told: dict[str, Any]) -> str:
    """What an endpoint wants, in a few words."""
    parts = [", ".join(told[name]) for name in ("kinds", "venues", "instruments", "timeframes") if told[name]]
    if told["min_confidence"]:
        parts.append(f"confidence ≥ {told['min_confidence']:g}")
    return " · ".join(parts) or "all"


def _table(*columns: str) -> Table:
    shown = Table(box=None, pad_edge=False, header_style="bright_black")
    for name in columns:
        shown.add_column(name.removeprefix("#"), justify="right" if name.startswith("#") else "left", overflow="fold")
    return shown


def _tell(sentence: str) -> None:
    print(sentence, file=sys.stderr)
