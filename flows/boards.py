"""Boards, data source and alert rules in a Grafana: what is there, what should be, and the way from one to the other.

What should be is what lies in the package: JSON under dashboards/boards and the provisioning file of the alert rules.
Everything has a uid of its own, so pushing twice changes nothing the second time, and what others made is not touched.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from grafana_client.api import GrafanaApi
from grafana_client.client import GrafanaClientError, GrafanaException
from niquests.exceptions import RequestException

from dashboards.panels import boards
from market.errors import BarographError

FOLDER, FOLDER_UID = "Barograph", "barograph"
SOURCE_UID, PLUGIN = "barograph", "grafana-clickhouse-datasource"
TIMEOUT_S = 10.0
OF_GRAFANA = ("id", "version")  # what Grafana writes into a board

State = Literal["missing", "different", "same"]


class GrafanaError(BarographError):
    """Grafana cannot be reached, or refuses."""


class Thing(NamedTuple):
    """One thing and how it stands."""

    what: str  # board, rules or data source
    uid: str
    title: str
    state: State


class Grafana:
    """One Grafana, with a token of a service account."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._api = GrafanaApi.from_url(url, credential=token, timeout=TIMEOUT_S)

    def close(self) -> None:
        """Let go of the connections."""
        self._api.client.s.close()

    def things(self) -> Iterator[Thing]:
        """Everything of ours, as it stands there."""
        yield Thing("data source", SOURCE_UID, "ClickHouse", "same" if self._source() is not None else "missing")
        for board in boards().values():
            yield Thing("board", board["uid"], board["title"], _state(self._board(board["uid"]), board))
        for group in groups():
            yield Thing("rules", group["name"], group["folder"], _state(self._rules(group["name"]), _plain(group)))

    def push(self) -> list[Thing]:
        """Make all as it should be; what was made or changed. Raises GrafanaError where there is no data source."""
        if self._source() is None:
            raise GrafanaError(
                f"{self._url} has no data source {SOURCE_UID}; name the store that it shall ask: --clickhouse"
                f" http://host:8123"
            )
        changed = [thing for thing in self.things() if thing.state != "same"]
        folder = self._folder()
        for board in boards().values():
            if any(thing.uid == board["uid"] for thing in changed):
                told = {
                    "dashboard": board,
                    "folderUid": folder,
                    "overwrite": True,
                    "message": "barograph dashboards push",
                }
                self._ask(lambda told=told: self._api.dashboard.update_dashboard(told))  # type: ignore[misc]
        for group in groups():
            if any(thing.what == "rules" and thing.uid == group["name"] for thing in changed):
                self._send_rules(folder, group)
        return changed

    def set_source(self, clickhouse: str, password: str | None) -> None:
        """Make or change the data source: a ClickHouse interface over HTTP, asked as the user who only reads."""
        source = data_source(clickhouse, password)
        if self._source() is None:
            self._ask(lambda: self._api.datasource.create_datasource(source))
        else:
            self._ask(lambda: self._api.datasource.update_datasource_by_uid(SOURCE_UID, source))

    def _source(self) -> Any:
        return self._found(lambda: self._api.datasource.get_datasource_by_uid(SOURCE_UID))

    def _board(self, uid: str) -> Any:
        found = self._found(lambda: self._api.dashboard.get_dashboard(uid))
        return None if found is None else {k: v for k, v in found["dashboard"].items() if k not in OF_GRAFANA}

    def _rules(self, group: str) -> Any:
        folder = self._existing_folder()
        if folder is None:
            return None
        found = self._found(lambda: self._api.alertingprovisioning.get_rule_group(folder, group))
        return None if not found else _plain(found)

    def _send_rules(self, folder: str, group: Mapping[str, Any]) -> None:
        rules = [{**rule, "folderUID": folder, "ruleGroup": group["name"], "orgID": 1} for rule in group["rules"]]
        told = {"title": group["name"], "folderUid": folder, "interval": seconds(group["interval"]), "rules": rules}
        ask = self._api.alertingprovisioning.update_rule_group
        self._ask(lambda: ask(folder, group["name"], told, disable_provenance=True))

    def _existing_folder(self) -> str | None:
        if self._found(lambda: self._api.folder.get_folder(FOLDER_UID)) is not None:
            return FOLDER_UID
        named = [one["uid"] for one in self._ask(self._api.folder.get_all_folders) if one["title"] == FOLDER]
        return named[0] if named else None

    def _folder(self) -> str:
        there = self._existing_folder()
        if there is None:
            self._ask(lambda: self._api.folder.create_folder(FOLDER, FOLDER_UID))
        return there or FOLDER_UID

    def _found(self, ask: Callable[[], Any]) -> Any:
        try:
            return self._ask(ask)
        except GrafanaError as error:
            if isinstance(error.__cause__, GrafanaClientError) and error.__cause__.status_code == 404:
                return None
            raise

    def _ask(self, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except GrafanaException as error:
            raise GrafanaError(_explained(self._url, error)) from error
        except (RequestException, OSError) as error:
            raise GrafanaError(
                f"Grafana does not answer at {self._url}; is it running, is the address right?"
            ) from error


def groups() -> list[dict[str, Any]]:
    """The groups of alert rules of the package."""
    text = (files("dashboards") / "provisioning" / "alerting" / "rules.json").read_text("utf-8")
    found: list[dict[str, Any]] = json.loads(text)["groups"]
    return found


def data_source(clickhouse: str, password: str | None) -> dict[str, Any]:
    """The data source for an address such as http://127.0.0.1:8123. Raises GrafanaError where it is none."""
    parts = urlsplit(clickhouse)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
        raise GrafanaError(f"{clickhouse} is no address of a store; write http://host:8123, without name and password")
    asked = {
        "host": parts.hostname,
        "port": parts.port or (8443 if parts.scheme == "https" else 8123),
        "protocol": "http",
        "secure": parts.scheme == "https",
        "defaultDatabase": "barograph",
        "username": "reader",
        "dialTimeout": "10",
        "queryTimeout": "60",
    }
    made = {"name": "ClickHouse", "uid": SOURCE_UID, "type": PLUGIN, "access": "proxy", "jsonData": asked}
    return {**made, "secureJsonData": {"password": password}} if password else made


def seconds(text: str) -> int:
    """A duration as Grafana writes it, such as 1m or 30s.

    >>> seconds("5m")
    300
    """
    return int(text[:-1]) * {"s": 1, "m": 60, "h": 3_600}[text[-1]]


def _state(there: Any, wanted: Any) -> State:
    return "missing" if there is None else "same" if there == wanted else "different"


def _plain(group: Mapping[str, Any]) -> Any:
    """What matters of a group of rules, in the file's shape and in the API's."""
    names = ("uid", "title", "condition", "data", "noDataState", "execErrState", "for", "annotations", "labels")
    interval = group["interval"]
    rules = [
        {name: _duration(rule.get(name)) if name == "for" else _known(rule.get(name)) for name in names}
        for rule in group["rules"]
    ]
    return {"interval": seconds(interval) if isinstance(interval, str) else interval, "rules": rules}


def _known(value: Any) -> Any:
    """Queries without the empty fields that the API adds."""
    if not isinstance(value, list):
        return value
    return [{name: held for name, held in query.items() if name != "queryType"} for query in value]


def _duration(text: Any) -> Any:
    return seconds(text) if isinstance(text, str) and text[-1:] in "smh" else text


def _explained(url: str, error: GrafanaException) -> str:
    if error.status_code in (401, 403):
        return (
            f"Grafana at {url} refuses the token (HTTP {error.status_code}): BAROGRAPH_GRAFANA_TOKEN must be of a"
            f" service"
            " account with the role Editor, or Admin for --clickhouse"
        )
    return f"Grafana at {url} answered HTTP {error.status_code}: {str(error.message)[:300]}"
