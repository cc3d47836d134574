"""Journal rows into a Kafka topic: in order, each at least once, none forgotten.

The producer is idempotent and waits for all replicas, so its own retries neither double nor reorder. What comes twice
after a restart carries the same journal offset, and readers drop it. Bytewax's own KafkaSink is not used: it throws the
delivery reports away, so a message that the brokers refused would be lost unseen.

Brokers that cannot be reached are waited for, with no more than MAX_WAITING_BYTES in memory. What they refuse for good
(no right to write, a message that is too large) raises KafkaRefusalError.
"""

from collections import deque
from collections.abc import Callable, Mapping
from functools import partial

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from market.beat import Beat, unheard
from market.errors import BarographError
from market.shards import place_of
from market.shipped import Headers, ShippedRow, pieces

MAX_WAITING_BYTES = 64 << 20
MAX_WAITING_MESSAGES = 100_000
WAIT_S = 0.5
FIXED = {
    "enable.idempotence": True,
    "acks": "all",
    "message.timeout.ms": 0,  # never gives up by itself: the journal keeps what waits
    "queue.buffering.max.kbytes": MAX_WAITING_BYTES >> 10,
    "queue.buffering.max.messages": MAX_WAITING_MESSAGES,
}
CHOSEN = {"linger.ms": 5, "compression.type": "zstd"}
UNREACHABLE = frozenset(
    {KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._TIMED_OUT, KafkaError._RESOLVE}
)

Delivered = Callable[[KafkaError | None, Message], None]


class KafkaRefusalError(BarographError):
    """The brokers refuse messages for good."""


class RowProducer:
    """Ships rows of journals; `options` are librdkafka's."""

    def __init__(self, topic: str, options: Mapping[str, str], *, beat: Beat = unheard) -> None:
        self._topic, self._beat = topic, beat
        self._producer = Producer({**CHOSEN, **options, **FIXED})
        self._partitions = 0
        self._waiting: dict[str, deque[list[int]]] = {}  # by shard, in order: offset, messages that are not confirmed
        self._confirmed: dict[str, int] = {}
        self._refusal: KafkaError | None = None

    @property
    def confirmed(self) -> dict[str, int]:
        """By shard, the last row up to which the brokers have all of it."""
        return dict(self._confirmed)

    def ship(self, row: ShippedRow) -> None:
        """Hand a row over; waits while too much is not confirmed. Rows of a shard come in order."""
        place = place_of(row.shard) % self._partition_count()
        messages = list(pieces(row))
        entry = [row.offset, len(messages)]
        self._waiting.setdefault(row.shard, deque()).append(entry)
        for key, value, headers in messages:
            delivered = partial(self._delivered, row.shard, entry)
            while not self._produced(key, value, headers, place, delivered):
                self.poll(WAIT_S)
                self._beat("the brokers")

    def poll(self, timeout_s: float = 0.0) -> None:
        """Hear what was delivered; raises KafkaRefusalError for what was refused."""
        self._producer.poll(timeout_s)
        if self._refusal is not None:
            raise KafkaRefusalError(
                f"the brokers refuse messages of topic {self._topic} for good: {self._refusal.str()}"
            )

    def flush(self, timeout_s: float) -> int:
        """Wait for all confirmations, but not for ever; how many messages are not confirmed."""
        left = self._producer.flush(timeout_s)
        self.poll()
        return int(left)

    def _produced(self, key: bytes, value: bytes, headers: Headers, place: int, delivered: Delivered) -> bool:
        try:
            self._producer.produce(self._topic, value, key=key, headers=headers, partition=place, on_delivery=delivered)
        except BufferError:
            return False
        except KafkaException as error:
            self._refusal = error.args[0]
            self.poll()
        return True

    def _delivered(self, shard: str, entry: list[int], error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            self._refusal = self._refusal or error
            return
        entry[1] -= 1
        waiting = self._waiting[shard]
        while waiting and waiting[0][1] == 0:
            self._confirmed[shard] = waiting.popleft()[0]

    def _partition_count(self) -> int:
        """Asked for once: rows of a shard would leave their order if it changed."""
        while not self._partitions:
            try:
                found = self._producer.list_topics(self._topic, timeout=WAIT_S).topics[self._topic]
            except KafkaException as error:
                if not error.args[0].retriable() and error.args[0].code() not in UNREACHABLE:
                    raise KafkaRefusalError(f"topic {self._topic} cannot be used: {error.args[0].str()}") from None
                self._beat("the brokers")
                continue
            if found.error is not None and not found.error.retriable():
                raise KafkaRefusalError(f"topic {self._topic} cannot be used: {found.error.str()}")
            self._partitions = len(found.partitions)
        return self._partitions
