"""The latent price and the regimes that move it: a semi-Markov chain of volatility × dynamics per instrument.

Latent price x, in levels of the ladder: dx = (pull + drift) dt + sigma dW, and every taker moves it for good by
impact × signed lots. Dynamics set pull and drift: mean-reverting pulls to the value x had when the regime began,
trending drifts either way, random does neither. A dwell time is a fixed quarter of its mean plus an exponential, so
the chain has memory; a regime never follows itself. A weak pull to the opening price (HOMING_S) keeps paths on the
ladder for days. `pushed` is how far x is from where it would be without the fills of the running metaorder: the pulls
are linear, so it is exact, but for the ends of the reach.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulator import draws
from simulator.compiled import compiled
from simulator.engine import LEVELS
from simulator.listing import MAKER_NOTIONAL, TAKER_NOTIONAL, Listing

Rows = NDArray[np.void]
Floats = NDArray[np.float64]

VOLATILITIES = ("calm", "normal", "stressed")
DYNAMICS = ("mean_reverting", "random", "trending")
MEAN_REVERTING, RANDOM, TRENDING = 0, 1, 2

VOLATILITY = (1e-5, 2.5e-5, 7e-5)  # of log returns per square-root second, by volatility regime
ACTIVITY = (0.8, 1.0, 1.8)  # message rate relative to the mean, by volatility regime
IMPACT = (1.0, 1.5, 3.0)  # permanent impact relative to calm: a thin book moves more
SPREAD = (1.0, 1.3, 2.0)
VOLATILITY_DWELL_S = (150.0, 120.0, 60.0)
DYNAMICS_DWELL_S = (120.0, 120.0, 90.0)
REVERSION_S = 10.0  # time constant of the pull in the mean-reverting regime
TREND = 0.25  # drift per second, in units of sigma
HOMING_S = 6 * 3600.0
IMPACT_SHARE = 0.5  # calm: volatility made by takers relative to sigma
TAKER_SHARE = 0.03  # of events, before takers excite each other
BRANCHING = 0.4  # takers caused by a taker
EVENTS_PER_MESSAGE = 5.0  # about; trimmed while the market runs
TAKER_SPREAD = 1.0  # standard deviation of log taker size
SECOND = 1e9


BY_REGIME = (np.float64, len(VOLATILITIES))
TRAITS = np.dtype(
    [
        ("base_ticks", np.int64),  # price in ticks of level 0
        ("opening", np.float64),  # levels
        ("reach", np.float64),  # the latent price stays this near to the opening, levels
        ("sigma", *BY_REGIME),  # levels per square-root second
        ("half_spread", *BY_REGIME),  # levels
        ("impact", *BY_REGIME),  # levels per lot
        ("message_rate", *BY_REGIME),  # messages per second asked of agents
        ("maker_lots", np.float64),  # median size
        ("taker_lots", np.float64),
        ("taker_rate", np.float64),  # takers per second, nominal
    ]
)
LATENT = np.dtype(
    [
        ("random", np.int64),  # state of `draws`
        ("time", np.int64),  # ns, of the last move
        ("value", np.float64),  # levels
        ("anchor", np.float64),
        ("drift", np.float64),  # per second, in units of sigma
        ("pushed", np.float64),  # levels that the running metaorder has moved it by and the pulls have left
        ("pushed_anchor", np.float64),  # the part of that which is in the anchor
        ("volatility", np.int64),  # index of VOLATILITIES
        ("volatility_until", np.int64),  # ns
        ("dynamics", np.int64),  # index of DYNAMICS
        ("dynamics_until", np.int64),  # ns
    ]
)


def traits(listings: Sequence[Listing], message_rate: float) -> Rows:
    """TRAITS of each instrument, which never change; the rate is messages per second made by the agents of one."""
    rows = np.zeros(len(listings), TRAITS)
    for row, one in zip(rows, listings, strict=True):
        ticks = one.opening_ticks
        rates = max(5.0, message_rate) * _normalised_activity()
        taker_rate = EVENTS_PER_MESSAGE * TAKER_SHARE * max(5.0, message_rate) / (1.0 - BRANCHING)
        taker_lots = one.lots(TAKER_NOTIONAL)
        sigma = np.array(VOLATILITY) * one.price * one.agitation / float(one.tick_size)
        second_moment = taker_lots**2 * math.exp(2.0 * TAKER_SPREAD**2)
        row["base_ticks"] = max(1, ticks - LEVELS // 2)
        row["opening"] = ticks - row["base_ticks"]
        row["reach"] = min(LEVELS / 2 - 4_000, 0.4 * ticks)
        row["sigma"] = sigma
        row["half_spread"] = (0.05 + 0.08 * sigma) * np.array(SPREAD)
        row["impact"] = IMPACT_SHARE * sigma[0] / math.sqrt(taker_rate * second_moment) * np.array(IMPACT)
        row["message_rate"] = rates
        row["maker_lots"], row["taker_lots"] = one.lots(MAKER_NOTIONAL), taker_lots
        row["taker_rate"] = taker_rate
    return rows


def _normalised_activity() -> Floats:
    activity, dwell = np.array(ACTIVITY), np.array(VOLATILITY_DWELL_S)
    return np.asarray(activity / (activity @ dwell / dwell.sum()))  # the long-run mean is the rate asked for


def opening_latent(seed: int, names: Sequence[str], fixed: Rows) -> Rows:
    """LATENT of each instrument: at its opening price, in the normal and random regimes, which end soon."""
    rows = np.zeros(len(names), LATENT)
    rows["random"] = draws.states(seed, names)
    rows["value"] = rows["anchor"] = fixed["opening"] + 0.5
    rows["volatility"], rows["dynamics"] = 1, RANDOM
    for row in rows:
        row["volatility_until"] = 30 * SECOND * draws.uniform(row)
        row["dynamics_until"] = row["volatility_until"] + 5 * SECOND
    return rows


def hold(latent: Rows, volatility: str, dynamics: str) -> None:
    """Keep every instrument in one regime for good."""
    latent["volatility"], latent["dynamics"] = VOLATILITIES.index(volatility), DYNAMICS.index(dynamics)
    latent["volatility_until"] = latent["dynamics_until"] = np.iinfo(np.int64).max


@compiled
def move(latent: np.void, fixed: np.void, time: int) -> None:
    """Advance the latent price to `time` and change regimes that have ended."""
    step = (time - latent["time"]) / SECOND
    latent["time"] = time
    sigma = fixed["sigma"][latent["volatility"]]
    pull, release = (fixed["opening"] - latent["value"]) / HOMING_S, latent["pushed"] / HOMING_S
    if latent["dynamics"] == MEAN_REVERTING:
        pull += (latent["anchor"] - latent["value"]) / REVERSION_S
        release += (latent["pushed"] - latent["pushed_anchor"]) / REVERSION_S
    latent["pushed"] -= release * step
    noise = sigma * math.sqrt(step) * draws.normal(latent)
    shift(latent, fixed, (pull + latent["drift"] * sigma) * step + noise)
    if time >= latent["volatility_until"]:
        latent["volatility"] = _other(latent, latent["volatility"])
        latent["volatility_until"] = time + _dwell(latent, VOLATILITY_DWELL_S[latent["volatility"]])
    if time >= latent["dynamics_until"]:
        latent["dynamics"] = _other(latent, latent["dynamics"])
        latent["dynamics_until"] = time + _dwell(latent, DYNAMICS_DWELL_S[latent["dynamics"]])
        _enter(latent)


@compiled
def shift(latent: np.void, fixed: np.void, levels: float) -> None:
    """Move the latent price, reflected at the ends of its reach."""
    away = latent["value"] + levels - fixed["opening"]
    reach = fixed["reach"]
    if away > reach:
        away = 2.0 * reach - away
    elif away < -reach:
        away = -2.0 * reach - away
    latent["value"] = fixed["opening"] + away


@compiled
def _enter(latent: np.void) -> None:
    latent["anchor"] = latent["value"]
    latent["pushed_anchor"] = latent["pushed"]
    latent["drift"] = 0.0
    if latent["dynamics"] == TRENDING:
        latent["drift"] = TREND if draws.uniform(latent) < 0.5 else -TREND


@compiled
def _other(latent: np.void, regime: int) -> int:
    return int((regime + 1 + int(2.0 * draws.uniform(latent))) % 3)


@compiled
def _dwell(latent: np.void, mean_s: float) -> int:
    return int(mean_s * SECOND * (0.25 + 0.75 * draws.exponential(latent)))
