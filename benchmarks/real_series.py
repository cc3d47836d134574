"""Real price series for benchmarks/real_data.py: indexes and oil from package `arch`, bars from BAROGRAPH_CAPTURES.

Reading only; nothing here is chosen for its result. Bars whose price is missing or 0 are left out. Minutes in which
nothing traded are absent from the files; the return over such a hole counts as one bar's.
"""

import gzip
import importlib
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
PRICES = ["open", "high", "low", "close"]
BITFINEX = ["date", "open", "close", "high", "low", "volume"]  # as these files order them
LEAN = ["date", *PRICES, "volume"]
COINS = ("ADA", "DASH", "ETC", "ETH", "LTC", "NXT", "TRX", "XLM", "XMR", "ZEC")


@dataclass(frozen=True)
class Series:
    """Bars of one market, from the second on."""

    name: str
    kind: str  # "index", "stock", "hour", "minutes"
    dates: NDArray[np.datetime64]
    close: Floats
    returns: Floats  # log
    variance: Floats  # of a bar with hindsight: Garman–Klass where there is a range, else the squared return
    slots: Integers  # of the day
    slot_count: int  # 1: no season


def indexes() -> Iterator[Series]:
    """S&P 500 and NASDAQ 1999 – 2018, WTI oil 1986 – 2019, daily."""
    for name in ("sp500", "nasdaq"):
        found = importlib.import_module(f"arch.data.{name}").load()
        adjusted = np.log(found["Adj Close"].to_numpy(float))
        bars = found[["Open", "High", "Low", "Close"]].set_axis(PRICES, axis=1)
        yield _series(name, "index", bars, adjusted)
    oil = importlib.import_module("arch.data.wti").load()["DCOILWTICO"].rename("close").to_frame()
    yield _series("wti", "index", oil[oil["close"] > 0])


def recorded() -> Iterator[Series]:
    """What the folder named by BAROGRAPH_CAPTURES holds of daily prices and minute bars; nothing if it is not named."""
    named = os.environ.get("BAROGRAPH_CAPTURES")
    if not named:
        return
    daily, minutes = Path(named) / "08_daily_prices", Path(named) / "10_minute_bars"
    stocks = pd.read_csv(daily / "sp500_dataset.csv.gz", index_col="Date", parse_dates=True)
    yield _series("SPY", "index", _lean(daily / "lean_daily" / "spy.zip"))
    for name in stocks:
        yield _series(str(name), "stock", stocks[name].rename("close").to_frame().dropna())
    for name in ("spy", "ibm"):
        hourly = _lean(minutes / "lean_hour" / f"{name}.zip")
        yield _series(f"{name.upper()} 1h", "hour", hourly, slots=hourly.index.hour.to_numpy() - 9, slot_count=7)
    yield from _around_the_clock(minutes)


def _around_the_clock(folder: Path) -> Iterator[Series]:
    for name in ("BTCUSD_2016", "XRPUSD_2017"):
        bars = _bitfinex(folder / f"bitfinex_{name}_1m.csv.gz")
        hourly = bars.resample("1h").agg({"open": "first", "high": "max", "low": "min", "close": "last"}).dropna()
        yield _of_day(f"{name} 1h", "hour", hourly, 60)
        yield _of_day(f"{name} 1m", "minutes", bars[:60_000], 5)
    perpetual = pd.read_csv(folder / "btc-perp-20211231-20220201_1m.csv", index_col="timestamp", parse_dates=True)
    yield _of_day("BTC-PERP 1m", "minutes", perpetual, 5)
    for coin in COINS:
        found = pd.read_feather(folder / "freqtrade_5m" / f"{coin}_BTC-5m.feather").set_index("date")
        yield _of_day(f"{coin}BTC 5m", "minutes", found, 5)


def _of_day(name: str, kind: str, bars: pd.DataFrame, slot_minutes: int) -> Series:
    """With slots of the day of UTC."""
    index = bars.index
    slots = (index.hour * 60 + index.minute).to_numpy() // slot_minutes
    return _series(name, kind, bars, slots=slots, slot_count=1440 // slot_minutes)


def _series(
    name: str, kind: str, bars: pd.DataFrame, log_price: Floats | None = None, *, slots: Integers | None = None,
    slot_count: int = 1,
) -> Series:  # fmt: skip
    """log_price: adjusted for dividends, if it is not the close's."""
    price = np.log(bars["close"].to_numpy(float)) if log_price is None else log_price
    returns = np.diff(price)
    slots = np.zeros(len(bars), np.int64) if slots is None else np.asarray(slots, np.int64)
    dates = np.asarray(pd.DatetimeIndex(bars.index).tz_localize(None), "datetime64[s]")
    variance = _garman_klass(bars) if "high" in bars else np.append(0.0, returns**2)
    return Series(name, kind, dates[1:], np.exp(price[1:]), returns, variance[1:], slots[1:], slot_count)


def _garman_klass(bars: pd.DataFrame) -> Floats:
    """½ ln²(H/L) − (2 ln 2 − 1) ln²(C/O); Garman, Klass (1980), doi:10.1086/296072."""
    o, h, l, c = (np.log(bars[name].to_numpy(float)) for name in PRICES)  # noqa: E741
    return np.asarray(np.maximum(0.5 * (h - l) ** 2 - (2 * np.log(2) - 1) * (c - o) ** 2, 0.0), np.float64)


@cache
def _lean(path: Path) -> pd.DataFrame:
    """Closes only: before 2007 highs and lows hold stray ticks (Garman–Klass 3 times the squared returns in 2004)."""
    with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as lines:
        return pd.read_csv(lines, names=LEAN, index_col="date", parse_dates=True)[["close"]]


@cache
def _bitfinex(path: Path) -> pd.DataFrame:
    with gzip.open(path) as lines:
        found = pd.read_csv(lines, names=BITFINEX)
    return found.set_index(pd.to_datetime(found["date"], unit="ms"))
