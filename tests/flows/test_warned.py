"""What the terminal repeats of a process's log: new warnings, once."""

from pathlib import Path

from flows.warned import Warnings

LINE = "2026-11-22T11:44:17.400Z {level:<7} barograph.capture  {text}\n"


def test_new_warnings_are_told_once_however_often_they_are_retried(tmp_path: Path) -> None:
    path = tmp_path / "capture.log"
    path.write_text(LINE.format(level="WARNING", text="of an earlier run"))
    warned = Warnings(path)
    assert warned.new() == []
    with path.open("a") as log:
        for pause in (0.2, 0.6):
            log.write(LINE.format(level="WARNING", text=f"cannot reach x; retrying in {pause} s"))
        log.write(LINE.format(level="INFO", text="not for the terminal"))
        log.write("2026-11-22T11:44:18.400Z WARNING barograph.capture  half a l")
    assert warned.new() == ["barograph.capture cannot reach x; retrying in 0.2 s"]
    with path.open("a") as log:
        log.write("ine\n")
    assert warned.new() == ["barograph.capture half a line"]
    assert warned.new() == []


def test_no_log_file_yet_is_no_warning(tmp_path: Path) -> None:
    assert Warnings(tmp_path / "capture.log").new() == []
