"""Engine health and latency: how fast, how far behind, how much is written, by which code."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards.build.board import asked, row
from dashboards.build.board import board as begun
from dashboards.build.colours import BAD, GOOD, WARN, steps
from dashboards.build.panels import Of, right_axis

STAGED = "${__field.labels.stage} ${__field.name}"


def board() -> Dashboard:
    """The board."""
    panel = Of("engine")
    shard = asked("shard", "Shard", "Stream of the market flow, such as binance-usdm/0")
    made = begun(
        "engine",
        "Barograph · Engine health and latency",
        "Latency, throughput, insert blocks, watermarks and roll-ups.",
        [shard],
        since="now-30m",
        changes=False,
    )
    row(
        made,
        "Now",
        panel.numbers(
            "now",
            "Engine",
            "Frames and rows per second over the range; the newest 99th percentiles to the signals and to the store,"
            " of the slowest"
            " shard; age of what is whole in the tables, of the last shard.",
            units={
                "frames_per_s": "suffix: /s",
                "rows_per_s": "suffix: /s",
                "sink_p99": "ms",
                "store_p99": "ms",
                "oldest_s": "s",
            },
            names={
                "frames_per_s": "Frames",
                "rows_per_s": "Rows",
                "sink_p99": "To signals, p99",
                "store_p99": "To the store, p99",
                "oldest_s": "Oldest watermark",
            },
            bounds={
                "sink_p99": steps((10, WARN), (100, BAD), first=GOOD),
                "oldest_s": steps((10, WARN), (60, BAD), first=GOOD),
            },
        ),
    )
    row(made, "Latency", *latency(panel))
    row(made, "Throughput", *throughput(panel))
    row(made, "Behind", *behind(panel))
    row(made, "Store", *store(panel))
    return made


def latency(panel: Of) -> list[object]:
    """Time from receipt."""
    return [
        panel.lines(
            "latency",
            "Latency by stage",
            "From the receipt of a frame to features, to the sink (signals are made) and to the store:"
            " median, 99th and 99.9th percentile, of the slowest shard. Measured live, never in a replay.",
            unit="ms",
            log=True,
            width=16,
            height=10,
        ).display_name(STAGED),
        panel.rows(
            "latency_now",
            "Newest second",
            "Of every shard and stage.",
            units={"p50_ms": "ms", "p99_ms": "ms", "p999_ms": "ms", "max_ms": "ms"},
            width=8,
            height=10,
        ),
    ]


def throughput(panel: Of) -> list[object]:
    """How much."""
    blocks = panel.lines(
        "blocks",
        "Insert blocks",
        "Blocks per second; recorded time the longest spans (right), rows of the largest.",
        low=0,
    )
    return [
        panel.lines(
            "messages", "Messages per second", "That reached each stage.", unit="suffix: /s", label="stage", low=0
        ),
        panel.bars(
            "rows", "Rows written per second", "By table, as insert blocks say.", unit="suffix: /s", label="into"
        ),
        panel.lines(
            "journal",
            "Journal rows per second",
            "Committed to the tables, by shard.",
            unit="suffix: /s",
            label="shard",
            low=0,
        ),
        right_axis(blocks, "ms", "longest_ms"),
    ]


def behind(panel: Of) -> list[object]:
    """How late."""
    late = steps((10, WARN), (60, BAD), first=GOOD)
    return [
        panel.lines(
            "age",
            "Time between insert blocks",
            "The longest of each point: what lies in the tables whole is never older than this.",
            unit="s",
            label="shard",
            low=0,
        ),
        panel.rows(
            "watermarks",
            "Watermarks",
            "Up to where each shard is in the tables, whole.",
            units={"age_s": "s"},
            bounds={"age_s": late},
            width=12,
        ),
        panel.rows(
            "roll_up_lag",
            "Roll-ups behind their tables",
            "Second of the newest row less newest second rolled up: a few seconds while data flow.",
            units={"behind_s": "s"},
            bounds={"behind_s": late},
            width=8,
            height=6,
        ),
        panel.rows(
            "roll_ups",
            "Not rolled up yet",
            "Stretches of rows that wait for the roll-up; normally a handful, of seconds.",
            units={"age_s": "s", "seconds_of_rows": "s"},
            bounds={"age_s": late},
            width=16,
            height=6,
        ),
    ]


def store(panel: Of) -> list[object]:
    """What lies there."""
    return [
        panel.rows(
            "tables",
            "Tables",
            "By size on disk.",
            units={"bytes": "bytes", "bytes_per_row": "bytes", "held_rows": "short"},
            width=12,
            height=10,
        ),
        panel.rows(
            "sources",
            "What computed the rows",
            "Start of the digest of the source, then the choices of the settings; a new line is an"
            " upgrade, or another choice.",
            width=12,
            height=10,
        ),
    ]
