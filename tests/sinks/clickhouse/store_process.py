"""A real store in a process of its own, for tests that must see what a client sees."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3

ROOT = Path(__file__).parents[3]
CODE = """
import signal, sys, threading
from pathlib import Path
from market.errors import StoreError
from sinks.clickhouse.store import serve
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda number, frame: stop.set())
try:
    serve(Path(sys.argv[1]), host=sys.argv[2], port=int(sys.argv[3]), password=sys.argv[4] or None, stop=stop)
except StoreError as error:
    sys.exit(f"error: {error}")
"""


@dataclass
class StoreProcess:
    """A store that was started."""

    data: Path
    process: "subprocess.Popen[str]"
    port: int
    pool: urllib3.PoolManager

    @property
    def dsn(self) -> str:
        return f"http://default@127.0.0.1:{self.port}/barograph"

    def ask(
        self,
        query: str = "",
        body: Any = None,
        headers: dict[str, str] | None = None,
        method: str = "POST",
        **parameters: Any,
    ) -> urllib3.BaseHTTPResponse:
        from urllib.parse import urlencode

        given = ({"query": query} if query else {}) | parameters
        url = f"http://127.0.0.1:{self.port}/?{urlencode(given)}"
        return self.pool.request(method, url, body=body, headers=headers, decode_content=False)

    def text(self, query: str, **parameters: Any) -> str:
        answer = self.ask(query, **parameters)
        assert answer.status == 200, answer.data
        return answer.data.decode()

    def end(self, number: int = signal.SIGTERM) -> float:
        """Seconds that it took to end."""
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(20)
        took = time.monotonic() - began
        self.pool.clear()
        if self.process.stderr is not None:
            self.process.stderr.close()
        return took


def launch(data: Path, host: str = "127.0.0.1", port: int = 0, password: str = "") -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", CODE, str(data), host, str(port), password]
    return subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )


def start(data: Path, password: str = "", port: int = 0) -> StoreProcess:
    (data / "run" / "store.json").unlink(missing_ok=True)
    process = launch(data, password=password, port=port)
    run_file = data / "run" / "store.json"
    for _ in range(1500):
        if run_file.exists():
            break
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.02)
    said = json.loads(run_file.read_text())
    assert said["pid"] == process.pid
    return StoreProcess(data, process, said["port"], urllib3.PoolManager(retries=False, maxsize=8))
