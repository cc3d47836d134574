"""What speaks for a regime: witnesses in doubt, alarms that are recent, statistics that agree and are significant."""

import math

import numpy as np
import polars as pl
import pytest

from operators.regimes import drift
from operators.regimes.evidence import DOUBT, RECENT_BARS, agreeing, alarms, evidence
from tests.operators.regimes.bar_stream import batch_of

DEPENDENCE = {
    "variance_ratio_5": 1.3, "variance_ratio_z_5": 0.0, "autocorrelation_1": 0.1, "autocorrelation_band": 0.2,
    "dfa_hurst": 0.6, "dfa_hurst_error": 0.2,
}  # fmt: skip
TREND = ("calm", "neutral", "trending")
REVERT = ("calm", "neutral", "reverting")


@pytest.mark.parametrize(
    ("regime", "found", "speaking"),
    [
        (TREND, {"variance_ratio_z_5": 2.0}, {"variance_ratio_5": 1.3}),
        (TREND, {"variance_ratio_z_5": 1.9}, {}),
        (TREND, {"variance_ratio_z_5": -2.0}, {}),
        (REVERT, {"variance_ratio_z_5": -2.0}, {"variance_ratio_5": 1.3}),
        (REVERT, {"variance_ratio_z_5": 2.0}, {}),
        (("calm", "bull", "random"), {"variance_ratio_z_5": 9.0}, {}),
        (TREND, {"variance_ratio_z_5": math.nan}, {}),
        (TREND, {"autocorrelation_1": 0.21}, {"autocorrelation_1": 0.21}),
        (REVERT, {"autocorrelation_1": -0.21}, {"autocorrelation_1": -0.21}),
        (TREND, {"autocorrelation_1": 0.19}, {}),
        (TREND, {"autocorrelation_1": math.nan, "autocorrelation_band": math.nan}, {}),
        (TREND, {"dfa_hurst_error": 0.05}, {"dfa_hurst": 0.6}),
        (REVERT, {"dfa_hurst": 0.35, "dfa_hurst_error": 0.05}, {"dfa_hurst": 0.35}),
        (TREND, {"dfa_hurst_error": 0.0}, {}),
    ],
)
def test_dependence_speaks_where_it_is_significant_and_says_the_same(regime, found, speaking):
    assert agreeing(regime, DEPENDENCE | found) == speaking


@pytest.mark.parametrize("sign", [-1, 1])
def test_the_mean_return_speaks_in_standard_errors_of_its_window(sign):
    """An exponential mean with a half-life of 20 varies like one of 58 independent returns."""
    regime = ("calm", "bull" if sign > 0 else "bear", "random")
    error = math.sqrt(1e-4 / 58)
    strong, weak = ({"return_mean": sign * z * error, "return_variance": 1e-4} for z in (2.0, 1.9))
    assert agreeing(regime, strong) == {"return_mean": strong["return_mean"]}
    assert agreeing(regime, weak) == {}
    assert agreeing(regime, {name: -value if name == "return_mean" else value for name, value in strong.items()}) == {}
    assert agreeing(regime, {"return_mean": math.nan, "return_variance": math.nan}) == {}


def test_without_statistics_nothing_speaks():
    assert agreeing(("calm", "bull", "trending"), {}) == agreeing(("calm", "bear", "reverting"), {}) == {}


def test_alarms_speak_while_they_are_recent():
    since = np.full((len(drift.WATCHED), len(drift.DETECTORS)), drift.NEVER)
    since[0, 0], since[1, 2], since[2, 1], since[3, 2] = 0, RECENT_BARS, RECENT_BARS + 1, 7
    assert alarms(since) == {
        "drift_size_adwin_bars": 0.0,
        "drift_return_kswin_bars": float(RECENT_BARS),
        "drift_forecast_error_kswin_bars": 7.0,
    }


def rows(regime, change, anomaly, time):
    count = len(regime)
    never = np.full((count, len(drift.WATCHED), len(drift.DETECTORS)), drift.NEVER)
    leads = {f"lead_{view}": np.arange(count) + 0.5 for view in ("volatility", "direction", "dynamics")}
    return leads | {
        "instrument": np.full(count, "AAAUSDT"), "bars": np.full(count, "1m"), "time": np.array(time),
        "frame": np.zeros(count), "regime": np.array(regime), "change_point_probability": np.array(change),
        "anomaly": np.array(anomaly), "drifts": never,
    }  # fmt: skip


def test_a_bar_hears_its_own_statistics_and_witnesses_in_doubt():
    bar = {"instrument": "AAAUSDT", "timeframe": "1m", "close_time": 60}
    told = [bar | DEPENDENCE | {"variance_ratio_z_5": 3.0}, bar | DEPENDENCE | {"instrument": "BBBUSDT"}]
    batch = batch_of([], 0).with_table("bar_dependence", pl.DataFrame(told))
    found = evidence(
        batch,
        rows(
            ["calm/bull/trending", "calm/bull/trending", "calm/bull/random", "unknown"],
            [DOUBT, 0.7, math.nan, 0.9],
            [0.6, math.nan, 0.2, 0.9],
            [60, 120, 60, 60],
        ),
    )
    said = [{pair["key"]: pair["value"] for pair in pairs} for pairs in found]
    leads = [{f"lead_{view}": row + 0.5 for view in ("volatility", "direction", "dynamics")} for row in range(3)]
    assert said == [
        leads[0] | {"anomaly": 0.6, "variance_ratio_5": 1.3},
        leads[1] | {"change_point_probability": 0.7},
        leads[2],
        {},
    ]
