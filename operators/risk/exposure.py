"""What a book is exposed to: gross, net, long, short, leverage, and how much of it is one market's movement.

    gross = Σ |n|,  net = Σ n,  leverage = gross / equity,  effective number = gross² / Σ n²
    beta exposure = Σ β_i n_i,  β_i = cov(r_i, m) / var(m);  beta-free: deviation of Σ n_i (r_i − β_i m)

n is signed notional, quote currency; leverage is NaN without positive equity. β rests on the rows given, all alike.
"""

from math import fsum, nan
from typing import NamedTuple

import numpy as np

from operators.risk.checked import Floats, checked_matrix, checked_vector


class Exposure(NamedTuple):
    """Sums over all instruments, quote currency; no position gives zeros."""

    gross: float
    net: float
    long: float
    short: float  # at least 0
    largest: float  # of one instrument, absolute
    leverage: float  # gross over equity
    effective: float  # number of equal positions that would be as concentrated; 0 without any


class MarketRisk(NamedTuple):
    """The part of a book that moves with a market, and the part that does not."""

    betas: Floats  # by instrument
    beta_exposure: float  # quote currency: what is gained if the market rises by 1
    beta_free: float  # standard deviation of the book's profit once the market is hedged, quote currency per row
    explained: float  # share of the book's variance that is the market's, 0 … 1; NaN for a book without variance


def exposure(holdings: Floats, equity: float) -> Exposure:
    """Exposure of signed notionals.

    >>> exposure(np.array([300.0, -100.0]), 200.0)
    Exposure(gross=400.0, net=200.0, long=300.0, short=100.0, largest=300.0, leverage=2.0, effective=1.6)
    """
    if not len(holdings):
        return Exposure(0.0, 0.0, 0.0, 0.0, 0.0, 0.0 if equity > 0 else nan, 0.0)
    sizes = checked_vector("holdings", holdings)
    long, short = fsum(sizes[sizes > 0]), fsum(-sizes[sizes < 0])
    gross, squares = long + short, fsum(sizes * sizes)
    return Exposure(
        gross=gross,
        net=long - short,
        long=long,
        short=short,
        largest=float(np.abs(sizes).max()),
        leverage=gross / equity if equity > 0 else nan,
        effective=gross * gross / squares if squares > 0 else 0.0,
    )


def market_risk(returns: Floats, holdings: Floats, market: Floats) -> MarketRisk:
    """Beta and what is free of it; returns: rows by instruments, market: the market's return of each row."""
    holdings, market = checked_vector("holdings", holdings), checked_vector("market", market)
    returns = checked_matrix("returns", returns, len(holdings))
    if len(market) != len(returns) or len(market) < 3:
        raise ValueError(f"{len(returns)} rows of returns need as many of the market, at least 3, got {len(market)}")
    moved = market - market.mean()
    variance = float(moved @ moved)
    if not variance > 0:
        raise ValueError("the market did not move, so there is no beta to it")
    betas = (returns - returns.mean(axis=0)).T @ moved / variance
    profit = returns @ holdings
    free = profit - market * float(betas @ holdings)
    whole = float(np.var(profit))
    explained = min(max(1.0 - float(np.var(free)) / whole, 0.0), 1.0) if whole > 0 else nan
    return MarketRisk(betas, float(betas @ holdings), float(np.std(free, ddof=2)), explained)
