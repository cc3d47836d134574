"""Grafana's HTTP API as far as we speak it, strict about shapes: a request that the real one would refuse is refused.

After Grafana 13's own sources and API reference: folders, dashboards (schema v1), data sources by uid, alert rule
groups, Live push of InfluxDB lines. It keeps what it is told and answers in Grafana's shapes.
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "glsa_test"  # of a service account
RULE = {
    "uid": str,
    "title": str,
    "condition": str,
    "data": list,
    "noDataState": str,
    "execErrState": str,
    "for": str,
    "annotations": dict,
    "labels": dict,
    "folderUID": str,
    "ruleGroup": str,
    "orgID": int,
}
LINE = re.compile(r'([\w/-]{1,143}) ((?:\w+=(?:-?[\d.]+(?:e[-+]?\d+)?|"(?:[^"\\]|\\.)*")(?:,(?=\w))?)+) (\d{19})')


@dataclass
class State:
    """What the stub was told."""

    folders: dict[str, str] = field(default_factory=dict)
    boards: dict[str, dict[str, Any]] = field(default_factory=dict)
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)
    rules: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    lines: list[tuple[str, dict[str, Any], int]] = field(default_factory=list)  # channel, fields, time in ns
    writes: int = 0
    refuse: int = 0  # HTTP status of every answer, when not 0


@contextmanager
def grafana() -> Iterator[tuple[str, State]]:
    """Its address, and what it knows."""
    state = State()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"state": state}))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: State

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_PUT(self) -> None:
        self._answer("PUT")

    def _answer(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, answer = self._judged(method, body)
        text = json.dumps(answer).encode() if answer is not None else b""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _judged(self, method: str, body: bytes) -> tuple[int, Any]:
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return 401, {"message": "Invalid API key"}
        if self.state.refuse:
            return self.state.refuse, {"message": "refused"}
        url = urlsplit(self.path)
        for verb, pattern, answer in ROUTES:
            if verb == method and (match := re.fullmatch(pattern, url.path)):
                if "push" in pattern:
                    return _pushed(self.state, body, parse_qs(url.query))
                given = json.loads(body) if body else None
                self.state.writes += method != "GET"
                return answer(self.state, given, *match.groups())
        return 404, {"message": "Not found"}


def _folder(state: State, _: Any, uid: str) -> tuple[int, Any]:
    return (
        (200, {"uid": uid, "title": state.folders[uid]})
        if uid in state.folders
        else (404, {"message": "folder not found"})
    )


def _all_folders(state: State, _: Any) -> tuple[int, Any]:
    return 200, [{"uid": uid, "title": title} for uid, title in state.folders.items()]


def _new_folder(state: State, given: Any) -> tuple[int, Any]:
    if not given.get("title") or given["uid"] in state.folders:
        return 409, {"message": "a folder with this uid exists"}
    state.folders[given["uid"]] = given["title"]
    return 200, {"uid": given["uid"], "title": given["title"]}


def _board(state: State, _: Any, uid: str) -> tuple[int, Any]:
    found = state.boards.get(uid)
    return (
        (200, {"dashboard": found, "meta": {"folderUid": "barograph"}})
        if found
        else (404, {"message": "Dashboard not found"})
    )


def _save_board(state: State, given: Any) -> tuple[int, Any]:
    if given.keys() - {"dashboard", "folderUid", "overwrite", "message"} or not isinstance(given["dashboard"], dict):
        return 400, {"message": "bad request data"}
    board = given["dashboard"]
    if not board.get("title") or not re.fullmatch(r"[\w-]{1,40}", board["uid"]):
        return 400, {"message": "Dashboard title cannot be empty"}
    if given["folderUid"] not in state.folders:
        return 404, {"message": "folder not found"}
    old = state.boards.get(board["uid"])
    if old and not given.get("overwrite"):
        return 412, {"message": "The dashboard has been changed by someone else"}
    version = old["version"] + 1 if old else 1
    state.boards[board["uid"]] = {**board, "id": 7, "version": version}
    return 200, {"status": "success", "uid": board["uid"], "version": version}


def _source(state: State, _: Any, uid: str) -> tuple[int, Any]:
    found = state.sources.get(uid)
    return (
        (200, {k: v for k, v in found.items() if k != "secureJsonData"})
        if found
        else (404, {"message": "data source not found"})
    )


def _save_source(state: State, given: Any, uid: str = "") -> tuple[int, Any]:
    if (
        given["access"] != "proxy"
        or not isinstance(given["jsonData"]["port"], int)
        or (uid and uid not in state.sources)
    ):
        return 400, {"message": "bad request data"}
    state.sources[given["uid"]] = given
    return 200, {"message": "Datasource added", "datasource": given}


def _group(state: State, _: Any, folder: str, name: str) -> tuple[int, Any]:
    found = state.rules.get((folder, name))
    return (200, found) if found else (404, {"message": "rule group not found"})


def _save_group(state: State, given: Any, folder: str, name: str) -> tuple[int, Any]:
    if (
        folder not in state.folders
        or given["title"] != name
        or given["folderUid"] != folder
        or type(given["interval"]) is not int
    ):
        return 400, {"message": "invalid rule group"}
    for rule in given["rules"]:
        sound = rule.keys() == RULE.keys() and all(isinstance(rule[key], kind) for key, kind in RULE.items())
        names = {query["refId"] for query in rule["data"]} if sound else set()
        if not sound or rule["condition"] not in names or not re.fullmatch(r"\d+[smh]", rule["for"]):
            return 400, {"message": f"invalid alert rule: {rule.get('title')}"}
        if rule["noDataState"] not in ("Alerting", "NoData", "OK", "KeepLast") or rule["execErrState"] not in (
            "Alerting",
            "Error",
            "OK",
            "KeepLast",
        ):
            return 400, {"message": "unknown state"}
    kept = [
        {**rule, "id": 1, "updated": "2026-01-01T00:00:00Z", "data": [{"queryType": "", **q} for q in rule["data"]]}
        for rule in given["rules"]
    ]
    state.rules[folder, name] = {**given, "rules": kept}
    return 200, state.rules[folder, name]


def _pushed(state: State, body: bytes, query: dict[str, list[str]]) -> tuple[int, Any]:
    if query.get("gf_live_frame_format", ["labels_column"])[0] not in ("wide", "labels_column", "prometheus"):
        return 400, {"message": "unsupported frame format"}
    for text in body.decode().splitlines():
        match = LINE.fullmatch(text)
        if match is None:
            return 500, {"message": f"metric parse error: {text}"}
        pairs = re.findall(r'(\w+)=("(?:[^"\\]|\\.)*"|[^,]+)', match[2])
        fields = {name: value[1:-1] if value.startswith('"') else float(value) for name, value in pairs}
        state.lines.append((match[1], fields, int(match[3])))
    return 200, None


ROUTES = (
    ("GET", r"/api/folders/([\w-]+)", _folder),
    ("GET", r"/api/folders", _all_folders),
    ("POST", r"/api/folders", _new_folder),
    ("GET", r"/api/dashboards/uid/([\w-]+)", _board),
    ("POST", r"/api/dashboards/db", _save_board),
    ("GET", r"/api/datasources/uid/([\w-]+)", _source),
    ("POST", r"/api/datasources", _save_source),
    ("PUT", r"/api/datasources/uid/([\w-]+)", _save_source),
    ("GET", r"/api/v1/provisioning/folder/([\w-]+)/rule-groups/([\w-]+)", _group),
    ("PUT", r"/api/v1/provisioning/folder/([\w-]+)/rule-groups/([\w-]+)", _save_group),
    ("POST", r"/api/live/push/barograph", _pushed),
)
