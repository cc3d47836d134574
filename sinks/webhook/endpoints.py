"""`Endpoints`: who is to be told of what, by tenant; their secrets, made here and shown once.

What is asked for under a tenant is found under that tenant alone: an endpoint of another is told of in the same words
as one that does not exist. Without a tenant (the command line, the sender) all are found.
"""

import secrets
from typing import Any, NamedTuple

import msgspec

from market.clock import SECOND_NS, Clock
from sinks.webhook.address import Rules, checked_url
from sinks.webhook.database import Database, asked, asked_number, asked_one, transaction
from sinks.webhook.errors import ConflictError, UnknownError, WebhookError
from sinks.webhook.filters import DEFAULT_TENANT, Filters, checked
from sinks.webhook.limits import ENDPOINTS, ENDPOINTS_PER_TENANT, OVERLAP_S, SECRETS_PER_ENDPOINT
from sinks.webhook.signing import new_secret, shown

ENABLED, DISABLED = "enabled", "disabled"
BY_HAND = "by hand"
_COLUMNS = "id, tenant, url, filters, state, reason, stream, since, created_ns, enabled_ns, succeeded_ns"


class Endpoint(NamedTuple):
    """One receiver; no secrets."""

    id: str
    tenant: str
    url: str
    filters: Filters
    state: str  # enabled, disabled
    reason: str  # why it is disabled
    stream: str  # of the broadcast journal when it was added; empty: there was none
    since: int  # events of that stream up to this sequence are none of its business
    created_ns: int
    enabled_ns: int
    succeeded_ns: int  # when something was last delivered; 0: never


class Endpoints:
    """The endpoints in one database."""

    def __init__(self, database: Database, clock: Clock, rules: Rules) -> None:
        self._database, self._clock, self._rules = database, clock, rules

    def add(
        self, url: str, filters: Filters, *, tenant: str = DEFAULT_TENANT, stream: str = "", since: int = 0
    ) -> tuple[Endpoint, str]:
        """A new endpoint and its secret, which is never shown again; raises WebhookError.

        It hears of what comes after sequence `since` of the broadcast journal `stream`.
        """
        url, filters = checked_url(url, self._rules), checked(filters, tenant)
        now_ns, secret = self._clock.now_ns(), new_secret()
        made = Endpoint(_new_id(), tenant, url, filters, ENABLED, "", stream, since, now_ns, now_ns, 0)
        with transaction(self._database):
            self._refuse_too_many(tenant)
            values = (*made[:3], msgspec.json.encode(filters).decode(), *made[4:])
            self._database.execute(f"insert into endpoints ({_COLUMNS}) values (?,?,?,?,?,?,?,?,?,?,?)", values)
            self._database.execute("insert into secrets values (?, 1, ?, ?, null)", (made.id, secret, now_ns))
        return made, shown(secret)

    def all(self, tenant: str | None = None) -> list[Endpoint]:
        """Of a tenant, or of all, oldest first."""
        where, values = ("", ()) if tenant is None else ("where tenant = ?", (tenant,))
        rows = asked(self._database, f"select {_COLUMNS} from endpoints {where} order by created_ns, id", values)
        return [_endpoint(row) for row in rows]

    def get(self, endpoint: str, tenant: str | None = None) -> Endpoint:
        """One; raises UnknownError."""
        row = asked_one(self._database, f"select {_COLUMNS} from endpoints where id = ?", (endpoint,))
        if row is None or (tenant is not None and row[1] != tenant):
            raise UnknownError("there is no such webhook")
        return _endpoint(row)

    def change(self, endpoint: str, filters: Filters, tenant: str | None = None) -> Endpoint:
        """Give an endpoint other filters, for the events to come; raises WebhookError."""
        found = self.get(endpoint, tenant)
        values = (msgspec.json.encode(checked(filters, found.tenant)).decode(), endpoint)
        with transaction(self._database):
            self._database.execute("update endpoints set filters = ? where id = ?", values)
        return self.get(endpoint, tenant)

    def disable(self, endpoint: str, reason: str = BY_HAND, tenant: str | None = None) -> None:
        """Send it nothing more, until it is enabled again; raises UnknownError."""
        self.get(endpoint, tenant)
        statement = "update endpoints set state = 'disabled', reason = ? where id = ? and state = 'enabled'"
        with transaction(self._database):
            self._database.execute(statement, (reason, endpoint))

    def enable(self, endpoint: str, tenant: str | None = None) -> None:
        """Go on with what is pending, and with the events to come; raises UnknownError."""
        self.get(endpoint, tenant)
        statement = "update endpoints set state = 'enabled', reason = '', enabled_ns = ? where id = ?"
        with transaction(self._database):
            self._database.execute(statement, (self._clock.now_ns(), endpoint))

    def remove(self, endpoint: str, tenant: str | None = None) -> None:
        """Forget an endpoint, its secrets and its deliveries; the log of attempts stays. Raises UnknownError."""
        self.get(endpoint, tenant)
        with transaction(self._database):
            self._database.execute("delete from endpoints where id = ?", (endpoint,))
            for table in ("secrets", "deliveries", "missed"):
                self._database.execute(f"delete from {table} where endpoint = ?", (endpoint,))

    def rotate(self, endpoint: str, *, overlap_s: float, tenant: str | None = None) -> str:
        """A new secret, shown once; those before sign beside it for the overlap at most. Raises WebhookError."""
        self.get(endpoint, tenant)
        if not 0 <= overlap_s <= OVERLAP_S:
            raise WebhookError(f"old secrets may stay valid for 0 to {OVERLAP_S // 86_400} days, not {overlap_s:.0f} s")
        now_ns, secret = self._clock.now_ns(), new_secret()
        until_ns = now_ns + round(overlap_s * SECOND_NS)
        with transaction(self._database):
            ends = "update secrets set valid_until_ns = min(coalesce(valid_until_ns, ?), ?) where endpoint = ?"
            self._database.execute(ends, (until_ns, until_ns, endpoint))
            self._database.execute("delete from secrets where endpoint = ? and valid_until_ns <= ?", (endpoint, now_ns))
            count = "select count(*) from secrets where endpoint = ?"
            if asked_number(self._database, count, (endpoint,)) >= SECRETS_PER_ENDPOINT:
                raise ConflictError(
                    f"{SECRETS_PER_ENDPOINT} secrets are valid at once already; wait until the oldest has ended, or"
                    " rotate without an overlap"
                )
            last = "select coalesce(max(number), 0) + 1 from secrets where endpoint = ?"
            number = asked_number(self._database, last, (endpoint,))
            self._database.execute("insert into secrets values (?, ?, ?, ?, null)", (endpoint, number, secret, now_ns))
        return shown(secret)

    def count_test(self, endpoint: str) -> int:
        """The number of one more test."""
        with transaction(self._database):
            counted = "update endpoints set tests = tests + 1 where id = ? returning tests"
            return asked_number(self._database, counted, (endpoint,))

    def secrets(self, endpoint: str) -> list[bytes]:
        """The secrets that sign now, newest first; for the sender alone."""
        valid = "select secret from secrets where endpoint = ? and (valid_until_ns is null or valid_until_ns > ?)"
        rows = asked(self._database, f"{valid} order by number desc", (endpoint, self._clock.now_ns()))
        return [bytes(row[0]) for row in rows]

    def _refuse_too_many(self, tenant: str) -> None:
        count = "select count(*), count(*) filter (where tenant = ?) from endpoints"
        ((all_, own),) = asked(self._database, count, (tenant,))
        if own >= ENDPOINTS_PER_TENANT:
            raise ConflictError(f"a tenant may have {ENDPOINTS_PER_TENANT} webhooks; remove one first")
        if all_ >= ENDPOINTS:
            raise ConflictError(f"there may be {ENDPOINTS} webhooks in all; remove one first")


def _endpoint(row: tuple[Any, ...]) -> Endpoint:
    values: list[Any] = list(row)
    values[3] = msgspec.json.decode(row[3], type=Filters)
    return Endpoint(*values)


def _new_id() -> str:
    return f"ep_{secrets.token_hex(10)}"
