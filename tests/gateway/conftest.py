"""One embedded store for all tests of the gateway, with the rows of a small market in it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sinks.clickhouse.client import connect
from sinks.clickhouse.migrate import migrate
from tests.gateway import small_market

START_TIMEOUT_S = 60


@pytest.fixture(scope="session")
def store_dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """DSN of a migrated store that holds `small_market`."""
    data = tmp_path_factory.mktemp("gateway-store")
    config = data / "settings.toml"
    config.write_text(f'data = "{data}"\n[store]\nport = 0\n')
    child = subprocess.Popen(
        [sys.executable, "-m", "flows", "store", "--config", str(config)],
        stdin=subprocess.PIPE,
        env={**os.environ, "BAROGRAPH_SUPERVISED": "1"},
    )
    try:
        dsn = f"http://default@127.0.0.1:{_port(data, child)}/barograph"
        client = connect(dsn)
        migrate(client)
        small_market.fill(client)
        client.close()
        yield dsn
    finally:
        assert child.stdin is not None
        child.stdin.close()
        child.wait(20)


def _port(data: Path, child: "subprocess.Popen[bytes]") -> int:
    deadline = time.monotonic() + START_TIMEOUT_S
    said = data / "run" / "store.json"
    while time.monotonic() < deadline and child.poll() is None:
        if said.exists():
            return int(json.loads(said.read_text())["port"])
        time.sleep(0.05)
    raise AssertionError(f"the store did not start: exit code {child.poll()}")
