"""Portfolio: what an account is worth, earned, holds and wants to hold; what the optimiser answered and why."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards.build.board import account, row
from dashboards.build.board import board as begun
from dashboards.build.colours import BAD, GOOD, PLAIN, UNKNOWN, WARN, steps
from dashboards.build.panels import Of, coloured, right_axis

DECISIONS = {"trade": GOOD, "hold": UNKNOWN}
RUNGS = {"optimal": GOOD, "relaxed": "#8e9bd0", "risk_parity": "#8e6bd1", "hold": WARN, "reduce": BAD}


def board() -> Dashboard:
    """The board."""
    panel = Of("portfolio")
    made = begun(
        "portfolio",
        "Barograph · Portfolio",
        "Equity, drawdown, profit, holdings and the optimiser of a trading account.",
        [account()],
        since="now-6h",
        changes=False,
    )
    row(
        made,
        "Now",
        panel.numbers(
            "now",
            "Account",
            "Equity, cash, drawdown and gross as of the account's newest row of the last day; the rest as of its newest"
            " fills. Quote currency; gross counts working orders.",
            units={
                "equity_now": "none",
                "cash_now": "none",
                "lost": "percentunit",
                "gross_now": "short",
                "profit": "none",
                "fees_paid": "none",
            },
            names={
                "equity_now": "Equity",
                "cash_now": "Cash",
                "lost": "Drawdown",
                "gross_now": "Gross",
                "profit": "Profit",
                "fees_paid": "Fees",
                "open_positions": "Positions",
            },
        ),
    )
    row(
        made,
        "Equity",
        coloured(
            panel.lines("equity", "Equity", "At the marks, and the part that is cash; quote currency.", unit="none"),
            {"equity_then": GOOD, "cash_then": PLAIN},
        ),
        coloured(
            panel.lines(
                "drawdown",
                "Drawdown",
                "Share of the peak of equity that is lost; `risk.max_drawdown` halts (5 % unless the settings say"
                " otherwise).",
                unit="percentunit",
                fill=30,
                low=0,
                legend=False,
            ),
            {"lost": BAD},
        ),
        panel.lines(
            "pnl_by_instrument",
            "Profit by instrument",
            "Closed and open, at the mid of the time, not of the last fill; after fees, quote currency.",
            unit="none",
            label="instrument",
            zero=True,
        ),
        panel.lines(
            "books",
            "What came and went",
            "The ledger by book, running totals of the range: realised profit, fees, funding, interest, dividends,"
            " transfers, what a venue's statement differed. Below 0 is cost.",
            unit="none",
            label="what",
            zero=True,
            steps=True,
        ),
    )
    row(
        made,
        "Holdings",
        right_axis(
            panel.lines(
                "exposure", "Exposure", "Gross, working orders included, and leverage: the most of each point.", low=0
            ),
            "none",
            "leverage",
        ),
        panel.lines(
            "held",
            "Held by instrument",
            "Signed, quote currency at the mark of the last fill; it stands until the next.",
            label="instrument",
            zero=True,
            steps=True,
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
    row(
        made,
        "Optimiser",
        coloured(
            panel.bars(
                "rungs",
                "Answers by rung",
                "Of the ladder: optimal; relaxed: a limit could not be kept; risk parity; hold; reduce.",
                label="rung",
                width=8,
            ),
            RUNGS,
        ),
        panel.lines(
            "solve_time",
            "Time to solve",
            "Of the process beside the flow; nothing waits for it.",
            unit="ms",
            low=0,
            points=True,
            width=8,
        ),
        panel.lines(
            "correlation",
            "Correlations that break",
            "How often a block of returns like those before would be so far off, and 1 where the alarm stands.",
            low=0,
            high=1,
            points=True,
            width=8,
        ),
        panel.rows(
            "binding",
            "Which limits bind",
            "What one unit more of a limit would be worth, expected utility as share of equity; how far a limit that"
            " could not be kept was broken.",
            width=12,
        ),
        panel.rows(
            "weights",
            "The newest answer",
            "Shares of equity, signed: wanted, and held when it was asked.",
            units={
                "wanted": "percentunit",
                "held": "percentunit",
                "change": "percentunit",
                "expected_bps": "suffix: bps",
                "sureness": "percentunit",
                "volatility_bps": "suffix: bps",
            },
            coloured={"rung": RUNGS},
            width=12,
        ),
        panel.rows(
            "rebalances",
            "Decisions to rebalance",
            "Every one, also those not to trade, with its reason. Gain and cost in basis points of equity; empty where"
            " not known.",
            units={"drift": "percentunit", "gain": "suffix: bps", "cost": "suffix: bps", "equity": "none"},
            coloured={"decision": DECISIONS},
            bounds={"drift": steps((0.1, WARN), first=GOOD)},
        ),
    )
    return made
