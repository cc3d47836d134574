"""`Inserter`: the store as the writer sees it, over one HTTP client that is made when needed."""

from collections.abc import Callable
from typing import TypeVar

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from sinks.clickhouse.client import connect

T = TypeVar("T")
INSERT_TIMEOUT_S = 60  # a store that does not answer for so long is tried again; the token makes that safe
_COMMITTED = (
    "select count() from commits"
    " where shard = {shard:String} and source = {source:String} and last_offset = {last_offset:Int64}"
)


class Inserter:
    """Inserts rows through a client that is made when first needed, and again after a failure.

    `dsn` is asked at every connection if it is a function. prepare: what is done first with every new client.
    """

    def __init__(self, dsn: str | Callable[[], str], prepare: Callable[[Client], object] | None = None) -> None:
        self._dsn, self._prepare = dsn, prepare
        self._client: Client | None = None

    def __call__(self, table: str, rows: pa.Table, token: str) -> None:
        """Insert rows of one table under a deduplication token."""
        self._through(lambda client: insert(client, table, rows, token))

    def committed(self, shard: str, source: str, last_offset: int) -> bool:
        """Whether the commit of a block is there."""
        named = {"shard": shard, "source": source, "last_offset": last_offset}
        return self._through(lambda client: bool(client.query(_COMMITTED, parameters=named).result_rows[0][0]))

    def close(self) -> None:
        """Let go of the connection."""
        if self._client is not None:
            self._client.close()
        self._client = None

    def _through(self, ask: Callable[[Client], T]) -> T:
        try:
            return ask(self._connected())
        except BaseException:
            self.close()
            raise

    def _connected(self) -> Client:
        if self._client is None:
            dsn = self._dsn if isinstance(self._dsn, str) else self._dsn()
            client = connect(dsn, send_receive_timeout=INSERT_TIMEOUT_S)
            self._client = client
            if self._prepare is not None:
                self._prepare(client)
        return self._client


def insert(client: Client, table: str, rows: pa.Table, token: str) -> None:
    """Insert Arrow rows once, however often it is called with this token.

    They go as one record batch: ClickHouse joins the token with how a stream is cut, so the same rows in other chunks
    (as pickling leaves them) would pass for other rows.
    """
    stream = pa.BufferOutputStream()
    with pa.ipc.new_stream(stream, rows.schema) as writer:
        writer.write_table(rows.combine_chunks())
    client.raw_insert(
        f"`{table}`",
        rows.column_names,
        stream.getvalue().to_pybytes(),
        settings={
            "insert_deduplication_token": token,
            "async_insert": 0,
            # What died between the rows and the note of them for the roll-ups is noted by the retry.
            "deduplicate_blocks_in_dependent_materialized_views": 1,
        },
        fmt="ArrowStream",
    )
