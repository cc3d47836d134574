import gzip
from pathlib import Path

import pytest
import zstandard

from market import record
from sources import lines
from sources.lines import read_lines

TEXT = b'1680652700423575 {"a":1}\n\n1723161256172210766 {"b": 2}\r\n'
WANTED = [(1680652700423575000, b'{"a":1}'), (1723161256172210766, b'{"b": 2}')]


def reason(frame: bytes) -> str:
    return str(record.decode(frame).reason)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.txt", TEXT),
        ("x.gz", gzip.compress(TEXT, mtime=0)),
        ("x.zst", zstandard.compress(TEXT)),
        ("x", TEXT.rstrip()),
    ],
)
def test_plain_gz_and_zst_with_micro_or_nanoseconds_give_the_same_lines(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    assert [(line.received_ns, line.frame) for line in read_lines(tmp_path / name)] == WANTED


@pytest.mark.parametrize(
    "bad", [b"x {}", b"5 {}", b"1680652700423575", b"1680652700423575 ", b"-1 {}", b"\xff\x00 \xff"]
)
def test_bad_line_is_kept_as_skipped_under_the_time_before_it(tmp_path: Path, bad: bytes) -> None:
    (tmp_path / "x").write_bytes(TEXT + bad + b"\n" + TEXT)
    found = list(read_lines(tmp_path / "x"))
    assert [line.skipped for line in found] == [False, False, True, False, False]
    assert found[2].received_ns == WANTED[1][0]
    assert record.decode(found[2].frame).line == bad


def test_file_cut_off_inside_its_compression_gives_its_lines_and_says_so(tmp_path: Path) -> None:
    many = b"".join(b"%d {}\n" % (1723161256172210766 + number) for number in range(20_000))
    packed = gzip.compress(many)
    (tmp_path / "x.gz").write_bytes(packed[: len(packed) // 2])
    *good, last = read_lines(tmp_path / "x.gz")
    assert len(good) > 1000
    assert "inside its compressed data" in reason(last.frame)


def test_zst_of_several_frames_is_read_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "x.zst").write_bytes(zstandard.compress(TEXT) * 3)
    assert [line.frame for line in read_lines(tmp_path / "x.zst")] == [frame for _, frame in WANTED] * 3


def test_endless_line_is_skipped_and_the_next_one_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 200)
    (tmp_path / "x").write_bytes(b"1723161256172210766 " + b"x" * 1000 + b"\n" + TEXT)
    first, *rest = read_lines(tmp_path / "x")
    assert "over the limit of 200 bytes" in reason(first.frame)
    assert [(line.received_ns, line.frame) for line in rest] == WANTED


def test_received_frame_that_looks_like_a_record_of_ours_cannot_be_one(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"1723161256172210766 \x1e{}\n")
    (line,) = read_lines(tmp_path / "x")
    assert not record.is_record(line.frame)
