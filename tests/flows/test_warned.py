"""What the terminal repeats of a process's log: new warnings, once."""

import json
from pathlib import Path

from flows.warned import ALARMS, Warnings


def line(text: str, level: str = "warning") -> str:
    facts = {"time": "2026-11-22T11:44:17.400000Z", "level": level, "part": "capture", "process": "capture", "pid": 1}
    return json.dumps({**facts, "message": text}) + "\n"


def add(path: Path, *lines: str) -> None:
    with path.open("a") as log:
        log.writelines(lines)


def test_new_warnings_are_told_once_however_often_they_are_retried(tmp_path: Path) -> None:
    path = tmp_path / "capture.log"
    path.write_text(line("of an earlier run"))
    warned = Warnings(path)
    assert warned.new() == []
    add(path, *(line(f"cannot reach x; retrying in {pause} s") for pause in (0.2, 0.6)))
    add(path, line("not for the terminal", "info"), "a traceback, not a line\n", line("half a line")[:-9])
    assert warned.new() == ["capture: cannot reach x; retrying in 0.2 s"]
    add(path, line("half a line")[-9:])
    assert warned.new() == ["capture: half a line"]
    assert warned.new() == []


def test_a_log_that_is_set_aside_is_read_to_its_end_before_the_next(tmp_path: Path) -> None:
    path = tmp_path / "capture.log"
    add(path, line("old"))
    warned = Warnings(path)
    add(path, line("last of the full file"))
    path.rename(tmp_path / "capture.log.1")
    add(path, line("first of the next"))
    assert warned.new() == ["capture: last of the full file", "capture: first of the next"]


def test_alarms_alone_where_only_they_are_wanted(tmp_path: Path) -> None:
    path = tmp_path / "market.log"
    path.touch()
    warned = Warnings(path, ALARMS)
    add(path, line("late"), line("refused", "error"))
    assert warned.new() == ["capture: refused"]


def test_a_log_cannot_steer_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "capture.log"
    path.touch()
    warned = Warnings(path)
    add(path, line("red\x1b[31m\r\nand\x07 blue"))
    assert warned.new() == ["capture: red [31m and blue"]


def test_a_log_that_appears_later_is_read_from_its_beginning(tmp_path: Path) -> None:
    warned = Warnings(tmp_path / "capture.log")
    assert warned.new() == []
    add(tmp_path / "capture.log", line("new"))
    assert warned.new() == ["capture: new"]
