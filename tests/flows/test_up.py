"""What `up` does around its processes: its log in the format of all, and silent where the view owns the screen."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.logs import Handler
from flows.settings import Settings
from flows.up import STOP_ORDER, own_log, quiet_log, rank_of

log = logging.getLogger("barograph.supervise")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def stderr(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """A terminal as standard error, with the handler of a process on it."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    handler = Handler(screen)
    logging.getLogger().addHandler(handler)
    yield screen
    logging.getLogger().removeHandler(handler)


def test_on_a_terminal_the_view_says_what_is_logged_and_nobody_else(stderr: Terminal) -> None:
    said: list[str] = []
    with quiet_log(said.append):
        log.warning("market ended")
    assert (said, stderr.getvalue()) == (["market ended"], "")
    log.warning("after the view")
    assert (said, stderr.getvalue()) == (["market ended"], "after the view\n")


def test_lines_for_programs_stay_on_standard_error(stderr: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stderr, "isatty", lambda: False)
    said: list[str] = []
    with quiet_log(said.append, plain=True):
        log.warning("market ended")
    assert (said, stderr.getvalue()) == ([], "market ended\n")


def test_the_supervisor_keeps_a_log_of_its_own_within_bounds(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path).model_copy(update={"log": Settings().log.model_copy(update={"bytes": 10_000})})
    with own_log(settings):
        for number in range(500):
            log.warning("line %d", number)
    files = sorted((tmp_path / "log").iterdir())
    assert len(files) == 1 + settings.log.files
    assert max(file.stat().st_size for file in files) <= 10_000
    newest = [json.loads(line) for line in (tmp_path / "log" / "up.log").read_text().splitlines()]
    assert (newest[-1]["message"], newest[-1]["process"], newest[-1]["level"]) == ("line 499", "up", "warning")
    log.warning("after the end")
    assert "after the end" not in (tmp_path / "log" / "up.log").read_text()


def test_what_writes_stops_before_what_reads_it() -> None:
    stages = ("capture-3", "market-1", "trading", "execute", "simulator", "gateway", "deliver", "store")
    ranks = [rank_of(name) for name in stages]
    assert ranks == sorted(set(ranks))
    assert rank_of("market") == STOP_ORDER.index("market") == rank_of("market-12")
