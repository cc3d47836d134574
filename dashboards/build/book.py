"""Order book and order flow of one instrument: price, cost, depth, flow, toxicity, impact."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards.build.board import board as begun
from dashboards.build.board import instrument, row, venue
from dashboards.build.colours import BAD, BUY, GOOD, PLAIN, SELL, WARN, steps
from dashboards.build.panels import Of, below_zero, coloured, right_axis

BIDS = {
    "bid_depth_1bps": "#0f3a70",
    "bid_depth_5bps": "#20579a",
    "bid_depth_10bps": "#5b8cc8",
    "bid_depth_25bps": "#a9c5e6",
}
ASKS = {
    "ask_depth_1bps": "#8f3417",
    "ask_depth_5bps": "#d2613c",
    "ask_depth_10bps": "#e2906f",
    "ask_depth_25bps": "#f1c4b0",
}
PER_SIZE = "Quote currency per base unit or contract"


def board() -> Dashboard:
    """The board."""
    panel = Of("book")
    made = begun(
        "book",
        "Barograph · Order book and order flow",
        "One instrument from the touch to the impact of trades.",
        [venue(many=False), instrument(many=False)],
    )
    row(made, "Now", numbers(panel))
    row(made, "Price", *prices(panel))
    row(made, "Cost and depth", *costs(panel))
    row(made, "Order flow", *flows(panel))
    row(made, "Impact and volatility", *impacts(panel))
    row(
        made,
        "Trades",
        panel.rows(
            "trades",
            "Largest trades",
            "The fifty largest of the newest hour of the range; the aggressor is the side that took.",
            units={"turnover": "short"},
            coloured={"aggressor": {"buy": BUY, "sell": SELL}},
        ),
    )
    return made


def numbers(panel: Of) -> object:
    """Newest values."""
    return panel.numbers(
        "now",
        "Now",
        "Of the newest row of the features table in the range. The micro price is the mid expected after the next"
        " moves; age:"
        " from that row to the end of the range, seconds when all is well.",
        units={
            "mid_price": "none",
            "micro_price": "none",
            "spread_bps": "suffix: bps",
            "imbalance_10": "none",
            "vpin": "none",
            "kyle_lambda": "none",
            "age_s": "s",
        },
        names={
            "mid_price": "Mid price",
            "micro_price": "Micro price",
            "spread_bps": "Spread",
            "imbalance_10": "Imbalance, ten levels",
            "vpin": "VPIN",
            "kyle_lambda": "Kyle's lambda",
            "age_s": "Age",
        },
        bounds={"age_s": steps((5, WARN), (30, BAD), first=GOOD)},
    )


def prices(panel: Of) -> list[object]:
    """Price, near and over long ranges."""
    near = panel.lines(
        "prices",
        "Mid and micro price",
        "The micro price leads the mid where sizes at the touch are uneven. The band is"
        " the range of the mid within each point.",
        unit="none",
        width=24,
        height=10,
    )
    coloured(near, {"mid_close": PLAIN, "micro_price": BUY, "mid_high": "#c9ced6", "mid_low": "#c9ced6"})
    return [
        near,
        panel.lines(
            "price_long",
            "Mid price, whole range",
            "Reduced by largest triangles, which keeps turns and extremes that means would hide; for ranges of weeks.",
            unit="none",
            legend=False,
        ),
        panel.lines(
            "ticks",
            "Mid price, every tick",
            "Every row of the newest ten minutes, reduced to the 1000 points that keep its shape.",
            unit="none",
            legend=False,
            steps=True,
            interval="100ms",
        ),
    ]


def costs(panel: Of) -> list[object]:
    """What it costs to trade, and what there is to trade with."""
    depth = panel.lines(
        "depth",
        "Depth near the mid",
        "Size within 1, 5, 10 and 25 basis points; bids up, asks down, base units or contracts.",
        width=24,
        height=10,
        fill=15,
    )
    coloured(below_zero(depth, *ASKS), {**BIDS, **ASKS})
    resilience = panel.lines(
        "resilience",
        "Resilience",
        "Half-life of depth after a large trade, and the share of size that leaves without a trade (right).",
        unit="s",
        low=0,
    )
    return [
        panel.lines("spread", "Quoted spread", "Mean and largest of each point.", unit="suffix: bps", low=0),
        panel.lines(
            "costs",
            "Effective and realised spread, impact",
            "Twice the taker's cost against the mid; what makers kept of it 5 s"
            " later; the rest, which moved the price; and Roll's spread from the bounce of trades.",
            unit="suffix: bps",
        ),
        depth,
        right_axis(resilience, "percentunit", "cancel_ratio"),
        panel.lines(
            "imbalance",
            "Imbalance",
            "Of sizes at the touch and over ten levels, and of the last 50 trades.",
            low=-1,
            high=1,
            zero=True,
        ),
    ]


def flows(panel: Of) -> list[object]:
    """Who pushes."""
    volume = panel.bars("volume", "Aggressive volume", "Buyers up, sellers down; base units or contracts.")
    intensity = panel.lines(
        "intensity",
        "Trade intensity",
        "Hawkes intensities of aggressive buys and sells: trades that call for trades.",
        unit="suffix: /s",
        low=0,
    )
    return [
        panel.bars(
            "flow",
            "Order flow imbalance",
            "Sum of each point at the touch (Cont, Kukanov, Stoikov 2014); base units or contracts.",
            stacked=False,
        ),
        panel.lines(
            "flow_horizons",
            "Order flow imbalance over 50 updates",
            "At the touch, over ten levels, in mean sizes, and the first component of ten levels.",
            zero=True,
        ),
        coloured(below_zero(volume, "sell_volume"), {"buy_volume": BUY, "sell_volume": SELL}),
        coloured(intensity, {"hawkes_buy": BUY, "hawkes_sell": SELL}),
        panel.lines(
            "toxicity",
            "VPIN",
            "Volume-synchronised probability of informed trading, as volume imbalance of 50 buckets.",
            low=0,
            high=1,
            legend=False,
        ),
    ]


def impacts(panel: Of) -> list[object]:
    """What a trade does to the price."""
    return [
        panel.lines(
            "impact",
            "Kyle's lambda and its kin",
            f"{PER_SIZE}: impact of an uninformed order, of flow with its news, and Hasbrouck's permanent part.",
            unit="none",
        ),
        panel.lines(
            "volatility",
            "Volatility, yearly",
            "Realised and bipower; where realised is above, the price jumped.",
            unit="percentunit",
            low=0,
        ),
        panel.lines(
            "jumps",
            "Jump statistic",
            "z of the ratio test over 300 s; above 2.3 a price without jumps is found once in a hundred.",
            zero=True,
            legend=False,
        ),
    ]
