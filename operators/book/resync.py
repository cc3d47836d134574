"""What the market flow asks of capture about one batch: a snapshot for every book that waits for one."""

from market.batch import Batch
from market.messages import Resync, encode


def resync_frames(batch: Batch) -> list[bytes]:
    """The rows of table `control` as frames of the control journal."""
    if "control" not in batch.tables:
        return []
    return [
        encode(Resync(venue=batch.venue, instrument=row["instrument"], time_ns=row["receive_time"], cause=row["cause"]))
        for row in batch.tables["control"].iter_rows(named=True)
    ]
