"""A Kafka cluster for tests: librdkafka's own mock of three brokers, in this process, for clients in any."""

from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import Producer


@contextmanager
def mock_brokers() -> Iterator[list[str]]:
    """Addresses of the brokers, as long as the context lasts. They keep 5 MB of a partition; topics have four."""
    owner = Producer({"bootstrap.servers": "none", "test.mock.num.brokers": 3, "log_level": 2})
    found = owner.list_topics(timeout=10).brokers.values()
    yield [f"{broker.host}:{broker.port}" for broker in found]
    del owner
