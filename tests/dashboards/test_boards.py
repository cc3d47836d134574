"""The boards: written from their code, sound by the SDK's schema, complete, and leading to each other."""

import copy
import re
from pathlib import Path
from typing import Any

import pytest

from dashboards.build.__main__ import BOARDS as BOARDS_FOLDER
from dashboards.build.__main__ import NAMES, RULES, texts
from dashboards.panels import boards, panels
from tests.dashboards.strict import faults

ROOT = Path(__file__).parents[2]
BOARDS = boards()
PANELS = [(name, panel) for name, board in BOARDS.items() for panel in board["panels"] if panel["type"] != "row"]


def test_the_committed_boards_are_what_their_code_makes() -> None:
    there = {path: path.read_text("utf-8") for path in [*BOARDS_FOLDER.glob("*.json"), RULES]}
    assert there == dict(texts()), "run: python -m dashboards.build"


def test_every_part_of_the_system_has_its_board() -> None:
    assert set(BOARDS) == set(NAMES)
    assert [board["uid"] for board in BOARDS.values()] == [f"barograph-{name}" for name in BOARDS]


@pytest.mark.parametrize("name", BOARDS)
def test_a_board_is_sound_by_the_schema_of_the_sdk(name: str) -> None:
    assert faults(BOARDS[name]) == []


def spoiled(change: Any) -> dict[str, Any]:
    board = copy.deepcopy(BOARDS["book"])
    change(board, next(panel for panel in board["panels"] if panel["type"] == "timeseries"))
    return board


@pytest.mark.parametrize(
    "change",
    [
        lambda board, panel: board.update(refesh="5s"),
        lambda board, panel: panel.update(title=5),
        lambda board, panel: panel["gridPos"].update(w="12"),
        lambda board, panel: panel["fieldConfig"]["defaults"].update(decimals="two"),
        lambda board, panel: panel["fieldConfig"]["defaults"]["custom"].update(fillOpacty=3),
        lambda board, panel: panel["options"]["legend"].update(placement="below"),
    ],
    ids=["unknown name", "title", "width", "decimals", "unknown option", "placement"],
)
def test_the_schema_bites(change: Any) -> None:
    assert faults(spoiled(change))


def test_a_query_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="no query of grafana-clickhouse-datasource"):
        faults(spoiled(lambda board, panel: panel["targets"][0].update(rawSQL="select 1")))


@pytest.mark.parametrize(
    ("name", "panel"), PANELS, ids=lambda given: given if isinstance(given, str) else given["title"]
)
def test_a_panel_says_what_it_shows_and_lies_on_its_board(name: str, panel: dict[str, Any]) -> None:
    place = panel["gridPos"]
    assert panel["title"]
    assert len(panel["description"]) > 5
    assert place["x"] + place["w"] <= 24
    assert panel["targets"]


@pytest.mark.parametrize("name", BOARDS)
def test_panels_do_not_overlap_and_have_their_own_numbers(name: str) -> None:
    cells: set[tuple[int, int]] = set()
    for panel in BOARDS[name]["panels"]:
        place = panel["gridPos"]
        mine = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & mine, panel["title"]
        cells |= mine
    numbers = [panel["id"] for panel in BOARDS[name]["panels"]]
    assert len(set(numbers)) == len(numbers)


def test_every_query_is_a_file_and_every_file_is_asked() -> None:
    used = {("variables" if panel.kind in ("variable", "mark") else panel.board, panel.name) for panel in panels()}
    files = {(path.parent.name, path.stem) for path in (ROOT / "sql" / "panels").glob("*/*.sql")}
    assert used == files


def test_a_board_has_the_variables_that_its_queries_use() -> None:
    for panel in panels():
        there = {variable["name"] for variable in BOARDS[panel.board]["templating"]["list"]}
        assert panel.variables <= there, f"{panel.board}/{panel.title}"


def test_links_lead_to_boards_that_are_there() -> None:
    for name, board in BOARDS.items():
        linked = set(re.findall(r"/d/(barograph-\w+)", str(board)))
        assert linked <= {f"barograph-{other}" for other in BOARDS}, name
        assert board["links"][0]["tags"] == board["tags"] == ["barograph"]


def test_no_query_asks_with_a_value_outside_quotes() -> None:
    for panel in panels():
        outside = re.sub(r"\$__conditionalAll\((.*?), \$\w+\)", r"\1", panel.sql)
        assert set(re.findall(r"\$(?!__)\{?[\w:]+", outside)) == set(re.findall(r"\$\{\w+:singlequote", outside)), (
            panel.title
        )


def test_states_have_the_colours_of_the_pictures_of_regimes() -> None:
    from flows.regime_palette import STATES

    strips = [panel for name, panel in PANELS if name == "regimes" and panel["type"] == "state-timeline"]
    assert [panel["title"] for panel in strips] == ["Volatility", "Direction", "Dynamics"]
    for panel in strips:
        colours = {word: to["color"] for word, to in panel["fieldConfig"]["defaults"]["mappings"][0]["options"].items()}
        assert {state: colours[state] for state in STATES} == STATES


def test_a_board_moves_faster_than_it_could_ask() -> None:
    channels = {target["channel"] for panel in BOARDS["live"]["panels"] for target in panel.get("targets", [])}
    assert all(re.fullmatch(r"stream/barograph/\w+/\$market(/\$timeframe)?", channel) for channel in channels)
    assert len(channels) >= 5
    assert BOARDS["live"]["liveNow"] is True
