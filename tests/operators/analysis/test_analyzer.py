import math

import numpy as np
import pytest

from operators.analysis import OrderBookAnalyzer
from operators.frame import frame
from tests import tape
from tests.captures import real
from tests.rows import concat

SYMBOL = "AAAUSDT"


@pytest.fixture(scope="module")
def fed() -> tuple[OrderBookAnalyzer, list]:
    analyzer = OrderBookAnalyzer(SYMBOL)
    batches = tape.cut(tape.tape(3, messages=3_000))
    return analyzer, [analyzer.take(batch) for batch in batches]


def test_horizons_in_events_are_the_columns_of_the_market_flow(fed: tuple[OrderBookAnalyzer, list]) -> None:
    analyzer, batches = fed
    found = analyzer.compute_ofi_horizons()
    wide = concat(frame(batch).filter(batch.ticks["book"] >= 0) for batch in batches)
    wide = wide.filter(wide["instrument"] == 0)
    assert found["sequence"].to_list() == wide["sequence"].to_list()
    for name in ("ofi", "ofi_deep", "ofi_normalised", "ofi_integrated", "signed_volume"):
        for h in (10, 25, 50):
            np.testing.assert_allclose(found[f"{name}_{h}"], wide[f"{name}_{h}"], rtol=1e-9, atol=1e-9)
    assert np.isfinite(found["ofi_integrated_50"].to_numpy()).any()


def test_features_are_those_of_the_newest_message(fed: tuple[OrderBookAnalyzer, list]) -> None:
    analyzer, batches = fed
    newest = next(batch for batch in reversed(batches) if (batch.ticks["instrument"] == 0).any())
    row = frame(newest).filter(newest.ticks["instrument"] == 0).row(-1, named=True)
    for name, value in analyzer.features().items():
        assert value == row[name] or (math.isnan(value) and math.isnan(row[name]))
    assert {"effective_spread_bps", "cancel_ratio", "bid_depth_10bps"} <= set(analyzer.liquidity())


def test_history_is_bounded() -> None:
    small = OrderBookAnalyzer(SYMBOL, updates_kept=100)
    for batch in tape.cut(tape.tape(3)):
        small.take(batch)
    assert len(small.compute_ofi_horizons()) == 100


def test_without_a_book_it_says_that_it_cannot_tell() -> None:
    analyzer = OrderBookAnalyzer(SYMBOL)
    assert analyzer.features() == {}
    assert analyzer.compute_ofi_horizons().is_empty()
    told = analyzer.estimate_price_impact(1.0, 1, 30.0)
    assert math.isnan(told.mean)
    assert told.reason == "there is no valid book of AAAUSDT"


@pytest.mark.parametrize("updates_kept", [0, -1, 10**8])
def test_a_history_out_of_range_is_refused(updates_kept: int) -> None:
    with pytest.raises(ValueError, match="updates_kept"):
        OrderBookAnalyzer(SYMBOL, updates_kept=updates_kept)


def test_a_real_capture_gives_every_unit_and_an_impact() -> None:
    analyzer = OrderBookAnalyzer("BTCUSDT")
    for batch in real.batches("usdm-btc", limit=30_000):
        analyzer.take(batch)
    for unit, horizon in (("events", 50), ("seconds", 5.0), ("volume", 20.0)):
        found = analyzer.compute_ofi_horizons([horizon], unit)  # type: ignore[arg-type]
        assert np.isfinite(found[f"ofi_integrated_{horizon:g}"].to_numpy()).mean() > 0.5
    at_once = analyzer.estimate_price_impact(0.001, 1, 0.0)
    assert at_once.model == "walk_the_book"
    assert at_once.mean == pytest.approx(analyzer.features()["spread"] / 2)
    told = analyzer.estimate_price_impact(5.0, 1, 30.0)
    assert told.low < told.mean < told.high or told.reason
