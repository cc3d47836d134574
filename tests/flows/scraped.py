"""Whether what a running Barograph tells Prometheus is true: counts against the journal itself."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import httpx
from prometheus_client.parser import text_string_to_metric_families

from gateway.runfiles import store_port
from market import record
from market.journal import unpack
from sinks.clickhouse.client import connect

SHARD = "simulated/0"
WITHIN_S = 120.0
FATES = ("applied", "duplicate", "dead_lettered", "control")  # of what was received
SOMETHING = [
    ("barograph_sink_rows_total", "market", "quotes"),
    ("barograph_flow_latency_seconds_count", SHARD, "sink"),
    ("barograph_trading_equity_quote_currency", "paper"),
]
Series = dict[tuple[str, ...], float]


class Scrape:
    """One scrape of every process, as Prometheus would make it: from /targets on."""

    def __init__(self, port: int) -> None:
        self.values: dict[str, Series] = {}
        with httpx.Client(trust_env=False) as client:
            targets = client.get(f"http://127.0.0.1:{port}/targets").json()
            self.processes = {target["labels"]["process"] for target in targets}
            for target in targets:
                address, path = target["targets"][0], target["labels"]["__metrics_path__"]
                self._read(target["labels"]["process"], client.get(f"http://{address}{path}").raise_for_status().text)

    def _read(self, process: str, page: str) -> None:
        for family in text_string_to_metric_families(page):
            for sample in family.samples:
                labels = tuple(value for name, value in sorted(sample.labels.items()))
                self.values.setdefault(sample.name, {})[(process, *labels)] = sample.value

    def sum(self, name: str, *labels: str) -> float:
        """Of the series that have these label values."""
        return sum(value for found, value in self.values.get(name, {}).items() if set(labels) <= set(found))


class Journal(NamedTuple):
    """What the market journal holds."""

    rows: int
    frames: int
    foreign: int  # of the frames, those that came from the venue
    frames_until: list[int]  # in the first n rows, by n


def journal(data: Path) -> Journal:
    """As it is now."""
    (path,) = (data / "journal" / "market").glob("*.db")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        found = database.execute("select offset, frames from batches order by offset").fetchall()
    rows = [unpack(offset, blob).frames for offset, blob in found]
    foreign = sum(not record.is_record(frame) for frames in rows for frame in frames)
    until = list(accumulate(map(len, rows), initial=0))
    return Journal(len(rows), until[-1], foreign, until)


def quotes(data: Path) -> int:
    """Rows of the table."""
    client = connect(f"http://default@127.0.0.1:{store_port(data)}/barograph")
    try:
        return int(client.query("select count() from quotes").first_row[0])
    finally:
        client.close()


def _until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {WITHIN_S:.0f} s"
        time.sleep(0.5)


def assert_truth(data: Path, port: int, processes: set[str]) -> None:
    """Counts that grow lie between what is there just before and just after; what does not grow is exact."""
    _until(lambda: all(Scrape(port).sum(*one) for one in SOMETHING), "something to tell everywhere")
    before = journal(data)
    scrape = Scrape(port)
    time.sleep(3.0)  # until what was received is in the journal
    after = journal(data)
    assert processes | {"up"} <= scrape.processes
    told = (  # rows, frames, those from the venue
        scrape.sum("barograph_journal_append_seconds_count", SHARD),
        scrape.sum("barograph_journal_append_frames_sum", SHARD),
        scrape.sum("barograph_capture_frames_total", SHARD),
    )
    assert all(low <= told <= high for low, told, high in zip(before, told, after, strict=False)), (before[:3], told)
    accounted = sum(scrape.sum("barograph_flow_frames_total", SHARD, fate) for fate in FATES)
    assert accounted == after.frames_until[int(scrape.sum("barograph_flow_batches_total", SHARD))] > 0
    measured = scrape.sum("barograph_flow_latency_seconds_count", SHARD, "sink")
    assert 0 < measured <= after.frames  # told once a second, fates when a block is cut: neither comes always first
    assert scrape.sum("barograph_capture_connections", SHARD, "open") > 0
    assert 0 <= scrape.sum("barograph_capture_lag_seconds", SHARD) < 5.0
    assert scrape.sum("barograph_store_queries_total", "insert", "done") > 0
    assert 0 < scrape.sum("barograph_sink_rows_total", "market", "quotes") <= quotes(data)
    assert scrape.sum("barograph_trading_equity_quote_currency", "paper") > 0
    for name in processes:
        assert scrape.sum("barograph_process_up", name) == 1.0
        assert scrape.sum("process_resident_memory_bytes", name) > 1e6
