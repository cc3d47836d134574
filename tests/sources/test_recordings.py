import gzip
import json
from pathlib import Path

import pytest

from market import record
from sources.captures import read_answers, read_capture
from sources.recordings import Answer

NS = 1_652_459_225_503_749_100


def said(kind: str, **more: object) -> str:
    return json.dumps({"t": kind, "conn": "OKX.ws.1", "ts": 1652459225.5037491, **more})


def written(path: Path, *lines: str) -> Path:
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return path


def test_frames_stay_as_received_and_sockets_are_told_of(tmp_path: Path) -> None:
    frame = '{"arg":{"channel":"books"},"é":"\\u00e9"}'
    path = written(
        tmp_path / "a.gz",
        json.dumps({"t": "header", "format": 2, "candle_interval": None}),
        said("connect", addr="wss://x"),
        said("send", data="{}"),
        said("recv", data=frame),
        said("connect", addr="wss://x"),
    )
    first, received, again = read_capture(path)
    assert received == (NS, frame.encode(), False)
    assert record.decode(first.frame) == record.Connected("OKX.ws.1", 1, [])
    assert record.decode(again.frame) == record.Connected("OKX.ws.1", 2, [])


def test_answers_become_what_the_caller_makes_of_them(tmp_path: Path) -> None:
    path = written(tmp_path / "a.gz", said("http", url="https://x/depth", data="{}"), said("recv", data="1"))
    assert read_answers(path) == [Answer("https://x/depth", "{}")]
    assert [line.frame for line in read_capture(path)] == [b"1"]
    assert [line.frame for line in read_capture(path, lambda answer: answer.body.encode())] == [b"{}", b"1"]


def test_older_text(tmp_path: Path) -> None:
    path = written(
        tmp_path / "COINBASE.ws.28.0.gz",
        "wss://feed <-> 1618677816.8434298",
        'wss://feed <- 1618677817.020616: {"type":"subscribe"}',
        '1618677817.061845: {"type":"subscriptions"}',
        "1618677817.07: ",
    )
    opened, received, bad = read_capture(path)
    assert record.decode(opened.frame) == record.Connected("wss://feed", 1, [])
    assert received == (1_618_677_817_061_845_000, b'{"type":"subscriptions"}', False)
    assert bad.skipped


@pytest.mark.parametrize(
    "line",
    ['{"t":"recv","conn":"c","data":"x"}', '{"t":"recv","ts":17,"data":"x"}', '{"t":"noise","ts":1652459225.5}',
     '{"t":"recv","ts":1e999980,"data":"x"}',
     '{"t":"recv","ts":"NaN","data":"x"}', '{"t":"recv","ts":1e999,"data":"x"}', '{"t":', "garbage"],
)  # fmt: skip
def test_what_is_not_understood_is_kept_as_skipped_under_the_time_before_it(tmp_path: Path, line: str) -> None:
    received, bad = read_capture(written(tmp_path / "a.gz", said("recv", data="x"), line))
    assert bad.received_ns == received.received_ns
    assert record.decode(bad.frame).line == line.encode()


def test_a_frame_can_never_pass_for_a_record_of_ours(tmp_path: Path) -> None:
    (line,) = read_capture(written(tmp_path / "a.gz", said("recv", data='\x1e{"record":"alive"}')))
    assert not record.is_record(line.frame)
