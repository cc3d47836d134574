import os
import struct
import zipfile
from pathlib import Path

import pytest

from market import record
from market.errors import CaptureError
from sources.captures import read_capture, read_together, together
from sources.lean_zip import ALIVE, MAX_LINE, MAX_RATIO, merged, read_ticks
from venues.lean.times import nanoseconds

TRADES = "20131007_ibm_Trade_Tick.csv"
QUOTES = "20131007_ibm_Quote_Tick.csv"


def zipped(path: Path, *members: tuple[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members:
            archive.writestr(name, body)
    return path


def trade(milliseconds: str) -> bytes:
    return f"{milliseconds},1815200,283,P,1,0\r\n".encode()


def test_a_line_becomes_the_frame_of_its_name_with_itself_untouched(tmp_path: Path) -> None:
    path = zipped(tmp_path / "20131007_trade.zip", (TRADES, trade("14430270") + trade("14430271.5")))
    assert [line.frame for line in read_ticks(path)] == [
        b"trade IBM 20131007 1 14430270,1815200,283,P,1,0",
        b"trade IBM 20131007 2 14430271.5,1815200,283,P,1,0",
    ]
    assert [line.received_ns for line in read_capture(path)] == [
        nanoseconds("20131007", "14430270"),
        nanoseconds("20131007", "14430271.5"),
    ]


def test_trades_and_quotes_of_a_day_are_one_stream_with_trades_first(tmp_path: Path) -> None:
    quotes = b"".join(f"{time},1800100,300,0,0,P,1,0\n".encode() for time in (100, 200, 300))
    paths = [
        zipped(tmp_path / "20131007_quote.zip", (QUOTES, quotes)),
        zipped(tmp_path / "20131007_trade.zip", (TRADES, trade("200") + trade("250"))),
    ]
    frames = [line.frame.split(b" ")[0::4] for line in merged(paths)]
    assert [(what, line.split(b",")[0]) for what, line in frames] == [
        (b"quote", b"100"),
        (b"trade", b"200"),
        (b"quote", b"200"),
        (b"trade", b"250"),
        (b"quote", b"300"),
    ]


def test_silence_in_a_day_is_the_market_s_own(tmp_path: Path) -> None:
    body = trade("1000") + trade("5000") + trade("13000.5") + trade("13000.5")
    lines = list(merged([zipped(tmp_path / "20131007_trade.zip", (TRADES, body))]))
    assert [(line.received_ns - lines[0].received_ns) / 1e9 for line in lines] == [0, 4, 8, 12, 12.0005, 12.0005]
    assert [line.frame == ALIVE for line in lines] == [False, False, True, True, False, False]


def test_days_are_read_in_their_order_each_with_its_quotes(tmp_path: Path) -> None:
    def put(day: str, what: str) -> Path:
        return zipped(tmp_path / f"{day}_{what}.zip", (f"{day}_ibm_{what}_tick.csv", trade("1")))

    later, sooner, quotes, text = (
        put("20131008", "trade"),
        put("20131007", "trade"),
        put("20131008", "quote"),
        tmp_path / "x",
    )
    assert together([text, later, sooner, quotes]) == [(text,), (sooner,), (later, quotes)]
    assert len(list(read_together((later, quotes)))) == 2


def test_lines_without_a_time_are_kept_for_the_dead_letters(tmp_path: Path) -> None:
    body = trade("100") + b"hello\n" + b"1" * (MAX_LINE + 1) + b"\n\n" + trade("200")
    lines = list(read_ticks(zipped(tmp_path / "t.zip", (TRADES, body))))
    assert [line.skipped for line in lines] == [False, True, True, False]
    assert {line.received_ns for line in lines[:3]} == {nanoseconds("20131007", "100")}
    said = [record.decode(line.frame) for line in lines[1:3]]
    assert (said[0].line, len(said[1].line)) == (b"hello", MAX_LINE)
    assert lines[3].frame.startswith(b"trade IBM 20131007 4 ")


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ([], "holds 0 files"),
        ([(TRADES, b"1"), (QUOTES, b"1")], "holds 2 files"),
        ([("../../etc/passwd", b"1")], "not ticks such as"),
        ([("/" + TRADES, b"1")], "not ticks such as"),
        ([("20131007_ibm_second_trade.csv", b"1")], "folder `tick`"),
        ([(TRADES, b"0" * 10_000_000)], "would unpack"),
    ],
)
def test_a_zip_of_another_shape_is_refused_by_name(
    tmp_path: Path, members: list[tuple[str, bytes]], reason: str
) -> None:
    path = zipped(tmp_path / "a.zip", *members)
    with pytest.raises(CaptureError, match=reason) as refusal:
        list(read_ticks(path))
    assert "a.zip" in str(refusal.value)


def test_what_is_no_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(b"14430270,1815200,283,P,1,0")
    with pytest.raises(CaptureError, match="is no zip file"):
        list(read_ticks(path))


def test_a_locked_zip_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", (TRADES, trade("1")))
    body = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        body[body.index(signature) + offset] |= 1
    path.write_bytes(body)
    with pytest.raises(CaptureError, match="cannot be unpacked"):
        list(read_ticks(path))


def test_damage_ends_the_lines_and_is_told(tmp_path: Path) -> None:
    lines = b"".join(trade(str(time)) for time in os.urandom(3_000))
    path = zipped(tmp_path / "a.zip", (TRADES, lines))
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 0xFF
    path.write_bytes(body)
    found = list(read_ticks(path))
    assert found[-1].skipped
    assert "ends inside its compressed data" in record.decode(found[-1].frame).reason
    assert len(found) > 100


def test_a_size_that_lies_does_not_unpack_more(tmp_path: Path) -> None:
    body = b"".join(trade(str(time)) for time in range(3_000))
    path = zipped(tmp_path / "a.zip", (TRADES, body))
    packed = bytearray(path.read_bytes())
    struct.pack_into("<I", packed, packed.index(b"PK\x01\x02") + 24, 100)  # as if it unpacked to 100 bytes
    path.write_bytes(packed)
    found = list(read_ticks(path))
    assert len(found) < 10
    assert found[-1].skipped


def test_real_ticks_are_far_from_the_bounds() -> None:
    folder = Path(os.environ.get("BAROGRAPH_CAPTURES", "")) / "06_equity_ticks_quotes_lean" / "tick"
    if not os.environ.get("BAROGRAPH_CAPTURES") or not folder.is_dir():
        pytest.skip("BAROGRAPH_CAPTURES does not name a folder of captures")
    for path in sorted(folder.rglob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            member = archive.infolist()[0]
        assert member.file_size < MAX_RATIO / 10 * member.compress_size
        first = next(read_ticks(path))
        assert first.frame.split(b" ")[1].decode() == path.parent.name.upper()
