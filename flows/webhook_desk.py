"""What the settings say of webhooks, as the parts that use it want it."""

from flows.settings import Settings
from market.clock import Clock, SystemClock
from sinks.webhook.address import Rules
from sinks.webhook.database import Database
from sinks.webhook.desk import Desk
from sinks.webhook.outbox import Outbox


def rules_of(settings: Settings) -> Rules:
    """What may be called."""
    return Rules.of(settings.webhooks.allow, settings.webhooks.ports)


def outbox_of(settings: Settings, database: Database) -> Outbox:
    """The deliveries of a database."""
    return Outbox(database, database_limit=settings.webhooks.database_bytes)


def desk(settings: Settings, clock: Clock | None = None) -> Desk:
    """A visit to the webhooks of a data folder."""
    limit = settings.webhooks.database_bytes
    return Desk(settings.data, clock or SystemClock(), rules_of(settings), database_limit=limit)
