"""Minute bars of 2016 and 2017 (minutes without trades are absent), against Pandas over the whole file at once."""

import os
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

from market.batch import Batch
from market.instrument import Instrument, InstrumentTable
from market.schema import BAR
from operators.statistics import describe

MINUTE = 60_000_000_000
WINDOW, QUANTILES, HALF_LIFE = 20, 100, 20.0
FILES = {"BTCUSD": "bitfinex_BTCUSD_2016_1m.csv.gz", "XRPUSD": "bitfinex_XRPUSD_2017_1m.csv.gz"}
COLUMNS = ["time", "open", "close", "high", "low", "volume"]  # as these files order them


def read(name: str, bars: int) -> pd.DataFrame:
    named = os.environ.get("BAROGRAPH_CAPTURES", "")
    path = Path(named) / "10_minute_bars" / FILES[name]
    if not named or not path.is_file():
        pytest.skip("BAROGRAPH_CAPTURES does not name a folder with minute bars")
    found = pd.read_csv(path, names=COLUMNS, nrows=bars)
    return found.assign(close_time=found.time * 1_000_000 + MINUTE)


def described(bars: pd.DataFrame, symbol: str, batch_bars: int) -> pd.DataFrame:
    """The stage's rows."""
    filled = dict.fromkeys(BAR, 0.0) | {name: bars[name].to_numpy() for name in (*COLUMNS[1:], "close_time")}
    named = {name: pl.Series([value] * len(bars)) for name, value in (("instrument", symbol), ("timeframe", "1m"))}
    frame = pl.select(
        **{name: pl.lit(value) if np.isscalar(value) else pl.Series(value) for name, value in (filled | named).items()}
    )
    table = InstrumentTable((Instrument("x", symbol, Decimal("0.01"), Decimal(1)),))
    stage = describe.stage(window_bars=WINDOW, quantile_bars=QUANTILES, half_life_bars=HALF_LIFE)
    batches = [
        Batch("x/0", offset, np.zeros(0, np.int64), instruments=table, tables={"bars": rows.cast(BAR)})  # type: ignore[arg-type]
        for offset, rows in enumerate(frame.select(*BAR).iter_slices(batch_bars))
    ]
    return pl.concat(batch.tables["bar_statistics"] for batch in stage.run(batches)).to_pandas()


def expected(bars: pd.DataFrame) -> pd.DataFrame:
    """The same by Pandas; windows do not reach over pauses."""
    pause = bars.close_time.diff() > WINDOW * MINUTE
    return pd.concat(_between_pauses(part.reset_index(drop=True)) for _, part in bars.groupby(pause.cumsum()))


def _between_pauses(bars: pd.DataFrame) -> pd.DataFrame:
    o, h, l, c = (np.log(bars[name]) for name in ("open", "high", "low", "close"))  # noqa: E741
    r, gap = c.diff(), o - c.shift()
    elapsed = bars.close_time.diff() / 1e9
    inside = ((h - o) * (h - c) + (l - o) * (l - c)).where(r.notna())
    body = (c - o).where(r.notna())
    width = ((h - l) ** 2).where(r.notna())
    k = 0.34 / (1.34 + (WINDOW + 1) / (WINDOW - 1))
    yang_zhang = rolled(gap).var() + k * rolled(body).var() + (1 - k) * rolled(inside).mean()
    covariance = r.rolling(WINDOW - 1, min_periods=WINDOW - 1).cov(r.shift(), ddof=1)
    ew = {power: (r**power).ewm(halflife=HALF_LIFE, ignore_na=True).mean() for power in (1, 2, 3, 4)}
    return pd.DataFrame(
        {
            "log_return": r,
            "realised_volatility": np.sqrt(rolled(r**2).sum() / rolled(elapsed).sum()),
            "parkinson_volatility": np.sqrt(rolled(width).mean() / (4 * np.log(2)) / 60),
            "garman_klass_volatility": np.sqrt((rolled(width / 2 - (2 * np.log(2) - 1) * body**2).mean()) / 60),
            "rogers_satchell_volatility": np.sqrt(rolled(inside).mean() / 60),
            "yang_zhang_volatility": np.sqrt(yang_zhang / rolled(elapsed).mean()),
            "corwin_schultz_spread_bps": 1e4 * rolled(_corwin_schultz(bars)).mean(),
            "roll_spread_bps": 2e4 * np.sqrt(-covariance.where(covariance < 0)),
            "return_mean": ew[1].where(r.expanding().count() >= WINDOW),
            "return_variance": (ew[2] - ew[1] ** 2).where(r.expanding().count() >= WINDOW),
            "return_q05": r.rolling(QUANTILES).quantile(0.05),
            "return_q50": r.rolling(QUANTILES).quantile(0.50),
            "return_q95": r.rolling(QUANTILES).quantile(0.95),
            "close_z_score": _scored(bars.close.where(r.notna())),
            "volume_z_score": _scored(bars.volume.where(r.notna())),
        }
    )


def rolled(values: pd.Series) -> "pd.api.typing.Rolling":
    return values.rolling(WINDOW)


def _scored(values: pd.Series) -> pd.Series:
    flat = rolled(values).max() == rolled(values).min()
    return ((values - rolled(values).mean()) / rolled(values).std()).mask(flat)


def _corwin_schultz(bars: pd.DataFrame) -> pd.Series:
    high, low, close = bars.high.shift(), bars.low.shift(), bars.close.shift()
    jump = (bars.low - close).clip(lower=0) + (bars.high - close).clip(upper=0)
    beta = np.log(high / low) ** 2 + np.log((bars.high - jump) / (bars.low - jump)) ** 2
    gamma = np.log(np.maximum(high, bars.high - jump) / np.minimum(low, bars.low - jump)) ** 2
    scale = 3 - 2 * np.sqrt(2)
    alpha = (np.sqrt(2 * beta) - np.sqrt(beta)) / scale - np.sqrt(gamma / scale)
    return (2 * (np.exp(alpha) - 1) / (1 + np.exp(alpha))).clip(lower=0)


@pytest.mark.parametrize("name", FILES)
def test_statistics_of_a_year_s_bars_are_what_pandas_finds(name: str) -> None:
    bars = read(name, 30_000)
    found, wanted = described(bars, name, 1_000), expected(bars).reset_index(drop=True)
    assert len(found) == len(wanted) == len(bars)
    for column in wanted:
        ours, theirs = found[column], wanted[column]
        assert (ours.isna() == theirs.isna()).all(), column
        assert np.allclose(ours, theirs, rtol=1e-6, atol=1e-9 * np.nanmax(np.abs(theirs)), equal_nan=True), column


def test_scipy_finds_the_same_shape_of_the_weighted_returns() -> None:
    bars = read("BTCUSD", 3_000)
    found = described(bars, "BTCUSD", 100)
    row = found[found.returns > 500].iloc[-1]
    returns = np.diff(np.log(bars.close.to_numpy()))[-int(row.returns) :]
    weights = 0.5 ** (np.arange(len(returns))[::-1] / HALF_LIFE)
    mean = np.average(returns, weights=weights)
    second, third, fourth = (np.average((returns - mean) ** power, weights=weights) for power in (2, 3, 4))
    assert row.return_skewness == pytest.approx(third / second**1.5, rel=1e-9)
    assert row.return_kurtosis == pytest.approx(fourth / second**2, rel=1e-9)
