"""A suspended process keeps its place: a second one that is started meanwhile is refused, and nothing is done twice."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.flows.pipe import barograph, settings_file, tables_of
from tests.kill.processes import ROOT, Pipe, wait_for
from tests.kill.reader import Reader
from tests.kill.run import SHARD, far
from tests.kill.test_kill import LONGEST_S, SETTINGS, different, messages, uninterrupted

REFUSED = {
    "capture": "another process",
    "market": "runs on",
    "trading": "runs on",
    "store": "another process serves the store",
    "up": "already runs",
}
ROWS = 60


def second(config: Path, name: str) -> "subprocess.CompletedProcess[str]":
    """The same command on the same folder, as a person or a second supervisor would start it."""
    command = [sys.executable, "-m", "flows", name, "--config", str(config)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.timeout(1200)
def test_a_second_instance_is_refused_while_the_first_is_suspended(tmp_path: Path) -> None:
    config = settings_file(tmp_path / "suspended", **SETTINGS)
    data = tmp_path / "suspended" / "data"
    with Pipe(config, data) as pipe, Reader(data) as reader:
        wait_for(lambda: reader.settled(SHARD) > ROWS, "rows in the tables", 240)
        for name, words in REFUSED.items():
            before = far(pipe, reader)
            assert pipe.send(name, signal.SIGSTOP)
            try:
                answer = second(data / "run" / "settings.toml", name)
            finally:
                pipe.send(name, signal.SIGCONT)
            assert (answer.returncode, words in answer.stderr) == (1, True), (name, answer.stderr)
            wait_for(lambda b=before: far(pipe, reader)[1] > b[1] + ROWS, f"progress after {name}", 240)
        assert pipe.stop() == 0
    assert reader.seen.wrong == []
    barograph("replay", "--config", config, timeout_s=LONGEST_S)
    clean = uninterrupted(tmp_path / "clean", config)
    assert different(tables_of(config), tables_of(clean)) == []
    assert messages(config, "trading") == messages(clean, "trading")
