"""The market flow over Kafka gives the tables of the journal, whatever happens to the forwarder on the way."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from flows.forward import Progress, run_forward
from flows.settings import Settings, load
from flows.settings_text import as_toml
from flows.tables import opened_store
from market.errors import SettingsError
from market.journal import partition_path, partitions
from market.shipped import ShippedRow, piece_of
from simulator.tape import write_capture
from sinks.journal import JournalWriter
from sinks.kafka import KafkaRefusalError, RowProducer
from sources.journal_reader import JournalReader
from tests.flows.brokers import mock_brokers
from tests.flows.pipe import barograph, changed, market_tables, settings_file

SYMBOLS = ("BTCUSDT", "ETHUSDT")


@pytest.fixture
def brokers() -> Iterator[list[str]]:
    with mock_brokers() as addresses:
        yield addresses


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two shards, replayed from their journals."""
    folder = tmp_path_factory.mktemp("whole")
    captures = [folder / f"{symbol}.gz" for symbol in SYMBOLS]
    for seed, capture in enumerate(captures):
        write_capture(capture, instruments=[SYMBOLS[seed]], seed=seed, seconds=10, rate=60)
    config = settings_file(folder)
    barograph("import", *captures, "--venue", "binance-usdm", "--config", config)
    shutil.copytree(folder / "data" / "journal", folder / "journal")
    barograph("replay", "--config", config)
    return config


def kafka(folder: Path, brokers: list[str], *, read: bool) -> Settings:
    config = settings_file(folder, kafka={"brokers": brokers, "read": read})
    return load(config)


def forwarded(settings: Settings) -> None:
    run_forward(settings, stop=threading.Event(), follow=False)


def rows_of(settings: Settings) -> dict[str, list[tuple[int, bytes]]]:
    """What the topic holds, by shard, repeats included; rows that fit one message."""
    consumer = Consumer({"bootstrap.servers": ",".join(settings.kafka.brokers), "group.id": "test"})
    places = consumer.list_topics(settings.kafka.topic, timeout=10).topics[settings.kafka.topic].partitions
    consumer.assign([TopicPartition(settings.kafka.topic, place, OFFSET_BEGINNING) for place in places])
    found: dict[str, list[tuple[int, bytes]]] = {}
    while messages := consumer.consume(1000, timeout=2.0):
        for message in messages:
            assert message.error() is None, message.error()
            row = piece_of(message.key(), message.value(), message.headers() or []).row
            found.setdefault(row.shard, []).append((row.offset, row.frames))
    consumer.close()
    return found


def journal(data: Path, shard: str, rows: int) -> None:
    with JournalWriter(partition_path(data, "market", shard), venue="v", shard=shard, block_ns=1_000) as writer:
        for _ in range(rows):
            number = writer.last_offset() + 1
            writer.append([number], [b"frame %d" % number])


@pytest.mark.timeout(300)
def test_the_tables_are_those_of_the_journal(whole: Path, brokers: list[str], tmp_path: Path) -> None:
    sender = kafka(tmp_path / "here", brokers, read=False)
    shutil.copytree(whole.parent / "journal", sender.data / "journal")
    forwarded(sender)
    shutil.rmtree(sender.data / "forward")  # as if it had died before it could say how far it was: all of it again
    forwarded(sender)
    far = kafka(tmp_path / "there", brokers, read=True)
    config = tmp_path / "there" / "barograph.toml"
    config.write_text(as_toml(changed(far, flow={"workers": 1})))
    assert not partitions(far.data, "market")
    with opened_store(far) as dsn:
        command = [sys.executable, "-m", "tests.flows.cluster_member", str(config), "0", dsn, "max"]
        assert subprocess.run(command, timeout=200, check=False).returncode == 0
    here, there = market_tables(whole), market_tables(config)
    assert here["quotes"].height > 300
    assert [name for name, rows in here.items() if not rows.equals(there[name])] == []


def test_every_row_of_every_shard_is_shipped_in_order(brokers: list[str], tmp_path: Path) -> None:
    settings = kafka(tmp_path, brokers, read=False)
    for shard in ("v/0", "v/1", "w/0"):
        journal(settings.data, shard, 150)
    forwarded(settings)
    found = rows_of(settings)
    assert found.keys() == {"v/0", "v/1", "w/0"}
    for shard, rows in found.items():
        with JournalReader(partition_path(settings.data, "market", shard)) as reader:
            assert rows == [(row.offset, bytes(row.frames)) for row in reader.rows(0, 1000)]


def test_a_forwarder_goes_on_where_the_brokers_had_confirmed(brokers: list[str], tmp_path: Path) -> None:
    settings = kafka(tmp_path, brokers, read=False)
    journal(settings.data, "v/0", 100)
    forwarded(settings)
    journal(settings.data, "v/0", 20)
    forwarded(settings)
    assert [offset for offset, _ in rows_of(settings)["v/0"]] == list(range(1, 121))


@pytest.mark.timeout(120)
def test_a_killed_forwarder_loses_nothing_when_it_starts_again(brokers: list[str], tmp_path: Path) -> None:
    settings = kafka(tmp_path, brokers, read=False)
    journal(settings.data, "v/0", 3000)
    command = [sys.executable, "-m", "flows", "forward", "--config", str(tmp_path / "barograph.toml")]
    progress = settings.data / "forward" / f"{settings.kafka.topic}.json"
    with subprocess.Popen(command) as process:
        while not progress.exists():
            assert process.poll() is None
        process.kill()
    forwarded(settings)
    offsets = [offset for offset, _ in rows_of(settings)["v/0"]]
    assert sorted(set(offsets)) == list(range(1, 3001))
    falls = [place for place in range(1, len(offsets)) if offsets[place] <= offsets[place - 1]]
    assert len(falls) <= 1, "repeats begin once, where it had been confirmed"


def test_a_journal_that_was_begun_anew_is_not_shipped_after_the_old_one(
    brokers: list[str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = kafka(tmp_path, brokers, read=False)
    journal(settings.data, "v/0", 50)
    forwarded(settings)
    shutil.rmtree(settings.data / "journal")
    with JournalWriter(partition_path(settings.data, "market", "v/0"), venue="v", shard="v/0", block_ns=1) as writer:
        for number in range(60):
            writer.append([number], [b"other %d" % number])
    forwarded(settings)
    assert [offset for offset, _ in rows_of(settings)["v/0"]] == list(range(1, 51))
    assert "its row 50 is another one" in caplog.text


def test_a_torn_progress_file_ships_everything_again(tmp_path: Path) -> None:
    path = tmp_path / "topic.json"
    path.write_text('{"v/0": 1')
    assert Progress(path).rows == {}


def test_what_the_brokers_refuse_for_good_ends_the_forwarder(brokers: list[str]) -> None:
    options = {"bootstrap.servers": ",".join(brokers), "message.max.bytes": "2000"}
    producer = RowProducer("topic", options)
    with pytest.raises(KafkaRefusalError, match="topic"):
        producer.ship(ShippedRow("v/0", 1, bytes(100_000), 1))
    assert producer.confirmed == {}


def test_brokers_that_are_not_there_are_waited_for_and_said(tmp_path: Path) -> None:
    waits: list[str] = []

    class EnoughError(Exception):
        pass

    def beat(reason: str) -> None:
        waits.append(reason)
        if len(waits) > 2:
            raise EnoughError

    producer = RowProducer("topic", {"bootstrap.servers": "127.0.0.1:1", "log_level": "0"}, beat=beat)
    with pytest.raises(EnoughError):
        producer.ship(ShippedRow("v/0", 1, b"x", 1))
    assert set(waits) == {"the brokers"}


def test_forwarding_without_brokers_is_a_setting_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"kafka\.brokers"):
        forwarded(kafka(tmp_path, [], read=False))
