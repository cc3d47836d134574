"""How long what people look at takes over 100 M tick rows: every panel query and some more, with rows and bytes read.

What the number stands for: one query over HTTP against the embedded store, by a reader, with the tables in the page
cache; made-up rows of ten instruments over a week (`queries_data.py`). Panels are asked as Grafana asks them, macros
expanded, over three ranges, with one instrument chosen and with all. `missed` are those whose p99 is above 100 ms.
With --inserts they are asked while another connection inserts a table of thirty columns of features as fast as it goes.

    python benchmarks/queries.py [--rows 100000000] [--days 7] [--data FOLDER] [--repeat 20] [--only PART] [--inserts]

A FOLDER that is there already is asked again and not filled.
"""

import argparse
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

import msgspec
import urllib3

from benchmarks.queries_data import END_S, INSTRUMENTS, VENUE, Size, fill
from benchmarks.queries_inserts import inserting
from dashboards.macros import ALL, Range, expand
from flows.settings import load
from flows.tables import opened_store
from sinks.clickhouse.client import connect
from sinks.clickhouse.rollups import roll_up

LIMIT_MS = 100.0
POINTS = 1000  # of a picture: Grafana asks for about one per pixel
SPANS_S = {"15m": 900, "24h": 86_400, "all": None}
CHOSEN = {"one": [INSTRUMENTS[0]], "all": ALL}


class Asked(NamedTuple):
    """A query as it is sent."""

    name: str
    text: str


class Answered(NamedTuple):
    """What asking it again and again took."""

    name: str
    median_ms: float
    p99_ms: float
    rows_read: int
    bytes_read: int
    rows: int
    error: str = ""


def panels(size: Size, only: str) -> Iterator[Asked]:
    """Every panel query, over three ranges, with one instrument chosen and with all."""
    for board in sorted((files("sql") / "panels").iterdir(), key=lambda folder: folder.name):
        for file in sorted(board.iterdir(), key=lambda file: file.name):
            name = f"{board.name}/{file.name[:-4]}"
            if only in name:
                yield from _expanded(name, file.read_text("utf-8"), size)


def _expanded(name: str, text: str, size: Size) -> Iterator[Asked]:
    for span, seconds in SPANS_S.items() if "$__" in text else [("", 900)]:
        wide_s = seconds or END_S - size.start_s
        if wide_s > END_S - size.start_s:
            continue
        asked = Range((END_S - wide_s) * 1000, END_S * 1000, max(1000, wide_s * 1000 // POINTS))
        for choice, instruments in CHOSEN.items() if "instrument}" in text or "instrument:" in text else [("", ALL)]:
            named: dict[str, list[str] | str] = dict.fromkeys(re.findall(r"\$\{?(\w+)", text), ALL)
            named |= {"venue": [VENUE], "instrument": instruments, "timeframe": ["short"], "source": ["book"]}
            every = {key: [""] for key in named} | {"instrument": list(INSTRUMENTS), "venue": [VENUE]}
            yield Asked(" ".join(filter(None, (name, span, choice))), expand(text, asked, named, every=every))


def measure(url: str, asked: Asked, repeat: int) -> Answered:
    """Ask once to warm up, then `repeat` times."""
    took, summary, rows = [], {}, 0
    for number in range(repeat + 1):
        started = time.perf_counter()
        answer = POOL.request("POST", url, body=asked.text.encode())
        took.append((time.perf_counter() - started) * 1000)
        if answer.status != 200:
            return Answered(asked.name, 0, 0, 0, 0, 0, answer.data.decode()[:300])
        if not number:
            rows = answer.data.count(b"\n")
    summary = msgspec.json.decode(answer.headers["X-ClickHouse-Summary"])
    times = sorted(took[1:])
    p99 = times[min(len(times) - 1, round(0.99 * (len(times) - 1)))]
    read = int(summary["read_rows"]), int(summary["read_bytes"])
    return Answered(asked.name, statistics.median(times), p99, *read, rows)


POOL = urllib3.PoolManager(retries=False)


def report(found: list[Answered]) -> int:
    """Print the table; how many queries missed the limit or failed."""
    width = max(len(one.name) for one in found)
    print(f"{'query':<{width}} {'median ms':>10} {'p99 ms':>8} {'rows read':>12} {'MB read':>9} {'rows':>7}")
    for one in found:
        if one.error:
            print(f"{one.name:<{width}} FAILED {one.error}")
            continue
        mark = " missed" if one.p99_ms > LIMIT_MS else ""
        print(
            f"{one.name:<{width}} {one.median_ms:10.1f} {one.p99_ms:8.1f} {one.rows_read:12,}"
            f" {one.bytes_read / 1e6:9.1f} {one.rows:7,}{mark}"
        )
    missed = [one for one in found if one.p99_ms > LIMIT_MS and not one.error]
    failed = [one for one in found if one.error]
    slow = sorted(one.p99_ms for one in found)
    print(
        f"{len(found)} queries: {len(missed)} above {LIMIT_MS:.0f} ms, {len(failed)} failed;"
        f" median of p99 {statistics.median(slow):.1f} ms, largest {slow[-1]:.1f} ms"
    )
    return len(missed) + len(failed)


def prepared(dsn: str, size: Size, *, is_new: bool) -> None:
    """Fill a store that is new, roll up what waits, and say what that took."""
    client = connect(dsn, send_receive_timeout=3_600)
    started = time.perf_counter()
    if is_new:
        fill(client, size)
    filled = time.perf_counter()
    waiting = roll_up(client)
    done = time.perf_counter()
    rows = client.command("select sum(total_rows) from system.tables where database = currentDatabase()")
    print(
        f"{int(rows):,} rows; made in {filled - started:.0f} s;"
        f" what {waiting} inserts wrote was rolled up in {done - filled:.0f} s"
    )
    client.close()


def run(data: Path, size: Size, *, repeat: int, only: str = "", inserts: bool = False) -> list[Answered]:
    """Ask everything; with `inserts`, while rows come in."""
    settings = load(None, data=data)
    settings = settings.model_copy(update={"store": settings.store.model_copy(update={"port": 0})})
    is_new = not (data / "store").exists()
    with opened_store(settings) as dsn, ExitStack() as stack:
        prepared(dsn, size, is_new=is_new)
        parts = urlsplit(dsn)
        setting = urlencode({"user": "reader", "database": parts.path.strip("/"), "default_format": "TabSeparated"})
        url = f"http://{parts.hostname}:{parts.port}/?{setting}"
        if inserts:
            stack.enter_context(inserting(dsn))
        return [measure(url, asked, repeat) for asked in panels(size, only)]


def main() -> int:
    """The command line."""
    take = argparse.ArgumentParser()
    take.add_argument("--rows", type=int, default=100_000_000)
    take.add_argument("--days", type=float, default=7.0)
    take.add_argument("--data", type=Path)
    take.add_argument("--repeat", type=int, default=20)
    take.add_argument("--only", default="")
    take.add_argument("--inserts", action="store_true")
    given = take.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = given.data or Path(folder) / "data"
        return report(
            run(data, Size(given.rows, given.days), repeat=given.repeat, only=given.only, inserts=given.inserts)
        )


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
