from pathlib import Path

import pytest

from flows import engine


def filled(folder: Path) -> Path:
    recovery = folder / "recovery" / "market"
    recovery.mkdir(parents=True)
    engine._begin_anew_if_changed(recovery)
    (recovery / "part-0.sqlite3").write_text("states")
    return recovery


def test_a_recovery_store_of_the_same_source_is_kept(tmp_path: Path) -> None:
    recovery = filled(tmp_path)
    engine._begin_anew_if_changed(recovery)
    assert (recovery / "part-0.sqlite3").read_text() == "states"


def test_a_recovery_store_of_other_source_is_set_aside_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    recovery = filled(tmp_path)
    monkeypatch.setattr(engine, "source_digest", lambda: "other")
    engine._begin_anew_if_changed(recovery)
    assert not any(recovery.iterdir())
    assert (tmp_path / "recovery" / "market.older" / "part-0.sqlite3").exists()
    assert "begins anew" in caplog.text


def test_a_recovery_store_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recovery = tmp_path / "market"
    recovery.mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(engine, "init_db_dir", _killed)
        with pytest.raises(KeyboardInterrupt):
            engine._begin(recovery)
    assert not any(recovery.iterdir())
    engine._begin(recovery)
    assert [path.name for path in recovery.iterdir()] == ["part-0.sqlite3"]


def _killed(folder: Path, _count: int) -> None:
    (folder / "part-0.sqlite3").touch()
    raise KeyboardInterrupt


def test_a_recovery_store_of_other_choices_is_set_aside(tmp_path: Path) -> None:
    recovery = filled(tmp_path)
    engine._begin_anew_if_changed(recovery, "|short=15m")
    assert not any(recovery.iterdir())
    (recovery / "part-0.sqlite3").write_text("states")
    engine._begin_anew_if_changed(recovery, "|short=15m")
    assert (recovery / "part-0.sqlite3").exists()


def test_a_recovery_store_of_a_version_that_left_no_mark_is_set_aside(tmp_path: Path) -> None:
    recovery = filled(tmp_path)
    (tmp_path / "recovery" / "market.source").unlink()
    engine._begin_anew_if_changed(recovery)
    assert not any(recovery.iterdir())
