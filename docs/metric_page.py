"""Prints docs/metrics.md with its table written anew from market/metric_table.py: `make docs`.

What stands before the table is written by hand, there. A test fails where the page is not what this prints.
"""

from itertools import groupby
from pathlib import Path

from market.metric_table import TABLE
from market.metrics import Metric

PAGE = Path(__file__).with_name("metrics.md")
TITLE = "## All of them"
ABOUT = "Written by `make docs` from `market/metric_table.py`."
PARTS = {
    "capture": "Capture", "journal": "Capture", "flow": "Market and trading flows", "sink": "On the way to the store",
    "trading": "Trading", "execute": "Orders that go out", "store": "Store", "gateway": "Gateway", "stream": "Gateway",
    "broadcast": "What the world hears", "webhook": "What the world hears", "grafana": "What the world hears",
    "forward": "What the world hears",
    "process": "Supervisor", "chore": "Supervisor", "build": "Every process", "metrics": "Every process",
}  # fmt: skip


def part_of(metric: Metric) -> str:
    """The section of a metric, by the second word of its name."""
    return PARTS[metric.name.split("_")[1]]


def section(title: str, metrics: list[Metric]) -> str:
    """One table."""
    rows = [
        f"| `{one.name}` | {one.kind} | {', '.join(f'`{label}`' for label in one.labels)} | {one.help} |"
        for one in metrics
    ]
    return "\n".join((f"### {title}", "", "| name | kind | labels | meaning |", "|---|---|---|---|", *rows))


if __name__ == "__main__":
    before = PAGE.read_text().partition(TITLE)[0].rstrip()
    sections = [section(title, list(metrics)) for title, metrics in groupby(TABLE, key=part_of)]
    print("\n\n".join((before, TITLE, ABOUT, *sections)))
