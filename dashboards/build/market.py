"""Market overview: every instrument at once; from here to the boards of one."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards.build.board import address, instrument, row, venue
from dashboards.build.board import board as begun
from dashboards.build.colours import ALL_STATES, BAD, GOOD, WARN, steps
from dashboards.build.panels import Of

ONE = "var-venue=${__data.fields.venue}&var-instrument=${__data.fields.instrument}&${__url_time_range}"


def board() -> Dashboard:
    """The board."""
    panel = Of("market")
    made = begun(
        "market",
        "Barograph · Market overview",
        "Prices, costs, flow and regimes of all instruments.",
        [venue(), instrument()],
    )
    row(made, "Now", instruments(panel), regimes(panel))
    row(
        made,
        "Over time",
        panel.lines(
            "price_change",
            "Price since the beginning of the range",
            "Mid price over that of the first point, less one.",
            unit="percentunit",
            label="instrument",
            zero=True,
            decimals=2,
        ),
        panel.lines(
            "volatility",
            "Volatility, yearly",
            "Realised volatility of one-second log returns of the mid, times the root of the seconds of 365.25 days.",
            unit="percentunit",
            label="instrument",
            low=0,
        ),
        panel.lines(
            "spread",
            "Quoted spread",
            "Ask less bid over the mid, mean of each point.",
            unit="suffix: bps",
            label="instrument",
            low=0,
        ),
        panel.lines(
            "imbalance",
            "Order flow imbalance",
            "Of the last 50 book updates at the touch, in mean sizes of the touch. Above 0 buyers"
            " add or sellers leave.",
            label="instrument",
            zero=True,
        ),
        panel.bars(
            "turnover",
            "Turnover",
            "Price times size of public trades, quote currency, without trades off the book.",
            unit="short",
            label="instrument",
        ),
        panel.lines(
            "updates",
            "Book updates per second",
            "Messages that changed or confirmed a book. A line that ends has nothing to say: see board Data quality.",
            unit="suffix: /s",
            label="instrument",
            low=0,
        ),
    )
    row(
        made,
        "Futures",
        panel.rows(
            "marks",
            "Marks and funding",
            "Newest mark price, index price and funding rate of futures.",
            units={
                "funding_rate": "percentunit",
                "basis_bps": "suffix: bps",
            },
            height=6,
        ),
    )
    return made


def instruments(panel: Of) -> object:
    """The table of instruments; a click leads to the book, regimes or signals of one."""
    return panel.rows(
        "instruments",
        "Instruments",
        "Newest values at the end of the range; turnover, trades and updates of the whole range. An age"
        " of more than a few seconds is a stale feed.",
        units={
            "change": "percentunit",
            "spread_bps": "suffix: bps",
            "imbalance": "percentunit",
            "vpin": "percentunit",
            "yearly_volatility": "percentunit",
            "turnover": "short",
            "trades": "short",
            "updates": "short",
            "age_s": "s",
        },
        bounds={"age_s": steps((5, WARN), (30, BAD), first=GOOD)},
        links={
            "instrument": ("Order book and order flow", f"/d/barograph-book?{ONE}"),
            "venue": ("Data quality", address("quality")),
        },
        height=9,
    )


def regimes(panel: Of) -> object:
    """The table of regimes; a click leads to those of one instrument."""
    return panel.rows(
        "regimes",
        "Regimes",
        "The state held in each view: volatility / direction / dynamics. Empty: no bar of that timeframe lately.",
        units={"least_confidence": "percentunit", "most_anomaly": "percentunit"},
        links={"instrument": ("Regimes", f"/d/barograph-regimes?{ONE}")},
        height=9,
    )


__all__ = ["ALL_STATES", "board"]
