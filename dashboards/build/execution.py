"""Execution: orders, fills, what they cost against the mid, and how long they took."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards.build.board import account, row
from dashboards.build.board import board as begun
from dashboards.build.colours import BAD, BUY, GOOD, SELL, UNKNOWN, WARN, steps
from dashboards.build.panels import Of, coloured

STATES = {
    "submitted": "#8e9bd0",
    "accepted": "#5794f2",
    "partially_filled": "#7fb69a",
    "filled": GOOD,
    "cancelled": UNKNOWN,
    "expired": UNKNOWN,
    "rejected": BAD,
    "unknown": WARN,
}
SIDES = {"buy": BUY, "sell": SELL}


def board() -> Dashboard:
    """The board."""
    panel = Of("execution")
    made = begun(
        "execution",
        "Barograph · Execution",
        "Orders, fills, slippage and fees of a trading account.",
        [account(many=True)],
        since="now-6h",
        changes=False,
    )
    row(
        made,
        "Now",
        panel.numbers(
            "summary",
            "Orders and fills of the range",
            "Turnover and fees in quote currency.",
            units={"turnover": "short", "fees": "none", "fee_bps": "suffix: bps"},
            names={
                "orders_made": "Orders",
                "fills_made": "Fills",
                "turnover": "Turnover",
                "fees": "Fees",
                "fee_bps": "Fees of turnover",
            },
        ),
    )
    row(
        made,
        "Cost",
        panel.lines(
            "slippage",
            "Slippage",
            "Fill price against the mid when the order was sent, weighted by turnover; above 0 it cost.",
            unit="suffix: bps",
            label="instrument",
            zero=True,
            points=True,
        ),
        panel.lines(
            "wait",
            "Time to fill",
            "From sending an order to each of its fills, in data time.",
            unit="ms",
            low=0,
            points=True,
        ),
        panel.rows(
            "costs",
            "Cost by instrument and side",
            "Slippage and fees; a wait is from sending to filling.",
            units={
                "turnover": "short",
                "mean_slippage_bps": "suffix: bps",
                "fee_bps": "suffix: bps",
                "cost_bps": "suffix: bps",
                "median_wait_ms": "ms",
                "longest_wait_ms": "ms",
            },
            coloured={"way": SIDES},
            bounds={"cost_bps": steps((0, WARN), (10, BAD), first=GOOD)},
            width=16,
        ),
        panel.rows("ends", "How orders ended", "And why.", coloured={"ended": STATES}, width=8),
    )
    row(
        made,
        "Activity",
        coloured(
            panel.bars(
                "states", "Orders by state entered", "Each order counts once for every state it enters.", label="state"
            ),
            STATES,
        ),
        panel.bars(
            "turnover",
            "Turnover of our fills",
            "Quote currency; sells count as negative.",
            label="instrument",
            zero=True,
        ),
    )
    row(
        made,
        "Log",
        panel.rows(
            "orders",
            "Orders",
            "As they stand at the end of the range, newest first.",
            coloured={"way": SIDES, "stands": STATES},
            height=10,
        ),
        panel.rows(
            "fills",
            "Fills",
            "Newest first; fees in quote currency.",
            units={"turnover": "short"},
            coloured={"way": SIDES},
            height=10,
        ),
    )
    return made
