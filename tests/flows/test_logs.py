"""Every process logs one JSON object a line into a file that stays within its bounds, whatever it writes."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from flows.log_file import LogFile
from flows.log_lines import JsonLines
from flows.stop import LOG, PROCESS, SUPERVISED

SET_UP = """
import logging, os, sys
from flows.logs import log_to_stderr
log_to_stderr()
log = logging.getLogger('barograph.capture')
"""


def logged(path: Path, code: str, *, limit_bytes: int = 1_000_000, files: int = 3) -> int:
    """Run a piece of Python as the supervisor would, with its log at `path`; its exit code."""
    told = LogFile(path, limit_bytes, files).told()
    with path.open("ab") as output:
        return subprocess.run(
            [sys.executable, "-c", f"{SET_UP}\n{code}"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, SUPERVISED: "1", PROCESS: "capture-0", LOG: told},
            check=False,
        ).returncode


def test_a_line_says_when_how_bad_who_and_what(tmp_path: Path) -> None:
    path = tmp_path / "capture.log"
    assert logged(path, "log.warning('no answer\\r\\n\\x1b[31m%s', 'é\\x9b')") == 0
    (line,) = path.read_text().splitlines()
    told = json.loads(line)
    assert set(told) == {"time", "level", "part", "process", "pid", "message"}
    assert (told["level"], told["part"], told["process"]) == ("warning", "capture", "capture-0")
    assert told["message"] == "no answer\r\n\x1b[31mé?"
    assert told["time"][-1] == "Z"
    assert not set(line) & {"\x1b", "\x9b", "\r"}


def test_an_exception_is_a_field_of_its_line(tmp_path: Path) -> None:
    path = tmp_path / "capture.log"
    code = "import threading; t = threading.Thread(target=lambda: {}['k'], name='worker'); t.start(); t.join(); 1 / 0"
    assert logged(path, code) == 1
    thread, main = (json.loads(line) for line in path.read_text().splitlines())
    assert thread["message"].startswith("thread worker ended by KeyError")
    assert (main["level"], main["message"]) == ("critical", "ended by ZeroDivisionError: division by zero")
    assert main["exception"].endswith("ZeroDivisionError: division by zero")


def test_a_crash_of_the_interpreter_leaves_its_stacks_in_the_file_that_is_open_by_then(tmp_path: Path) -> None:
    path = tmp_path / "capture.log"
    code = "for n in range(300): log.info('line %d', n)\nos.write(2, b'a word of the engine\\n'); os.abort()"
    assert logged(path, code, limit_bytes=10_000) < 0
    assert (tmp_path / "capture.log.1").exists()
    text = path.read_text()
    assert "a word of the engine" in text
    assert "Fatal Python error: Aborted" in text


def test_files_are_bounded_in_size_and_number_and_no_line_is_lost_between_them(tmp_path: Path) -> None:
    path = tmp_path / "capture.log"
    code = "for n in range(2000): log.info('%d %s', n, 'x' * 50)"
    assert logged(path, code, limit_bytes=20_000, files=2) == 0
    files = [tmp_path / name for name in ("capture.log.2", "capture.log.1", "capture.log")]
    assert sorted(tmp_path.iterdir()) == sorted(files)
    assert max(file.stat().st_size for file in files) < 21_000
    numbers = [int(json.loads(line)["message"].split()[0]) for file in files for line in file.read_text().splitlines()]
    assert numbers == list(range(numbers[0], 2000))
    assert numbers[0] > 0


def test_what_is_written_past_the_log_is_bounded_by_the_heart(tmp_path: Path) -> None:
    path = tmp_path / "capture.log"
    code = (
        f"DATA = {str(tmp_path / 'data')!r}"
        + """
from pathlib import Path
from flows.heart import Heart
from market.clock import ManualClock
clock = ManualClock(10**10)
heart = Heart(Path(DATA), 'capture', clock=clock)
for n in range(100):
    print('x' * 1000, flush=True)
    clock.advance(10**9)
    heart('')
"""
    )
    assert logged(path, code, limit_bytes=10_000, files=1) == 0
    assert path.stat().st_size + (tmp_path / "capture.log.1").stat().st_size < 25_000


def test_a_folder_that_takes_no_new_file_does_not_stop_the_log(tmp_path: Path) -> None:
    path = tmp_path / "capture.log"
    (tmp_path / "capture.log.1").mkdir()
    (tmp_path / "capture.log.1" / "in the way").touch()
    assert logged(path, "for n in range(300): log.info('line %d', n)", limit_bytes=10_000, files=1) == 0
    assert len(path.read_text().splitlines()) == 300


def test_a_full_disk_loses_lines_and_nothing_else() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no full disk to write to")
    with Path("/dev/full").open("wb") as full:
        code = f"{SET_UP}\nlog.error('lost'); sys.stdout.write('goes on')"
        answer = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=full, check=False)
    assert answer.stdout == b"goes on"


def test_no_files_aside_means_that_the_full_one_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(b"x" * 100)
    LogFile(path, 100, 0).rotate()
    assert list(tmp_path.iterdir()) == []


def test_a_message_without_end_is_cut() -> None:
    record = logging.LogRecord("barograph.x", logging.INFO, "", 0, "y" * 10**6, (), None)
    assert len(JsonLines("x").format(record)) < 10_000


def test_words_to_a_person_stay_a_sentence(tmp_path: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "flows", "sql", "select 1", "--data", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.stderr.startswith("barograph: ")


def test_the_last_words_of_a_supervised_process_are_a_line(tmp_path: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "flows", "sql", "select 1", "--data", str(tmp_path)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, SUPERVISED: "1", PROCESS: "market"},
        check=False,
    )
    told = json.loads(answer.stderr)
    assert (told["level"], told["process"]) == ("error", "market")
    assert "holds no store" in told["message"]
