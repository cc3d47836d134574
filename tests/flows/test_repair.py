"""`barograph repair` finds damage, makes journals anew, and finds nothing the second time."""

import logging
from pathlib import Path

import pytest

from flows.repair import run_repair
from flows.settings import Settings
from market.journal import partition_path
from tests.sinks.damage import PAGE, append, frames_of, read, times_of, writer, zero


@pytest.fixture
def path(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Path:
    caplog.set_level(logging.CRITICAL, "barograph.journal")
    found = partition_path(tmp_path, "market", "okx/0")
    with writer(found, alone=True) as journal:
        append(journal, 24)
    return found


def test_whole_journals_are_left_as_they_are(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = path.read_bytes()
    assert run_repair(Settings(data=path.parents[2]), check=False) == 0
    assert path.read_bytes() == before
    assert capsys.readouterr().out == "market/okx-0.db: whole, 24 rows\n"


def test_a_damaged_journal_is_told_then_made_anew_and_capture_goes_on_after_it(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = bytearray(path.read_bytes())
    zero(data, 8 * PAGE)
    path.write_bytes(data)
    settings = Settings(data=path.parents[2])
    assert run_repair(settings, check=True) == 1
    assert "DAMAGED" in capsys.readouterr().out
    assert path.read_bytes() == data
    before = read(path)
    assert run_repair(settings, check=False) == 0
    assert path.with_name("okx-0.db.damaged-1").read_bytes() == data
    assert read(path)[0] == before[0]
    assert run_repair(settings, check=True) == 0
    with writer(path, alone=True) as journal:
        assert journal.append([1], [b"after"]) > 1000
    rows, _ = read(path)
    assert rows[1] == (times_of(1), frames_of(1))


def test_what_is_no_journal_stays_and_is_a_failure(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path.with_name("zzz-0.db").write_bytes(b"not a database" * 1000)
    assert run_repair(Settings(data=path.parents[2]), check=False) == 1
    assert "move it away" in capsys.readouterr().out
    assert path.with_name("zzz-0.db").read_bytes() == b"not a database" * 1000
