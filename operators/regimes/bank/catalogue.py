"""The templates: which hidden states may be behind returns, view by view, and what is believed of them at first.

Durations, contrasts and tails are those that the literature reports for markets, wide enough to be overruled by a
few hundred bars: Hardy (2001), doi:10.1080/10920277.2001.10595984, for volatility; Lo, MacKinlay (1988) for
autocorrelation, doi:10.1093/rfs/1.1.41; Moskowitz, Ooi, Pedersen (2012) for trends, doi:10.1016/j.jfineco.2011.11.003.
"""

from collections.abc import Sequence
from math import log

from operators.regimes.bank.features import AVERAGE, FRACTIONAL, hurst_place, span_place
from operators.regimes.bank.template import SCALE, TAIL, Chain, Parameter, Template

TAILS = 4.0  # ν − 2 before anything is learned
LEAST_STAY = 30.0  # bars, of a level of volatility; what is shorter is the shape of the returns


def _common(scale: float = 0.0) -> tuple[Parameter, ...]:
    return (
        Parameter(SCALE, scale, 0.5, -8.0, 8.0),
        Parameter(TAIL, log(TAILS), 0.8, log(0.6), log(60.0)),
    )


def _stays(
    prefix: str, bars: Sequence[float], phases: int = 1, sd: float = 0.7, least: float = 8.0
) -> tuple[Parameter, ...]:
    return tuple(Parameter(f"{prefix}{k}", log(stay - phases), sd, log(least), log(1e5)) for k, stay in enumerate(bars))


def _odds(prefix: str, count: int) -> tuple[Parameter, ...]:
    return tuple(Parameter(f"{prefix}_odds{k}", 0.0, 0.7, -3.0, 3.0) for k in range(count))


def _named(prefix: str, count: int) -> tuple[str, ...]:
    return tuple(f"{prefix}{k}" for k in range(count))


def _ring(count: int = 3) -> tuple[tuple[tuple[float, ...], tuple[float, ...]], ...]:
    """Of three states, the first route leads to the next, the second to the one after it."""
    unit = [[float(k == j) for j in range(count)] for k in range(count)]
    return tuple((tuple(unit[(k + 1) % count]), tuple(unit[(k + 2) % count])) for k in range(count))


def _chain(prefix: str, count: int, stride: int = 1) -> Chain:
    if count == 3:
        return Chain(_named(prefix, 3), stride, tuple(f"{prefix}_odds{k}" for k in range(3)), _ring())
    return Chain(_named(prefix, count), stride)


def volatility(
    gaps: Sequence[float], stays: Sequence[float], *, scale: float = 0.0, phases: int = 1,
    garch: tuple[float, float] | None = None, drift: bool = True,
) -> Template:  # fmt: skip
    """Levels of volatility, calm first; gaps: log ratio of each to the one before."""
    count = len(stays)
    names = [f"gap{k}" for k in range(1, count)]
    parameters = [*_common(scale - 0.35 * sum(gaps))]
    parameters += [Parameter(name, gap, 0.3, 0.12, 1.8) for name, gap in zip(names, gaps, strict=True)]
    if garch:
        parameters += [Parameter("shock", garch[0], 0.03, 0.0, 0.3), Parameter("lasting", garch[1], 0.05, 0.5, 0.985)]
    if drift:
        parameters += [Parameter(f"drift{k}", 0.0, 0.05, -0.3, 0.3) for k in range(count)]
    parameters += _stays("stay", stays, phases, least=LEAST_STAY)
    parameters += _odds("stay", 3) if count == 3 else ()
    return Template(
        name="volatility" + ("_garch" if garch else ""),
        parameters=tuple(parameters),
        labels=(tuple(range(count)),),
        chains=(_chain("stay", count),),
        log_scale={e: {SCALE: 1.0, **dict.fromkeys(names[:e], 1.0)} for e in range(count)},
        mean={e: {f"drift{e}": 1.0} for e in range(count)} if drift else None,
        garch=garch is not None,
        phases=phases,
    )


def still(label: int, *, garch: tuple[float, float] | None = None, log_odds: float = 0.0) -> Template:
    """One state for good: no regimes, with or without GARCH."""
    parameters = [*_common()]
    if garch:
        parameters += [Parameter("shock", garch[0], 0.03, 0.0, 0.3), Parameter("lasting", garch[1], 0.05, 0.5, 0.985)]
    parameters += [Parameter("drift0", 0.0, 0.05, -0.3, 0.3)]
    return Template(
        name="still" + ("_garch" if garch else ""), parameters=tuple(parameters), labels=((label,),),
        log_scale={0: {SCALE: 1.0}}, mean={0: {"drift0": 1.0}}, garch=garch is not None, log_odds=log_odds,
    )  # fmt: skip


def direction(drift: float, scales: tuple[float, float], *, stay: float = 250.0, phases: int = 1) -> Template:
    """Bear, neutral and bull: the mean return, and a volatility of their own; scales: of bear and neutral over bull."""
    return Template(
        name="direction",
        parameters=(
            *_common(),
            Parameter("bear_scale", log(scales[0]), 0.25, -0.1, 1.2),
            Parameter("neutral_scale", log(scales[1]), 0.15, -1.0, 0.05),
            Parameter("bear_drift", drift, 0.1, 0.02, 1.0),
            Parameter("neutral_drift", 0.0, 0.02, -0.05, 0.05),
            Parameter("bull_drift", drift, 0.1, 0.02, 1.0),
            *_stays("stay", (stay,) * 3, phases),
            *_odds("stay", 3),
        ),
        labels=((0, 1, 2),),
        chains=(_chain("stay", 3),),
        log_scale={0: {SCALE: 1.0, "bear_scale": 1.0}, 1: {SCALE: 1.0, "neutral_scale": 1.0}, 2: {SCALE: 1.0}},
        mean={0: {"bear_drift": -1.0}, 1: {"neutral_drift": 1.0}, 2: {"bull_drift": 1.0}},
        phases=phases,
    )


def direction_in_volatility(drift: float, gap: float, *, scale: float = 0.0, stay: float = 250.0) -> Template:
    """Bear, neutral and bull, whatever volatility does: calm or stressed by a chain of its own."""
    words = ("bear_drift", "neutral_drift", "bull_drift")
    return Template(
        name="direction_in_volatility",
        parameters=(
            *_common(scale - 0.35 * gap),
            Parameter("gap", gap, 0.3, 0.12, 1.8),
            Parameter("bear_drift", drift, 0.1, 0.02, 1.0),
            Parameter("neutral_drift", 0.0, 0.02, -0.05, 0.05),
            Parameter("bull_drift", drift, 0.1, 0.02, 1.0),
            *_stays("turn", (220.0, 110.0), least=LEAST_STAY),
            *_stays("stay", (stay,) * 3),
            *_odds("stay", 3),
        ),
        labels=((0, 1, 2) * 2,),
        chains=(_chain("turn", 2, 3), _chain("stay", 3)),
        log_scale={e: {SCALE: 1.0} if e < 3 else {SCALE: 1.0, "gap": 1.0} for e in range(6)},
        mean={e: {words[e % 3]: -1.0 if e % 3 == 0 else 1.0} for e in range(6)},
    )


def direction2(drift: float, scale: float, *, stay: float = 250.0) -> Template:
    """Bear and bull."""
    return Template(
        name="direction2",
        parameters=(*_common(), Parameter("bear_scale", log(scale), 0.25, -1.0, 1.2),
                    Parameter("bear_drift", drift, 0.1, 0.01, 1.0), Parameter("bull_drift", drift, 0.1, 0.01, 1.0),
                    *_stays("stay", (stay,) * 2)),
        labels=((0, 1),), chains=(_chain("stay", 2),),
        log_scale={0: {SCALE: 1.0, "bear_scale": 1.0}, 1: {SCALE: 1.0}},
        mean={0: {"bear_drift": -1.0}, 1: {"bull_drift": 1.0}},
    )  # fmt: skip


def autoregression(revert: float, trend: float, *, stay: float = 250.0, phases: int = 1) -> Template:
    """Neighbouring returns are negatively correlated, not at all, or positively; the same variance in all."""
    return Template(
        name="autoregression",
        parameters=(
            *_common(), Parameter("revert", revert, 0.12, 0.03, 0.9), Parameter("walk", 0.0, 0.02, -0.06, 0.06),
            Parameter("trend", trend, 0.12, 0.03, 0.9), *_stays("stay", (stay,) * 3, phases), *_odds("stay", 3),
        ),
        labels=((0, 1, 2),), chains=(_chain("stay", 3),), tied=True, phases=phases,
        log_scale={e: {SCALE: 1.0} for e in range(3)},
        slope={0: {"revert": -1.0}, 1: {"walk": 1.0}, 2: {"trend": 1.0}},
    )  # fmt: skip


def momentum(revert: float, trend: float, span: float, *, stay: float = 300.0) -> Template:
    """Returns lean against their own exponential mean, not at all, or with it."""
    return Template(
        name="momentum",
        parameters=(
            *_common(), Parameter("revert", revert, 0.1, 0.03, 0.8), Parameter("trend", trend, 0.08, 0.03, 0.8),
            Parameter("span", span_place(span), 1.5, 0.0, AVERAGE.places - 1.001),
            *_stays("stay", (stay,) * 3), *_odds("stay", 3),
        ),
        labels=((0, 1, 2),), chains=(_chain("stay", 3),), tied=True, curve=AVERAGE,
        log_scale={e: {SCALE: 1.0} for e in range(3)},
        slope={0: {"revert": -1.0}, 2: {"trend": 1.0}}, place={e: {"span": 1.0} for e in range(3)},
    )  # fmt: skip


def fractional(low: float, high: float, *, stay: float = 350.0) -> Template:
    """Fractional Gaussian noise with a Hurst exponent below, at, or above one half; the same variance in all."""
    top = FRACTIONAL.places - 1.001
    return Template(
        name="fractional",
        parameters=(
            *_common(), Parameter("low", hurst_place(low), 1.5, 0.0, hurst_place(0.46)),
            Parameter("high", hurst_place(high), 1.5, hurst_place(0.54), top), *_stays("stay", (stay,) * 3),
            *_odds("stay", 3),
        ),
        labels=((0, 1, 2),), chains=(_chain("stay", 3),), curve=FRACTIONAL,
        log_scale={e: {SCALE: 1.0} for e in range(3)},
        slope_base=(1.0, 0.0, 1.0), place={0: {"low": 1.0}, 2: {"high": 1.0}},
        place_base=(0.0, hurst_place(0.5), 0.0),
    )  # fmt: skip


_SIGNED: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...] = (
    ((0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 0.5, 0.5)),
    ((0.0, 0.0, 0.5, 0.5), (1.0, 0.0, 0.0, 0.0)),
    ((1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0)),
    ((1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0)),
)
_SIGNED_CHAIN = Chain(
    ("stay0", "stay1", "stay2", "stay2"), 1, ("stay_odds0", "stay_odds1", "stay_odds2", "stay_odds2"), _SIGNED
)


def drifting(revert: float, drift: float, *, stay: float = 250.0) -> Template:
    """Negatively correlated returns, a random walk, or a trend up or down that keeps its sign."""
    return Template(
        name="drifting",
        parameters=(
            *_common(), Parameter("revert", revert, 0.12, 0.03, 0.9), Parameter("follow", 0.0, 0.05, -0.2, 0.2),
            Parameter("drift", drift, 0.1, 0.03, 0.8), Parameter("span", 0.5, 1.0, 0.0, AVERAGE.places - 1.001),
            *_stays("stay", (stay,) * 3), *_odds("stay", 3),
        ),
        labels=((0, 1, 2, 2),), chains=(_SIGNED_CHAIN,), tied=True,
        log_scale={e: {SCALE: 1.0} for e in range(4)},
        slope={0: {"revert": -1.0}, 2: {"follow": 1.0}, 3: {"follow": 1.0}},
        place={0: {"span": 1.0}}, mean={2: {"drift": 1.0}, 3: {"drift": -1.0}},
    )  # fmt: skip


def anchored(pull: float, drift: float, *, stay: float = 250.0) -> Template:
    """Reversion to the price at which it began, a random walk, or a trend up or down that keeps its sign."""
    return Template(
        name="anchored",
        parameters=(
            *_common(), Parameter("pull", pull, 0.1, 0.02, 0.8), Parameter("drift", drift, 0.1, 0.03, 0.8),
            *_stays("stay", (stay,) * 3), *_odds("stay", 3),
        ),
        labels=((0, 1, 2, 2),), chains=(_SIGNED_CHAIN,), anchored=True,
        log_scale={e: {SCALE: 1.0} for e in range(4)}, mean={2: {"drift": 1.0}, 3: {"drift": -1.0}},
    )  # fmt: skip


def crossed(slope: float, gap: float, *, scale: float = 0.0) -> Template:
    """Volatility (calm, stressed) times dynamics (revert, trend); label 2 · stressed + trend."""
    stays = (*_stays("stay", (250.0, 120.0)), *_stays("turn", (150.0, 150.0)))
    return Template(
        name="crossed",
        parameters=(
            *_common(scale - 0.5 * gap), Parameter("gap", gap, 0.3, 0.12, 1.8),
            Parameter("revert", slope, 0.12, 0.03, 0.9),
            Parameter("trend", slope, 0.12, 0.03, 0.9), *stays,
        ),
        labels=((0, 1, 2, 3),), chains=(_chain("stay", 2, 2), _chain("turn", 2)), tied=True,
        log_scale={e: {SCALE: 1.0} if e < 2 else {SCALE: 1.0, "gap": 1.0} for e in range(4)},
        slope={e: {"trend": 1.0} if e % 2 else {"revert": -1.0} for e in range(4)},
    )  # fmt: skip


def timescales(slow_gap: float, drift: float, slope: float, fast_gap: float, *, scale: float = 0.0) -> Template:
    """Four independent chains of two states on four time scales: volatility, direction, dynamics, volatility."""
    bits = [((e >> 3) & 1, (e >> 2) & 1, (e >> 1) & 1, e & 1) for e in range(16)]
    return Template(
        name="timescales",
        parameters=(
            *_common(scale - 0.5 * slow_gap - 0.25 * fast_gap), Parameter("slow_gap", slow_gap, 0.3, 0.12, 1.8),
            Parameter("fast_gap", fast_gap, 0.3, 0.12, 1.8), Parameter("revert_drift", drift, 0.05, 0.01, 0.5),
            Parameter("trend_drift", drift * 0.6, 0.05, 0.01, 0.5),
            Parameter("revert", slope, 0.12, 0.03, 0.9), Parameter("trend", slope, 0.12, 0.03, 0.9),
            *_stays("long", (3000.0, 3000.0), sd=0.5), *_stays("medium", (600.0, 600.0), sd=0.5),
            *_stays("short", (160.0, 160.0), sd=0.5), *_stays("ultra", (60.0, 20.0), sd=0.5, least=4.0),
        ),
        labels=tuple(tuple(row[view] for row in bits) for view in range(4)), tied=True,
        chains=(_chain("long", 2, 8), _chain("medium", 2, 4), _chain("short", 2, 2), _chain("ultra", 2)),
        log_scale={e: {SCALE: 1.0} | {"slow_gap": 1.0 * b[0]} | {"fast_gap": 1.0 * b[3]} for e, b in enumerate(bits)},
        slope={e: {"trend": 1.0} if b[2] else {"revert": -1.0} for e, b in enumerate(bits)},
        mean={e: {"trend_drift" if b[2] else "revert_drift": 1.0 if b[1] else -1.0} for e, b in enumerate(bits)},
    )  # fmt: skip
