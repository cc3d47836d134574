"""The log of webhook attempts into the store, in a thread of its own: while the store is away the rows wait."""

import logging
import threading
from contextlib import closing

from flows.settings import Settings
from flows.tables import store_dsn
from sinks.clickhouse.inserter import Inserter
from sinks.clickhouse.trouble import OUTSIDE
from sinks.webhook.database import opened
from sinks.webhook.errors import WebhookError
from sinks.webhook.shipper import Shipper

log = logging.getLogger("barograph.webhook")

LOOK_S = 0.5
RETRY_S = 2.0
LONGEST_RETRY_S = 60.0


def ship(settings: Settings, stop: threading.Event) -> None:
    """Ship what there is until stopped."""
    inserter = Inserter(lambda: store_dsn(settings))  # the tables are made by the flows and the gateway
    with closing(opened(settings.data)) as database, closing(inserter):
        shipper, retry_s = Shipper(database, inserter), 0.0
        while not stop.is_set():
            try:
                shipped = shipper.turn()
            except (*OUTSIDE, WebhookError) as error:
                if not retry_s:
                    log.warning("the log of webhooks waits for the store: %s", error)
                retry_s = min(max(retry_s * 2, RETRY_S), LONGEST_RETRY_S)
                stop.wait(retry_s)
                continue
            retry_s = 0.0
            if not shipped:
                stop.wait(LOOK_S)
