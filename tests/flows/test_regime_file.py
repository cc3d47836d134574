"""`barograph regimes`: a page for people, rows for pipes, files by name, and one sentence for what cannot be."""

import io
import json

import numpy as np
import polars as pl
import pytest
from rich.console import Console

import operators.regimes
from flows.regime_file import run_regimes
from flows.regime_summary import stays, summary
from flows.regime_views import changes, held, views_of
from market.errors import SettingsError
from tests.flows.made_regimes import DAY_NS, START_NS, answer

NOTHING = {"output": None, "picture": None}


@pytest.fixture
def bars(tmp_path, monkeypatch):
    """A file of bars, and an answer to it that was made by hand."""
    path = tmp_path / "SPX.daily.parquet"
    pl.DataFrame({"time": START_NS + DAY_NS * np.arange(100), "close": np.arange(1.0, 101.0)}).write_parquet(path)
    monkeypatch.setattr(operators.regimes, "regimes_of", lambda bars, timeframe, progress: answer(len(bars)))
    return path


def page(made) -> str:
    console = Console(width=120, file=io.StringIO())
    console.print(summary(made))
    return console.file.getvalue()


def test_held_states_stays_and_changes_are_counted():
    volatility, direction, dynamics = views_of(answer(100, stay=15))
    assert changes(volatility.held).tolist() == [15, 30, 45, 60, 75, 90]
    assert changes(direction.held).tolist() == [30, 60, 90]
    calm, normal, stressed = stays(volatility)
    assert (calm.stays, calm.mean_bars, calm.share) == (3, 10.0, 30 / 90)  # 5 after warm-up, 15, 10 so far
    assert (normal.stays, stressed.stays) == (2, 2)
    assert [(row.state, row.stays) for row in stays(dynamics)] == [("reverting", 1), ("random", 1), ("trending", 1)]


def test_a_state_of_one_view_is_never_taken_for_that_of_another():
    regimes = pl.Series(["bear/calm", "unknown", "calm/unknown/trending", ""])
    assert held(regimes, ("calm", "normal", "stressed")).tolist() == [0, -1, 0, -1]
    assert held(regimes, ("reverting", "random", "trending")).tolist() == [-1, -1, 2, -1]


def test_the_page_tells_shares_stays_and_the_present_with_its_evidence():
    text = page(answer(100))
    assert "6 changes   normal" in text
    assert "10 bars  10 d" in text
    assert "2024-02-22 UTC  calm/bear/trending" in text
    assert "volatility  calm 80%      normal 10%  stressed 10%   held 10 bars, ~2 h left" in text
    assert "weight_garch 0.75" in text
    assert "anomaly 0.25" in text


def test_the_page_fits_80_columns():
    console = Console(width=80, file=io.StringIO())
    console.print(summary(answer(1000, stay=7)))
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) == 17


def test_the_page_of_too_few_bars_is_one_sentence():
    assert page(answer(10)) == "10 bars: too few to know any regime.\n"
    assert page(answer(0)) == "0 bars: too few to know any regime.\n"


def test_a_pipe_gets_every_row_as_csv(bars, capsys):
    run_regimes(bars, timeframe="long", **NOTHING)
    found = pl.read_csv(io.StringIO(capsys.readouterr().out))
    assert found["regime"].to_list() == answer(100)["regime"].to_list()
    assert json.loads(found["evidence"][-1]) == {"weight_garch": 0.75}


@pytest.mark.parametrize("name", ["rows.parquet", "rows.csv"])
def test_rows_go_to_a_file_and_the_page_to_the_terminal(bars, capsys, name):
    run_regimes(bars, timeframe="long", output=bars.parent / name, picture=bars.parent / "picture.svg")
    said = capsys.readouterr().out
    assert "calm/bear/trending" in said
    assert f"written: {bars.parent / name}" in said
    read = pl.read_parquet if name.endswith("parquet") else pl.read_csv
    assert read(bars.parent / name)["regime"].to_list() == answer(100)["regime"].to_list()
    assert (bars.parent / "picture.svg").stat().st_size > 10_000


def test_progress_is_told_to_who_filters_and_shown_to_nobody_in_a_pipe(bars, capsys, monkeypatch):
    def regimes_of(bars, timeframe, progress):
        for done in (50, 100):
            progress(done, 100)
        return answer(100)

    monkeypatch.setattr(operators.regimes, "regimes_of", regimes_of)
    run_regimes(bars, timeframe="long", **NOTHING)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"output": "rows.json"}, "--output .*rows.json: the name must end in .parquet or .csv"),
        ({"output": "nowhere/rows.csv"}, "--output .*: there is no folder"),
        ({"picture": "picture.gif"}, "--picture .*: the name must end in .png or .svg"),
        ({"picture": "nowhere/picture.png"}, "--picture .*: there is no folder"),
    ],
)
def test_what_cannot_be_written_is_said_before_any_work(bars, monkeypatch, wrong, sentence):
    monkeypatch.setattr(operators.regimes, "regimes_of", lambda *_, **__: pytest.fail("worked for nothing"))
    given = NOTHING | {name: bars.parent / value for name, value in wrong.items()}
    with pytest.raises(SettingsError, match=sentence):
        run_regimes(bars, timeframe="long", **given)


@pytest.mark.parametrize("count", [0, 1])
def test_a_picture_of_nothing_is_refused(bars, count):
    pl.read_parquet(bars).head(count).write_parquet(bars)
    with pytest.raises(SettingsError, match="a picture needs 2 bars at least"):
        run_regimes(bars, timeframe="long", output=None, picture=bars.parent / "picture.png")


def test_the_filter_itself_answers_with_what_page_and_picture_need(tmp_path, capsys):
    close = 100 * np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.01, 150)))
    pl.DataFrame({"time": START_NS + DAY_NS * np.arange(150), "close": close}).write_csv(tmp_path / "bars.csv")
    run_regimes(tmp_path / "bars.csv", timeframe="1d", output=tmp_path / "rows.csv", picture=tmp_path / "picture.png")
    assert "volatility" in capsys.readouterr().out
    assert len(pl.read_csv(tmp_path / "rows.csv")) == 150
    assert (tmp_path / "picture.png").stat().st_size > 10_000
