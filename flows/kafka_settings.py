"""What the settings say of Kafka, as its clients want it."""

from importlib.util import find_spec

from flows.settings import Secrets, Settings
from market.errors import SettingsError


def kafka_options(settings: Settings) -> dict[str, str]:
    """Settings of librdkafka for producers and consumers; raises SettingsError where Kafka cannot be used."""
    if not settings.kafka.brokers:
        raise SettingsError("kafka.brokers names no broker; give host:port of some in the settings")
    if find_spec("confluent_kafka") is None:
        raise SettingsError("Kafka needs the package confluent-kafka: pip install 'barograph[kafka]'")
    secret = Secrets().kafka_password
    password = {"sasl.password": secret.get_secret_value()} if secret is not None else {}
    return {"bootstrap.servers": ",".join(settings.kafka.brokers), **settings.kafka.options, **password}
