"""The command line: help that teaches, one sentence for what cannot be done, stable exit codes."""

import subprocess
import sys
from pathlib import Path

import pytest

from flows.cli import exit_code
from market.errors import DiskError, SettingsError

COMMANDS = [
    *("up", "capture", "market", "trading", "store", "gateway", "simulate"),
    *(
        "import",
        "replay",
        "sql",
        "status",
        "regimes",
        "settings",
        "account",
        "verify",
        "check-live",
        "health",
        "deliver",
        "webhook",
    ),
]


def barograph(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flows", *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def test_help_names_every_command() -> None:
    said = barograph("--help").stdout
    assert [command for command in COMMANDS if f" {command} " not in said] == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["up", "--config", "none.toml"], "there is no settings file none.toml"),
        (["up", "--venue", "massive-stocks", "--data", "nowhere"], "massive-stocks need BAROGRAPH_MASSIVE_KEY in the"),
        (["up", "--venue", "krakken", "--data", "nowhere"], "unknown venue 'krakken'; there are"),
        (["verify", "none.gz", "--venue", "kraken"], "none.gz cannot be read: No such file"),
        (["replay", "--data", "nowhere"], "nowhere holds no journal"),
        (["import", "none.gz", "--venue", "binance-spot", "--data", "nowhere"], "there is no file none.gz"),
        (["import", "bars.csv", "--venue", "binance-spot", "--data", "nowhere"], "say whose and how long with"),
        (["import", "bars.csv", "a.gz", "--venue", "binance-spot", "--data", "nowhere"], "import them by two commands"),
        (["import", "a.gz", "--venue", "binance-spot", "--timeframe", "1h", "--data", "nowhere"], "is a line capture"),
        (["regimes", "none.csv"], "there is no file none.csv"),
        (["sql", "select 1", "--data", "nowhere"], "nowhere holds no store"),
        (["sql", "-- a comment first = no option\nselect 1", "--data", "nowhere"], "nowhere holds no store"),
        (["up", "--data", "/dev/null"], "/dev/null/run cannot be written (Not a directory)"),
        (["sql", "select 1", "--format", "xml"], "--format xml is unknown"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_exit_code_1(
    arguments: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("bars.csv", "a.gz"):
        (tmp_path / name).touch()
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    answer = barograph(*arguments)
    assert answer.returncode == 1
    assert sentence in answer.stderr
    assert "Traceback" not in answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [["up", "--duration", "soon"], ["replay", "--speed", "fast"], ["fly"], ["sql", "select 1", "--fromat", "csv"]],
)
def test_wrong_words_are_exit_code_2(arguments: list[str]) -> None:
    assert barograph(*arguments).returncode == 2


def test_an_error_of_the_disk_is_told_by_the_exit_code_wherever_it_comes_from() -> None:
    wrapped = RuntimeError("of the engine")
    wrapped.__cause__ = DiskError("fsync failed")
    assert [exit_code(error) for error in (DiskError("x"), wrapped, SettingsError("x"), None)] == [74, 74, 1, 1]
