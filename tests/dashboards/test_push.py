"""`barograph dashboards push`, `list` and `check` against a stub of Grafana that is strict about shapes."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dashboards.panels import boards
from flows.boards import data_source, groups
from flows.cli import app
from market.errors import BarographError
from tests.dashboards.grafana_stub import TOKEN, State, grafana

CLICKHOUSE = "http://127.0.0.1:8123"


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, State]]:
    monkeypatch.setenv("BAROGRAPH_GRAFANA_TOKEN", TOKEN)
    monkeypatch.setenv("BAROGRAPH_READER_PASSWORD", "sesame")
    with grafana() as (url, state):
        yield url, state


def barograph(*words: str) -> Result:
    return CliRunner().invoke(app, ["dashboards", *words])


def test_a_push_brings_folder_source_boards_and_rules(there: tuple[str, State]) -> None:
    url, state = there
    told = barograph("push", "--url", url, "--clickhouse", CLICKHOUSE)
    assert told.exit_code == 0, told.output
    assert set(state.boards) == {board["uid"] for board in boards().values()}
    assert state.folders == {"barograph": "Barograph"}
    assert len(state.rules["barograph", "barograph"]["rules"]) == len(groups()[0]["rules"])
    assert state.rules["barograph", "barograph"]["interval"] == 60
    source = state.sources["barograph"]
    assert source["jsonData"] | {"host": "127.0.0.1", "port": 8123, "username": "reader"} == source["jsonData"]
    assert source["secureJsonData"] == {"password": "sesame"}
    assert "sesame" not in told.output
    assert TOKEN not in told.output


def test_a_second_push_changes_nothing(there: tuple[str, State]) -> None:
    url, state = there
    barograph("push", "--url", url, "--clickhouse", CLICKHOUSE)
    writes = state.writes
    again = barograph("push", "--url", url)
    assert "everything is there already" in again.output
    assert state.writes == writes
    assert barograph("check", "--url", url).exit_code == 0


def test_what_was_changed_or_is_missing_is_told_and_brought_back(there: tuple[str, State]) -> None:
    url, state = there
    barograph("push", "--url", url, "--clickhouse", CLICKHOUSE)
    del state.boards["barograph-risk"]
    state.boards["barograph-book"]["title"] = "mine"
    state.rules["barograph", "barograph"]["rules"][0]["for"] = "9m"
    state.boards["other"] = {"title": "not ours"}
    checked = barograph("check", "--url", url)
    assert checked.exit_code == 1
    assert "missing board Barograph · Risk" in checked.output
    assert "different board Barograph · Order book and order flow" in checked.output
    assert "different rules Barograph" in checked.output
    pushed = barograph("push", "--url", url)
    assert pushed.output.count("changed ") == 2
    assert pushed.output.count("made ") == 1
    assert barograph("check", "--url", url).exit_code == 0
    assert state.boards["other"] == {"title": "not ours"}


def test_a_folder_of_that_name_is_used_where_it_is(there: tuple[str, State]) -> None:
    url, state = there
    state.folders["abc"] = "Barograph"
    assert barograph("push", "--url", url, "--clickhouse", CLICKHOUSE).exit_code == 0
    assert state.folders == {"abc": "Barograph"}
    assert ("abc", "barograph") in state.rules


def test_without_a_data_source_nothing_is_pushed(there: tuple[str, State]) -> None:
    url, state = there
    told = barograph("push", "--url", url)
    assert "--clickhouse" in str(told.exception)
    assert not state.boards


@pytest.mark.parametrize(("status", "said"), [(401, "refuses the token"), (403, "role Editor"), (500, "HTTP 500")])
def test_a_refusal_is_one_sentence(there: tuple[str, State], status: int, said: str) -> None:
    url, state = there
    state.refuse = status
    told = barograph("push", "--url", url, "--clickhouse", CLICKHOUSE)
    assert isinstance(told.exception, BarographError)
    assert said in str(told.exception)
    assert TOKEN not in str(told.exception)


def test_a_grafana_that_is_away_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAROGRAPH_GRAFANA_TOKEN", TOKEN)
    told = barograph("check", "--url", "http://127.0.0.1:9")
    assert "does not answer at http://127.0.0.1:9" in str(told.exception)


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BAROGRAPH_GRAFANA_TOKEN", raising=False)
    assert "where is Grafana?" in str(barograph("check").exception)
    assert "BAROGRAPH_GRAFANA_TOKEN" in str(barograph("check", "--url", "http://127.0.0.1:9").exception)
    assert "http:// or https://" in str(barograph("check", "--url", "ftp://x").exception)
    for wrong in ("8123", "http://u:p@host", "clickhouse://host"):
        with pytest.raises(BarographError, match="no address of a store"):
            data_source(wrong, None)


def test_the_list_needs_nobody() -> None:
    told = barograph("list")
    assert told.exit_code == 0
    assert told.output.count("board barograph-") == len(boards())
    assert told.output.count("rule barograph-") == len(groups()[0]["rules"])


def test_the_data_source_pushed_is_the_one_provisioned() -> None:
    import yaml

    folder = Path(__file__).parents[2] / "dashboards" / "provisioning" / "datasources"
    (file,) = yaml.safe_load((folder / "clickhouse.yaml").read_text("utf-8"))["datasources"]
    ours = data_source(CLICKHOUSE, "x")
    assert (file["uid"], file["name"], file["type"]) == (ours["uid"], ours["name"], ours["type"])
    same = ("protocol", "secure", "defaultDatabase", "username", "dialTimeout", "queryTimeout")
    assert {name: file["jsonData"][name] for name in same} == {name: ours["jsonData"][name] for name in same}
    assert json.dumps(ours).count("password") == 1
