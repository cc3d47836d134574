"""Every panel's query, macros and variables expanded, runs on a replayed market and answers in the panel's shape."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from importlib.resources import files
from typing import Any

import numpy as np
import pytest

from dashboards.macros import ALL, expand
from dashboards.panels import SERIES, Panel, boards, panels
from operators.risk.coverage import kupiec
from sinks.clickhouse.client import connect
from sinks.clickhouse.migrate import migrate
from tests.dashboards.conftest import Market

EVERY: Mapping[str, Sequence[str]] = {
    "venue": ["binance-usdm"],
    "instrument": ["BTCUSDT", "ETHUSDT"],
    "timeframe": ["ultra_short", "short", "medium", "long"],
    "account": ["paper"],
    "shard": ["binance-usdm/btcusdt+ethusdt", "trading"],
}
FIRST = {"venue": "binance-usdm", "instrument": "BTCUSDT", "timeframe": "ultra_short", "account": "paper"}
PANELS = {f"{panel.board}/{panel.title}": panel for panel in panels()}  # titles are unique on a board
QUERIES = {(panel.board if panel.name else "", panel.name): panel for panel in PANELS.values()}
NUMBER = r"(U?Int(8|16|32|64)|Float(32|64)|Bool)"
# What the plugin (4.20) turns into a number, a text or a time; maps and arrays become JSON, which no panel shows.
KNOWN = re.compile(rf"{NUMBER}|Nullable\({NUMBER}\)|(LowCardinality\()?(Nullable\()?String\)?\)?|(Nullable\()?Date.*")
TIME, TEXT = re.compile(r"Date"), re.compile(r"(LowCardinality\()?(Nullable\()?String")


def drawn(panel: Panel) -> dict[str, Any]:
    """The panel as it stands in its board."""
    return next(one for one in boards()[panel.board]["panels"] if one["title"] == panel.title and one["type"] != "row")


def many(panel: Panel, name: str) -> bool:
    variables = {one["name"]: one for one in boards()[panel.board]["templating"]["list"]}
    return bool(variables[name].get("multi"))


def chosen(panel: Panel) -> dict[str, Sequence[str] | str]:
    """As a board opens: all where several may be chosen, else the first."""
    return {name: ALL if many(panel, name) else FIRST[name] for name in panel.variables}


def ask(market: Market, panel: Panel, picked: Mapping[str, Sequence[str] | str], interval_ms: int = 1_000) -> Any:
    span = replace(market.span, interval_ms=interval_ms)
    return market.client.query(expand(panel.sql, span, picked, every=EVERY))


@pytest.mark.parametrize("name", PANELS)
def test_a_panel_has_rows_of_the_shape_that_it_draws(market: Market, name: str) -> None:
    panel = PANELS[name]
    answer = ask(market, panel, chosen(panel))
    rows, names = answer.result_rows, answer.column_names
    kinds = [kind.name for kind in answer.column_types]
    assert rows, "no rows"
    assert [column for column, kind in zip(names, kinds, strict=True) if not KNOWN.fullmatch(kind)] == []
    assert not any(isinstance(value, float) and not math.isfinite(value) for row in rows for value in row)
    SHAPES.get(panel.kind, a_table)(panel, names, kinds, rows)


def test_every_panel_and_rule_answers_where_there_is_nothing(market: Market) -> None:
    """An installation that never traded has no data, not errors."""
    plain = connect(market.dsn)
    plain.command("create database if not exists nothing engine = Atomic")
    plain.close()
    client = connect(market.dsn.replace("/boards", "/nothing"))
    migrate(client)
    for panel in QUERIES.values():
        ask(market._replace(client=client), panel, chosen(panel))
    for rule in (files("sql") / "alerts").iterdir():
        client.query(expand(rule.read_text("utf-8"), market.span))
    client.close()


def test_the_backtest_on_the_board_is_that_of_the_operators(market: Market) -> None:
    """Of the swinging equity of trading_rows: counted by hand here, judged by operators/risk/coverage.py."""
    answer = ask(market, PANELS["risk/Backtest of value at risk"], {"account": "swing"})
    told = {row[0]: dict(zip(answer.column_names, row, strict=True)) for row in answer.result_rows}
    asked = "select receive_time, equity from risk final where account = 'swing' order by receive_time"
    rows = market.client.query(asked).result_rows
    seen: dict[int, tuple[float, float]] = {}
    for number, (time, equity) in enumerate(rows):
        later = next((worth for then, worth in rows[number:] if then >= time + timedelta(seconds=4)), None)
        if later is not None:
            seen.setdefault(int(time.timestamp()) // 4, (equity, later))
    losses = [equity - later for equity, later in seen.values()]
    assert told.keys() == {"historical", "normal"}
    for method, limit in (("historical", 900.0), ("normal", 1_600.0)):
        breaches = [loss > limit for loss in losses]
        assert (told[method]["horizons"], told[method]["exceptions"]) == (len(losses), sum(breaches))
        assert told[method]["kupiec_p_value"] == pytest.approx(kupiec(np.array(breaches), 0.99).p_value, abs=1e-9)
    assert 0 < told["normal"]["exceptions"] < told["historical"]["exceptions"]


def a_series(panel: Panel, names: Sequence[str], kinds: Sequence[str], rows: Sequence[Any]) -> None:
    """The time comes first and ascends; texts are labels; no two rows say the same of one time."""
    assert TIME.match(kinds[0])
    texts = [at for at, kind in enumerate(kinds) if TEXT.match(kind)]
    assert panel.shape == SERIES
    assert len(texts) + 1 < len(kinds), "no numbers"
    assert not any(TIME.match(kind) for kind in kinds[1:])
    times = [row[0] for row in rows]
    assert times == sorted(times)
    keys = [(row[0], *(row[at] for at in texts)) for row in rows]
    assert len(set(keys)) == len(keys)
    assert any(value is not None for row in rows for at, value in enumerate(row) if at and at not in texts)


def strips(panel: Panel, names: Sequence[str], kinds: Sequence[str], rows: Sequence[Any]) -> None:
    """The time comes first and ascends; every other column is a word that the panel has a colour for, or nothing."""
    assert TIME.match(kinds[0])
    assert all(TEXT.match(kind) for kind in kinds[1:])
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    made = drawn(panel)
    colours = set(made["fieldConfig"]["defaults"]["mappings"][0]["options"])
    split = {part for step in made.get("transformations", []) for part in step["options"]["fields"]}
    words = {row[at] for row in rows for at, name in enumerate(names) if at and name not in split}
    assert words - {None} <= colours
    assert words - {None}


def one_row(panel: Panel, names: Sequence[str], kinds: Sequence[str], rows: Sequence[Any]) -> None:
    assert len(rows) == 1
    overridden(panel, names)


def a_table(panel: Panel, names: Sequence[str], kinds: Sequence[str], rows: Sequence[Any]) -> None:
    assert len(set(names)) == len(names)
    overridden(panel, names)


def overridden(panel: Panel, names: Sequence[str]) -> None:
    """What a panel says of a column is said of one that is there."""
    made = drawn(panel)
    said = {one["matcher"]["options"] for one in made["fieldConfig"].get("overrides", [])}
    assert said <= set(names)
    asked = set(re.findall(r"__data\.fields\.(\w+)", str(made)))
    assert asked <= set(names)


def values(panel: Panel, names: Sequence[str], kinds: Sequence[str], rows: Sequence[Any]) -> None:
    """One column, or value and text."""
    assert len(kinds) <= 2
    assert all(TEXT.match(kind) for kind in kinds)


def marks(panel: Panel, names: Sequence[str], kinds: Sequence[str], rows: Sequence[Any]) -> None:
    assert set(names) == {"time", "title", "text", "tags"}
    assert TIME.match(kinds[list(names).index("time")])


SHAPES = {
    "timeseries": a_series,
    "state-timeline": strips,
    "stat": one_row,
    "table": a_table,
    "variable": values,
    "mark": marks,
}


def test_every_value_of_every_variable_can_be_chosen(market: Market) -> None:
    """Alone, and together with others where several may be."""
    for panel in QUERIES.values():
        for name in sorted(panel.variables & EVERY.keys()):
            picks: list[Sequence[str]] = [[value] for value in EVERY[name]]
            if many(panel, name):
                picks += [list(EVERY[name])]
            for pick in picks:
                ask(market, panel, {**chosen(panel), name: pick})


def test_one_instrument_is_all_that_is_shown_when_one_is_chosen(market: Market) -> None:
    compared = 0
    for panel in QUERIES.values():
        if {"instrument", "venue"} <= panel.variables and panel.kind in ("timeseries", "table"):
            answer = ask(market, panel, {**chosen(panel), "instrument": ["ETHUSDT"]})
            if "instrument" in answer.column_names:
                at = answer.column_names.index("instrument")
                assert {row[at] for row in answer.result_rows} <= {"ETHUSDT"}, panel.title
                compared += 1
    assert compared > 10


def test_a_value_with_a_quote_in_it_stays_a_value(market: Market) -> None:
    for panel in QUERIES.values():
        for name in sorted(panel.variables & EVERY.keys()):
            ask(market, panel, {**chosen(panel), name: ["x' or '1' = '1"]})


def test_a_reader_may_ask_every_panel(market: Market) -> None:
    """Grafana is the user `reader`, who may not set anything; rules are asked by it too."""
    reader = connect(market.dsn.replace("default@", "reader@"))
    for panel in QUERIES.values():
        ask(market._replace(client=reader), panel, chosen(panel))
    for rule in (files("sql") / "alerts").iterdir():
        reader.query(expand(rule.read_text("utf-8"), market.span))
    reader.close()


ROLLED = [panel for panel in QUERIES.values() if "resolution_s" in panel.sql]


@pytest.mark.parametrize("interval_ms", [60_000, 3_600_000])
def test_long_ranges_are_drawn_from_coarse_roll_ups(market: Market, interval_ms: int) -> None:
    """They have rows too, and no seconds are read for them."""
    span = replace(market.span, from_ms=market.span.from_ms - 1_000 * interval_ms, interval_ms=interval_ms)
    assert len(ROLLED) > 20
    for panel in ROLLED:
        sql = expand(panel.sql, span, chosen(panel), every=EVERY)
        estimates = market.client.query(f"explain estimate {sql}").result_rows
        assert not any(read for _, table, _, read, _ in estimates if table.endswith("_1s")), panel.title
        assert market.client.query(sql).result_rows, panel.title
