"""`barograph status --availability`: how much of its budget every subscription has used, for people and as JSON.

The JSON is the answer of the gateway's `/api/v1/availability`; the table below is one reading of it. What up, down and
unverifiable mean stands in operators/availability.py.
"""

import msgspec
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gateway.limits import MAX_ROWS
from gateway.rows import Availability
from gateway.store import Store

GOOD, LOW, BAD, DIM = "green", "yellow", "red", "bright_black"
LOW_SHARE = 0.25  # of a budget that is left
COLUMNS = (
    "subscription",
    "over",
    "#up",
    "#unverifiable",
    "#down",
    "#left of 99.9 %",
    "#of 99.99 %",
    "chiefly",
    "as of",
)


def budgets(dsn: str) -> list[Availability]:
    """The budgets of every subscription, those in need first. Raises StoreError where no store answers."""
    store = Store(dsn)
    try:
        return store.rows("availability_budgets", Availability, instrument="", window="", limit=MAX_ROWS)
    finally:
        store.close()


def availability_json(found: list[Availability]) -> str:
    """The budgets as one JSON document."""
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode()


def render_availability(found: list[Availability]) -> RenderableType:
    """The budgets as a table; one sentence where there is none yet."""
    if not found:
        return Text("No subscription has been up or down for a full minute yet.")
    table = Table(title="Availability", title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.header_style = DIM
    for name in COLUMNS:
        numeric = name.startswith("#")
        table.add_column(name.removeprefix("#"), justify="right" if numeric else "left", no_wrap=numeric)
    for row in found:
        table.add_row(
            f"{row.venue} {row.instrument} {row.channel}",
            row.window,
            _share(row.share_up),
            _share(row.share_unverifiable),
            seconds_text(row.used_s),
            _left(row.left_999_s, row.allowed_999_s),
            _left(row.left_9999_s, row.allowed_9999_s),
            row.chief_cause,
            Text(row.as_of[:19].replace("T", " "), DIM),
        )
    told = f"Unverifiable: up as far as can be told. At most {MAX_ROWS:,} rows, those in need first; times in UTC."
    return Group(table, Text(f"\n{told}", DIM))


def seconds_text(seconds: float) -> str:
    """A length of time in two units at most; what is under a second in milliseconds.

    >>> [seconds_text(value) for value in (0.0, -0.0004, 0.0126, 4.26, 61.0, 7_260.0, 180_000.0, -75.0)]
    ['0 s', '0 s', '13 ms', '4.3 s', '1 min 1 s', '2 h 1 min', '2 d 2 h', '-1 min 15 s']
    """
    if abs(seconds) < 0.0005:
        return "0 s"
    if seconds < 0:
        return f"-{seconds_text(-seconds)}"
    if seconds < 0.9995:
        return f"{seconds * 1_000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s".replace(".0 ", " ")
    whole_s = round(seconds)
    for unit, name, below, less in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole_s >= unit:
            whole, rest = divmod(whole_s, unit)
            return f"{whole} {name} {rest // below} {less}"
    raise AssertionError(seconds)


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.3%}"


def _left(left_s: float, allowed_s: float) -> Text:
    return Text(seconds_text(left_s), BAD if left_s < 0 else LOW if left_s < LOW_SHARE * allowed_s else GOOD)
