"""A Kafka topic as a source of pieces of journal rows: Bytewax's own connector, made to wait, to stop and to be safe.

Bytewax's partition counts an error as a message: when it goes on after one, the offset it would resume from is that of
the error, which has none. So the offset is kept here. Brokers that cannot be reached are waited for; what they refuse
for good raises KafkaRefusalError. A partition that no longer holds the offset asked for is read from its first message:
sources.arrivals tells of what is missing.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bytewax.connectors.kafka import KafkaError, KafkaSource, KafkaSourceMessage
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from confluent_kafka import KafkaError as Trouble

from market.beat import Beat, unheard
from market.errors import BarographError
from market.seal import opened, seal
from market.shards import key_of
from market.shipped import Piece, piece_of
from sources.journal import Stop

MESSAGES_PER_POLL = 64
WAITED_FOR = frozenset({Trouble._TRANSPORT, Trouble._ALL_BROKERS_DOWN, Trouble._RESOLVE, Trouble._TIMED_OUT})

log = logging.getLogger("barograph.kafka")


class TopicRefusalError(BarographError):
    """The brokers will not let us read."""


class TopicSource(FixedPartitionedSource[tuple[str, Piece], bytes]):
    """Items are (key of the shard, piece of a row). `follow`: wait for more instead of ending where the topic ends.

    `begun` is told the insert-block interval of a shard, before the first piece of it. `worker` of `workers`: it reads
    the partitions that are its turn. The state of a partition is the Kafka offset to read next.
    """

    def __init__(
        self,
        brokers: Sequence[str],
        topic: str,
        options: Mapping[str, str],
        *,
        follow: bool,
        stop: Stop,
        begun: Callable[[str, int], None],
        beat: Beat = unheard,
        worker: int = 0,
        workers: int = 1,
    ) -> None:
        chosen = {**options, "auto.offset.reset": "earliest"}
        self._source = KafkaSource(
            list(brokers), [topic], tail=follow, add_config=chosen, batch_size=MESSAGES_PER_POLL, raise_on_errors=False
        )
        self._stop, self._begun, self._beat = stop, begun, beat
        self._worker, self._workers = worker, workers

    def list_parts(self) -> list[str]:
        """The partitions of the topic that this process reads."""
        parts = self._source.list_parts()
        return [part for part in parts if int(part.split("-", 1)[0]) % self._workers == self._worker]

    def build_part(self, step_id: str, for_part: str, resume_state: bytes | None) -> "TopicPartition":
        """Begin, or go on at the offset of a snapshot."""
        offset = opened(resume_state).row if resume_state else None
        part = self._source.build_part(step_id, for_part, offset)
        return TopicPartition(part, offset, self._stop, self._begun, self._beat)


class TopicPartition(StatefulSourcePartition[tuple[str, Piece], bytes]):
    """One partition of the topic."""

    def __init__(
        self,
        part: StatefulSourcePartition[Any, int | None],
        offset: int | None,
        stop: Stop,
        begun: Callable[[str, int], None],
        beat: Beat,
    ) -> None:
        self._part, self._next, self._stop, self._begun, self._beat = part, offset, stop, begun, beat
        self._known: set[str] = set()

    def next_batch(self) -> list[tuple[str, Piece]]:
        """What has arrived; StopIteration at the end."""
        if self._stop.is_set():
            raise StopIteration
        self._beat("")
        return [item for message in self._part.next_batch() for item in self._taken(message)]

    def snapshot(self) -> bytes:
        """The offset to read next, 0 before the first message."""
        return seal(None, self._next or 0)

    def close(self) -> None:
        """Let go of the brokers."""
        self._part.close()

    def _taken(self, message: KafkaSourceMessage[Any, Any] | KafkaError[Any, Any]) -> list[tuple[str, Piece]]:
        if isinstance(message, KafkaError):
            self._judge(message.err)
            return []
        assert message.offset is not None
        self._next = message.offset + 1
        try:
            piece = piece_of(message.key, message.value, message.headers)
        except ValueError as error:
            raise TopicRefusalError(
                f"message {message.offset} of {message.topic} is no journal row ({error});"
                " give the forwarders a topic of their own"
            ) from None
        shard = piece.row.shard
        if shard not in self._known:
            self._begun(shard, piece.row.block_ns)
            self._known.add(shard)
        return [(key_of(shard), piece)]

    def _judge(self, error: Trouble) -> None:
        if error.fatal() or not (error.retriable() or error.code() in WAITED_FOR):
            raise TopicRefusalError(f"the topic cannot be read: {error.str()}")
        log.warning("waiting for the brokers: %s", error.str())
        self._beat("the brokers")
