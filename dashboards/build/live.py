"""Live: one instrument as it happens, pushed by `barograph deliver` over Grafana Live; nothing here asks the store."""

from grafana_foundation_sdk.builders import common, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models import common as shapes

from dashboards.build.board import asked, row, timeframe
from dashboards.build.board import board as begun
from dashboards.build.colours import ALL_STATES, BUY, PLAIN, SELL
from dashboards.build.grafana_live import SOURCE, Live
from dashboards.build.panels import below_zero, coloured
from dashboards.build.regimes import VIEWS

HOW = "Pushed, at most ten times a second. Empty until `barograph deliver` has an address and a token: docs/grafana.md."


def board() -> Dashboard:
    """The board."""
    market = asked("market", "Market", "Instrument and venue", many=False)
    made = begun(
        "live",
        "Barograph · Live",
        f"One instrument as it happens. {HOW}",
        [market, timeframe(many=False)],
        refresh="",
        since="now-1m",
        changes=False,
    ).live_now(True)
    row(
        made,
        "Book",
        coloured(
            lines(
                "Best bid and ask",
                "quote/$market",
                ("bid_price", "ask_price"),
                unit="none",
                width=16,
                height=10,
                steps=True,
            ),
            {"bid_price": BUY, "ask_price": SELL},
        ),
        coloured(
            below_zero(
                lines("Size at the touch", "quote/$market", ("bid_size", "ask_size"), width=8, height=10, fill=25),
                "ask_size",
            ),
            {"bid_size": BUY, "ask_size": SELL},
        ),
        coloured(
            lines("Mid and micro price", "features/$market", ("mid_price", "micro_price"), unit="none"),
            {"mid_price": PLAIN, "micro_price": BUY},
        ),
        lines("Spread", "features/$market", ("spread_bps",), unit="suffix: bps"),
    )
    row(
        made,
        "Flow",
        lines("Order flow imbalance", "features/$market", ("ofi_ew", "ofi_50"), zero=True),
        lines("Imbalance", "features/$market", ("imbalance", "imbalance_10", "trade_imbalance_50"), zero=True),
        coloured(
            below_zero(
                lines("Depth within 5 bps", "features/$market", ("bid_depth_5bps", "ask_depth_5bps"), fill=25),
                "ask_depth_5bps",
            ),
            {"bid_depth_5bps": BUY, "ask_depth_5bps": SELL},
        ),
        lines("VPIN and Kyle's lambda", "features/$market", ("vpin", "kyle_lambda")),
    )
    row(made, "Regimes, signals, profit", *(probabilities(view) for view in VIEWS), signal(), profit())
    return made


def lines(
    title: str,
    path: str,
    fields: tuple[str, ...],
    *,
    unit: str = "short",
    width: int = 12,
    height: int = 8,
    fill: int = 0,
    steps: bool = False,
    zero: bool = False,
) -> timeseries.Panel:
    """Lines of fields of one channel."""
    panel = timeseries.Panel().title(title).description(HOW).datasource(SOURCE).span(width).height(height).unit(unit)
    panel.line_width(1).fill_opacity(fill).axis_centered_zero(zero).show_points(shapes.VisibilityMode.NEVER)
    panel.line_interpolation(shapes.LineInterpolation.STEP_AFTER if steps else shapes.LineInterpolation.LINEAR)
    panel.legend(
        common.VizLegendOptions()
        .show_legend(True)
        .placement(shapes.LegendPlacement.BOTTOM)
        .calcs(["lastNotNull"])
        .display_mode(shapes.LegendDisplayMode.LIST)
    )
    return panel.with_target(Live(path, fields))


def probabilities(view: str) -> timeseries.Panel:
    """Stacked, of one view."""
    states = {f"probability_{state}": ALL_STATES[state] for state in VIEWS[view]}
    panel = lines(
        f"Probability of {view}", "regime/$market/$timeframe", tuple(states), unit="percentunit", width=8, fill=80
    )
    panel.min(0).max(1).stacking(common.StackingConfig().mode(shapes.StackingMode.NORMAL).group("A"))
    return coloured(panel, states)


def signal() -> timeseries.Panel:
    """What is asked for."""
    return lines("Signal", "signal/$market/$timeframe", ("direction", "confidence"), zero=True, steps=True)


def profit() -> timeseries.Panel:
    """Of the instrument, after every fill."""
    return lines(
        "Profit of this instrument", "position/$market", ("realised_pnl", "unrealised_pnl"), unit="none", steps=True
    )
