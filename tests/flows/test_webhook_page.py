"""docs/webhooks.md does what it says: its commands, its receiver, its requests and what it claims of limits."""

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli import app
from flows.settings import Settings, load
from flows.webhook_desk import desk
from gateway.serve import serve
from market.clock import SystemClock
from sinks.webhook.attempt import Delivery
from sinks.webhook.endpoints import Endpoint
from sinks.webhook.follower import Follower
from sources.broadcast import Broadcast
from tests.sinks.webhook.said import Saying, config, signal, until

PAGE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()
WEBHOOK = "https://hooks.example.com/barograph"
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
(RECEIVER,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def run(line: str, path: Path) -> str:
    """One `barograph` command of the page, in this process."""
    answer = CliRunner().invoke(app, [*shlex.split(line)[1:], "--config", str(path)], catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    return answer.output


@contextmanager
def receiving(folder: Path, secret: str) -> Iterator[tuple[str, Path]]:
    """The receiver of the page: its URL, and where it writes what it took."""
    script, heard = folder / "receiver.py", folder / "heard.txt"
    script.write_text(RECEIVER)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with heard.open("wb") as output:
        environment = {**os.environ, "WEBHOOK_SECRET": secret, "PORT": str(port)}
        process = subprocess.Popen(
            [sys.executable, str(script)], env=environment, stdout=output, stderr=subprocess.DEVNULL
        )
    try:
        until(lambda: _answers(port))
        yield f"http://127.0.0.1:{port}/", heard
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def queued(settings: Settings, say: Saying) -> None:
    """One signal said, and read by who makes deliveries of it."""
    say.say(signal())
    with desk(settings) as at:
        follower = Follower(Broadcast(settings.data), at.outbox, at.endpoints, SystemClock())
        while follower.turn():
            pass
        follower.close()


def first(settings: Settings) -> tuple[Endpoint, list[Delivery]]:
    with desk(settings) as at:
        endpoint = at.endpoints.all()[0]
        return endpoint, at.outbox.deliveries(endpoint.id)


def test_every_command_of_the_page_does_what_it_says(tmp_path: Path) -> None:
    path = config(tmp_path)
    settings = load(path)
    say = Saying(settings.data)
    lines = [line for line in COMMANDS if line.startswith("barograph ")]
    adding = next(line for line in lines if " add " in line)
    made = run(adding.replace(WEBHOOK, "http://127.0.0.1:1/"), path)  # to know the secret before there is a receiver
    queued(settings, say)
    with receiving(tmp_path, made.split()[3]) as (url, heard):
        with desk(settings) as at:
            at._database.execute("update endpoints set url = ?", (url,))
        for line in lines:
            endpoint, deliveries = first(settings)
            message = deliveries[-1].webhook_id if deliveries else ""
            said = run(line.replace("ID", endpoint.id).replace("MSG", message).replace(WEBHOOK, url), path)
            assert "whsec_" in said if " add " in line or " rotate " in line else "whsec_" not in said
            if " test " in line:
                assert "delivered: status 204" in said
            if " disable " in line:
                queued(settings, say)
        assert [words.split()[1:] for words in heard.read_text().splitlines()] == [["test", "None"]]
    assert {"add", "test", "list", "show", "log", "replay", "disable", "enable", "remove", "rotate"} == {
        shlex.split(line)[2] for line in lines
    }


def test_the_receiver_of_the_page_refuses_what_it_was_not_sent(tmp_path: Path) -> None:
    path = config(tmp_path)
    settings = load(path)
    made = run("barograph webhook add http://127.0.0.1:1/", path)
    with receiving(tmp_path, "whsec_" + "A" * 43 + "=") as (url, heard):
        with desk(settings) as at:
            at._database.execute("update endpoints set url = ?", (url,))
        answer = CliRunner().invoke(app, ["webhook", "test", made.split()[1], "--config", str(path)])
        assert (answer.exit_code, "failed: status 401" in answer.output) == (1, True)
        assert heard.read_text() == ""


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not there")
def test_its_requests_are_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAROGRAPH_API_KEY", "k" * 20)
    stop, ports = threading.Event(), list[int]()
    serving = {"port": 0, "data": tmp_path, "stop": stop, "ready": ports.append}
    thread = threading.Thread(target=serve, args=("http://127.0.0.1:9/barograph",), kwargs=serving)
    thread.start()
    try:
        until(lambda: ports)
        lines = [line for line in COMMANDS if line.startswith("curl ")]
        answers = [
            subprocess.run(
                ["/bin/sh", "-c", line.replace(":8080", f":{ports[0]}")], capture_output=True, check=True
            ).stdout
            for line in lines
        ]
    finally:
        stop.set()
        thread.join()
    made, listed = map(json.loads, answers)
    assert made["secret"].startswith("whsec_")
    assert [one["id"] for one in listed] == [made["id"]]


def test_no_command_of_the_page_is_left_out() -> None:
    assert [line for line in COMMANDS if not line.startswith(("barograph ", "curl "))] == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["add", "ftp://x.example/"], "ftp is no way to send a webhook; write it as https://host/path"),
        (["add", "http://x.example/", "--kind", "quote"], "unknown kind 'quote'; there are signal, regime_change"),
        (["add", "http://10.0.0.1/"], "would never be called: only https leaves for addresses"),
        (["add", "https://x.example/", "--min-confidence", "2"], "a number from 0 to 1, not 2.0"),
        (["show", "ep_0"], "there is no such webhook"),
        (["replay", "ep_0"], "say what to replay: one of --delivery, --since"),
        (["rotate", "ep_0", "--overlap", "30000h"], "there is no such webhook"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(tmp_path: Path, words: list[str], sentence: str) -> None:
    answer = CliRunner().invoke(app, ["webhook", *words, "--config", str(config(tmp_path))])
    assert sentence in str(answer.exception)
