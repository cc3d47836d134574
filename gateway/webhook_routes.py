"""The routes under /api/v1/webhooks: the webhooks of the caller's tenant, and no others.

A webhook or delivery of another tenant is answered in the words for one that is not there. Secrets are in two answers
alone: those that made them. What risk events tell is of the account: to have them sent needs the scope `account` too.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from gateway.caller import Caller, may_see_account, needs
from gateway.rows import time_ns
from gateway.webhook_rows import (
    NewWebhook,
    Queued,
    Secret,
    Webhook,
    WebhookAttempt,
    WebhookDelivery,
    WebhookMissed,
    attempt_row,
    delivery_row,
    missed_row,
    webhook_row,
)
from market.broadcast import GoneError
from market.clock import EARLIEST_NS, LATEST_NS
from market.errors import JournalError
from sinks.webhook.desk import Desk
from sinks.webhook.errors import ConflictError, DatabaseError, UnknownError, WebhookError
from sinks.webhook.filters import KINDS, PRIVATE_KINDS, Filters
from sinks.webhook.limits import FILTER_VALUES, LISTED, NAME_CHARACTERS, OVERLAP_S, URL_CHARACTERS

Asker = Annotated[Caller, needs("webhooks")]
Id = Annotated[str, Path(pattern=r"^ep_[0-9a-f]{20}$", max_length=23, description="id of a webhook")]
DeliveryId = Annotated[str, Path(pattern=r"^msg_[A-Z2-7]{32}$", max_length=36, description="webhook-id of a delivery")]
Limit = Annotated[int, Query(ge=1, le=LISTED, description="rows, at most")]
State = Annotated[Literal["", "pending", "delivered", "dead"], Query(description="only these; empty: all")]
Name = Annotated[str, Field(min_length=1, max_length=NAME_CHARACTERS, pattern=r"^[A-Za-z0-9._:/-]+$")]
Names = Annotated[list[Name], Field(max_length=FILTER_VALUES)]
Kind = Literal["signal", "regime_change", "risk_event"]
Timeframe = Literal["ultra_short", "short", "medium", "long"]
TIME = r"^2[01][0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?Z$"
Time = Annotated[str, Field(max_length=30, pattern=TIME, examples=["2026-11-23T05:00:00Z"])]
Responses = dict[int | str, dict[str, Any]]
MISSING: Responses = {404: {"description": "there is no such webhook or delivery"}}
CONFLICT: Responses = {409: {"description": "the webhook cannot take it now; the detail says why"}}


class Wants(BaseModel):
    """Which events a webhook wants; empty lists: all."""

    model_config = ConfigDict(extra="forbid")

    kinds: list[Kind] = Field([], max_length=len(KINDS))
    venues: Names = []
    instruments: Names = []
    timeframes: list[Timeframe] = Field([], max_length=4)
    min_confidence: float = Field(0.0, ge=0, le=1, description="of signals and changes of regime")


class Ask(Wants):
    """A webhook to be made."""

    url: str = Field(min_length=1, max_length=URL_CHARACTERS, description="https://host/path")


class Rotation(BaseModel):
    """How a secret is changed."""

    model_config = ConfigDict(extra="forbid")

    overlap_s: int = Field(86_400, ge=0, le=OVERLAP_S, description="how long the secrets before it sign as well")


class Replay(BaseModel):
    """What is to be sent again: the dead, what was missed, or what was known in a time."""

    model_config = ConfigDict(extra="forbid")

    what: Literal["dead", "missed", "time"]
    since: Time | None = Field(None, description="of `time`: from then on")
    until: Time | None = Field(None, description="of `time`: and before then")


def webhooks(desk: Callable[[], Desk]) -> APIRouter:
    """One route per question; `desk` opens a visit to the database."""
    api = APIRouter(prefix="/api/v1/webhooks", tags=["webhooks"], dependencies=[needs("webhooks")])
    _make(api, desk)
    _look(api, desk)
    _act(api, desk)
    return api


def _make(api: APIRouter, desk: Callable[[], Desk]) -> None:
    @api.post("", status_code=201, responses=CONFLICT)
    def add(ask: Ask, caller: Asker) -> NewWebhook:
        """Make a webhook; its secret is in this answer and never again. It hears of what happens from now on."""
        with _visit(desk) as at:
            made, secret = at.add(ask.url, _filters(ask, caller), caller.tenant)
            return NewWebhook(**vars(webhook_row(at, made)), secret=secret)

    @api.put("/{webhook}", responses=MISSING)
    def change(webhook: Id, wants: Wants, caller: Asker) -> Webhook:
        """Let a webhook want something else, from now on."""
        with _visit(desk) as at:
            return webhook_row(at, at.endpoints.change(webhook, _filters(wants, caller), caller.tenant))

    @api.post("/{webhook}/rotate", responses=MISSING | CONFLICT)
    def rotate(webhook: Id, rotation: Rotation, caller: Asker) -> Secret:
        """Make a new secret; it is in this answer and never again."""
        with _visit(desk) as at:
            secret = at.endpoints.rotate(webhook, overlap_s=rotation.overlap_s, tenant=caller.tenant)
            return Secret(id=webhook, secret=secret)


def _look(api: APIRouter, desk: Callable[[], Desk]) -> None:
    @api.get("")
    def all_(caller: Asker) -> list[Webhook]:
        """The webhooks, oldest first."""
        with _visit(desk) as at:
            return [webhook_row(at, endpoint) for endpoint in at.endpoints.all(caller.tenant)]

    @api.get("/{webhook}", responses=MISSING)
    def one(webhook: Id, caller: Asker) -> Webhook:
        """One webhook."""
        with _visit(desk) as at:
            return webhook_row(at, at.endpoints.get(webhook, caller.tenant))

    @api.get("/{webhook}/deliveries", responses=MISSING)
    def deliveries(webhook: Id, caller: Asker, state: State = "", limit: Limit = 100) -> list[WebhookDelivery]:
        """Its deliveries as they stand, newest first; those of risk events only with the scope account."""
        with _visit(desk) as at:
            found = at.endpoints.get(webhook, caller.tenant)
            return [
                delivery_row(row)
                for row in at.outbox.deliveries(found.id, state=state, limit=limit, hidden=_hidden(caller))
            ]

    @api.get("/{webhook}/attempts", responses=MISSING)
    def attempts(webhook: Id, caller: Asker, limit: Limit = 100) -> list[WebhookAttempt]:
        """Its attempts, newest first; those of risk events only with the scope account."""
        with _visit(desk) as at:
            found = at.endpoints.get(webhook, caller.tenant)
            return [attempt_row(row) for row in at.outbox.attempts(found.id, limit=limit, hidden=_hidden(caller))]

    @api.get("/{webhook}/missed", responses=MISSING)
    def missed(webhook: Id, caller: Asker) -> list[WebhookMissed]:
        """What was not queued for it, and why, oldest first."""
        with _visit(desk) as at:
            found = at.endpoints.get(webhook, caller.tenant)
            return [missed_row(note) for _, note in at.outbox.missed(found.id)]


def _act(api: APIRouter, desk: Callable[[], Desk]) -> None:
    @api.post("/{webhook}/test", status_code=202, responses=MISSING | CONFLICT)
    def test(webhook: Id, caller: Asker) -> WebhookDelivery:
        """Queue a message of type `test`; its attempts tell what came of it."""
        with _visit(desk) as at:
            return delivery_row(at.test(webhook, caller.tenant))

    @api.post("/{webhook}/replay", status_code=202, responses=MISSING | CONFLICT)
    def replay(webhook: Id, replay: Replay, caller: Asker) -> Queued:
        """Send deliveries again, with the ids that they had."""
        with _visit(desk) as at:
            if replay.what == "time":
                since_ns = EARLIEST_NS if replay.since is None else _time(replay.since)
                until_ns = LATEST_NS if replay.until is None else _time(replay.until)
                return Queued(queued=at.replay_between(webhook, since_ns, until_ns, caller.tenant))
            again = at.replay_dead if replay.what == "dead" else at.replay_missed
            return Queued(queued=again(webhook, caller.tenant))

    @api.post("/{webhook}/deliveries/{delivery}/replay", status_code=202, responses=MISSING | CONFLICT)
    def replay_one(webhook: Id, delivery: DeliveryId, caller: Asker) -> Queued:
        """Send one delivery again, with the id that it had."""
        with _visit(desk) as at:
            return Queued(queued=at.replay_one(webhook, delivery, caller.tenant))

    @api.post("/{webhook}/disable", responses=MISSING)
    def disable(webhook: Id, caller: Asker) -> Webhook:
        """Send it nothing until it is enabled; what happens meanwhile it misses."""
        with _visit(desk) as at:
            at.endpoints.disable(webhook, tenant=caller.tenant)
            return webhook_row(at, at.endpoints.get(webhook, caller.tenant))

    @api.post("/{webhook}/enable", responses=MISSING)
    def enable(webhook: Id, caller: Asker) -> Webhook:
        """Go on with what is pending, and with what happens from now on."""
        with _visit(desk) as at:
            at.endpoints.enable(webhook, caller.tenant)
            return webhook_row(at, at.endpoints.get(webhook, caller.tenant))

    @api.delete("/{webhook}", status_code=204, responses=MISSING)
    def remove(webhook: Id, caller: Asker) -> None:
        """Forget it, its secrets and its deliveries."""
        with _visit(desk) as at:
            at.endpoints.remove(webhook, caller.tenant)


@contextmanager
def _visit(desk: Callable[[], Desk]) -> Iterator[Desk]:
    """A visit whose refusals are answers."""
    try:
        with desk() as at:
            yield at
    except UnknownError as error:
        raise HTTPException(404, str(error)) from None
    except (ConflictError, GoneError) as error:
        raise HTTPException(409, str(error)) from None
    except (DatabaseError, JournalError) as error:
        raise HTTPException(503, str(error), {"retry-after": "2"}) from None
    except WebhookError as error:
        raise HTTPException(400, str(error)) from None


def _hidden(caller: Caller) -> tuple[str, ...]:
    """Kinds of events that the caller may not know of."""
    return () if may_see_account(caller) else PRIVATE_KINDS


def _filters(wants: Wants, caller: Caller) -> Filters:
    """What is wanted; for who may not see the account, "all" is all but what tells of it."""
    allowed = tuple(kind for kind in KINDS if kind not in PRIVATE_KINDS or may_see_account(caller))
    if any(kind not in allowed for kind in wants.kinds):
        raise HTTPException(403, "this key does not have the scope account, of which risk events tell")
    return Filters(
        kinds=tuple(wants.kinds) or (() if allowed == KINDS else allowed),
        venues=tuple(wants.venues),
        instruments=tuple(wants.instruments),
        timeframes=tuple(wants.timeframes),
        min_confidence=wants.min_confidence,
    )


def _time(text: str) -> int:
    try:
        return time_ns(text)
    except ValueError:
        raise HTTPException(400, f"{text} is no time") from None
