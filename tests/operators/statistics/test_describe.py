import math
from typing import Any

import polars as pl
import pytest

from market.schema import TIMEFRAMES
from operators.statistics import describe
from operators.statistics.describe import MEASURES, STATISTIC
from sinks.clickhouse.schema import tables
from tests.operators.statistics.case_describe import CASE
from tests.operators.statistics.ohlc_stream import START, Moment, batch_of

SECOND = 1_000_000_000
PARAMETERS = {"window_bars": 5, "quantile_bars": 5, "half_life_bars": 5.0}


def bar(number: int, close: float, volume: float = 1.0, *, timeframe: str = "1s", **more: Any) -> dict[str, Any]:
    prices = {"open": close, "high": close * 1.001, "low": close * 0.999, "close": close}
    close_time = START + number * TIMEFRAMES[timeframe] * SECOND
    known = {"instrument": "AAAUSDT", "timeframe": timeframe, "close_time": close_time, "receive_time": START}
    return known | prices | {"volume": volume, "revision": 0} | more


def run(*bars: dict[str, Any]) -> list[dict[str, Any]]:
    (found,) = describe.stage(**PARAMETERS).run([batch_of([Moment(START, bars)], 0)])
    return found.tables["bar_statistics"].to_dicts() if "bar_statistics" in found.tables else []


def steady(count: int, **more: Any) -> list[dict[str, Any]]:
    return [bar(number, 100.0 + number % 3, 1.0 + number % 2, **more) for number in range(1, count + 1)]


def test_a_row_stands_for_every_closed_bar_of_every_timeframe() -> None:
    found = run(*(bar(1, 100.0, timeframe=name) for name in TIMEFRAMES))
    assert [row["timeframe"] for row in found] == list(TIMEFRAMES)
    assert list(found[0]) == list(STATISTIC)
    assert {*STATISTIC, "venue", "shard", "offset"} == set(tables()["bar_statistics"].columns)


def test_a_correction_is_ignored_and_gives_no_row() -> None:
    bars = steady(7)
    corrected = [*bars[:4], bar(4, 500.0, revision=1), *bars[4:]]
    assert repr(run(*corrected)) == repr(run(*bars))  # NaN is in the rows


def test_a_bar_that_began_late_is_ignored_and_gives_no_row() -> None:
    bars = steady(7)
    assert repr(run(*bars[:4], bar(2, 500.0), *bars[4:])) == repr(run(*bars))


def test_a_bar_without_trades_repeats_the_windows() -> None:
    *_, before, silent = run(*steady(7), bar(8, math.nan, 0.0))
    assert all(math.isnan(silent[name]) for name in ("log_return", "close_z_score", "volume_z_score"))
    repeated = [name for name in MEASURES if name not in ("log_return", "close_z_score", "volume_z_score")]
    assert [silent[name] for name in repeated] == [before[name] for name in repeated]
    after = run(*steady(7), bar(8, math.nan, 0.0), bar(9, 120.0))[-1]
    assert after["log_return"] == pytest.approx(math.log(120.0 / 101.0))
    assert after["returns"] == 7


@pytest.mark.parametrize(("pause", "emptied"), [(5, False), (6, True)])
def test_a_pause_longer_than_the_window_empties_it(pause: int, emptied: bool) -> None:
    found = run(*steady(7), bar(7 + pause, 100.0))[-1]
    assert math.isnan(found["realised_volatility"]) == emptied
    assert math.isnan(found["return_q50"]) == emptied
    assert found["returns"] == (0 if emptied else 7)


def test_realised_volatility_counts_the_time_of_a_pause() -> None:
    bars = [bar(number, price) for number, price in ((1, 100), (2, 101), (3, 100), (4, 101), (6, 100), (9, 101))]
    assert run(*bars)[-1]["realised_volatility"] == pytest.approx(math.sqrt(5 * math.log(1.01) ** 2 / 8))


def test_a_price_that_never_moves_has_no_volatility_and_no_scores() -> None:
    found = run(*(bar(number, 100.0, high=100.0, low=100.0) for number in range(1, 8)))[-1]
    assert all(found[name] == 0.0 for name in MEASURES if "volatility" in name)
    assert all(math.isnan(found[name]) for name in ("close_z_score", "volume_z_score", "return_skewness"))


def test_bars_of_an_instrument_that_is_not_defined_are_our_mistake() -> None:
    with pytest.raises(ValueError, match="NOBODY"):
        run(bar(1, 100.0, instrument="NOBODY"))


@pytest.mark.parametrize(
    "wrong", [{"window_bars": 2}, {"quantile_bars": 301}, {"half_life_bars": 0.5}, {"half_life_bars": math.nan}]
)
def test_parameters_out_of_range_are_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        describe.stage(**wrong)


def test_the_stream_of_the_contract_has_every_trouble() -> None:
    items = CASE.whole(1)
    bars = pl.concat(item.tables["bars"] for item in items if "bars" in item.tables)
    found = CASE.output(CASE.stage().run(items))["bar_statistics"]
    assert bars["revision"].max() == 1
    assert bars["close"].is_nan().any()
    assert len(found) < len(bars.filter(pl.col("revision") == 0))
    assert (found["returns"] == 0).sum() > 2 * len(TIMEFRAMES)
    assert found["roll_spread_bps"].filter(found["roll_spread_bps"].is_finite()).len() > 50
    assert found["close_z_score"].is_finite().sum() > 50
