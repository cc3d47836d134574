"""Whoever reads slowly, or not at all, makes nothing grow: what comes faster is shed with a count, or has to wait."""

import socket
import threading
from collections import Counter
from pathlib import Path

from gateway.serve import serve
from market.clock import SystemClock
from market.journal import partition_path
from sinks.journal import JournalWriter
from sources.frame_queue import FrameQueue
from sources.journal import ROWS_PER_POLL, JournalSource
from sources.merge import ROWS_PER_READ, Merge, Place
from venues.venue import Channel

ROWS = 1_000
SHARD = "here/0"
MOST_UNREAD_BYTES = 16 << 20  # what the machine and the server together may hold of requests and answers of one socket


def journal(data: Path) -> None:
    with JournalWriter(partition_path(data, "market", SHARD), venue="here", shard=SHARD, block_ns=10**9) as writer:
        for row in range(1, ROWS + 1):
            writer.append([row * 1_000_000], [b"x" * 1_000])


def test_a_slow_reader_of_a_journal_holds_a_few_rows_and_gets_all_of_them(tmp_path: Path) -> None:
    journal(tmp_path)
    merge = Merge(tmp_path, "market", SystemClock(), lenient=False)
    merge.take_in("here-0", Place())
    merge.let_go("here-0")
    held, offsets = 0, []
    while partition := merge.peek():
        held = max(held, len(partition.rows))
        offsets.append(partition.release().offset)
    merge.close()
    assert held == ROWS_PER_READ
    assert offsets == list(range(1, ROWS + 1))


def test_a_flow_that_asks_for_more_gets_a_few_rows_at_a_time(tmp_path: Path) -> None:
    journal(tmp_path)
    source = JournalSource(tmp_path, follow=False, stop=threading.Event())
    parts = [source.build_part("journal", name, None) for name in source.list_parts()]
    sizes = []
    while sum(sizes) < ROWS:
        sizes.append(sum(len(part.next_batch()) for part in parts))
        assert sizes[-1] <= ROWS_PER_POLL
    assert sum(sizes) == ROWS


def test_a_journal_that_takes_nothing_lets_the_queue_fill_to_its_limit_and_no_further() -> None:
    queue = FrameQueue(limit_frames=1_000, limit_bytes=1 << 20)
    taken, offered = Counter[Channel](), Counter[Channel]()
    for number in range(20_000):
        channel = (Channel.DEPTH, Channel.TICKER, Channel.TRADE)[number % 3]
        if channel is Channel.TRADE and queue.full:
            continue  # the socket is not read
        offered[channel] += 1
        taken[channel] += queue.offer(number, b"x" * 100, channel, "BTCUSDT")
    assert len(queue) <= 1_000 + len(Channel)  # and the records that say what was shed
    assert taken[Channel.TRADE] == offered[Channel.TRADE]
    assert queue.shed[Channel.DEPTH] == offered[Channel.DEPTH] - taken[Channel.DEPTH] > 0


def test_a_client_that_does_not_take_its_answers_is_not_read_any_more(tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.delenv("BAROGRAPH_API_KEY", raising=False)
    stop, ready, ports = threading.Event(), threading.Event(), []
    told = {"data": tmp_path, "stop": stop, "ready": lambda port: (ports.append(port), ready.set())}
    worker = threading.Thread(target=serve, args=("http://127.0.0.1:9/barograph", "127.0.0.1", 0), kwargs=told)
    worker.start()
    try:
        assert ready.wait(60)
        with socket.create_connection(("127.0.0.1", ports[0])) as greedy:
            assert asked_without_reading(greedy) < MOST_UNREAD_BYTES
    finally:
        stop.set()
        worker.join(30)
    assert not worker.is_alive()


def asked_without_reading(client: socket.socket) -> int:
    """Bytes of requests, one after the other, until nobody takes them for three seconds."""
    client.settimeout(3.0)
    request = b"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 1_000
    sent = 0
    while sent < MOST_UNREAD_BYTES:
        try:
            sent += client.send(request)
        except TimeoutError:
            break
    return sent
