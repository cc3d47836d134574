import os
from pathlib import Path

import msgspec
import pytest

from market import record
from sources.array_file import MAX_BROKEN_BYTES, read_array
from sources.captures import read_capture
from sources.lines import Line

MS = 1_000_000
RECEIVED = 1_690_409_119_000


def event(number: int, received: int = 0) -> bytes:
    return f'{{"ev":"XQ","pair":"A-USD","bp":0.0771,"as":7e-06,"t":{number},"r":{RECEIVED + received}}}'.encode()


def read(*lines: bytes | str) -> list[Line]:
    return list(read_array(iter(lines)))


def test_every_line_is_a_frame_of_its_events_as_they_are_written() -> None:
    found = read(b"[" + event(1, 5) + b",", event(2, 4) + b"," + event(3, 6) + b",", event(4, 7) + b"]")
    assert [line.frame for line in found] == [
        b"[" + event(1, 5) + b"]",
        b"[" + event(2, 4) + b"," + event(3, 6) + b"]",
        b"[" + event(4, 7) + b"]",
    ]
    assert [line.received_ns - RECEIVED * MS for line in found] == [5 * MS, 6 * MS, 7 * MS]


def test_an_event_that_goes_on_in_the_next_line_is_joined() -> None:
    text = event(1) + b"," + event(2) + b","
    found = read(text[:-60], text[-60:])
    assert [line.frame for line in found] == [b"[" + event(1) + b"," + event(2) + b"]"]


def test_brackets_may_stand_alone_and_the_end_may_be_missing() -> None:
    assert [line.skipped for line in read(b"[", event(1) + b",", b"]")] == [False]
    assert [line.skipped for line in read(b"[" + event(1) + b",")] == [False]
    assert read(b"[", b"]") == []


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (event(2)[:40], "break off"),
        (b'{"ev":"XQ","t":5},', "receipt `r`"),
        (b'{"ev":"XQ","r":"x"},', "receipt `r`"),
        (b'{"ev":"XQ","r":12},', "receipt `r`"),
        ("why", "why"),
    ],
)
def test_what_is_no_event_is_kept_for_the_dead_letters_and_the_rest_is_read(bad: bytes | str, reason: str) -> None:
    found = read(b"[" + event(1) + b",", bad, event(3) + b",")
    assert [line.skipped for line in found] == [False, True, False]
    assert reason in record.decode(found[1].frame).reason
    assert found[1].received_ns == found[0].received_ns


def test_an_event_that_never_ends_does_not_fill_the_memory() -> None:
    piece = b'"' + b"a" * 100_000
    found = read(*[b"[{", *[piece] * 40])
    assert all(line.skipped for line in found)
    assert len(found) == 4
    assert max(len(line.frame) for line in found) < 2 * MAX_BROKEN_BYTES


def test_nothing_of_the_real_recording_is_lost() -> None:
    folder = Path(os.environ.get("BAROGRAPH_CAPTURES", "")) / "05_ws_equity_frames"
    if not os.environ.get("BAROGRAPH_CAPTURES") or not folder.is_dir():
        pytest.skip("BAROGRAPH_CAPTURES does not name a folder of captures")
    path = folder / "polygon_crypto_XQ_20230726.first_half.txt"
    lines = list(read_capture(path))
    assert not any(line.skipped for line in lines)
    events = [event for line in lines for event in msgspec.json.decode(line.frame)]
    assert len(events) == path.read_bytes().count(b'"ev"') == 5_277
    written = path.read_bytes().translate(None, b"\n").strip(b"[,")
    assert b",".join(line.frame[1:-1] for line in lines) == written
