"""Data quality and availability: what was missing, for how long, why, and what is left of the budgets."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards.build.board import board as begun
from dashboards.build.board import instrument, row, venue
from dashboards.build.colours import BAD, FEED, GOOD, GREY, UNKNOWN, WARN, steps
from dashboards.build.panels import Of, coloured

FRAMES = {"applied": GOOD, "duplicate": UNKNOWN, "dead_lettered": BAD, "control": "#8e9bd0", "shed": WARN}
VERDICTS = {"proven": GOOD, "unproven": WARN, "failed": BAD}
GAPS = {"open": BAD, "healed": GOOD}


def board() -> Dashboard:
    """The board."""
    panel = Of("quality")
    made = begun(
        "quality",
        "Barograph · Data quality and availability",
        "Gaps, coverage, budgets, unread frames and proofs.",
        [venue(), instrument()],
        since="now-6h",
        changes=False,
    )
    zero = steps((1, BAD), first=GOOD)
    row(
        made,
        "Now",
        panel.numbers(
            "now",
            "Data quality",
            "Open gaps now; the rest of the range. Coverage: share of the session with a valid book, of the worst"
            " instrument.",
            units={"worst_coverage": "percentunit", "down_s": "s"},
            names={
                "gaps_open": "Open gaps",
                "gaps_opened": "Gaps opened",
                "unread_frames": "Unread frames",
                "worst_coverage": "Worst coverage",
                "down_s": "Seconds down",
            },
            bounds={
                "gaps_open": zero,
                "unread_frames": zero,
                "worst_coverage": steps((0.99, WARN), (0.999, GOOD), first=BAD),
            },
        ),
    )
    row(made, "Availability", *availability(panel))
    row(made, "Gaps", *gaps(panel))
    row(made, "Frames", *frames(panel))
    return made


def availability(panel: Of) -> list[object]:
    """Up, down and budgets."""
    left = steps((0, GOOD), first=BAD)
    return [
        panel.states(
            "feed",
            "Order books",
            "up; unverifiable: the venue gives no means to see a loss; down; closed: its market is. Known a minute"
            " late, when an interval ends.",
            colours={**FEED, **GREY},
            by="instrument",
            height=8,
        ),
        panel.rows(
            "budgets",
            "Budgets of 99.9 and 99.99 %",
            "Seconds of down time that are left, over the newest day and the newest 30 days;"
            " red: exceeded. Unverifiable seconds are not down; their share stands beside.",
            units={
                "up": "percentunit",
                "unverifiable": "percentunit",
                "used_s": "s",
                "left_999_s": "s",
                "left_9999_s": "s",
            },
            bounds={"left_999_s": left, "left_9999_s": left},
            width=14,
            height=9,
        ),
        panel.rows("outages", "Down times", "Longest first.", units={"seconds": "s"}, width=10, height=9),
        panel.lines(
            "coverage",
            "Coverage of the session",
            "Share of the trading session with a valid book, as of each minute.",
            unit="percentunit",
            label="instrument",
            high=1,
        ),
        panel.lines(
            "delay",
            "Delay from the venue",
            "Mean time from the venue's stamp to our receipt. Venues' clocks lie: below 0 is possible, a step is news.",
            unit="ms",
            label="instrument",
        ),
    ]


def gaps(panel: Of) -> list[object]:
    """What was missing."""
    return [
        panel.bars(
            "gaps",
            "Gaps that opened, by cause",
            "sequence, checksum, crossed, disconnected, silent, …: see the table gaps.",
            label="cause",
        ),
        panel.rows(
            "open_gaps",
            "Open gaps",
            "Nothing has healed these yet; a book is not valid while its gap is open.",
            units={"open_s": "s"},
            width=12,
        ),
        panel.rows(
            "gap_list", "Gaps", "Newest first: what came where what was expected.", coloured={"state": GAPS}, width=14
        ),
        panel.rows("status", "Market status", "Halts, auctions and price bands, as the venue says them.", width=10),
    ]


def frames(panel: Of) -> list[object]:
    """What became of what was received."""
    return [
        coloured(
            panel.bars(
                "frames",
                "What became of frames, per second",
                "received = applied + duplicate + dead-lettered + control, proven by"
                " `barograph reconcile`; shed ones never came into the journal.",
                unit="suffix: /s",
            ),
            FRAMES,
        ),
        panel.bars("dead_letters", "Unread frames by reason", "Kept with their bytes.", label="why"),
        panel.rows(
            "dead_letter_list",
            "Unread frames",
            "How they begin; shard, offset and frame lead to the whole.",
            units={"bytes": "bytes"},
        ),
        panel.rows(
            "reconciliations",
            "Proofs of completeness",
            "Of every range of every journal: proven, unproven (the journal no longer holds it) or failed.",
            coloured={"verdict": VERDICTS},
            width=16,
        ),
        panel.rows(
            "clock", "Clock steps", "When the clock of the capturing machine was set.", units={"step_ms": "ms"}, width=8
        ),
    ]
