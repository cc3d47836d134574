"""`Roller`: a thread that brings the roll-ups up to date every few seconds, beside the writer and never in its way."""

import logging
import threading
from collections.abc import Callable
from types import TracebackType

from clickhouse_connect.driver.client import Client

from sinks.clickhouse.client import connect
from sinks.clickhouse.rollups import roll_up, roll_up_once
from sinks.clickhouse.trouble import OUTSIDE

log = logging.getLogger("barograph.rollups")

EVERY_S = 5.0  # a pass over three tables costs about a quarter of a second of one processor
AFTER_TROUBLE_S = 10.0
STATEMENT_TIMEOUT_S = 120  # one that takes longer is tried again at the next pass
STOP_S = 2.0  # a stopping flow waits so long for a pass under way; what it did not do is still in the ledger


class Roller:
    """Rolls up while the `with` block runs.

    `dsn` is asked at every connection if it is a function. prepare: what is done first with every new client. What goes
    wrong is logged once, and tried again: nothing is lost meanwhile, the ledger holds it.
    """

    def __init__(
        self, dsn: str | Callable[[], str], *, prepare: Callable[[Client], object], every_s: float = EVERY_S
    ) -> None:
        self._dsn, self._prepare, self._every_s = dsn, prepare, every_s
        self._client: Client | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="roll-ups", daemon=True)
        self._trouble = ""

    def __enter__(self) -> "Roller":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stopped.set()
        self._thread.join(STOP_S)

    def _work(self) -> None:
        while not self._stopped.is_set():
            try:
                more = roll_up_once(self._connected()).more
            except OUTSIDE as error:
                self._say(str(error))
                self._client = None
                self._stopped.wait(AFTER_TROUBLE_S)
                continue
            self._say("")
            if not more:
                self._stopped.wait(self._every_s)

    def _connected(self) -> Client:
        if self._client is None:
            dsn = self._dsn if isinstance(self._dsn, str) else self._dsn()
            client = connect(dsn, send_receive_timeout=STATEMENT_TIMEOUT_S)
            self._prepare(client)
            self._client = client
        return self._client

    def _say(self, trouble: str) -> None:
        if trouble and not self._trouble:
            log.warning("roll-ups wait, and are made up for later: %s", trouble)
        if self._trouble and not trouble:
            log.warning("roll-ups go on")
        self._trouble = trouble


def roll_up_all(dsn: str | Callable[[], str]) -> None:
    """Bring the roll-ups up to date, once. Raises StoreError or what the store says."""
    client = connect(dsn if isinstance(dsn, str) else dsn(), send_receive_timeout=STATEMENT_TIMEOUT_S)
    try:
        roll_up(client)
    finally:
        client.close()
