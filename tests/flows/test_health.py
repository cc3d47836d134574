"""Health over HTTP and by command: who is ready, why not, and who may ask; on a whole running Barograph too."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from flows.settings import SuperviseSettings
from flows.supervision.health_server import health_server
from flows.supervision.supervise import Supervisor
from market.errors import SettingsError
from tests.flows.children import BEATING, run, watch_until
from tests.flows.pipe import settings_file
from tests.flows.scraped import assert_truth

ALL = {"store", "simulator", "capture", "market", "trading", "gateway", "deliver"}


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    made = Supervisor(tmp_path)
    yield made
    made.stop()


def asked(port: int, path: str, **headers: str) -> httpx.Response:
    with httpx.Client(trust_env=False, base_url=f"http://127.0.0.1:{port}") as client:
        return client.get(path, headers=headers)


def test_ready_is_only_who_has_every_process_at_work(supervisor: Supervisor) -> None:
    with health_server(supervisor, SuperviseSettings(port=0)) as port:
        assert asked(port, "/healthz").status_code == 200
        assert asked(port, "/readyz").json() == {"status": "not ready", "reasons": ["nothing was started yet"]}
        run(supervisor, "market", BEATING)
        supervisor.beginning = "more is to come"
        watch_until(supervisor, lambda: supervisor.report.reasons() == ["more is to come"])
        assert asked(port, "/readyz").status_code == 503
        supervisor.beginning = ""
        watch_until(supervisor, lambda: not supervisor.report.reasons())
        assert (asked(port, "/readyz").status_code, asked(port, "/readyz").json()) == (200, {"status": "ready"})
        supervisor.add("gateway", [sys.executable, "-c", "import time; time.sleep(60)"])
        watch_until(supervisor, lambda: bool(supervisor.report.reasons()))
        answer = asked(port, "/readyz")
        assert answer.status_code == 503
        assert answer.json()["reasons"][0].startswith("gateway: has not begun")
        told = {one["name"]: one["state"] for one in asked(port, "/healthz").json()["processes"]}
        assert told == {"market": "ready", "gateway": "starting"}


def test_a_supervisor_that_stands_still_is_not_alive(supervisor: Supervisor) -> None:
    supervisor.tick()
    assert supervisor.ticked_s is not None
    with health_server(supervisor, SuperviseSettings(port=0)) as port:
        supervisor.ticked_s -= 20.0
        assert asked(port, "/healthz").status_code == 503


def test_a_page_of_another_name_learns_nothing(supervisor: Supervisor) -> None:
    with health_server(supervisor, SuperviseSettings(port=0)) as port:
        assert asked(port, "/healthz", Host="rebound.example").status_code == 421
        assert asked(port, "/healthz", Host="localhost").status_code == 200


def test_beyond_loopback_health_is_told_to_who_has_the_key(supervisor: Supervisor) -> None:
    open_to_all = SuperviseSettings(host="0.0.0.0", port=0)
    for key in ("", "short"):
        with pytest.raises(SettingsError, match="BAROGRAPH_API_KEY"), health_server(supervisor, open_to_all, key):
            pass
    with health_server(supervisor, open_to_all, "k" * 16) as port:
        assert asked(port, "/readyz").status_code == 401
        assert asked(port, "/readyz", **{"x-api-key": "k" * 16}).status_code == 503


def test_a_taken_port_is_one_sentence_with_the_way_out(supervisor: Supervisor) -> None:
    with health_server(supervisor, SuperviseSettings(port=0)) as port:
        again = SuperviseSettings(port=port)
        with pytest.raises(SettingsError, match=r"supervise\.port"), health_server(supervisor, again):
            pass


def healthy(config: Path, *name: str) -> tuple[int, str]:
    answer = subprocess.run(
        [sys.executable, "-m", "flows", "health", *name, "--config", str(config)],
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.returncode, answer.stdout.strip()


def wait_for(condition: Callable[[], object], what: str, timeout_s: float = 120.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {timeout_s:.0f} s"
        time.sleep(0.1)


class Whole:
    """What a running Barograph says of itself."""

    def __init__(self, data: Path) -> None:
        self.path = data / "run" / "up.json"

    def ready(self) -> bool:
        return self.started() and asked(self.port, "/readyz").status_code == 200

    def started(self) -> bool:
        return self.path.exists() and self.port > 0

    def reasons(self) -> list[str]:
        answer = asked(self.port, "/readyz")
        return [] if answer.status_code == 200 else answer.json()["reasons"]

    def one(self, name: str) -> dict[str, object]:
        return next(one for one in asked(self.port, "/healthz").json()["processes"] if one["name"] == name)

    @property
    def port(self) -> int:
        return int(json.loads(self.path.read_text())["port"])


@pytest.mark.timeout(600)
def test_a_market_process_that_stands_still_is_replaced_while_frames_flow_and_all_stop_as_asked(tmp_path: Path) -> None:
    supervise = {"port": 0, "hung_after_s": 10.0, "stop_grace_s": 20.0}
    config = settings_file(tmp_path, supervise=supervise, simulator={"rate": 40.0})
    data, whole = tmp_path / "data", Whole(tmp_path / "data")
    with (tmp_path / "stderr").open("wb") as errors:
        up = subprocess.Popen(
            [sys.executable, "-m", "flows", "up", "--plain", "--config", str(config)],
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
    try:
        wait_for(whole.ready, "everything ready", 300.0)
        assert healthy(config) == (0, "everything: ready")
        assert healthy(config, "market") == (0, "market: ready")
        assert_truth(data, whole.port, ALL)
        first = whole.one("market")["pid"]
        assert isinstance(first, int)
        os.kill(first, signal.SIGSTOP)
        wait_for(lambda: any(reason.startswith("market: ") for reason in whole.reasons()), "not ready")
        assert healthy(config)[0] == 1
        wait_for(lambda: whole.one("market")["restarts"] == 1, "a restart")
        wait_for(whole.ready, "everything ready again")
        assert whole.one("market")["pid"] != first
        assert {name for name in ALL if whole.one(name)["restarts"]} == {"market"}
    finally:
        up.send_signal(signal.SIGTERM)
        code = up.wait(60)
        print(*((data / "log" / f"{name}.log").read_text()[-2000:] for name in ("up", "market")), sep="\n")
    assert code == 0
    assert healthy(config)[0] == 1
    told = [json.loads(line) for line in (data / "log" / "up.log").read_text().splitlines()]
    assert [one["message"] for one in told if "was killed" in one["message"]] == []
    for path in (data / "log").glob("*.log"):
        assert [line for line in path.read_text().splitlines() if not line.startswith("{")] == [], path
    assert all(line.startswith("{") for line in (tmp_path / "stderr").read_text().splitlines())
