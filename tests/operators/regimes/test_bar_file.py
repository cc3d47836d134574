import math
from datetime import UTC, date, datetime, timedelta
from functools import partial

import numpy as np
import polars as pl
import pytest

from market.errors import SettingsError
from market.regimes import VIEWS
from operators.regimes import bar_file
from operators.regimes.bank.bank import SETTLE
from operators.regimes.tables import REGIME
from tests.operators.regimes.case_detect import MODELS

regimes_of = partial(bar_file.regimes_of, models=MODELS)

DAYS = [datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=number) for number in range(400)]
CLOSE = 100 * np.exp(np.cumsum(np.random.default_rng(3).standard_t(5, 400) * 0.01))


def bars(**columns):
    return pl.DataFrame({"time": DAYS, "close": CLOSE} | columns)


def test_every_bar_has_a_row_and_the_first_are_unknown():
    found = regimes_of(bars(), timeframe="long")
    assert found["close"].to_list() == CLOSE.tolist()
    known = found["regime"] != "unknown"
    assert known.arg_true()[0] == SETTLE + 1
    assert known.sum() == 400 - SETTLE - 1
    assert (found["confidence"].is_nan() == ~known).all()


def test_later_bars_never_change_earlier_rows():
    full = regimes_of(bars(), timeframe="1d")
    other = CLOSE.copy()
    other[200:] = CLOSE[200:][::-1] * 3
    for changed in (regimes_of(bars()[:200], timeframe="1d"), regimes_of(bars(close=other), timeframe="1d")[:200]):
        assert changed.equals(full[:200])


def test_columns_are_those_of_the_table_but_for_what_a_file_cannot_say():
    found = regimes_of(bars(), timeframe="long")
    assert set(found.columns) == set(REGIME) - set(bar_file.LEFT_OUT) | {"close"}
    assert found.columns[:4] == ["timeframe", "time", "close", "regime"]
    assert found["timeframe"].unique().to_list() == ["long"]
    for name, states in VIEWS.items():
        total = found.select(f"probability_{state}" for state in states).sum_horizontal()[SETTLE + 1 :]
        assert total.to_numpy() == pytest.approx(1.0), name


def test_the_evidence_is_how_sure_each_view_is():
    found = regimes_of(bars(), timeframe="long")
    keys = {tuple(pair["key"] for pair in pairs) for pairs in found["evidence"][SETTLE + 1 :].to_list()}
    assert keys == {tuple(f"lead_{view}" for view in VIEWS)}
    assert found["evidence"][:30].list.len().to_list() == [0] * 30


def test_progress_is_told_chunk_by_chunk_and_chunks_change_nothing(monkeypatch):
    whole, told = regimes_of(bars(), timeframe="long"), []
    monkeypatch.setattr(bar_file, "CHUNK_BARS", 150)
    cut = regimes_of(bars(), timeframe="long", progress=lambda done, total: told.append((done, total)))
    assert told == [(150, 400), (300, 400), (400, 400)]
    assert cut.equals(whole)


def test_without_models_it_is_the_flow_s_own():
    found = bar_file.regimes_of(bars()[:60], timeframe="long")
    assert (found["regime"] != "unknown").sum() == 60 - SETTLE - 1


def test_measures_are_those_of_the_bars():
    """Daily volatility of the file by the square root of a day's seconds; a level, so a factor is allowed for."""
    found = regimes_of(bars(), timeframe="long")
    daily = found["volatility"][-1] * math.sqrt(86_400)
    assert 0.5 < daily / np.diff(np.log(CLOSE)).std() < 2.0


@pytest.mark.parametrize("name", ["time", "open_time", "timestamp", "date", "Date"])
def test_time_columns_are_found_by_their_names(name):
    assert regimes_of(bars().rename({"time": name}), timeframe="1d").equals(regimes_of(bars(), timeframe="1d"))


@pytest.mark.parametrize(
    "times",
    [
        [day.isoformat() for day in DAYS],
        [day.date() for day in DAYS],
        [int(day.timestamp()) for day in DAYS],
        [int(day.timestamp() * 1000) for day in DAYS],
        [day.strftime("%Y-%m-%d") for day in DAYS],
    ],
    ids=["iso", "date", "seconds", "milliseconds", "days"],
)
def test_times_are_read_in_every_common_form(times):
    assert regimes_of(bars(time=times), timeframe="1d").equals(regimes_of(bars(), timeframe="1d"))


def test_a_weekend_is_one_step_and_a_lost_month_is_not():
    weekdays = [day for day in DAYS if day.weekday() < 5]
    found = regimes_of(pl.DataFrame({"time": weekdays, "close": CLOSE[: len(weekdays)]}), timeframe="1d")
    assert found["bars_seen"].to_list() == list(range(len(weekdays)))
    holed = regimes_of(bars().filter(~pl.col("time").is_between(DAYS[200], DAYS[229])), timeframe="1d")
    assert holed["bars_seen"][-1] == 368


def test_bars_of_another_length_than_the_timeframe_are_counted_by_their_own():
    times = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=5 * number) for number in range(400)]
    assert regimes_of(bars(time=times), timeframe="short")["bars_seen"][-1] == 399


def test_a_close_that_is_missing_still_has_a_row():
    close = CLOSE.tolist()
    close[300] = None
    found = regimes_of(bars(close=close), timeframe="1d")
    assert len(found) == 400
    assert found["bars_seen"][-1] == 397


def test_no_bars_give_no_rows():
    assert len(regimes_of(bars()[:0], timeframe="1d")) == 0


@pytest.mark.parametrize(
    ("frame", "timeframe", "said"),
    [
        (bars(), "2d", "timeframe must be one of"),
        (bars().drop("close"), "1d", "column 'close'"),
        (bars().drop("time"), "1d", "time column"),
        (bars()[::-1], "1d", "ascend: row 2 is not after row 1"),
        (bars(close=["x"] * 400), "1d", "must hold numbers"),
        (bars(time=["soon"] * 400), "1d", "cannot be read as times"),
        (bars(time=[None, *DAYS[1:]]), "1d", "some are missing"),
        (bars(time=[date(2020, 1, 1)] * 400), "1d", "ascend"),
        (bars(time=[1.5] * 400), "1d", "is not a time"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_sentence(frame, timeframe, said):
    with pytest.raises(SettingsError, match=said):
        regimes_of(frame, timeframe=timeframe)
