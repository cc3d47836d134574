"""Signals: what regimes ask for, how sure, on what evidence, and whether it paid to follow."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards.build.board import board as begun
from dashboards.build.board import instrument, row, timeframe, venue
from dashboards.build.colours import BAD, GOOD, UNKNOWN, steps
from dashboards.build.panels import Of

SERIES = "${__field.labels.instrument} ${__field.labels.timeframe}"
ONE = "var-venue=${__data.fields.venue}&var-instrument=${__data.fields.instrument}&${__url_time_range}"


def board() -> Dashboard:
    """The board."""
    panel = Of("signals")
    made = begun(
        "signals",
        "Barograph · Signals",
        "Direction, confidence and evidence of signals, and what following them would have paid.",
        [venue(), instrument(), timeframe()],
        since="now-1h",
    )
    row(made, "Now", now(panel))
    row(
        made,
        "Over time",
        panel.lines(
            "direction",
            "Direction",
            "Share of the allowed position, -1 to 1; 0 also where a signal has no say (its evidence tells why).",
            low=-1,
            high=1,
            zero=True,
            steps=True,
        ).display_name(SERIES),
        panel.lines(
            "confidence",
            "Confidence",
            "Probability of the regime a signal rests on.",
            unit="percentunit",
            low=0,
            high=1,
            steps=True,
        ).display_name(SERIES),
        panel.bars(
            "flips",
            "Changes of side",
            "How often a signal went from long to short or back: what following it costs in trades.",
            width=24,
            height=6,
        ).display_name(SERIES),
    )
    row(made, "Judgement", paid(panel), by_regime(panel))
    return made


def now(panel: Of) -> object:
    """The table of signals."""
    return panel.rows(
        "now",
        "Signals",
        "The newest of each instrument and timeframe. asked: -1 to 1, share of the allowed position.",
        units={"sure": "percentunit", "yearly_volatility": "percentunit"},
        bounds={"asked": steps((-0.05, UNKNOWN), (0.05, GOOD), first=BAD)},
        links={"instrument": ("Regimes", f"/d/barograph-regimes?{ONE}&" + "var-timeframe=${__data.fields.timeframe}")},
    )


def paid(panel: Of) -> object:
    """What the next bar did."""
    return panel.rows(
        "paid",
        "Did it pay to follow?",
        "Return of the next bar (1 s for ultra_short, else 1 min) in the direction asked for, before any cost:"
        " share that was right, mean weighted by strength, and t. A t within ±2 is what luck looks like; overlapping"
        " ranges are not new evidence.",
        units={"right_share": "percentunit", "mean_bps": "suffix: bps"},
        bounds={"t": steps((-2, UNKNOWN), (2, GOOD), first=BAD)},
        width=12,
    )


def by_regime(panel: Of) -> object:
    """What regimes asked for."""
    return panel.rows(
        "by_regime",
        "Asked for by regime",
        "How often, which way and how strongly each regime asked, over the range.",
        units={"mean_sure": "percentunit"},
        width=12,
    )
