import json
from pathlib import Path

import pytest

from flows import imports
from flows.imports import import_captures
from market import record
from market.errors import CaptureError, VenueError
from market.journal import partitions
from sources.journal_reader import JournalReader
from tests.captures import real

START = 1723161256172210766


def depth(symbol: str, price: str, size: str = "1.50") -> str:
    event = {"e": "depthUpdate", "E": 1, "T": 1, "s": symbol, "U": 1, "u": 2, "pu": 0, "b": [[price, size]], "a": []}
    return json.dumps({"stream": f"{symbol.lower()}@depth", "data": event})


def written(path: Path, *frames: str, start: int = START, step: int = 1_000_000) -> Path:
    path.write_text("".join(f"{start + number * step} {frame}\n" for number, frame in enumerate(frames)))
    return path


def read(data: Path) -> tuple[list[str], list[tuple[int, bytes]]]:
    """Shards, and all frames of all partitions."""
    shards, frames = [], []
    for path in partitions(data, "market"):
        with JournalReader(path) as journal:
            shards.append(journal.meta()["shard"])
            for batch in journal.read(0, 10_000):
                frames += list(zip(batch.received_ns.tolist(), batch.frames, strict=True))
    return shards, frames


def definitions(data: Path) -> list[tuple[str, str, str]]:
    said = [record.decode(frame) for _, frame in read(data)[1] if record.is_record(frame)]
    return [(row.symbol, row.tick_size, row.lot_size) for row in said if isinstance(row, record.InstrumentDefined)]


def test_frames_are_appended_as_received_after_their_inferred_definition(tmp_path: Path) -> None:
    frames = [depth("BTCUSDT", "28145.10"), depth("BTCUSDT", "5000.00", "0.001")]
    report = import_captures([written(tmp_path / "a", *frames)], venue="binance-usdm", data=tmp_path)
    shards, found = read(tmp_path)
    assert shards == ["binance-usdm/btcusdt"]
    assert definitions(tmp_path) == [("BTCUSDT", "0.1", "0.001")]
    assert found[1:] == [(START, frames[0].encode()), (START + 1_000_000, frames[1].encode())]
    assert str(report) == "a: 2 lines, 0 s of binance-usdm/btcusdt"


def test_second_file_continues_the_partition_also_in_a_later_command(tmp_path: Path) -> None:
    first = written(tmp_path / "a", depth("BTCUSDT", "28145.10"))
    second = written(tmp_path / "b", depth("BTCUSDT", "28145.2"), start=START + 10**9)
    import_captures([first], venue="binance-usdm", data=tmp_path)
    import_captures([second], venue="binance-usdm", data=tmp_path)
    shards, found = read(tmp_path)
    assert (len(shards), len(found), len(definitions(tmp_path))) == (1, 3, 1)


def test_finer_step_of_a_later_file_is_defined_anew_and_a_coarser_one_is_not(tmp_path: Path) -> None:
    for number, price in enumerate(["1.5", "2", "1.25"]):
        file = written(tmp_path / str(number), depth("BTCUSDT", price))
        import_captures([file], venue="binance-usdm", data=tmp_path)
    assert [tick for _, tick, _ in definitions(tmp_path)] == ["0.1", "0.01"]


def test_files_are_grouped_by_their_symbols(tmp_path: Path) -> None:
    files = [
        written(tmp_path / "a", depth("BTCUSDT", "1"), depth("ETHUSDT", "2")),
        written(tmp_path / "b", depth("SOLUSDT", "3")),
    ]
    import_captures(files, venue="binance-usdm", data=tmp_path)
    assert read(tmp_path)[0] == ["binance-usdm/btcusdt+ethusdt", "binance-usdm/solusdt"]


def test_quiet_instrument_that_a_file_lacks_does_not_tear_a_recording(tmp_path: Path) -> None:
    both = [depth("BTCUSDT", "1"), depth("ETHUSDT", "2")]
    files = [written(tmp_path / "a", both[0]), written(tmp_path / "b", *both), written(tmp_path / "c", both[1])]
    import_captures(files, venue="binance-usdm", data=tmp_path)
    later = written(tmp_path / "d", both[1], start=START + 10**9)
    assert (
        import_captures([later], venue="binance-usdm", data=tmp_path).files[0].shard == "binance-usdm/btcusdt+ethusdt"
    )
    shards, found = read(tmp_path)
    assert shards == ["binance-usdm/btcusdt+ethusdt"]
    assert [frame for _, frame in found if not record.is_record(frame)] == [
        frame.encode() for frame in (both[0], *both, both[1], both[1])
    ]


def test_steps_of_a_book_without_a_symbol_count_also_before_the_first_other_frame(tmp_path: Path) -> None:
    book = '{"lastUpdateId":1,"bids":[["1.25","0.001"]],"asks":[["1.3","1"]]}'
    import_captures([written(tmp_path / "a", book, depth("BTCUSDT", "1.5"))], venue="binance-usdm", data=tmp_path)
    assert definitions(tmp_path) == [("BTCUSDT", "0.01", "0.001")]


def test_frames_that_become_no_rows_say_nothing_of_the_steps(tmp_path: Path) -> None:
    others = [
        '{"stream":"btcusdt@ticker","data":{"e":"24hrTicker","s":"BTCUSDT","p":"-0.00001","q":"1.23456789"}}',
        '{"stream":"btcusdt@trade","data":{"e":"trade","s":"BTCUSDT","p":1.00001}}',
        '{"stream":"btcusdt@depth","data":{"e":"depthUpdate","s":"BTCUSDT","b":[["hello.e","1"]],"a":[]}}',
    ]
    import_captures([written(tmp_path / "a", *others, depth("BTCUSDT", "1.5"))], venue="binance-usdm", data=tmp_path)
    assert definitions(tmp_path) == [("BTCUSDT", "0.1", "0.1")]


def test_file_is_imported_once(tmp_path: Path) -> None:
    file = written(tmp_path / "a", depth("BTCUSDT", "1"))
    import_captures([file], venue="binance-usdm", data=tmp_path)
    with pytest.raises(CaptureError, match="imported already, as rows 2 to 2 of binance-usdm/btcusdt"):
        import_captures([file], venue="binance-usdm", data=tmp_path)
    with pytest.raises(CaptureError, match="the same file"):
        import_captures([file, file], venue="binance-usdm", data=tmp_path / "other")
    assert len(read(tmp_path)[1]) == 2


def test_file_of_another_venue_or_kind_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    futures = written(tmp_path / "a", depth("BTCUSDT", "1"))
    spot = written(tmp_path / "b", depth("BTCUSDT", "1").replace('"pu": 0, ', ""))
    noise = tmp_path / "c"
    noise.write_bytes(b"hello\nworld\n")
    with pytest.raises(CaptureError, match="is it the right venue"):
        import_captures([futures, spot], venue="binance-usdm", data=tmp_path)
    with pytest.raises(CaptureError, match="is it the right venue"):
        import_captures([futures], venue="binance-spot", data=tmp_path)
    with pytest.raises(CaptureError, match="is it a line capture"):
        import_captures([futures, noise], venue="binance-usdm", data=tmp_path)
    with pytest.raises(VenueError, match="there are"):
        import_captures([futures], venue="nyse", data=tmp_path)
    assert read(tmp_path)[0] == []


def test_bad_lines_are_kept_and_counted(tmp_path: Path) -> None:
    file = written(tmp_path / "a", depth("BTCUSDT", "1"))
    file.write_text(file.read_text() + "junk\n")
    (done,) = import_captures([file], venue="binance-usdm", data=tmp_path).files
    assert (done.lines, done.skipped) == (2, 1)
    assert "1 skipped" in str(done)


def test_interrupted_import_leaves_nothing_and_can_be_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path / "a", *[depth("BTCUSDT", "1")] * 100, step=20_000_000)
    with monkeypatch.context() as patch:
        patch.setattr(imports, "PROGRESS_LINES", 10)
        with pytest.raises(KeyboardInterrupt):
            import_captures([file], venue="binance-usdm", data=tmp_path, progress=_interrupt)
    assert read(tmp_path)[1] == []
    import_captures([file], venue="binance-usdm", data=tmp_path)
    assert len(read(tmp_path)[1]) == 101


def _interrupt(lines: int) -> None:
    raise KeyboardInterrupt


def test_micro_batches_are_the_lines_of_the_same_hundred_milliseconds(tmp_path: Path) -> None:
    file = written(tmp_path / "a", *[depth("BTCUSDT", "1")] * 25, start=START // 10**8 * 10**8, step=10**7)
    (done,) = import_captures([file], venue="binance-usdm", data=tmp_path).files
    assert done.batches == 3


def test_progress_adds_up_to_the_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "PROGRESS_LINES", 10)
    steps: list[int] = []
    file = written(tmp_path / "a", *[depth("BTCUSDT", "1")] * 25)
    import_captures([file], venue="binance-usdm", data=tmp_path, progress=steps.append)
    assert sum(steps) == 25


def test_pair_of_captures_is_in_the_journal_line_by_line(tmp_path: Path) -> None:
    files = [real.folder() / name for name in real.PAIRS["usdm-eth"][5].split()]
    import_captures(files, venue="binance-usdm", data=tmp_path)
    (path,) = partitions(tmp_path, "market")
    with JournalReader(path) as journal:
        rows = journal.read(0, 1_000_000)
    found = [(time, frame) for row in rows for time, frame in zip(row.received_ns.tolist(), row.frames, strict=True)]
    assert definitions_of(found[0][1]) == ("ETHUSDT", "0.01", "0.001")
    assert found[1:] == [line for name in real.PAIRS["usdm-eth"][5].split() for line in real.lines(name)]


def definitions_of(frame: bytes) -> tuple[str, str, str]:
    said = record.decode(frame)
    return said.symbol, said.tick_size, said.lot_size
