import math
from typing import Any

import polars as pl
import pytest

from market.schema import TIMEFRAMES
from operators.statistics import dependence
from operators.statistics.dependence import DEPENDENCE, MEASURES
from sinks.clickhouse.schema import tables
from tests.operators.statistics.case_dependence import CASE, WINDOW
from tests.operators.statistics.ohlc_stream import START, Moment, batch_of

SECOND = 1_000_000_000
PRICES = (100.0, 100.3, 99.9, 100.1, 100.4, 100.2, 99.8)


def bar(number: int, close: float, *, timeframe: str = "1s", **more: Any) -> dict[str, Any]:
    prices = {"open": close, "high": close * 1.001, "low": close * 0.999, "close": close, "volume": 1.0}
    close_time = START + number * TIMEFRAMES[timeframe] * SECOND
    known = {"instrument": "AAAUSDT", "timeframe": timeframe, "close_time": close_time, "receive_time": START}
    return known | prices | {"revision": 0} | more


def run(*bars: dict[str, Any]) -> list[dict[str, Any]]:
    (found,) = dependence.stage(window_bars=64).run([batch_of([Moment(START, bars)], 0)])
    return found.tables["bar_dependence"].to_dicts() if "bar_dependence" in found.tables else []


def uneven(count: int, **more: Any) -> list[dict[str, Any]]:
    return [bar(number, PRICES[number * number % 7] + number % 5 / 7, **more) for number in range(1, count + 1)]


def test_a_row_stands_for_every_closed_bar_of_every_timeframe() -> None:
    found = run(*(bar(1, 100.0, timeframe=name) for name in TIMEFRAMES))
    assert [row["timeframe"] for row in found] == list(TIMEFRAMES)
    assert list(found[0]) == list(DEPENDENCE)


def test_a_row_has_the_columns_of_the_table_in_its_order() -> None:
    columns = [name for name in tables()["bar_dependence"].columns if name not in ("venue", "shard", "offset")]
    assert columns == [name for name in DEPENDENCE if name != "frame"] + ["frame"]


def test_values_are_there_from_the_first_full_window_on() -> None:
    *_, before, first = run(*uneven(65))
    assert all(math.isnan(before[name]) for name in MEASURES)
    assert first["returns"] == 64
    assert math.isfinite(first["adf_statistic"])
    assert math.isfinite(first["variance_ratio_z_20"])


def test_a_correction_and_a_bar_that_began_late_give_no_row_and_change_none() -> None:
    bars = uneven(80)
    troubled = [*bars[:70], bar(70, 500.0, revision=1), bar(40, 500.0), *bars[70:]]
    assert repr(run(*troubled)) == repr(run(*bars))  # NaN may be in the rows


def test_a_bar_without_trades_repeats_the_window() -> None:
    silent = bar(81, math.nan, high=math.nan, low=math.nan, open=math.nan)
    *_, before, after = run(*uneven(80), silent)
    assert {name: after[name] for name in MEASURES} == pytest.approx(
        {name: before[name] for name in MEASURES}, rel=0.0, abs=0.0, nan_ok=True
    )
    assert after["returns"] == before["returns"]


@pytest.mark.parametrize(("pause", "emptied"), [(64, False), (65, True)])
def test_a_pause_longer_than_the_window_empties_it(pause: int, emptied: bool) -> None:
    row = run(*uneven(80), bar(80 + pause, 100.0))[-1]
    assert math.isnan(row["adf_statistic"]) == emptied
    assert row["returns"] == (0 if emptied else 80)


def test_nothing_of_before_a_long_pause_is_in_the_window_after_it() -> None:
    later = [{**bar, "close_time": bar["close_time"] + 1_000 * SECOND} for bar in uneven(100)]
    expected = [{name: row[name] for name in MEASURES} for row in run(*later)]
    found = [{name: row[name] for name in MEASURES} for row in run(*uneven(90), *later)]
    assert repr(found[90:]) == repr(expected)


def test_timeframes_and_instruments_do_not_hear_of_each_other() -> None:
    alone, other = uneven(80), uneven(90, timeframe="1h")
    mixed = [one for pair in zip(other, alone, strict=False) for one in pair]
    found = [row for row in run(*mixed) if row["timeframe"] == "1s"]
    assert repr(found) == repr(run(*alone))


def test_a_price_of_a_millionth_is_as_good_as_one_of_a_million() -> None:
    low, high = (
        run(*(bar(number, scale * uneven(90)[number]["close"]) for number in range(90)))[-1] for scale in (1e-6, 1e6)
    )
    assert {name: low[name] for name in MEASURES} == pytest.approx(
        {name: high[name] for name in MEASURES}, rel=1e-9, abs=1e-12, nan_ok=True
    )


def test_bars_of_an_instrument_that_is_not_defined_are_our_mistake() -> None:
    with pytest.raises(ValueError, match="NOBODY"):
        run(bar(1, 100.0, instrument="NOBODY"))


@pytest.mark.parametrize(
    "wrong", [{"window_bars": 63}, {"window_bars": 1_025}, {"adf_lags": 5}, {"adf_lags": -1}, {"kpss_lags": 33}]
)
def test_parameters_out_of_range_are_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        dependence.stage(**wrong)


def test_the_stream_of_the_contract_has_every_trouble() -> None:
    items = CASE.whole(1)
    bars = pl.concat(item.tables["bars"] for item in items if "bars" in item.tables)
    found = CASE.output(CASE.stage().run(items))["bar_dependence"]
    assert bars["revision"].max() == 1
    assert bars["close"].is_nan().any()
    assert len(found) < len(bars.filter(pl.col("revision") == 0))
    assert (found["returns"] == 0).sum() > 4
    assert found["returns"].max() > 2 * WINDOW + 20  # the arrays have been full, and begun anew
    assert found["half_life_bars"].is_finite().sum() > 100
