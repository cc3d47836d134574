"""docs/grafana.md: every command in it runs, and what it says of boards and rules is so."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from dashboards.panels import boards
from flows.boards import groups
from flows.cli import app
from flows.settings import load
from tests.dashboards.grafana_stub import TOKEN, grafana

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "grafana.md").read_text("utf-8")
BLOCKS = re.findall(r"```\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = [
    line.split("#")[0].strip()
    for block in BLOCKS
    for line in block.splitlines()
    if line and not line.startswith(("[", "url"))
]
BY = {
    word: [line for line in COMMANDS if line.startswith(word)]
    for word in ("barograph", "python", "docker", "cp", "export")
}


def test_no_command_is_left_out_here() -> None:
    assert sorted(line for lines in BY.values() for line in lines) == sorted(COMMANDS)
    assert len(BY["barograph"]) == 3


def test_barographs_commands_run(monkeypatch: pytest.MonkeyPatch) -> None:
    assert BY["export"] == ["export BAROGRAPH_GRAFANA_TOKEN=glsa_..."]
    monkeypatch.setenv("BAROGRAPH_GRAFANA_TOKEN", TOKEN)
    with grafana() as (url, _):
        for line in BY["barograph"]:
            words = shlex.split(line.replace("http://127.0.0.1:3000", url))
            told = CliRunner().invoke(app, words[1:])
            assert told.exit_code == 0, (line, told.output, told.exception)


def test_writing_boards_runs_and_finds_nothing_to_do() -> None:
    before = {path: path.stat().st_mtime_ns for path in (ROOT / "dashboards" / "boards").glob("*.json")}
    for line in BY["python"]:
        words = [sys.executable, *shlex.split(line)[1:]]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_docker_compose_gives_grafana_the_files_and_the_secrets_it_needs() -> None:
    """There is no docker here: what the two commands rest on is checked instead."""
    assert BY["cp"] == ["cp .env.example .env"]
    assert BY["docker"] == ["docker compose up --build"]
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]["grafana"]
    mounted = dict(volume.split(":")[:2] for volume in compose["volumes"])
    assert mounted["./dashboards/provisioning"] == "/etc/grafana/provisioning"
    provider = yaml.safe_load(
        (ROOT / "dashboards" / "provisioning" / "dashboards" / "barograph.yaml").read_text("utf-8")
    )
    (boards_at,) = [provider["options"]["path"] for provider in provider["providers"]]
    assert mounted["./dashboards/boards"] == boards_at
    needed = set(re.findall(r"\$\{(\w+):\?", json.dumps(compose["environment"])))
    there = set(re.findall(r"^#?\s*(\w+)=", (ROOT / ".env.example").read_text("utf-8"), re.MULTILINE))
    assert needed <= there


def test_the_settings_in_it_are_valid(tmp_path: Path) -> None:
    (block,) = [block for block in BLOCKS if block.startswith("[grafana]")]
    (tmp_path / "barograph.toml").write_text(block)
    assert load(tmp_path / "barograph.toml").grafana.url == "http://127.0.0.1:3000"


def test_its_tables_name_all_boards_and_all_rules() -> None:
    rows = set(re.findall(r"^\| ([^|]+?) \|", PAGE, re.MULTILINE)) - {"board", "rule"}
    titles = {board["title"].removeprefix("Barograph · ") for board in boards().values()}
    assert rows == titles | {rule["title"] for group in groups() for rule in group["rules"]}
