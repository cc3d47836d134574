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


def test_a_recovery_store_of_a_version_that_left_no_mark_is_set_aside(tmp_path: Path) -> None:
    recovery = filled(tmp_path)
    (tmp_path / "recovery" / "market.source").unlink()
    engine._begin_anew_if_changed(recovery)
    assert not any(recovery.iterdir())
