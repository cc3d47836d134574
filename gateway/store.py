"""Named queries against the store: every statement is a file of `sql/queries`, and values are only ever bound.

The store answers in ClickHouse's own JSON, which is decoded straight into the row classes: no value passes through a
data frame, and the embedded store and a real server take the same path.
"""

import logging
import threading
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

import msgspec
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, Error, OperationalError

from gateway.limits import CONCURRENT_QUERIES, CONNECT_TIMEOUT_S, QUERY_TIMEOUT_S
from market.errors import StoreError
from sinks.clickhouse.client import connect

log = logging.getLogger("barograph.gateway")
# Each failed request is told by us in one sentence; the client would also warn, several times and past our handlers.
for _chatty in ("urllib3.connectionpool", "clickhouse_connect"):
    logging.getLogger(_chatty).setLevel(logging.ERROR)

Row = TypeVar("Row")
NO_TABLE = ("code: 60", "code: 81", "unknown_table", "unknown_database")  # of a store that nobody migrated yet
TOO_LONG = ("code: 159", "timeout_exceeded", "read timed out", "timed out")
TOO_MUCH = ("code: 158", "code: 241", "code: 307", "code: 396", "memory_limit_exceeded", "too_many_rows")
NOTHING: Mapping[str, int] = {}
SETTINGS: dict[str, str | int] = {
    "date_time_output_format": "iso",
    "output_format_json_quote_64bit_integers": 0,
    "output_format_json_quote_denormals": 0,  # NaN, not ready, is null
    "max_execution_time": int(QUERY_TIMEOUT_S),
}


class StoreTooMuchError(StoreError):
    """A query read, or held, more than it may."""


class StoreTimeoutError(StoreError):
    """A query took longer than QUERY_TIMEOUT_S."""


class Store:
    """Answers named queries; safe to use from many threads, connects when first asked and again after a loss."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._client: Client | None = None
        self._connecting = threading.Lock()
        self._turns = threading.BoundedSemaphore(CONCURRENT_QUERIES)

    def rows(self, query: str, row: type[Row], **parameters: str | int) -> list[Row]:
        """The answer of `sql/queries/<query>.sql` as rows.

        Raises StoreError when the store is down or has no tables yet, StoreTimeoutError when it takes too long.
        """
        return msgspec.json.Decoder(row, strict=False).decode_lines(self.ask(statement(query), parameters))

    def one(self, query: str, row: type[Row], **parameters: str | int) -> Row:
        """As `rows`, where the answer is always one row."""
        return self.rows(query, row, **parameters)[0]

    def close(self) -> None:
        """Let go of the connection."""
        with self._connecting:
            if self._client is not None:
                self._client.close()
            self._client = None

    def ask(
        self,
        sql: str,
        parameters: Mapping[str, Any],
        form: str = "JSONEachRow",
        settings: Mapping[str, int] = NOTHING,
    ) -> bytes:
        """The answer of a statement of ours in one of ClickHouse's formats; raises as `rows`, and StoreTooMuchError."""
        if not self._turns.acquire(timeout=QUERY_TIMEOUT_S):
            raise StoreTimeoutError(
                f"the store is busy: {CONCURRENT_QUERIES} queries are running; try again in a moment"
            )
        try:
            return self._connected().raw_query(
                sql, parameters={**parameters}, settings={**SETTINGS, **settings}, fmt=form
            )
        except Error as error:
            raise _explained(error) from error
        finally:
            self._turns.release()

    def _connected(self) -> Client:
        with self._connecting:
            if self._client is None:
                self._client = connect(
                    self._dsn, connect_timeout=CONNECT_TIMEOUT_S, send_receive_timeout=QUERY_TIMEOUT_S, query_retries=0
                )
            return self._client


@cache
def statement(query: str) -> str:
    """Text of one file of `sql/queries`."""
    return (files("sql") / "queries" / f"{query}.sql").read_text("utf-8")


def _explained(error: Error) -> StoreError:
    text = str(error).lower()
    if any(sign in text for sign in NO_TABLE):
        return StoreError("the store has no tables yet; `barograph up` or `barograph market` makes them")
    if any(sign in text for sign in TOO_LONG):
        return StoreTimeoutError(f"the store took over {QUERY_TIMEOUT_S:.0f} s; ask for fewer rows or a shorter window")
    if any(sign in text for sign in TOO_MUCH):
        return StoreTooMuchError("that is too much at once; ask for a shorter time, one instrument or fewer columns")
    if isinstance(error, OperationalError) or not isinstance(error, DatabaseError):
        return StoreError("the store does not answer; start it with `barograph store`, or all with `barograph up`")
    log.error("the store refused a query: %s", error)
    return StoreError("the store refused a query; its log and the gateway's say why")
