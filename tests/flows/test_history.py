"""Import of bars: what becomes frames of the journal, where they go, and what is refused."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from flows import history
from flows.history import HistoryReport, import_history
from flows.imports import import_captures
from market import record
from market.errors import CaptureError, VenueError
from market.journal import LIVE_BLOCK_NS, partition_path, partitions
from sinks.journal import JournalWriter
from sources.journal_reader import JournalReader
from tests.flows.test_imports import depth, written

HOUR = 3_600_000_000_000
FIRST = 472_222 * HOUR  # 2023-11-14 22:00
NOW = FIRST + 10_000 * HOUR
VENUE = "binance-usdm"


def frame(count: int = 30, first: int = FIRST, step: int = HOUR) -> pl.DataFrame:
    price = 100.0 + np.arange(count) * 0.25
    columns = {"open": price, "high": price + 0.5, "low": price - 0.5, "close": price + 0.25, "volume": np.ones(count)}
    return pl.DataFrame({"open_time": first + step * np.arange(count), **columns})


def file(folder: Path, bars: pl.DataFrame, name: str = "bars.parquet") -> Path:
    path = folder / name
    if name.endswith(".parquet"):
        bars.write_parquet(path)
    else:
        bars.write_csv(path, compression="gzip" if name.endswith(".gz") else "uncompressed", check_extension=False)
    return path


def told(*paths: Path, **changes: object) -> HistoryReport:
    known = {"venue": VENUE, "instrument": "BTCUSDT", "timeframe": "1h", "data": paths[0].parent, "now_ns": NOW}
    return import_history(paths, **(known | changes))  # type: ignore[arg-type]


def journal(data: Path, shard: str = f"{VENUE}/0") -> list[tuple[int, list[int], list[bytes]]]:
    with JournalReader(partition_path(data, "market", shard)) as reader:
        rows = reader.read(0, 10_000)
    return [(row.offset, row.received_ns.tolist(), list(row.frames)) for row in rows]


def bars_in(data: Path, shard: str = f"{VENUE}/0") -> list[record.Bar]:
    said = [record.decode(one) for _, _, frames in journal(data, shard) for one in frames if record.is_record(one)]
    return [one for one in said if isinstance(one, record.Bar)]


def test_bars_are_frames_that_were_received_when_they_closed(tmp_path: Path) -> None:
    report = told(file(tmp_path, frame()))
    (_, _, (definition,)), (_, received, frames) = journal(tmp_path)
    assert record.decode(definition) == record.InstrumentDefined("BTCUSDT", "0.01", "1", assumed=True)
    assert received == [FIRST + (number + 1) * HOUR for number in range(30)]
    assert record.decode(frames[1]) == record.Bar(
        "BTCUSDT", "1h", FIRST + HOUR, 100.25, 100.75, 99.75, 100.5, volume=1.0
    )
    assert str(report) == (
        "bars.parquet: 30 bars 1h of BTCUSDT, 2023-11-14 22:00 to 2023-11-16 03:00, into binance-usdm/0"
    )


@pytest.mark.parametrize("name", ["bars.csv", "bars.csv.gz"])
def test_text_says_the_same_as_parquet(tmp_path: Path, name: str) -> None:
    (tmp_path / "text").mkdir()
    times = pl.from_epoch("open_time", "ns").alias("date")
    told(file(tmp_path, frame()))
    told(file(tmp_path / "text", frame().with_columns(times).drop("open_time"), name))
    assert journal(tmp_path / "text") == journal(tmp_path)


def test_what_a_file_says_of_volumes_is_taken_and_the_rest_left_open(tmp_path: Path) -> None:
    known = {"taker_buy_volume": 0.25, "quote_volume": 101.0, "count": 7}
    told(file(tmp_path, frame().with_columns(**{name: pl.lit(value) for name, value in known.items()})))
    first = bars_in(tmp_path)[0]
    assert (first.buy_volume, first.sell_volume, first.notional, first.trades) == (0.25, 0.75, 101.0, 7)
    (tmp_path / "bare").mkdir()
    told(file(tmp_path / "bare", frame().drop("volume")))
    bare = bars_in(tmp_path / "bare")[0]
    assert (bare.volume, bare.buy_volume, bare.sell_volume, bare.notional, bare.trades) == (None, None, None, None, 0)


def test_the_same_bars_are_written_once_and_later_ones_added(tmp_path: Path) -> None:
    told(file(tmp_path, frame(30)))
    assert "0 bars 1h of BTCUSDT, 30 known already" in str(told(file(tmp_path, frame(30))))
    assert "10 bars 1h of BTCUSDT" in str(told(file(tmp_path, frame(40), "more.parquet")))
    assert [bar.open_time for bar in bars_in(tmp_path)] == [FIRST + number * HOUR for number in range(40)]


def test_files_are_taken_in_the_order_of_their_times(tmp_path: Path) -> None:
    later, first = file(tmp_path, frame(15, FIRST + 15 * HOUR), "a.csv"), file(tmp_path, frame(15), "b.csv")
    assert [one.path for one in told(later, first).files] == [first, later]
    assert len(bars_in(tmp_path)) == 30


def test_what_is_no_bar_is_kept_for_the_dead_letters_with_its_reason(tmp_path: Path) -> None:
    bars = frame(20).with_row_index("row")
    at = pl.col("row")
    bars = bars.with_columns(
        close=pl.when(at == 1).then(None).when(at == 2).then(-1.0).otherwise("close"),
        high=pl.when(at == 3).then(1.0).otherwise("high"),
        low=pl.when(at == 7).then(1e6).otherwise("low"),
        volume=pl.when(at == 4).then(-1.0).otherwise("volume"),
        open_time=pl.when(at == 5).then(FIRST).when(at == 6).then(FIRST + 6 * HOUR + 1).otherwise("open_time"),
    ).drop("row")
    assert "12 bars 1h of BTCUSDT" in str(report := told(file(tmp_path, bars), now_ns=FIRST + 19 * HOUR + 1))
    assert report.files[0].faulty == 8
    said = [record.decode(one) for _, _, frames in journal(tmp_path)[1:] for one in frames]
    assert [one.reason.removeprefix("no bar: ") for one in said if isinstance(one, record.Skipped)] == [
        "a price is no number",
        "a price is not above 0",
        "open or close is not in low … high",
        "a volume is below 0",
        "it is not later than a bar before it",
        "it does not open at a multiple of its timeframe, UTC",
        "open or close is not in low … high",
        "it is not over yet",
    ]
    assert isinstance(said[1], record.Skipped)
    assert b'"open":100.25' in said[1].line
    (_, received, _) = journal(tmp_path)[1]
    assert received == sorted(received)


def test_a_bar_that_was_not_over_is_taken_when_it_is(tmp_path: Path) -> None:
    path = file(tmp_path, frame(30))
    assert told(path, now_ns=FIRST + 30 * HOUR - 1).files[0].bars == 29
    assert told(path).files[0].bars == 1
    assert len(bars_in(tmp_path)) == 30


def test_micro_batches_are_bounded_in_rows_and_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "BATCH_BARS", 7)
    sparse = pl.concat([frame(10), frame(10, FIRST + 4 * 366 * 24 * HOUR), frame(1, FIRST + 8 * 366 * 24 * HOUR)])
    steps: list[int] = []
    begun: list[int] = []
    told(file(tmp_path, sparse), now_ns=2 * NOW, progress=steps.append, begin=begun.append)
    rows = [received for _, received, _ in journal(tmp_path)[1:]]
    assert [len(row) for row in rows] == [7, 3, 7, 3, 1]
    assert (begun, sum(steps)) == ([21], 21)
    assert all(before[-1] < after[0] for before, after in pairwise(rows))


@pytest.mark.parametrize(
    ("bars", "changes", "said"),
    [
        (frame(step=HOUR // 60), {}, "its rows are 60 s apart and --timeframe 1h is 3600 s; there are 1s"),
        (frame(step=HOUR * 24), {}, "its rows are 86400 s apart"),
        (frame().reverse(), {}, "its times do not ascend; sort it, oldest first"),
        (frame(0), {}, "has 0 rows"),
        (frame().drop("high"), {}, "bars need a column 'high'"),
        (frame().drop("open_time"), {}, "bars need a time column"),
        (frame(first=FIRST + 1), {}, "none of its 30 rows is a bar; the first: it does not open at a multiple"),
        (frame(), {"timeframe": "2h"}, "timeframe must be one of 1s, 1m, 15m, 1h, 1d, got '2h'"),
    ],
)
def test_a_file_that_holds_no_such_bars_is_refused_before_anything_is_written(
    tmp_path: Path, bars: pl.DataFrame, changes: dict[str, str], said: str
) -> None:
    with pytest.raises(CaptureError, match=said):
        told(file(tmp_path, frame(), "good.parquet"), file(tmp_path, bars), **changes)
    assert partitions(tmp_path, "market") == []


def test_an_unknown_venue_is_named(tmp_path: Path) -> None:
    with pytest.raises(VenueError, match="there are"):
        told(file(tmp_path, frame()), venue="nyse")


def test_history_goes_where_capture_writes_and_is_never_pruned(tmp_path: Path) -> None:
    live = {"venue": VENUE, "shard": f"{VENUE}/0", "block_ns": LIVE_BLOCK_NS}
    path = partition_path(tmp_path, "market", f"{VENUE}/0")
    told(file(tmp_path, frame()))
    with JournalWriter(path, **live) as writer:  # type: ignore[arg-type]
        assert writer.meta()["block_ns"] == str(LIVE_BLOCK_NS)
        for number in range(3):
            writer.append([NOW + number], [b"live"])
        assert writer.prune(writer.last_offset(), most_rows=100) == 2
    assert len(bars_in(tmp_path)) == 30
    assert [frames for _, _, frames in journal(tmp_path)][-1] == [b"live"]


def test_history_of_an_imported_recording_goes_to_its_shard(tmp_path: Path) -> None:
    import_captures([written(tmp_path / "a", depth("BTCUSDT", "1"))], venue=VENUE, data=tmp_path)
    assert told(file(tmp_path, frame())).files[0].shard == f"{VENUE}/btcusdt"
    assert told(file(tmp_path, frame()), instrument="ETHUSDT").files[0].shard == f"{VENUE}/0"


def test_a_recording_goes_on_where_nothing_but_history_of_it_is(tmp_path: Path) -> None:
    told(file(tmp_path, frame()))
    captures = [written(tmp_path / str(number), depth("BTCUSDT", f"1.{number}")) for number in range(3)]
    assert import_captures(captures[:1], venue=VENUE, data=tmp_path).files[0].shard == f"{VENUE}/0"
    assert import_captures(captures[1:2], venue=VENUE, data=tmp_path).files[0].shard == f"{VENUE}/0"
    (tmp_path / "live").mkdir()
    told(file(tmp_path / "live", frame()))
    path = partition_path(tmp_path / "live", "market", f"{VENUE}/0")
    with JournalWriter(path, venue=VENUE, shard=f"{VENUE}/0", block_ns=LIVE_BLOCK_NS) as writer:
        writer.append([NOW], [b"live"])
    report = import_captures(captures[2:], venue=VENUE, data=tmp_path / "live")
    assert report.files[0].shard == f"{VENUE}/btcusdt"


def test_an_interrupted_import_leaves_nothing_and_can_be_repeated(tmp_path: Path) -> None:
    path = file(tmp_path, frame())
    with pytest.raises(KeyboardInterrupt):
        told(path, progress=_interrupt)
    assert journal(tmp_path) == []
    assert told(path).files[0].bars == 30


def _interrupt(rows: int) -> None:
    if rows:
        raise KeyboardInterrupt
