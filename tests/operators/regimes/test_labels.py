"""Rows of the tables from what was observed, on a few bars that can be checked by eye."""

import math

import numpy as np
import polars as pl
import pytest

from market.regimes import VIEWS
from operators.regimes import labels
from operators.regimes.forecast import HORIZONS
from operators.regimes.tables import REGIME, REGIME_CHANGE, REGIME_FORECAST
from operators.regimes.timeframe import Observed, Scored
from operators.regimes.views import View

MINUTE_NS = 60 * 10**9
HELD = {"volatility": [-1, 0, 2, 2], "direction": [1, 1, 1, 0], "dynamics": [-1, 2, 2, 2]}
PROBABILITY = np.array([[math.nan] * 3, [0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.2, 0.2, 0.6]])


def view(held, place, bars=4):
    held = np.array(held[:bars], np.int64)
    previous = np.append(-1, held[:-1]).astype(np.int64)[:bars]
    forecasts = np.arange(bars * len(HORIZONS) * 3).reshape(bars, len(HORIZONS), 3) + 1000.0 * place
    return View(
        probability=PROBABILITY[:bars], transition=np.tile(np.eye(3), (bars, 1, 1)), raw=held, held=held,
        held_bars=np.ones(bars, np.int64), previous=previous, previous_bars=np.arange(bars) + 10 * place,
        lead=np.zeros(bars), forecasts=forecasts, changes=forecasts[:, :, 0] / 10, remaining_bars=np.full(bars, 3.0),
    )  # fmt: skip


def scored(place, bars=4):
    counts = np.arange(bars * len(HORIZONS)).reshape(bars, len(HORIZONS))
    both = np.stack([counts, counts + 0.5], axis=2) + 100.0 * place
    return Scored(counts, both, -both)


def observed(bars=4):
    column = np.arange(bars, dtype=float)
    return Observed(
        rows=np.arange(bars), seen=np.arange(bars) + 30, views={v: view(HELD[v], p, bars) for p, v in enumerate(VIEWS)},
        scores={v: scored(p, bars) for p, v in enumerate(VIEWS)}, volatility=column + 1, drift=column - 1,
        run_length=column, change_point_probability=column, anomaly=column, drifts=np.zeros((bars, 4, 3), np.int64),
    )  # fmt: skip


def test_a_regime_has_a_state_of_every_view_or_is_unknown():
    found = labels.regimes(observed(), MINUTE_NS)
    assert found["regime"].tolist() == [
        "unknown",
        "calm/neutral/trending",
        "stressed/neutral/trending",
        "stressed/bear/trending",
    ]
    assert found["raw_regime"].tolist() == found["regime"].tolist()


def test_confidence_is_the_smallest_probability_of_the_held_labels():
    assert labels.regimes(observed(), MINUTE_NS)["confidence"] == pytest.approx([math.nan, 0.2, 0.2, 0.2], nan_ok=True)


def test_measures_are_per_second():
    found = labels.regimes(observed(), MINUTE_NS)
    assert found["volatility"] == pytest.approx(np.arange(1, 5) / math.sqrt(60))
    assert found["drift"] == pytest.approx(np.arange(-1, 3) / 60)
    assert found["remaining_dynamics_s"].tolist() == [180.0] * 4
    assert found["bars_seen"].tolist() == [30, 31, 32, 33]


def test_every_state_has_the_probability_of_its_view():
    found = labels.regimes(observed(), MINUTE_NS)
    for states in VIEWS.values():
        for place, state in enumerate(states):
            assert found[f"probability_{state}"].tolist()[1:] == PROBABILITY[1:, place].tolist()


def test_a_change_is_of_one_held_label_that_was_known():
    found = labels.changes(observed())
    assert list(zip(*(found[name].tolist() for name in ("row", "view", "previous", "regime")), strict=True)) == [
        (2, "volatility", "calm", "stressed"),
        (3, "direction", "neutral", "bear"),
    ]
    assert found["probability"].tolist() == [0.7, 0.2]
    assert found["held_bars"].tolist() == [2, 13]


def test_forecasts_have_one_row_for_each_bar_and_horizon():
    found = labels.forecasts(observed())
    assert found["row"].tolist() == [bar for bar in range(4) for _ in HORIZONS]
    assert found["horizon_bars"].tolist() == [*HORIZONS] * 4
    assert found["probability_normal"].tolist() == [3.0 * row + 1 for row in range(16)]
    assert found["probability_trending"].tolist() == [2000 + 3.0 * row + 2 for row in range(16)]
    assert found["change_probability_direction"] == pytest.approx([100 + 0.3 * row for row in range(16)])
    assert found["scored"].tolist() == list(range(16))
    assert found["brier_direction"].tolist() == [100.0 + row for row in range(16)]
    assert found["baseline_log_loss_direction"].tolist() == [-100.5 - row for row in range(16)]


def test_no_bars_give_no_rows():
    """All bars of one timeframe of a batch may have come too late."""
    for made, schema in (
        (labels.regimes(observed(0), MINUTE_NS), REGIME),
        (labels.forecasts(observed(0)), REGIME_FORECAST),
    ):
        assert {len(column) for column in made.values()} == {0}
        assert set(made) - {"row"} <= set(schema)
    assert {len(column) for column in labels.changes(observed(0)).values()} == {0}


@pytest.mark.parametrize("schema", [REGIME, REGIME_CHANGE, REGIME_FORECAST])
def test_a_table_has_the_columns_and_types_of_its_schema(schema):
    texts = {name for name, kind in schema.items() if kind == pl.String}
    whole = {name for name, kind in schema.items() if kind in (pl.Int64, pl.Int32)}
    columns = {
        name: np.array(["x"]) if name in texts else np.array([1]) if name in whole else np.array([0.5])
        for name in schema
    }
    if "evidence" in columns:
        columns["evidence"] = np.empty(1, object)
        columns["evidence"][0] = [{"key": "k", "value": 1.0}]
    twice = {name: np.concatenate([values, values]) for name, values in columns.items()}
    found = labels.table(twice, schema)
    assert dict(found.schema) == {name: pl.DataFrame(schema={name: kind}).schema[name] for name, kind in schema.items()}
    assert len(found) == 2
