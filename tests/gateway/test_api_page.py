"""docs/api.md: every command and every snippet in it runs against a gateway, in order, and answers."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from gateway.caller import SCOPES
from gateway.keys import Keys
from gateway.serve import serve
from market.clock import SystemClock
from tests.gateway.stream.listening import tell, teller

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "api.md").read_text()
SHELL, PYTHON = (re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL) for kind in ("sh", "python"))


@pytest.fixture(scope="module")
def gateway(store_dsn, tmp_path_factory):
    """Where it listens, its data, and a key that may all."""
    data = tmp_path_factory.mktemp("page")
    with teller(data) as part:
        tell(part, 1, 5)
    made = Keys(data, SystemClock()).add(name="all", scopes=SCOPES, tenant="default", rate_per_s=1_000)
    stop, ready, ports = threading.Event(), threading.Event(), []
    told = {"data": data, "stop": stop, "ready": lambda port: (ports.append(port), ready.set())}
    worker = threading.Thread(target=serve, args=(store_dsn, "127.0.0.1", 0), kwargs=told)
    worker.start()
    assert ready.wait(20)
    yield f"127.0.0.1:{ports[0]}", data, made.text
    stop.set()
    worker.join(10)


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_commands_run_and_answer(gateway, tmp_path):
    host, data, key = gateway
    lines = [line for block in SHELL for line in block.strip().splitlines()]
    assert len(lines) > 8
    barograph = f"{shlex.quote(sys.executable)} -m flows"
    script = "\n".join(lines).replace("127.0.0.1:8080", host).replace("barograph key", f"{barograph} key")
    script = re.sub(rf"({re.escape(barograph)} key.*)", rf"\1 --data {shlex.quote(str(data))}", script)
    script = script.replace("curl ", 'curl --fail -H "X-API-Key: $KEY" ', 2)  # the first two are of an open gateway
    environment = {**os.environ, "KEY": key, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace("curl -s", "curl -s --fail")],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert '"direction":0.5' in ran.stdout
    assert re.search(r"bg_[0-9a-f]{16}_\w{49}\n", ran.stdout)
    assert ran.stdout.count('"tick_size":0.1') == 6
    assert '"open_time":"2023-11-14T22:13:22.000000000Z"' in ran.stdout
    assert 'rel="next"' in ran.stdout
    assert (tmp_path / "bars.parquet").read_bytes()[:4] == b"PAR1"


def test_snippets_run(gateway, capsys):
    host, _, key = gateway
    known = {"KEY": key}
    for snippet in PYTHON:
        exec(snippet.replace("127.0.0.1:8080", host), known)
    known["client"].close()
    assert known["bars"].height == 3
    assert len(known["last"]) == 2
    lines = capsys.readouterr().out.splitlines()
    told = [line for line in lines if not line.startswith("[")]  # states of orders that other tests left in the store
    assert told[0] == "0.5 unknown 5"
    assert told[1].startswith("5 3 ")
    assert told[2] == "5"
    assert told[3] == "3 3 5 quote"
