"""`barograph deliver` as a process: killed at random it loses nothing, and what comes twice has the same id."""

import base64
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from flows.deliver import only_sender
from flows.runfile import read_run_file
from flows.settings import load
from flows.webhook_desk import desk
from flows.webhooks import run_replay
from gateway.beats import read_beat
from market.errors import SettingsError
from sinks.webhook.database import database_path, opened
from sinks.webhook.filters import Filters
from sinks.webhook.signing import secret_of, verify
from tests.sinks.webhook.said import Receiver, Saying, config, receiver, signal, until

KILLS = int(os.environ.get("BAROGRAPH_WEBHOOK_KILLS", "3"))
ROOT = Path(__file__).parents[2]


def barograph(*arguments: str | Path, code: int = 0) -> str:
    answer = subprocess.run(
        [sys.executable, "-m", "flows", *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
    )
    assert answer.returncode == code, answer.stderr
    return answer.stdout + answer.stderr


def added(path: Path, url: str, *instruments: str) -> tuple[str, bytes]:
    """A new webhook: its id and its secret."""
    with desk(load(path)) as at:
        made, secret = at.add(url, Filters(instruments=instruments), "default")
    return made.id, secret_of(secret)


@contextmanager
def delivering(path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "flows", "deliver", "--config", str(path)], cwd=ROOT, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


class Talker:
    """Says a signal every few milliseconds, in a thread, until told to stop."""

    def __init__(self, say: Saying) -> None:
        self._say, self._ends = say, threading.Event()
        self.said = 0
        self._thread = threading.Thread(target=self._talk)

    def __enter__(self) -> "Talker":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()

    def _talk(self) -> None:
        with self._say.writer() as journal:
            while not self._ends.wait(0.05):
                journal.append([1, 1], [signal("BTCUSDT"), signal("ETHUSDT")])
                self.said += 2


def test_killed_at_random_nothing_is_lost_and_what_comes_twice_has_the_same_id(tmp_path: Path) -> None:
    seed = int(os.environ.get("BAROGRAPH_SEED", "1"))
    draw, path = random.Random(seed), config(tmp_path)
    say = Saying(load(path).data)
    with receiver() as heard:
        _, secret = added(path, heard.url("/both"))
        added(path, heard.url("/one"), "ETHUSDT")
        with Talker(say) as talker:
            for _ in range(KILLS):
                before = len(heard.heard)
                with delivering(path) as process:
                    until(
                        lambda before=before: len(heard.heard) > before + 20, 90.0
                    )  # a kill before any work proves nothing
                    time.sleep(draw.random() * 0.3)
                    process.kill()
        with delivering(path):
            until(lambda: len(set(heard.ids("/both"))) >= talker.said and _settled(path), 90.0 + 10.0 * KILLS)
    judged(heard, talker.said, secret)
    times = Counter(heard.ids("/both"))
    again = sum(count - 1 for count in times.values())
    print(f"seed {seed}: {KILLS} kills, {talker.said} signals, {len(heard.heard)} requests, {again} again")


def judged(heard: Receiver, said: int, secret: bytes) -> None:
    """Each signal at each endpoint that wants it, always with the same id and body, and signed."""
    bodies: dict[str, bytes] = {}
    places: dict[str, set[tuple[int, int]]] = {"/both": set(), "/one": set()}
    for one in heard.heard:
        assert bodies.setdefault(one.id, one.body) == one.body
        places[one.path].add((one.told["sequence"], one.told["index"]))
        assert one.path == "/one" or verify(secret, one.headers, one.body, now_s=int(one.headers["webhook-timestamp"]))
    assert places["/both"] == {(row, place) for row in range(1, said // 2 + 1) for place in (0, 1)}
    assert places["/one"] == {(row, 1) for row in range(1, said // 2 + 1)}
    assert len(bodies) == said + said // 2, "an id for each, and no more"


def _settled(path: Path) -> bool:
    database = opened(load(path).data)
    try:
        return database.execute("select count(*) from deliveries where state <> 'delivered'").fetchone()[0] == 0
    finally:
        database.close()


def test_it_is_one_process_says_so_and_stops_when_asked(tmp_path: Path) -> None:
    path = config(tmp_path)
    settings = load(path)
    with delivering(path) as process:
        until(lambda: read_run_file(settings.data, "deliver").get("pid") == process.pid, 60.0)
        with pytest.raises(SettingsError, match="another process delivers the webhooks"):
            only_sender(settings)
        assert "another process delivers" in barograph("deliver", "--config", path, code=1)
        until(lambda: (beat := read_beat(settings.data, "deliver")) is not None and beat.worked)
        process.terminate()
        assert process.wait(10) == 0


def test_the_folder_of_the_secrets_is_for_its_owner_alone_whoever_makes_it(tmp_path: Path) -> None:
    settings = load(config(tmp_path))
    folder = database_path(settings.data).parent
    only_sender(settings).close()
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o755)
    only_sender(settings).close()
    assert folder.stat().st_mode & 0o777 == 0o700, "one that an older version made"


@pytest.mark.parametrize("since", ["2026-11-23T05:00:00+02:00", "2026-11-23T05:00:00-0200", "2026-11-23T05:00:00.5+02"])
def test_a_time_to_replay_is_in_utc(tmp_path: Path, since: str) -> None:
    settings = load(config(tmp_path))
    webhook, _ = added(tmp_path / "barograph.toml", "https://ok.example/")
    for names in ({"since": since, "until": None}, {"since": "2026-11-23T05:00:00Z", "until": since}):
        with pytest.raises(SettingsError, match="is no time in UTC"):
            run_replay(settings, webhook, delivery=None, dead=False, missed=False, **names)


def test_secrets_are_in_no_log_run_file_or_answer(tmp_path: Path) -> None:
    path = config(tmp_path)
    data = load(path).data
    with receiver() as heard:
        webhook, secret = added(path, heard.url())
        heard.answer = lambda _: (500, {})
        said = barograph("webhook", "test", webhook, "--config", path, code=1)
        said += barograph("webhook", "show", webhook, "--json", "--config", path)
    text = json.dumps(said) + "".join(
        file.read_text(errors="replace") for file in data.rglob("*") if file.is_file() and "webhooks" not in file.parts
    )
    assert base64.b64encode(secret).decode()[:20] not in text
