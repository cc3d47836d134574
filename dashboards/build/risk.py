"""Risk: what the account may do, what the gate measured and refused, and why."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards.build.board import account, row
from dashboards.build.board import board as begun
from dashboards.build.colours import BAD, GOOD, TRADING, WARN, steps
from dashboards.build.panels import Of

EVENTS = {**TRADING, "refused": "#8e6bd1"}


def board() -> Dashboard:
    """The board."""
    panel = Of("risk")
    made = begun(
        "risk",
        "Barograph · Risk",
        "Trading state, limits and refusals of a trading account.",
        [account(many=True)],
        since="now-6h",
        changes=False,
    )
    row(
        made,
        "State",
        panel.numbers(
            "state_now",
            "May trade",
            "active: within limits; reducing: only towards flat; halted: nothing until a person resumes it.",
            coloured=TRADING,
            width=6,
            height=5,
        ),
        panel.numbers(
            "refused_share",
            "Refused",
            "Orders of the range that the gate refused, that were made, and the share refused.",
            units={"share_refused": "percentunit"},
            width=18,
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
        panel.lines(
            "drawdown",
            "Drawdown",
            "Share of peak equity, as measured at orders and events; `risk.max_drawdown` halts (5 % unless"
            " the settings say otherwise).",
            unit="percentunit",
            low=0,
            points=True,
            legend=False,
        ),
        panel.bars(
            "refusals",
            "Refusals by check",
            "The first check that fails refuses; the order of checks is that of the gate.",
            label="check_name",
        ),
    )
    row(
        made,
        "What the gate measured",
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
        panel.rows(
            "refusals_by_check", "Refusals", "By check and instrument, with what was measured the last time.", width=14
        ),
        panel.rows(
            "largest",
            "Largest positions",
            "Quote currency at the last mark; concentration is the first line's share.",
            units={"value": "short", "share_of_gross": "percentunit"},
            bounds={"share_of_gross": steps((0.5, WARN), (0.9, BAD), first=GOOD)},
            width=10,
        ),
    )
    row(
        made,
        "Log",
        panel.rows(
            "events",
            "Risk events",
            "Refusals and every change of the trading state, newest first; reason is a check's name, or who and why.",
            coloured={"event": EVENTS},
            height=10,
        ),
    )
    return made
