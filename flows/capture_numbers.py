"""The numbers of capture, looked at when somebody asks: its sockets, its queue, its journal."""

from collections import Counter

from market import metric_table as table
from market.clock import SECOND_NS
from market.metrics import Metrics
from sinks.journal_sink import JournalSink
from sources.websocket import Feed

STATES = ("connecting", "open", "maintenance", "waiting", "refused", "closed")  # of a sources.keeper.Keeper


def tell(metrics: Metrics, shard: str, feed: Feed, sink: JournalSink) -> None:
    """Write what a feed and its journal are now."""
    metrics.reach(table.CAPTURE_FRAMES, feed.received_frames, shard)
    metrics.reach(table.CAPTURE_BYTES, feed.received_bytes, shard)
    for channel, frames in list(feed.queue.shed.items()):
        metrics.reach(table.CAPTURE_SHED, frames, shard, channel.value)
    metrics.reach(table.CAPTURE_RECONNECTS, sum(max(0, one.generation - 1) for one in feed.keepers), shard)
    states = Counter(one.state for one in feed.keepers)
    for state in STATES:
        metrics.set(table.CAPTURE_CONNECTIONS, states[state], shard, state)
    for way, books in feed.resyncs.items():
        metrics.reach(table.CAPTURE_RESYNCS, books, shard, way)
    metrics.set(table.CAPTURE_QUEUE, len(feed.queue), shard)
    if newest_ns := feed.newest_data_ns:
        metrics.set(table.CAPTURE_LAG, (feed.clock.now_ns() - newest_ns) / SECOND_NS, shard)
    metrics.set(table.JOURNAL_BYTES, sink.used_bytes, shard)
    metrics.flags(table.CAPTURE_ALARMS, sink.alarms, shard)
