"""Regimes of one instrument: which state when on every timeframe, how sure, on what evidence, how well forecast."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards.build.board import board as begun
from dashboards.build.board import instrument, row, timeframe, venue
from dashboards.build.colours import ALL_STATES
from dashboards.build.panels import Of, coloured, right_axis

VIEWS = {
    "volatility": ("calm", "normal", "stressed"),
    "direction": ("bear", "neutral", "bull"),
    "dynamics": ("reverting", "random", "trending"),
}
STRIP = (
    "The state held, filtered and never smoothed; grey: not known, or no bars. A row per timeframe, the longest on top."
)


def board() -> Dashboard:
    """The board."""
    panel = Of("regimes")
    made = begun(
        "regimes",
        "Barograph · Regimes",
        "State timelines of one instrument on four timeframes, and what they rest on.",
        [venue(many=False), instrument(many=False), timeframe(many=False)],
        since="now-1h",
    )
    row(made, "Held states", *(panel.states(view, view.capitalize(), STRIP) for view in VIEWS), now(panel))
    row(made, "Probabilities on $timeframe", *(shares(panel, view) for view in VIEWS), confidence(panel))
    row(made, "Evidence on $timeframe", *evidence(panel))
    row(made, "Changes and forecasts", *changes(panel))
    return made


def now(panel: Of) -> object:
    """The table of timeframes."""
    return panel.rows(
        "now",
        "Now",
        "At the newest bar of each timeframe. sure: smallest probability of the three held states; agree: share of"
        " states held"
        " alike on other timeframes; strange: how badly every known regime explains the newest bars.",
        units={
            "sure": "percentunit",
            "agree": "percentunit",
            "strange": "percentunit",
            "remaining_volatility": "s",
            "remaining_direction": "s",
            "remaining_dynamics": "s",
        },
        coloured=dict.fromkeys(VIEWS, ALL_STATES),
        height=6,
    )


def shares(panel: Of, view: str) -> object:
    """Stacked probabilities of one view."""
    made = panel.shares(
        f"probabilities_{view}", f"Probability of {view}", "Filtered: by what was known at the close of each bar."
    )
    return coloured(made, {state: ALL_STATES[state] for state in VIEWS[view]})


def confidence(panel: Of) -> object:
    """How sure, how agreed, how strange."""
    return panel.lines(
        "confidence",
        "Confidence, agreement, anomaly",
        "Smallest probability of the held states; share held alike on other"
        " timeframes; how badly every known regime explains the newest bars.",
        unit="percentunit",
        low=0,
        high=1,
    )


def evidence(panel: Of) -> list[object]:
    """What regimes rest on."""
    points = panel.lines(
        "change_point",
        "Change points",
        "Probability of one within the last few bars, and bars since the last (right).",
        unit="percentunit",
        low=0,
    )
    return [
        panel.lines(
            "evidence",
            "Evidence",
            "Every measure that the held states rest on, by name; leads are log odds of the held state.",
            label="measure",
            width=24,
            height=9,
        ),
        right_axis(points, "short", "mean_run_length_bars"),
        panel.lines(
            "remaining",
            "Expected to last",
            "How much longer the held state of each view is expected to last.",
            unit="s",
            low=0,
            log=True,
        ),
    ]


def changes(panel: Of) -> list[object]:
    """What changed, how often, and how well that was told before."""
    scores = (
        "Brier scores of past forecasts beside a Markov chain counted from past states,"
        " by bars ahead: lower is better, below the"
    )
    return [
        panel.rows(
            "forecasts",
            "Forecast skill",
            f"{scores} baseline is skill. Then: probability that the held state is left at least once.",
            units={f"{view}_will_change": "percentunit" for view in VIEWS},
            height=6,
        ),
        panel.rows(
            "changes",
            "Changes",
            "Every change of a held state, with its evidence.",
            units={
                "probability": "percentunit",
            },
            coloured={"previous": ALL_STATES, "now": ALL_STATES},
            width=14,
            height=10,
        ),
        panel.rows(
            "transitions",
            "Transitions",
            "From which state to which, and after how many bars.",
            coloured={"previous": ALL_STATES, "next": ALL_STATES},
            width=10,
            height=10,
        ),
    ]
