"""Portfolio: what an account earned, holds and wants to hold."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards.build.board import account, row
from dashboards.build.board import board as begun
from dashboards.build.colours import BAD, GOOD, PLAIN
from dashboards.build.panels import Of, coloured

MARKED = "at the mid of the time, not of the last fill"


def board() -> Dashboard:
    """The board."""
    panel = Of("portfolio")
    made = begun(
        "portfolio",
        "Barograph · Portfolio",
        "Profit, drawdown, exposure and targets of a trading account.",
        [account(many=True)],
        since="now-6h",
        changes=False,
    )
    row(
        made,
        "Now",
        panel.numbers(
            "now",
            "Account",
            "As of the newest fills in or before the range, quote currency.",
            units={"profit": "none", "open_profit": "none", "fees_paid": "none", "gross": "short"},
            names={
                "profit": "Profit",
                "open_profit": "Open profit",
                "fees_paid": "Fees",
                "gross": "Gross",
                "open_positions": "Positions",
            },
        ),
    )
    row(
        made,
        "Profit",
        coloured(
            panel.lines(
                "pnl",
                "Profit and loss",
                f"Closed, open {MARKED}, and both; after fees, quote currency.",
                unit="none",
                zero=True,
            ),
            {"profit": GOOD, "realised": PLAIN},
        ),
        coloured(
            panel.lines(
                "drawdown",
                "Drawdown in the range",
                "Below the highest profit within the range, quote currency. The share of peak"
                " equity that halts trading is on board Risk.",
                unit="none",
                fill=30,
                high=0,
                legend=False,
            ),
            {"drawdown": BAD},
        ),
        panel.lines(
            "pnl_by_instrument",
            "Profit by instrument",
            f"Closed and open, {MARKED}, after fees.",
            unit="none",
            label="instrument",
            zero=True,
        ),
        panel.lines(
            "fees", "Fees paid", "Running total of the range.", unit="none", label="instrument", low=0, steps=True
        ),
    )
    row(
        made,
        "Holdings",
        panel.lines("exposure", "Exposure", f"Gross, net and by side, quote currency {MARKED}.", zero=True, steps=True),
        panel.lines(
            "held", "Held by instrument", f"Signed, quote currency {MARKED}.", label="instrument", zero=True, steps=True
        ),
        panel.lines(
            "targets",
            "Targets",
            "What the portfolio wants to hold; a target stands until the next.",
            label="instrument",
            zero=True,
            steps=True,
            points=True,
        ),
        panel.rows(
            "gap_to_target",
            "Wanted and held",
            "What is missing may be working, refused (board Risk) or too small to trade.",
            units={"target": "short", "held_value": "short", "missing": "short"},
            width=12,
        ),
        panel.rows(
            "positions",
            "Positions",
            "As of the last fill of each.",
            units={"realised_pnl": "none", "unrealised_pnl": "none"},
            height=6,
        ),
    )
    return made
