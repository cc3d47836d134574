"""The process around the store: who may start it, what it leaves behind when it ends, however it ends."""

import json
import signal
import socket
import threading
from pathlib import Path

import urllib3
from store_process import StoreProcess, launch, start


def failure(data: Path, **options: str | int) -> str:
    process = launch(data, **options)  # type: ignore[arg-type]
    text = process.communicate(timeout=30)[1]
    assert process.returncode == 1
    assert "Traceback" not in text
    return text


def test_it_says_where_it_answers_until_it_ends(tmp_path: Path) -> None:
    running = start(tmp_path)
    said = json.loads((tmp_path / "run" / "store.json").read_text())
    assert set(said) == {"port", "pid", "started_ns"}
    assert said["port"] == running.port
    assert running.end() < 2
    assert running.process.returncode == 0
    assert not (tmp_path / "run" / "store.json").exists()


def test_it_stops_in_time_with_a_query_running(tmp_path: Path) -> None:
    running = start(tmp_path)
    asked = threading.Thread(target=lambda: _quietly(running, "SELECT count() FROM numbers(100000000000)"), daemon=True)
    asked.start()
    while running.text("SELECT count() FROM system.processes") != "2\n":
        pass
    assert running.end() < 2
    asked.join(5)
    assert not asked.is_alive()


def _quietly(running: StoreProcess, query: str) -> None:
    import contextlib

    with contextlib.suppress(urllib3.exceptions.HTTPError):
        running.ask(query)


def test_an_acknowledged_insert_survives_kill_9(tmp_path: Path) -> None:
    running = start(tmp_path)
    running.text("CREATE DATABASE d ENGINE = Atomic")
    running.text(
        "CREATE TABLE d.t (a UInt64) ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 100"
    )
    acknowledged: list[int] = []

    def insert() -> None:
        for number in range(100_000):
            try:
                answer = running.ask(
                    "INSERT INTO d.t FORMAT TSV", body=b"%d\n" % number, insert_deduplication_token=number
                )
            except urllib3.exceptions.HTTPError:
                return
            if answer.status == 200:
                acknowledged.append(number)

    inserting = threading.Thread(target=insert)
    inserting.start()
    while len(acknowledged) < 40:
        pass
    running.end(signal.SIGKILL)
    inserting.join()
    again = start(tmp_path)
    present = [int(line) for line in again.text("SELECT a FROM d.t ORDER BY a").split()]
    assert set(acknowledged) <= set(present)
    assert len(present) == len(set(present)) <= len(acknowledged) + 1
    for number in present[-5:]:  # the same token after a restart is still known
        again.ask("INSERT INTO d.t FORMAT TSV", body=b"%d\n" % number, insert_deduplication_token=number)
    assert again.text("SELECT count() FROM d.t") == f"{len(present)}\n"
    again.end()


def test_a_second_process_on_the_same_data_is_told_so(tmp_path: Path) -> None:
    running = start(tmp_path)
    assert "another process serves the store" in failure(tmp_path)
    assert running.text("SELECT 1") == "1\n"
    running.end()


def test_a_port_in_use_is_told_with_the_way_out(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        text = failure(tmp_path, port=taken.getsockname()[1])
    assert text.startswith("error: the store cannot listen on 127.0.0.1:")
    assert "store.port" in text


def test_others_are_not_served_without_a_password(tmp_path: Path) -> None:
    assert "BAROGRAPH_STORE_PASSWORD" in failure(tmp_path, host="0.0.0.0")


def test_a_password_is_asked_of_everybody(tmp_path: Path) -> None:
    running = start(tmp_path, password="open sesame")
    for headers in ({}, {"X-ClickHouse-User": "reader"}, {"X-ClickHouse-User": "default", "X-ClickHouse-Key": "no"}):
        assert running.ask("SELECT 1", headers=headers).status == 403
    for user in ("default", "reader"):
        assert (
            running.ask("SELECT 1", headers={"X-ClickHouse-User": user, "X-ClickHouse-Key": "open sesame"}).data
            == b"1\n"
        )
        assert running.ask("SELECT 1", user=user, password="open sesame").data == b"1\n"
    running.end()
