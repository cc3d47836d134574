"""What stands ready for systemd and containers is well formed and names commands that there are."""

import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from flows.cli import app
from flows.supervision.notify import Notify

ROOT = Path(__file__).parents[2]
UNITS = sorted((ROOT / "deploy" / "systemd").iterdir())


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd here")
    for unit in UNITS:
        name = unit.name.replace("@.", "@market.")
        for made in {unit.name, name}:
            (tmp_path / made).write_text(unit.read_text().replace("/opt/barograph/bin/barograph", "/bin/true"))
    named = sorted(str(path) for path in tmp_path.iterdir() if "@." not in path.name)
    answer = subprocess.run(["systemd-analyze", "verify", *named], capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stderr) == (0, "")


def test_units_and_healthchecks_name_commands_that_there_are() -> None:
    commands = {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands}
    text = "".join(unit.read_text() for unit in UNITS)
    used = set(re.findall(r"/opt/barograph/bin/barograph (\w+)", text)) | set(re.findall(r"barograph@(\w+)", text))
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    used |= {services["barograph"]["healthcheck"]["test"][2], services["barograph"]["command"][0]}
    used |= set(re.findall(r'CMD \["barograph", "(\w+)"', (ROOT / "Dockerfile").read_text()))
    assert {"up", "health", "capture"} <= used
    assert used - commands - {"NAME"} == set()


def test_every_container_has_a_healthcheck_and_bounded_logs() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    assert [name for name, one in services.items() if "healthcheck" not in one or "logging" not in one] == []


def test_health_has_help_that_teaches() -> None:
    assert "exit code 0 if so" in CliRunner().invoke(app, ["health", "--help"]).stdout


def test_systemd_hears_ready_once_then_signs_of_life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(5.0)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        notify = Notify()
        notify()
        notify()
        notify.stopping()
        assert [systemd.recv(100) for _ in range(2)] == [b"READY=1\nWATCHDOG=1", b"STOPPING=1"]
    notify.stopping()  # nobody listens any more


def test_without_systemd_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    Notify()()
