"""History as frames: what was asked for, read page by page over Arrow when it is wanted."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from gateway.client.requests import Parameters, Requests

if TYPE_CHECKING:
    import pandas as pd

ARROW = "application/vnd.apache.arrow.stream"
PAGE_ROWS = 100_000
NEXT = "barograph-next"
Time = str | datetime | None


class Rows:
    """Rows of one table that are read when a frame is asked for; oldest first.

    With `limit` these are the newest so many, and still oldest first.
    """

    def __init__(self, requests: Requests, path: str, parameters: Parameters, limit: int | None) -> None:
        self._requests, self._path, self._limit = requests, path, limit
        self._parameters = parameters

    def polars(self) -> pl.DataFrame:
        """All rows as one frame; NaN where a value is not ready."""
        pages = list(self.pages())
        whole = pl.concat(pages) if len(pages) > 1 else pages[0]
        return whole if self._limit is None else whole.reverse()

    def pandas(self) -> pd.DataFrame:
        """The same as a pandas frame; times are datetime64[ns, UTC]."""
        return self.polars().to_pandas()

    def dicts(self) -> list[dict[str, Any]]:
        """The same as dictionaries; nanoseconds are cut off from times, as Python's datetime has none."""
        return self.polars().to_dicts()

    def pages(self) -> Iterator[pl.DataFrame]:
        """Page by page, for what does not fit into memory: oldest first, with `limit` newest first. At least one."""
        order = "oldest" if self._limit is None else "newest"
        cursor, left = "", self._limit
        while True:
            asked = {**self._parameters, "limit": min(PAGE_ROWS, left or PAGE_ROWS), "order": order}
            if cursor:
                asked["cursor"] = cursor
            answer = self._requests.get(self._path, asked, accept=ARROW)
            page = pl.read_ipc_stream(io.BytesIO(answer.content))
            yield page
            cursor = answer.headers.get(NEXT, "")
            left = None if left is None else left - page.height
            if not cursor or left == 0:
                return


def time_text(time: Time) -> str:
    """A time as the API reads it; raises ValueError for a datetime without a time zone.

    >>> time_text(datetime(2026, 11, 23, 5, 33, tzinfo=UTC))
    '2026-11-23T05:33:00.000000Z'
    """
    if time is None or isinstance(time, str):
        return time or ""
    if time.tzinfo is None:
        raise ValueError(f"{time!r} has no time zone; write datetime(…, tzinfo=UTC)")
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
