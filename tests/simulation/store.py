"""The store of a world: the model of ClickHouse, and what a trouble does to it. Counts what it was spared by tokens."""

from collections.abc import Callable

import polars as pl
import pyarrow as pa
from clickhouse_connect.driver.exceptions import OperationalError

from market.clock import ManualClock
from tests.simulation.fuse import Fuse
from tests.sinks.clickhouse.model_store import ModelStore, refuses, unreachable

NO_SPACE, NO_TABLE = 243, 60
FAULTS = {"store down": unreachable, "store full": refuses(NO_SPACE), "store refuses": refuses(NO_TABLE)}


class Shop:
    """`trouble` names what it suffers from now, "" for nothing."""

    def __init__(self, trouble: Callable[[], str]) -> None:
        self.model = ModelStore(ManualClock(), fault=self._fault, ambiguous=self._ambiguous)
        self.trouble = trouble
        self.asked = self.failures = 0
        self.history: list[tuple[str, pl.DataFrame]] = []  # what changed something, in order

    @property
    def repeats(self) -> int:
        """Inserts that a token made harmless."""
        return self.asked - self.failures - len(self.model.inserts)

    def insert(self, table: str, rows: pa.Table, token: str) -> None:
        """As the model does."""
        self.asked += 1
        before = len(self.model.inserts)
        try:
            self.model.insert(table, rows, token)
        finally:
            if len(self.model.inserts) > before:
                self.history.append((table, pl.DataFrame(pl.from_arrow(rows))))

    def _fault(self, table: str, token: str) -> None:
        trouble = self.trouble()
        if trouble in FAULTS:
            self.failures += bool(token)
            FAULTS[trouble](table, token)
        if trouble == "store ambiguous" and self.asked % 3 == 0:
            self.failures += bool(token)
            raise OperationalError("timed out before it was taken")

    def _ambiguous(self, _table: str, _token: str) -> bool:
        return self.trouble() == "store ambiguous" and self.asked % 3 == 1


class Till:
    """A process's way to the store: it may die on it. `token` may spoil tokens, to see that somebody would notice."""

    def __init__(self, shop: Shop, fuse: Fuse, token: Callable[[str], str] = lambda token: token) -> None:
        self._shop, self._fuse, self._token = shop, fuse, token

    def __call__(self, table: str, rows: pa.Table, token: str) -> None:
        """Insert."""
        self._fuse.step("insert")
        self._shop.insert(table, rows, self._token(token))
        self._fuse.step("inserted")

    def committed(self, shard: str, source: str, last_offset: int) -> bool:
        """Whether the commit of a block is there."""
        return self._shop.model.committed(shard, source, last_offset)
