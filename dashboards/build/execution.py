"""Execution: orders, fills, what they cost, how long they took, and whether all is accounted for."""

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
        "Orders, fills, their cost and delay, reconciliation and ledger of trading accounts.",
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
            width=12,
        ),
        panel.numbers(
            "sound",
            "Accounted for",
            "Orders whose fate is not known now, and for how long the oldest; what a venue's word differed in over the"
            " range; what the ledger is out of balance by, quote currency.",
            units={"oldest_s": "s", "ledger_difference": "none"},
            names={
                "in_doubt": "In doubt",
                "oldest_s": "Oldest doubt",
                "differences": "Differences",
                "ledger_difference": "Ledger",
            },
            bounds={
                "in_doubt": steps((1, BAD), first=GOOD),
                "differences": steps((1, WARN), first=GOOD),
                "ledger_difference": steps((0, GOOD), (1e-9, BAD), first=BAD),
            },
            width=12,
        ),
    )
    row(
        made,
        "Cost",
        panel.lines(
            "slippage",
            "Slippage",
            "Fill price against the mid when the order was made, weighted by turnover; above 0 it cost.",
            unit="suffix: bps",
            label="instrument",
            zero=True,
            points=True,
        ),
        panel.lines(
            "wait",
            "Time to acknowledgement and fill",
            "From making an order to the venue's first word on it and to each of its fills, in data time.",
            unit="ms",
            low=0,
            points=True,
        ),
        panel.rows(
            "costs",
            "Cost by instrument and side",
            "Of turnover: delay, the mid moved from when the target was first seen to the order; spread, from that mid"
            " to the touch; impact, from the touch to the price; fees. What never filled is not here. A wait is from"
            " making an order to its fill.",
            units={
                "turnover": "short",
                "delay_bps": "suffix: bps",
                "spread_bps": "suffix: bps",
                "impact_bps": "suffix: bps",
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
        "Reconciliation and ledger",
        panel.rows(
            "differences",
            "Dealings with the venue",
            "Adopted positions and cash, orders and fills of others, orders without an answer, what could not be read,"
            " the link; newest first. Where its word differs from ours the venue is right.",
            width=16,
        ),
        panel.rows(
            "books", "Books", "Balance of each; all of them together are 0.", units={"balance": "none"}, width=8
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
