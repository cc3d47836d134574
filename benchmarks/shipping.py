"""What a frame costs between processes and machines: into the journal, out of it, into Kafka and out of that.

What the numbers stand for: processor time of one core for made-up frames of FRAME_BYTES bytes; rows of 1, 16 and 256
frames, as an idle, a usual and a busy shard writes them. Kafka's brokers are librdkafka's mock in a process of its own:
what is measured is what our clients cost, not what brokers can. The ratio is to appending rows of 256.

    python benchmarks/shipping.py
"""

import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from market.journal import LIVE_BLOCK_NS, partition_path
from market.shipped import ShippedRow, piece_of
from sinks.journal import JournalWriter
from sinks.kafka import RowProducer
from sources.arrivals import Arrivals
from sources.journal_reader import JournalReader
from tests.flows.brokers import mock_brokers

FRAME_BYTES, SHARD = 300, "binance-usdm/0"
ROWS = {1: 4_000, 16: 1_000, 256: 60}  # frames a row, rows; the mock keeps 5 MB of a partition


def main() -> None:
    """Every stage for every size of rows."""
    if "--help" in sys.argv:
        sys.exit(__doc__)
    chance = random.Random(1)
    made = {size: [[_frame(chance) for _ in range(size)] for _ in range(rows)] for size, rows in ROWS.items()}
    with tempfile.TemporaryDirectory() as folder:
        base = append(Path(folder) / "256", made[256])
        for size, rows in made.items():
            data = Path(folder) / str(size)
            spent = {"append": base if size == 256 else append(data, rows), "read": read(data)}
            spent |= kafka(data)
            for stage, seconds in spent.items():
                each = seconds / (size * len(rows)) * 1e6
                ratio = seconds / (size * len(rows)) / (base / (256 * ROWS[256]))
                print(
                    f"{size:>3} frames a row, {stage:<8}: {each:6.2f} µs/frame, {1e6 / each:9,.0f} frames/s,"
                    f" {seconds / len(rows) * 1e6:6.0f} µs/row ({ratio:.1f} ×)"
                )


def _frame(chance: random.Random) -> bytes:
    """Digits and punctuation, as venues send them."""
    text = ",".join(f'["{chance.randint(1, 99_999) / 10}","{chance.randint(1, 9_999) / 1000}"]' for _ in range(20))
    return text.encode()[:FRAME_BYTES]


def timed(work: Callable[[], object]) -> float:
    """Processor seconds."""
    began = time.process_time()
    work()
    return time.process_time() - began


def append(data: Path, rows: list[list[bytes]]) -> float:
    """Capture's share after the socket: a durable row per micro-batch."""
    path = partition_path(data, "market", SHARD)
    with JournalWriter(path, venue="binance-usdm", shard=SHARD, block_ns=LIVE_BLOCK_NS) as journal:
        return timed(lambda: [journal.append([1_000_000_000] * len(frames), frames) for frames in rows])


def read(data: Path) -> float:
    """What a flow pays to have the rows unpacked."""
    with JournalReader(partition_path(data, "market", SHARD)) as journal:
        return timed(lambda: journal.read(0, 1_000_000))


def kafka(data: Path) -> dict[str, float]:
    """Shipped by a forwarder, and taken in by a flow."""
    with JournalReader(partition_path(data, "market", SHARD)) as journal:
        rows = [ShippedRow(SHARD, row.offset, bytes(row.frames), 1) for row in journal.rows(0, 1_000_000)]
    command = [sys.executable, __file__, "--brokers"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        options = {"bootstrap.servers": owner.stdout.readline().strip(), "log_level": "2"}
        producer = RowProducer("benchmark", options)
        producer.ship(ShippedRow("warm/0", 1, b"warm", 1))
        producer.flush(10)

        def ship() -> None:
            for row in rows:
                producer.ship(row)
            producer.flush(60)

        spent = {"shipped": timed(ship), "taken in": timed(lambda: _taken_in(options, len(rows)))}
        owner.kill()
    return spent


def _taken_in(options: dict[str, str], rows: int) -> None:
    consumer = Consumer({**options, "group.id": "benchmark"})
    consumer.assign([TopicPartition("benchmark", place, OFFSET_BEGINNING) for place in range(4)])
    logic, taken = Arrivals(), 0
    while taken < rows:
        for message in consumer.consume(64, 1.0):
            if message.key() == SHARD.encode():
                piece = piece_of(message.key(), message.value(), message.headers() or [])
                taken += len(list(logic.on_batch([piece])[0]))
    consumer.close()


def brokers() -> None:
    """Mock brokers until standard input ends."""
    with mock_brokers() as addresses:
        print(",".join(addresses), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    brokers() if sys.argv[1:] == ["--brokers"] else main()
