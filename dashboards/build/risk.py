"""Risk: what the account may do, what it may lose by every measure, what the gate measured and refused, and why."""

from typing import Any

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards.build.board import account, row
from dashboards.build.board import board as begun
from dashboards.build.colours import BAD, GOOD, PLAIN, TRADING, WARN, steps
from dashboards.build.panels import Of, coloured

LINK = {"up": GOOD, "down": BAD}
EVENTS = {**TRADING, "refused": "#8e6bd1"}


def board() -> Dashboard:
    """The board."""
    panel = Of("risk")
    made = begun(
        "risk",
        "Barograph · Risk",
        "Trading state, value at risk, stress, limits and refusals of a trading account.",
        [account()],
        since="now-6h",
        changes=False,
    )
    row(made, "State", *_state(panel))
    row(made, "What may be lost", *_tails(panel))
    row(made, "Where it comes from", *_parts(panel))
    row(made, "Limits in force", *_limits(panel))
    row(made, "What the gate measured", *_gate(panel))
    row(
        made,
        "Log",
        panel.rows(
            "events",
            "Risk events",
            "Refusals, every change of the trading state and what a venue differed in, newest first; reason is a"
            " check's name, or who and why.",
            coloured={"event": EVENTS},
            height=10,
        ),
    )
    return made


def _state(panel: Of) -> list[Any]:
    return [
        panel.numbers(
            "state_now",
            "May trade",
            "active: within limits; reducing: only towards flat; halted: nothing until a person resumes it. Orders: up"
            " where they can be made as far as the venue is concerned.",
            units={"lost": "percentunit"},
            names={"trading": "Trading", "orders_link": "Orders", "lost": "Drawdown"},
            coloured={**TRADING, **LINK},
            width=10,
            height=5,
        ),
        panel.numbers(
            "refused_share",
            "Refused",
            "Orders of the range that the gate refused, that were made, and the share refused.",
            units={"share_refused": "percentunit"},
            width=14,
            height=5,
            names={"refused": "Refused", "orders_made": "Orders made", "share_refused": "Share refused"},
        ),
        panel.states(
            "state",
            "Trading state",
            "A change is an event of the switch: by drawdown, or by a person's word.",
            colours=TRADING,
            height=4,
        ),
        coloured(
            panel.lines(
                "drawdown",
                "Drawdown and the day's loss",
                "Share of peak equity; `risk.max_drawdown` halts (5 % unless the settings say otherwise). The day's"
                " loss is a share of the equity at its beginning, UTC.",
                unit="percentunit",
            ),
            {"drawdown": BAD, "day_loss": WARN},
        ),
        coloured(
            panel.lines(
                "reserve",
                "What is left to lose",
                "Until the drawdown limit, and what one gap against every position would cost; the controller keeps the"
                " second below the first.",
                unit="short",
                low=0,
            ),
            {"budget": GOOD, "gap_loss": BAD},
        ),
    ]


def _tails(panel: Of) -> list[Any]:
    return [
        panel.lines(
            "value_at_risk",
            "Value at risk by method",
            "Over the horizon of the settings, quote currency; a method that is not ready or not valid is missing.",
            label="method",
            low=0,
        ),
        panel.lines(
            "expected_shortfall",
            "Expected shortfall by method",
            "Mean loss beyond value at risk, same horizon, quote currency.",
            label="method",
            low=0,
        ),
        coloured(
            panel.lines(
                "losses",
                "Losses and value at risk",
                "What was lost over the horizon that followed each measurement, beside the least and the largest value"
                " at risk measured then. Trades of that time are in it.",
                zero=True,
            ),
            {"loss": BAD, "least_var": PLAIN, "largest_var": WARN},
        ),
        panel.rows(
            "coverage",
            "Backtest of value at risk",
            "Over horizons that do not overlap: how often the loss was larger, how often it should have been, and the"
            " p-value of Kupiec's test; a small one speaks against the method.",
            units={"share": "percentunit", "wanted_share": "percentunit"},
            bounds={"kupiec_p_value": steps((0.01, WARN), (0.05, GOOD), first=BAD)},
            width=12,
        ),
    ]


def _parts(panel: Of) -> list[Any]:
    return [
        panel.bars(
            "parts_over_time",
            "Expected shortfall by instrument",
            "By Euler, historical simulation, one step of returns; the parts sum to the whole.",
            label="name",
        ),
        panel.rows(
            "parts",
            "Contributions",
            "To value at risk and expected shortfall, by instrument, strategy and regime; newest measurement.",
            units={"var_part": "none", "es_part": "none", "share_of_es": "percentunit"},
            width=12,
        ),
        panel.rows(
            "stress",
            "Stress",
            "What each scenario would cost now; below 0 it would gain. The budget is what may be lost until the"
            " drawdown limit.",
            units={"loss": "none", "share_of_equity": "percentunit", "share_of_budget": "percentunit"},
            bounds={"share_of_budget": steps((0.5, WARN), (1, BAD), first=GOOD)},
            width=12,
        ),
        panel.lines(
            "exposure", "Exposure as measured", "Long, short, net and the largest position.", zero=True, steps=True
        ),
    ]


def _limits(panel: Of) -> list[Any]:
    return [
        panel.lines(
            "limits",
            "Limits of the account",
            "As shares of those of the settings, which none exceeds; each stands until it moves again.",
            unit="percentunit",
            label="limit_name",
            low=0,
            high=1,
            steps=True,
            points=True,
        ),
        panel.rows(
            "limits_now",
            "Tighter than the settings",
            "Which, and why: the factor that is smallest.",
            units={"share": "percentunit"},
            width=12,
        ),
        panel.rows("limit_moves", "Limits that moved", "Newest first, with all factors.", height=8),
    ]


def _gate(panel: Of) -> list[Any]:
    return [
        panel.lines(
            "measured",
            "Notionals",
            "Largest of each point, of orders that passed; quote currency, working orders included.",
            label="check_name",
            points=True,
            low=0,
        ),
        panel.lines(
            "price_band",
            "Price and age of quotes",
            "Distance of the limit price from the mid, and age of the quote it rests on: largest of each point.",
            label="check_name",
            points=True,
            low=0,
        ),
        panel.bars(
            "refusals",
            "Refusals by check",
            "The first check that fails refuses; the order of checks is that of the gate.",
            label="check_name",
        ),
        panel.rows(
            "largest",
            "Largest positions",
            "Quote currency at the last mark; concentration is the first line's share.",
            units={"value": "short", "share_of_gross": "percentunit"},
            bounds={"share_of_gross": steps((0.5, WARN), (0.9, BAD), first=GOOD)},
            width=12,
        ),
        panel.rows("refusals_by_check", "Refusals", "By check and instrument, with what was measured the last time."),
    ]
