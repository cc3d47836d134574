"""The run directory is believed as far as it can be true."""

import json
import os
import subprocess
import sys

from gateway.runfiles import connections, processes, store_port


def write(data, name, facts):
    (data / "run").mkdir(exist_ok=True)
    (data / "run" / f"{name}.json").write_text(facts if isinstance(facts, str) else json.dumps(facts))


def dead_pid() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_a_living_pid_is_running_and_a_dead_one_is_down(tmp_path):
    write(tmp_path, "market", {"pid": os.getpid(), "started_ns": 1_700_000_000_000_000_000})
    write(tmp_path, "trading", {"pid": dead_pid()})
    market, trading = processes(tmp_path)
    assert (market.name, market.state, market.started) == ("market", "running", "2023-11-14T22:13:20.000000000Z")
    assert (trading.name, trading.state) == ("trading", "down")


def test_a_child_that_nobody_waited_for_is_down(tmp_path):
    child = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it is gone, but stays a zombie
    write(tmp_path, "capture", {"pid": child.pid})
    assert processes(tmp_path)[0].state == "down"
    child.wait()


def test_files_that_make_no_sense_are_passed_over(tmp_path):
    for name, facts in {"a": "", "b": "{", "c": "[1]", "d": '{"port": 1}'}.items():
        write(tmp_path, name, facts)
    write(tmp_path, "capture", {"pid": "12", "connections": [3, {"since_ns": "x", "frames_per_s": "y"}]})
    write(tmp_path, "huge", {"pid": 10**30, "started_ns": -1, "restarts": True})
    assert [(one.name, one.state) for one in processes(tmp_path)] == [("capture", "down"), ("huge", "down")]
    assert [one.state for one in connections(tmp_path)] == ["closed"]


def test_nothing_ran_here(tmp_path):
    assert processes(tmp_path) == ()
    assert connections(tmp_path) == ()
    assert store_port(tmp_path) is None


def test_connections_of_a_dead_capture_are_closed(tmp_path):
    facts = {"route": "public", "state": "open", "frames_per_s": 12.5}
    write(tmp_path, "capture", {"pid": os.getpid(), "connections": [facts]})
    assert (connections(tmp_path)[0].state, connections(tmp_path)[0].frames_per_s) == ("open", 12.5)
    write(tmp_path, "capture", {"pid": dead_pid(), "connections": [facts]})
    assert (connections(tmp_path)[0].state, connections(tmp_path)[0].frames_per_s) == ("closed", None)


def test_shards_and_members_are_processes_of_their_own(tmp_path):
    socket = {"route": "public", "state": "open"}
    write(tmp_path, "capture-0", {"pid": os.getpid(), "connections": [socket]})
    write(tmp_path, "capture-1", {"pid": dead_pid(), "connections": [socket]})
    write(tmp_path, "market-1", {"pid": os.getpid()})
    assert [(one.name, one.state) for one in processes(tmp_path)] == [
        ("capture-0", "running"), ("capture-1", "down"), ("market-1", "running"),
    ]  # fmt: skip
    assert [one.state for one in connections(tmp_path)] == ["open", "closed"]


def test_what_a_living_supervisor_knows_is_told_of_each_process(tmp_path):
    told = {"name": "market", "pid": os.getpid(), "restarts": 3, "reason": "waits for the store"}
    braked = {"name": "trading", "pid": None, "restarts": 5, "reason": "left alone"}
    write(tmp_path, "market", {"pid": dead_pid()})
    write(tmp_path, "up", {"pid": os.getpid(), "processes": [told, braked, "odd", {"no": "name"}]})
    market, trading, _up = processes(tmp_path)
    assert (market.state, market.restarts, market.reason) == ("running", 3, "waits for the store")
    assert (trading.state, trading.restarts, trading.reason) == ("down", 5, "left alone")
    write(tmp_path, "up", {"pid": dead_pid(), "processes": [told, braked]})
    assert [one.name for one in processes(tmp_path)] == ["market", "up"]


def test_alarms_and_a_sink_that_writes_no_rows_are_the_reason_of_their_process(tmp_path):
    write(tmp_path, "capture", {"pid": os.getpid(), "alarms": [{"name": "disk", "reason": "disk\x1b full"}, 7]})
    write(tmp_path, "market", {"pid": os.getpid()})
    write(tmp_path, "market-sink-simulated-0", {"state": "stopped", "reason": "no such column"})
    write(tmp_path, "trading-sink", {"state": "running"})
    capture, market = processes(tmp_path)
    assert capture.reason == "disk  full"
    assert market.reason == "market-sink-simulated-0 writes no rows: no such column"
