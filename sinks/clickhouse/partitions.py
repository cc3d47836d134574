"""One partition per insert: an insert is atomic only within a partition of its table.

Rows of a block that lie on both sides of a midnight or the end of a month, or years of history, go as one insert per
partition. So a reader never sees half of an insert, and none touches more partitions than a store allows at once.
"""

import re
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from sinks.clickhouse.schema import tables

_KEY = re.compile(r"^toYYYYMM(DD)?\((\w+)\)$")


def by_partition(table: str, rows: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """Rows by the partition of their table, oldest first; the name is empty where all lie in one."""
    column, unit = partition_key(table)
    times = rows.column(column).cast(pa.int64()).to_numpy().astype("datetime64[ns]").astype(f"datetime64[{unit}]")
    found = np.unique(times)
    if len(found) < 2:
        yield "", rows
        return
    for partition in found:
        yield str(partition), rows.filter(pa.array(times == partition))


def partition_key(table: str) -> tuple[str, str]:
    """The column that decides the partition, and NumPy's unit of it: M (month) or D (day)."""
    key = _KEY.match(tables()[table].keys[0])
    if key is None:
        raise ValueError(f"table {table} is partitioned by {tables()[table].keys[0]}, which is neither month nor day")
    return key[2], "D" if key[1] else "M"
